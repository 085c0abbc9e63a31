/* SPDX-License-Identifier: MIT */
/* The model's groups and containers against what Linux 6.12 does. */
#include "check.h"

#include <fcntl.h>
#include <linux/iommufd.h>
#include <linux/kvm.h>
#include <linux/vfio.h>

struct host {
	struct model *model;
	const struct pt_sys *sys;
	struct model_device *device;
	int container;
	int group;
};

static int ioc(const struct host *host, int fd, unsigned long request, const void *arg)
{
	return host->sys->ioctl(host->sys->ctx, fd, request, (void *)(uintptr_t)arg);
}

static int ioc_number(const struct host *host, int fd, unsigned long request, uintptr_t number)
{
	return host->sys->ioctl(host->sys->ctx, fd, request, (void *)number);
}

static int open_path(const struct host *host, const char *path)
{
	return host->sys->open(host->sys->ctx, path, O_RDWR);
}

static void shut(const struct host *host, int fd)
{
	host->sys->close(host->sys->ctx, fd);
}

static struct host host_open(void)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct host host = {.model = model_new()};

	host.sys = model_sys(host.model);
	host.device = model_add(host.model, &pci);
	host.container = open_path(&host, "/dev/vfio/vfio");
	host.group = open_path(&host, "/dev/vfio/26");
	cr_assert(host.container >= 0 && host.group >= 0);
	return host;
}

static int join(const struct host *host)
{
	return ioc(host, host->group, VFIO_GROUP_SET_CONTAINER, &host->container);
}

static int set_iommu(const struct host *host)
{
	return ioc_number(host, host->container, VFIO_SET_IOMMU, VFIO_TYPE1v2_IOMMU);
}

static struct host host_ready(void)
{
	struct host host = host_open();

	cr_assert_eq(join(&host), 0);
	cr_assert_eq(set_iommu(&host), 0);
	return host;
}

static void host_close(struct host *host)
{
	shut(host, host->group);
	shut(host, host->container);
	check_clean(host->model);
	model_free(host->model);
}

static int map(const struct host *host, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_map cmd = {.argsz = sizeof(cmd),
					       .flags = VFIO_DMA_MAP_FLAG_READ,
					       .vaddr = 0x10000000,
					       .iova = iova,
					       .size = size};

	return ioc(host, host->container, VFIO_IOMMU_MAP_DMA, &cmd);
}

static int unmap(const struct host *host, uint64_t iova, uint64_t size, uint64_t *ret_size)
{
	struct vfio_iommu_type1_dma_unmap cmd = {.argsz = sizeof(cmd), .iova = iova, .size = size};
	int ret = ioc(host, host->container, VFIO_IOMMU_UNMAP_DMA, &cmd);

	*ret_size = cmd.size;
	return ret;
}

Test(model_group, a_node_is_opened_once)
{
	struct host host = host_open();

	cr_assert_eq(open_path(&host, "/dev/vfio/26"), -EBUSY);
	shut(&host, host.group);
	host.group = open_path(&host, "/dev/vfio/26");
	cr_assert_geq(host.group, 0);
	host_close(&host);
}

Test(model_group, a_group_and_its_cdevs_exclude_each_other)
{
	struct host host = host_open();
	int iommu = open_path(&host, "/dev/iommu");
	int cdev = open_path(&host, "/dev/vfio/devices/vfio0");
	struct vfio_device_bind_iommufd bind = {.argsz = sizeof(bind), .iommufd = iommu};

	cr_assert_eq(ioc(&host, cdev, VFIO_DEVICE_BIND_IOMMUFD, &bind), -EBUSY);
	shut(&host, host.group);
	cr_assert_eq(ioc(&host, cdev, VFIO_DEVICE_BIND_IOMMUFD, &bind), 0);
	cr_assert_eq(open_path(&host, "/dev/vfio/26"), -EBUSY);
	shut(&host, cdev);
	host.group = open_path(&host, "/dev/vfio/26");
	cr_assert_geq(host.group, 0, "an open cdev that is not bound is nothing");
	shut(&host, iommu);
	host_close(&host);
}

