/* SPDX-License-Identifier: MIT */
/* The model against what Linux 6.12 does: a model that is wrong proves nothing. */
#include "check.h"

#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <sys/mman.h>

struct host {
	struct model *model;
	const struct pt_sys *sys;
	struct model_device *device;
	int iommu;
	int vfio;
	uint32_t ioas;
};

static int ioc(const struct host *host, int fd, unsigned long request, void *arg)
{
	return host->sys->ioctl(host->sys->ctx, fd, request, arg);
}

static int bind_to(const struct host *host, int fd, int iommu)
{
	struct vfio_device_bind_iommufd bind = {.argsz = sizeof(bind), .iommufd = iommu};

	return ioc(host, fd, VFIO_DEVICE_BIND_IOMMUFD, &bind);
}

static int attach(const struct host *host, uint32_t pt_id)
{
	struct vfio_device_attach_iommufd_pt cmd = {.argsz = sizeof(cmd), .pt_id = pt_id};

	return ioc(host, host->vfio, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &cmd);
}

static uint32_t new_ioas(const struct host *host)
{
	struct iommu_ioas_alloc alloc = {.size = sizeof(alloc)};

	cr_assert_eq(ioc(host, host->iommu, IOMMU_IOAS_ALLOC, &alloc), 0);
	return alloc.out_ioas_id;
}

static int map(const struct host *host, uint64_t iova, uint64_t size)
{
	struct iommu_ioas_map cmd = {.size = sizeof(cmd),
				     .flags = IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_READABLE,
				     .ioas_id = host->ioas,
				     .user_va = 0x10000000,
				     .length = size,
				     .iova = iova};

	return ioc(host, host->iommu, IOMMU_IOAS_MAP, &cmd);
}

static int unmap(const struct host *host, uint64_t iova, uint64_t size)
{
	struct iommu_ioas_unmap cmd = {
		.size = sizeof(cmd), .ioas_id = host->ioas, .iova = iova, .length = size};

	return ioc(host, host->iommu, IOMMU_IOAS_UNMAP, &cmd);
}

static struct host host_open(const struct model_pci *pci)
{
	struct host host = {.model = model_new()};

	host.sys = model_sys(host.model);
	host.device = model_add(host.model, pci);
	host.iommu = host.sys->open(host.sys->ctx, "/dev/iommu", O_RDWR);
	host.vfio = host.sys->open(host.sys->ctx, "/dev/vfio/devices/vfio0", O_RDWR);
	cr_assert(host.iommu >= 0 && host.vfio >= 0);
	host.ioas = new_ioas(&host);
	return host;
}

static struct host host_bound(const struct model_pci *pci)
{
	struct host host = host_open(pci);

	cr_assert_eq(bind_to(&host, host.vfio, host.iommu), 0);
	return host;
}

static void host_close(struct host *host)
{
	host->sys->close(host->sys->ctx, host->vfio);
	host->sys->close(host->sys->ctx, host->iommu);
	check_clean(host->model);
	model_free(host->model);
}

Test(model, an_unbound_device_refuses_everything_but_bind)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_open(&pci);
	struct vfio_device_info info = {.argsz = sizeof(info)};
	char byte;

	cr_assert_eq(ioc(&host, host.vfio, VFIO_DEVICE_GET_INFO, &info), -EINVAL);
	cr_assert_eq(attach(&host, host.ioas), -EINVAL);
	cr_assert_eq(host.sys->pread(host.sys->ctx, host.vfio, &byte, 1, 7ull << 40), -EINVAL);
	cr_assert_eq(bind_to(&host, host.vfio, host.iommu), 0);
	cr_assert_eq(ioc(&host, host.vfio, VFIO_DEVICE_GET_INFO, &info), 0);
	host_close(&host);
}