Test(model_group, a_container_without_a_group_does_nothing)
{
	struct host host = host_open();
	struct vfio_iommu_type1_info info = {.argsz = sizeof(info)};

	cr_assert_eq(ioc_number(&host, host.container, VFIO_GET_API_VERSION, 0), 0);
	cr_assert_eq(ioc_number(&host, host.container, VFIO_CHECK_EXTENSION, VFIO_TYPE1v2_IOMMU),
		     1);
	cr_assert_eq(ioc_number(&host, host.container, VFIO_CHECK_EXTENSION, VFIO_NOIOMMU_IOMMU),
		     0);
	cr_assert_eq(set_iommu(&host), -EINVAL);
	cr_assert_eq(map(&host, 0, 0x1000), -EINVAL);
	cr_assert_eq(ioc(&host, host.container, VFIO_IOMMU_GET_INFO, &info), -EINVAL);
	cr_assert_eq(join(&host), 0);
	cr_assert_eq(map(&host, 0, 0x1000), -EINVAL, "SET_IOMMU comes first");
	cr_assert_eq(ioc(&host, host.group, VFIO_GROUP_GET_DEVICE_FD, "0000:02:00.0"), -EINVAL);
	model_host(host.model)->no_type1 = true;
	cr_assert_eq(set_iommu(&host), -ENODEV);
	model_host(host.model)->no_type1 = false;
	cr_assert_eq(set_iommu(&host), 0);
	cr_assert_eq(set_iommu(&host), -EINVAL);
	cr_assert_eq(map(&host, 0, 0x1000), 0);
	host_close(&host);
}

Test(model_group, containers_are_set_once_and_checked)
{
	struct host host = host_open();
	int event = host.sys->eventfd(host.sys->ctx), none = 9999;

	cr_assert_eq(ioc(&host, host.group, VFIO_GROUP_SET_CONTAINER, &none), -EBADF);
	cr_assert_eq(ioc(&host, host.group, VFIO_GROUP_SET_CONTAINER, &event), -EBADFD);
	cr_assert_eq(ioc_number(&host, host.group, VFIO_GROUP_UNSET_CONTAINER, 0), -EINVAL);
	cr_assert_eq(join(&host), 0);
	cr_assert_eq(join(&host), -EINVAL);
	cr_assert_eq(ioc_number(&host, host.group, VFIO_GROUP_UNSET_CONTAINER, 0), 0);
	shut(&host, event);
	host_close(&host);
}

Test(model_group, viability)
{
	struct host host = host_open();
	struct model_pci sibling = model_nvme("0000:02:00.1", 26);
	struct vfio_group_status status = {.argsz = sizeof(status)};

	cr_assert_eq(ioc(&host, host.group, VFIO_GROUP_GET_STATUS, &status), 0);
	cr_assert_eq(status.flags, VFIO_GROUP_FLAGS_VIABLE);
	sibling.driver = "e1000e";
	model_add(host.model, &sibling);
	cr_assert_eq(ioc(&host, host.group, VFIO_GROUP_GET_STATUS, &status), 0);
	cr_assert_eq(status.flags, 0);
	cr_assert_eq(join(&host), -EPERM);
	status.argsz = 4;
	cr_assert_eq(ioc(&host, host.group, VFIO_GROUP_GET_STATUS, &status), -EINVAL);
	host_close(&host);
}

Test(model_group, interrupts_are_looked_at_when_the_iommu_is_set)
{
	struct host host = host_open();

	host.device->unsafe_interrupts = true;
	cr_assert_eq(join(&host), 0);
	cr_assert_eq(set_iommu(&host), -EPERM);
	host_close(&host);
}

Test(model_group, devices_are_had_by_name)
{
	static const char token[] = "0000:02:00.0 vf_token=2ab74924-c335-45f4-9b16-8569e5b08258";
	struct host host = host_ready();
	int fd;

	cr_assert_eq(ioc(&host, host.group, VFIO_GROUP_GET_DEVICE_FD, "0000:03:00.0"), -ENODEV);
	cr_assert_eq(ioc(&host, host.group, VFIO_GROUP_GET_DEVICE_FD, token), -EINVAL);
	host.device->vf_token = token + strlen("0000:02:00.0 vf_token=");
	cr_assert_eq(ioc(&host, host.group, VFIO_GROUP_GET_DEVICE_FD, "0000:02:00.0"), -EACCES);
	fd = ioc(&host, host.group, VFIO_GROUP_GET_DEVICE_FD, token);
	cr_assert_geq(fd, 0);
	cr_assert(host.device->bound);
	shut(&host, fd);
	cr_assert_not(host.device->bound);
	host_close(&host);
}

Test(model_group, a_device_keeps_its_group_open_and_in_its_container)
{
	struct host host = host_ready();
	int fd = ioc(&host, host.group, VFIO_GROUP_GET_DEVICE_FD, "0000:02:00.0");
	struct vfio_device_info info = {.argsz = sizeof(info)};
	struct vfio_device_bind_iommufd bind = {.argsz = sizeof(bind), .iommufd = 0};
	struct vfio_device_attach_iommufd_pt attach = {.argsz = sizeof(attach)};

	cr_assert_eq(ioc(&host, fd, VFIO_DEVICE_GET_INFO, &info), 0);
	cr_assert_eq(ioc(&host, fd, VFIO_DEVICE_BIND_IOMMUFD, &bind), -EINVAL);
	cr_assert_eq(ioc(&host, fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &attach), -ENOTTY);
	cr_assert_eq(ioc_number(&host, host.group, VFIO_GROUP_UNSET_CONTAINER, 0), -EBUSY);
	cr_assert_eq(map(&host, 0, 0x1000), 0);
	shut(&host, host.group);
	cr_assert_eq(open_path(&host, "/dev/vfio/26"), -EBUSY);
	cr_assert(model_ioas_find(host.model, 0, 0x1000));
	shut(&host, fd);
	cr_assert_not(model_ioas_find(host.model, 0, 0x1000), "gone with the last group");
	host.group = open_path(&host, "/dev/vfio/26");
	cr_assert_geq(host.group, 0);
	host_close(&host);
}

Test(model_group, maps_do_not_overlap_and_are_not_split)
{
	struct host host = host_ready();
	uint64_t size;

	cr_assert_eq(map(&host, 0x100000, 0x4000), 0);
	cr_assert_eq(map(&host, 0x103000, 0x1000), -EEXIST);
	cr_assert_eq(map(&host, 0x104000, 0x1000), 0);
	cr_assert_eq(map(&host, 0xfee00000, 0x1000), -EINVAL, "reserved for MSI");
	cr_assert_eq(map(&host, 1ull << 48, 0x1000), -EINVAL, "beyond the aperture");
	cr_assert_eq(map(&host, 0x200800, 0x1000), -EINVAL, "not whole pages");
	cr_assert_eq(map(&host, 0x200000, 0), -EINVAL);
	cr_assert_eq(unmap(&host, 0x100000, 0x1000, &size), -EINVAL);
	cr_assert_eq(unmap(&host, 0x101000, 0x3000, &size), -EINVAL);
	cr_assert_eq(unmap(&host, 0x900000, 0x1000, &size), 0, "nothing is no error");
	cr_assert_eq(size, 0);
	cr_assert_eq(unmap(&host, 0x100000, 0x5000, &size), 0, "two maps at once");
	cr_assert_eq(size, 0x5000);
	cr_assert_eq(map(&host, 0x100000, 0x4000), 0);
	host_close(&host);
}

Test(model_group, flags_and_sizes_are_checked)
{
	struct host host = host_ready();
	struct vfio_iommu_type1_dma_map cmd = {.argsz = sizeof(cmd), .size = 0x1000};
	struct vfio_iommu_type1_dma_unmap all = {.argsz = sizeof(all),
						 .flags = VFIO_DMA_UNMAP_FLAG_ALL};

	cr_assert_eq(ioc(&host, host.container, VFIO_IOMMU_MAP_DMA, &cmd), -EINVAL, "no access");
	cmd.flags = VFIO_DMA_MAP_FLAG_READ | 0x80;
	cr_assert_eq(ioc(&host, host.container, VFIO_IOMMU_MAP_DMA, &cmd), -EINVAL);
	cmd.flags = VFIO_DMA_MAP_FLAG_READ;
	cmd.argsz--;
	cr_assert_eq(ioc(&host, host.container, VFIO_IOMMU_MAP_DMA, &cmd), -EINVAL);
	cmd.argsz++;
	cr_assert_eq(ioc(&host, host.container, VFIO_IOMMU_MAP_DMA, &cmd), 0);
	all.size = 0x1000;
	cr_assert_eq(ioc(&host, host.container, VFIO_IOMMU_UNMAP_DMA, &all), -EINVAL);
	all.size = 0;
	cr_assert_eq(ioc(&host, host.container, VFIO_IOMMU_UNMAP_DMA, &all), 0);
	cr_assert_eq(all.size, 0x1000);
	host_close(&host);
}