Test(model, bind_says_what_the_kernel_says)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_open(&pci);
	struct vfio_device_bind_iommufd bind = {.argsz = 12, .iommufd = host.iommu};
	int event = host.sys->eventfd(host.sys->ctx);
	int again;

	cr_assert_eq(ioc(&host, host.vfio, VFIO_DEVICE_BIND_IOMMUFD, &bind), -EINVAL);
	bind = (struct vfio_device_bind_iommufd){
		.argsz = sizeof(bind), .flags = 1, .iommufd = host.iommu};
	cr_assert_eq(ioc(&host, host.vfio, VFIO_DEVICE_BIND_IOMMUFD, &bind), -EINVAL);
	cr_assert_eq(bind_to(&host, host.vfio, -1), -EINVAL);
	cr_assert_eq(bind_to(&host, host.vfio, 9999), -EBADF);
	cr_assert_eq(bind_to(&host, host.vfio, event), -EBADFD);
	host.device->group_open = true;
	cr_assert_eq(bind_to(&host, host.vfio, host.iommu), -EBUSY);
	host.device->group_open = false;
	model_remapping(host.model, false);
	cr_assert_eq(bind_to(&host, host.vfio, host.iommu), -EPERM);
	model_remapping(host.model, true);
	host.device->bind_eagain = 1;
	cr_assert_eq(bind_to(&host, host.vfio, host.iommu), -EAGAIN);
	cr_assert_eq(bind_to(&host, host.vfio, host.iommu), 0);
	cr_assert_eq(bind_to(&host, host.vfio, host.iommu), -EINVAL, "bound twice");
	again = host.sys->open(host.sys->ctx, "/dev/vfio/devices/vfio0", O_RDWR);
	cr_assert_eq(bind_to(&host, again, host.iommu), -EINVAL,
		     "bound through another descriptor");
	host.sys->close(host.sys->ctx, again);
	host.sys->close(host.sys->ctx, event);
	host_close(&host);
}

Test(model, a_sibling_on_a_host_driver_makes_bind_fail)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct model_pci sibling = model_nvme("0000:02:00.1", 5);
	struct host host = host_open(&pci);

	sibling.driver = "nvme";
	model_add(host.model, &sibling);
	cr_assert_eq(bind_to(&host, host.vfio, host.iommu), -EPERM);
	host_close(&host);
}

Test(model, iommufd_structs_may_be_longer_if_the_rest_is_zero)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_open(&pci);
	struct {
		struct iommu_ioas_alloc alloc;
		uint32_t more;
	} cmd = {.alloc = {.size = sizeof(cmd)}};

	cr_assert_eq(ioc(&host, host.iommu, IOMMU_IOAS_ALLOC, &cmd), 0);
	cmd.more = 1;
	cr_assert_eq(ioc(&host, host.iommu, IOMMU_IOAS_ALLOC, &cmd), -E2BIG);
	cmd.more = 0;
	cmd.alloc.size = 8;
	cr_assert_eq(ioc(&host, host.iommu, IOMMU_IOAS_ALLOC, &cmd), -EINVAL);
	cmd.alloc.size = sizeof(cmd.alloc);
	cmd.alloc.flags = 1;
	cr_assert_eq(ioc(&host, host.iommu, IOMMU_IOAS_ALLOC, &cmd), -EOPNOTSUPP);
	cr_assert_eq(ioc(&host, host.iommu, _IO(IOMMUFD_TYPE, 0x8f), &cmd), -ENOTTY);
	host_close(&host);
}

Test(model, maps_do_not_overlap_and_are_not_split)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_bound(&pci);

	cr_assert_eq(map(&host, 0x100000, 0x4000), 0);
	cr_assert_eq(map(&host, 0x103000, 0x1000), -EEXIST);
	cr_assert_eq(map(&host, 0x104000, 0x1000), 0);
	cr_assert_eq(unmap(&host, 0x100000, 0x1000), -ENOENT);
	cr_assert_eq(unmap(&host, 0x900000, 0x1000), -ENOENT);
	cr_assert_eq(unmap(&host, 0x100000, 0x5000), 0, "two maps at once");
	cr_assert_eq(unmap(&host, 0, UINT64_MAX), 0, "all of nothing");
	host_close(&host);
}