Test(model_group, limits_of_entries_and_of_locked_memory)
{
	struct host host = host_open();

	model_host(host.model)->dma_entries = 2;
	model_host(host.model)->memlock = 0x3000;
	cr_assert_eq(join(&host), 0);
	cr_assert_eq(set_iommu(&host), 0);
	cr_assert_eq(map(&host, 0x100000, 0x4000), -ENOMEM);
	cr_assert_eq(map(&host, 0x100000, 0x1000), 0);
	cr_assert_eq(map(&host, 0x200000, 0x1000), 0);
	cr_assert_eq(map(&host, 0x300000, 0x1000), -ENOSPC);
	host_close(&host);
}

Test(model_group, capabilities_need_room)
{
	struct host host = host_ready();
	union {
		struct vfio_iommu_type1_info info;
		char bytes[512];
	} arg = {.info = {.argsz = sizeof(arg.info)}};
	struct vfio_info_cap_header header;
	unsigned seen = 0;

	cr_assert_eq(ioc(&host, host.container, VFIO_IOMMU_GET_INFO, &arg), 0);
	cr_assert(arg.info.flags & VFIO_IOMMU_INFO_CAPS);
	cr_assert_gt(arg.info.argsz, sizeof(arg.info));
	cr_assert_eq(arg.info.cap_offset, 0);
	cr_assert_lt(arg.info.argsz, sizeof(arg));
	cr_assert_eq(ioc(&host, host.container, VFIO_IOMMU_GET_INFO, &arg), 0);
	for (uint32_t at = arg.info.cap_offset; at; at = header.next) {
		memcpy(&header, arg.bytes + at, sizeof(header));
		seen |= 1u << header.id;
	}
	cr_assert_eq(seen, 0xe);
	arg.info.argsz = 12;
	cr_assert_eq(ioc(&host, host.container, VFIO_IOMMU_GET_INFO, &arg), -EINVAL);
	host_close(&host);
}

Test(model_group, a_second_group_must_fit_what_is_mapped)
{
	struct host host = host_ready();
	struct model_pci other = model_nvme("0000:03:00.0", 27);
	int group;

	other.reserved[0] = (struct pt_iova_range){0x100000, 0x1fffff};
	other.reserved_count = 1;
	model_add(host.model, &other);
	group = open_path(&host, "/dev/vfio/27");
	cr_assert_eq(map(&host, 0x100000, 0x1000), 0);
	cr_assert_eq(ioc(&host, group, VFIO_GROUP_SET_CONTAINER, &host.container), -EINVAL);
	cr_assert_eq(unmap(&host, 0x100000, 0x1000, &(uint64_t){0}), 0);
	cr_assert_eq(ioc(&host, group, VFIO_GROUP_SET_CONTAINER, &host.container), 0);
	cr_assert_eq(map(&host, 0x100000, 0x1000), -EINVAL);
	shut(&host, group);
	cr_assert_eq(map(&host, 0x100000, 0x1000), 0);
	host_close(&host);
}

Test(model_group, kvm_takes_groups)
{
	struct host host = host_ready();
	int kvm = open_path(&host, "/dev/kvm");
	int vm = ioc_number(&host, kvm, KVM_CREATE_VM, 0), fd;
	struct kvm_create_device create = {.type = KVM_DEV_TYPE_VFIO};
	struct kvm_device_attr attr = {.group = KVM_DEV_VFIO_FILE,
				       .attr = KVM_DEV_VFIO_FILE_ADD,
				       .addr = (uintptr_t)&host.group};

	cr_assert_eq(ioc(&host, vm, KVM_CREATE_DEVICE, &create), 0);
	cr_assert_eq(ioc(&host, (int)create.fd, KVM_SET_DEVICE_ATTR, &attr), 0);
	cr_assert_eq(ioc(&host, (int)create.fd, KVM_SET_DEVICE_ATTR, &attr), -EEXIST);
	attr.attr = KVM_DEV_VFIO_FILE_DEL;
	cr_assert_eq(ioc(&host, (int)create.fd, KVM_SET_DEVICE_ATTR, &attr), 0);
	cr_assert_null(model_violation(host.model));
	fd = ioc(&host, host.group, VFIO_GROUP_GET_DEVICE_FD, "0000:02:00.0");
	cr_assert_geq(fd, 0);
	attr.attr = KVM_DEV_VFIO_FILE_ADD;
	cr_assert_eq(ioc(&host, (int)create.fd, KVM_SET_DEVICE_ATTR, &attr), 0);
	cr_assert_not_null(model_violation(host.model), "too late");
	model_free(host.model);
}