Test(model, attaching_pins_and_narrows)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_bound(&pci);
	struct iommu_iova_range ranges[4];
	struct iommu_ioas_iova_ranges cmd = {.size = sizeof(cmd), .ioas_id = host.ioas};
	struct iommu_destroy destroy = {.size = sizeof(destroy), .id = host.ioas};
	struct vfio_device_detach_iommufd_pt detach = {.argsz = sizeof(detach)};

	model_host(host.model)->memlock = 0x3000;
	cr_assert_eq(map(&host, 0x100000, 0x4000), 0,
		     "nothing is pinned before a device is attached");
	cr_assert_eq(attach(&host, host.ioas), -ENOMEM);
	model_host(host.model)->memlock = 0x4000;
	cr_assert_eq(attach(&host, host.ioas), 0);
	cr_assert_eq(map(&host, 0x200000, 0x1000), -ENOMEM);
	cr_assert_eq(map(&host, 0xfee00000, 0x1000), -EINVAL, "reserved for MSI");
	cr_assert_eq(map(&host, 1ull << 48, 0x1000), -EINVAL, "beyond the aperture");
	cr_assert_eq(map(&host, 0x200800, 0x1000), -EINVAL, "not whole pages");
	cr_assert_eq(ioc(&host, host.iommu, IOMMU_IOAS_IOVA_RANGES, &cmd), -EMSGSIZE);
	cr_assert_eq(cmd.num_iovas, 2);
	cmd.num_iovas = 4;
	cmd.allowed_iovas = (uintptr_t)ranges;
	cr_assert_eq(ioc(&host, host.iommu, IOMMU_IOAS_IOVA_RANGES, &cmd), 0);
	cr_assert_eq(ranges[0].start, 0);
	cr_assert_eq(ranges[0].last, 0xfedfffff);
	cr_assert_eq(ranges[1].start, 0xfef00000);
	cr_assert_eq(ranges[1].last, (1ull << 48) - 1);
	cr_assert_eq(ioc(&host, host.iommu, IOMMU_DESTROY, &destroy), -EBUSY);
	cr_assert_eq(ioc(&host, host.vfio, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach), 0);
	cr_assert_eq(ioc(&host, host.vfio, VFIO_DEVICE_DETACH_IOMMUFD_PT, &detach), 0);
	cr_assert_eq(ioc(&host, host.iommu, IOMMU_DESTROY, &destroy), 0);
	host_close(&host);
}

Test(model, attach_refuses_what_is_mapped_in_reserved_ranges)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_bound(&pci);

	cr_assert_eq(map(&host, 0xfee00000, 0x1000), 0);
	cr_assert_eq(attach(&host, host.ioas), -EADDRINUSE);
	cr_assert_eq(attach(&host, 777), -ENOENT);
	host_close(&host);
}

Test(model, region_info_takes_two_calls_for_capabilities)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host;
	struct {
		struct vfio_region_info info;
		struct vfio_info_cap_header cap;
	} arg = {.info = {.argsz = sizeof(arg.info)}};

	pci.msix_mappable = true;
	host = host_bound(&pci);
	cr_assert_eq(ioc(&host, host.vfio, VFIO_DEVICE_GET_REGION_INFO, &arg), 0);
	cr_assert(arg.info.flags & VFIO_REGION_INFO_FLAG_CAPS);
	cr_assert_eq(arg.info.argsz, sizeof(arg));
	cr_assert_eq(arg.info.cap_offset, 0);
	cr_assert_eq(ioc(&host, host.vfio, VFIO_DEVICE_GET_REGION_INFO, &arg), 0);
	cr_assert_eq(arg.info.cap_offset, sizeof(arg.info));
	cr_assert_eq(arg.cap.id, VFIO_REGION_INFO_CAP_MSIX_MAPPABLE);
	arg.info.index = VFIO_PCI_VGA_REGION_INDEX;
	cr_assert_eq(ioc(&host, host.vfio, VFIO_DEVICE_GET_REGION_INFO, &arg), -EINVAL);
	host_close(&host);
}

static int set_irqs(const struct host *host, unsigned index, uint32_t flags, unsigned start,
		    unsigned count, const int *fds)
{
	struct {
		struct vfio_irq_set set;
		int32_t fds[8];
	} arg = {.set = {.argsz = (uint32_t)(sizeof(arg.set) + (fds ? count * sizeof(int32_t) : 0)),
			 .flags = flags,
			 .index = index,
			 .start = start,
			 .count = count}};

	if (fds)
		memcpy(arg.fds, fds, count * sizeof(*fds));
	return ioc(host, host->vfio, VFIO_DEVICE_SET_IRQS, &arg);
}

#define ON  (VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_EVENTFD)
#define OFF (VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_NONE)

Test(model, one_kind_of_interrupt_at_a_time)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_bound(&pci);
	int fds[2] = {host.sys->eventfd(host.sys->ctx), host.sys->eventfd(host.sys->ctx)};

	cr_assert_eq(set_irqs(&host, PT_IRQ_MSI, OFF, 0, 0, NULL), -EINVAL, "it has no MSI");
	cr_assert_eq(set_irqs(&host, PT_IRQ_MSIX, OFF, 0, 0, NULL), -EINVAL, "not enabled");
	cr_assert_eq(set_irqs(&host, PT_IRQ_INTX, ON, 0, 1, fds), 0);
	cr_assert_eq(set_irqs(&host, PT_IRQ_MSIX, ON, 0, 1, fds), -EINVAL);
	cr_assert_eq(set_irqs(&host, PT_IRQ_INTX, OFF, 0, 0, NULL), 0);
	host.device->grant = 1;
	cr_assert_eq(set_irqs(&host, PT_IRQ_MSIX, ON, 0, 2, fds), 1, "only one is granted");
	cr_assert_eq(host.device->irq_index, -1, "and none enabled");
	cr_assert_eq(set_irqs(&host, PT_IRQ_MSIX, ON, 0, 1, fds), 0);
	cr_assert_eq(set_irqs(&host, PT_IRQ_MSIX, ON, 65, 1, fds), -EINVAL, "it has 65");
	cr_assert_eq(set_irqs(&host, PT_IRQ_MSIX, VFIO_IRQ_SET_ACTION_MASK | VFIO_IRQ_SET_DATA_NONE,
			      0, 1, NULL),
		     -ENOTTY);
	model_raise(host.device, 0);
	cr_assert_eq(model_eventfd_count(host.model, fds[0]), 1);
	cr_assert_eq(set_irqs(&host, PT_IRQ_MSIX, OFF, 0, 0, NULL), 0);
	host.sys->close(host.sys->ctx, fds[0]);
	host.sys->close(host.sys->ctx, fds[1]);
	host_close(&host);
}

Test(model, noresize_forbids_a_vector_beyond_the_first_enable)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host;
	int fd;

	pci.noresize = true;
	host = host_bound(&pci);
	fd = host.sys->eventfd(host.sys->ctx);
	cr_assert_eq(set_irqs(&host, PT_IRQ_MSIX, ON, 0, 1, &fd), 0);
	cr_assert_eq(set_irqs(&host, PT_IRQ_MSIX, ON, 1, 1, &fd), -EINVAL);
	host.sys->close(host.sys->ctx, fd);
	host_close(&host);
}

Test(model, intx_is_masked_until_it_is_unmasked)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_bound(&pci);
	int trigger = host.sys->eventfd(host.sys->ctx);
	int resample = host.sys->eventfd(host.sys->ctx);
	uint32_t unmask = VFIO_IRQ_SET_ACTION_UNMASK | VFIO_IRQ_SET_DATA_EVENTFD;

	cr_assert_eq(set_irqs(&host, PT_IRQ_INTX, unmask, 0, 1, &resample), -EINVAL, "not enabled");
	cr_assert_eq(set_irqs(&host, PT_IRQ_INTX, ON, 0, 1, &trigger), 0);
	cr_assert_eq(set_irqs(&host, PT_IRQ_INTX, unmask, 0, 1, &resample), 0);
	cr_assert_eq(set_irqs(&host, PT_IRQ_INTX, unmask, 0, 1, &resample), -EBUSY);
	model_intx(host.device, true);
	model_intx(host.device, true);
	cr_assert_eq(model_eventfd_count(host.model, trigger), 1);
	cr_assert(host.device->intx_masked);
	model_signal(host.model, resample);
	cr_assert_eq(model_eventfd_count(host.model, trigger), 2, "still asserted, so again");
	model_intx(host.device, false);
	model_signal(host.model, resample);
	cr_assert_eq(model_eventfd_count(host.model, trigger), 2);
	cr_assert_not(host.device->intx_masked);
	host.sys->close(host.sys->ctx, trigger);
	host.sys->close(host.sys->ctx, resample);
	host_close(&host);
}

Test(model, bars_answer_only_while_memory_decode_is_on)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_bound(&pci);
	uint64_t config = 7ull << 40;
	uint16_t command = 0;
	uint32_t value = 0x12345678;
	void *map;

	cr_assert_eq(host.sys->pwrite(host.sys->ctx, host.vfio, &value, 4, 0x1000), 4);
	cr_assert_eq(host.sys->mmap(host.sys->ctx, NULL, 0x2000, PROT_READ | PROT_WRITE, MAP_SHARED,
				    host.vfio, 0, &map),
		     0);
	cr_assert_eq(*(uint32_t *)((char *)map + 0x1000), 0x12345678);
	cr_assert_eq(host.sys->pread(host.sys->ctx, host.vfio, &value, 4, 0x2000), 4);
	cr_assert_eq(value, 0xffffffff, "the MSI-X table");
	cr_assert_eq(host.sys->pwrite(host.sys->ctx, host.vfio, &command, 2, config + 4), 2);
	cr_assert_eq(host.sys->pread(host.sys->ctx, host.vfio, &value, 4, 0x1000), -EIO);
	cr_assert_eq(host.sys->pread(host.sys->ctx, host.vfio, &value, 4, config + 4096), -EFAULT);
	cr_assert_eq(host.sys->munmap(host.sys->ctx, map, 0x2000), 0);
	host_close(&host);
}

Test(model, a_reset_restores_command)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_bound(&pci);
	uint64_t config = 7ull << 40;
	uint16_t command = COMMAND_MEM | COMMAND_BM;

	cr_assert_eq(host.sys->pwrite(host.sys->ctx, host.vfio, &command, 2, config + 4), 2);
	cr_assert_eq(ioc(&host, host.vfio, VFIO_DEVICE_RESET, NULL), 0);
	cr_assert_eq(model_device_config(host.device, CFG_COMMAND, 2), command);
	cr_assert_str_eq(model_violation(host.model),
			 "0000:02:00.0 is reset with bus mastering on");
	model_free(host.model);
}

Test(model, kvm_holds_the_file)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_open(&pci);
	int kvm = host.sys->open(host.sys->ctx, "/dev/kvm", O_RDWR);
	int vm = ioc(&host, kvm, KVM_CREATE_VM, NULL);
	struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};
	struct kvm_device_attr attr = {.group = KVM_DEV_VFIO_FILE,
				       .attr = KVM_DEV_VFIO_FILE_ADD,
				       .addr = (uintptr_t)&host.vfio};
	int kvm_vfio;

	cr_assert_eq(ioc(&host, vm, KVM_CREATE_DEVICE, &create), 0);
	kvm_vfio = (int)create.fd;
	cr_assert_eq(ioc(&host, vm, KVM_CREATE_DEVICE, &create), -EBUSY);
	cr_assert_eq(ioc(&host, kvm_vfio, KVM_SET_DEVICE_ATTR, &attr), 0);
	cr_assert_eq(ioc(&host, kvm_vfio, KVM_SET_DEVICE_ATTR, &attr), -EEXIST);
	cr_assert_eq(bind_to(&host, host.vfio, host.iommu), 0);
	host.sys->close(host.sys->ctx, host.vfio);
	cr_assert(host.device->bound, "KVM has the file still");
	attr.attr = KVM_DEV_VFIO_FILE_DEL;
	cr_assert_eq(ioc(&host, kvm_vfio, KVM_SET_DEVICE_ATTR, &attr), -EBADF);
	host.sys->close(host.sys->ctx, kvm_vfio);
	cr_assert_not(host.device->bound);
	host.sys->close(host.sys->ctx, vm);
	host.sys->close(host.sys->ctx, kvm);
	host.sys->close(host.sys->ctx, host.iommu);
	check_clean(host.model);
	model_free(host.model);
}

Test(model, telling_kvm_after_bind_is_seen)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_bound(&pci);
	int kvm = host.sys->open(host.sys->ctx, "/dev/kvm", O_RDWR);
	int vm = ioc(&host, kvm, KVM_CREATE_VM, NULL);
	struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};
	struct kvm_device_attr attr = {.group = KVM_DEV_VFIO_FILE,
				       .attr = KVM_DEV_VFIO_FILE_ADD,
				       .addr = (uintptr_t)&host.vfio};

	cr_assert_eq(ioc(&host, vm, KVM_CREATE_DEVICE, &create), 0);
	cr_assert_eq(ioc(&host, (int)create.fd, KVM_SET_DEVICE_ATTR, &attr), 0);
	cr_assert_str_eq(model_violation(host.model),
			 "KVM is told of 0000:02:00.0 after it was bound");
	model_free(host.model);
}

Test(model, leaks_are_counted)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct host host = host_bound(&pci);
	char text[512];
	void *map;

	cr_assert_eq(host.sys->mmap(host.sys->ctx, NULL, 0x1000, PROT_READ, MAP_SHARED, host.vfio,
				    0, &map),
		     0);
	host.sys->close(host.sys->ctx, host.vfio);
	cr_assert_not_null(model_violation(host.model), "a mapping outlives its descriptor");
	cr_assert(host.device->bound);
	host.sys->close(host.sys->ctx, host.iommu);
	model_leaks(host.model, text, sizeof(text));
	cr_assert_not_null(strstr(text, "0000:02:00.0 bound"), "%s", text);
	cr_assert_not_null(strstr(text, "mapping of 4096 bytes"), "%s", text);
	cr_assert_not_null(strstr(text, "iommufd"), "the device holds it: %s", text);
	model_free(host.model);
}

Test(model, the_nth_call_fails)
{
	struct model *model = model_new();
	const struct pt_sys *sys = model_sys(model);
	char buf[64];

	model_fault(model)->countdown = 2;
	model_fault(model)->error = -EIO;
	cr_assert_eq(sys->readlink(sys->ctx, "/dev/nothing", buf, sizeof(buf)), -ENOENT);
	cr_assert_null(sys->alloc(sys->ctx, 1));
	cr_assert(model_fault(model)->fired);
	cr_assert_str_eq(model_fault(model)->where, "alloc 1");
	cr_assert_eq(sys->readlink(sys->ctx, "/dev/nothing", buf, sizeof(buf)), -ENOENT);
	check_clean(model);
	model_free(model);
}

Test(model, sysfs_is_walked_through_links)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 5);
	struct model *model = model_new();
	const struct pt_sys *sys = model_sys(model);
	char buf[256];
	int fd;

	model_add(model, &pci);
	cr_assert_gt(
		sys->realpath(sys->ctx, "/sys/bus/pci/devices/0000:02:00.0/", buf, sizeof(buf)), 0);
	cr_assert_str_eq(buf, "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0");
	cr_assert_gt(sys->realpath(sys->ctx, "/sys/dev/char/511:0/../..", buf, sizeof(buf)), 0);
	cr_assert_str_eq(buf, "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0");
	cr_assert_gt(sys->readlink(sys->ctx, "/sys/bus/pci/devices/0000:02:00.0/driver", buf, 64),
		     0);
	cr_assert_str_eq(buf, "../../../../bus/pci/drivers/vfio-pci");
	cr_assert_eq(sys->readlink(sys->ctx, "/sys/bus/pci/devices/0000:02:00.0/driver", buf, 8),
		     -ENAMETOOLONG);
	cr_assert_eq(sys->readlink(sys->ctx, "/sys/bus/pci", buf, 64), -EINVAL);
	fd = sys->open(sys->ctx,
		       "/sys/bus/pci/devices/0000:02:00.0/iommu_group/devices/0000:02:00.0/class",
		       O_RDONLY);
	cr_assert(fd >= 0);
	memset(buf, 0, sizeof(buf));
	cr_assert_eq(sys->pread(sys->ctx, fd, buf, sizeof(buf), 0), 9);
	cr_assert_str_eq(buf, "0x010802\n");
	sys->close(sys->ctx, fd);
	check_clean(model);
	model_free(model);
}
