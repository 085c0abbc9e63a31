/* SPDX-License-Identifier: MIT */
#include "kvm/kvm.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <string.h>

/* KVM's own pages, for processors that cannot run real mode unaided (api.rst 4.40, 4.36). Between the IOAPIC's and the
 * local APIC's pages and the top of 4 GiB nothing of the guest is: three pages of task state, one of page table. */
#define KVM_IDENTITY_MAP 0xfffbc000ull
#define KVM_TSS		 0xfffbd000ul

struct requirement {
	unsigned long capability;
	const char *what;
};

static const struct requirement requirements[] = {
	{KVM_CAP_IRQCHIP, "in-kernel interrupt controllers"},
	{KVM_CAP_USER_MEMORY, "user memory regions"},
	{KVM_CAP_SET_TSS_ADDR, "a movable task state segment"},
	{KVM_CAP_EXT_CPUID, "CPUID filtering"},
	{KVM_CAP_MP_STATE, "the state of waiting vCPUs"},
	{KVM_CAP_IRQ_ROUTING, "interrupt routing"},
	{KVM_CAP_IRQFD, "interrupts by eventfd"},
	{KVM_CAP_IRQFD_RESAMPLE, "level interrupts by eventfd"},
	{KVM_CAP_IOEVENTFD_ANY_LENGTH, "writes that signal an eventfd"},
	{KVM_CAP_PIT2, "the interval timer"},
	{KVM_CAP_PIT_STATE2, "the interval timer's state"},
	{KVM_CAP_VCPU_EVENTS, "the state of pending events"},
	{KVM_CAP_DEBUGREGS, "the state of debug registers"},
	{KVM_CAP_XSAVE, "the state of extended registers"},
	{KVM_CAP_IMMEDIATE_EXIT, "immediate exits"},
};

int kvm_ioctl(const struct kvm *kvm, int fd, unsigned long request, void *arg)
{
	return kvm->sys->ioctl(kvm->sys->ctx, fd, request, arg);
}

int kvm_ioctl_value(const struct kvm *kvm, int fd, unsigned long request, unsigned long value)
{
	return kvm_ioctl(kvm, fd, request, (void *)value);
}

int kvm_capability(const struct kvm *kvm, unsigned long capability)
{
	int fd = kvm->vm_fd >= 0 ? kvm->vm_fd : kvm->fd;
	int result = kvm_ioctl_value(kvm, fd, KVM_CHECK_EXTENSION, capability);

	return result < 0 ? 0 : result;
}

static int open_dev_kvm(struct kvm *kvm, struct pt_error *err)
{
	int fd = kvm->sys->open(kvm->sys->ctx, "/dev/kvm", O_RDWR);

	if (fd >= 0) {
		kvm->fd = fd;
		return 0;
	}
	pt_error_set(err, fd, "/dev/kvm: %s", strerror(-fd));
	if (fd == -EACCES || fd == -EPERM)
		pt_error_remedy(err, fd,
				"add this user to the group that owns /dev/kvm: "
				"sudo usermod -aG kvm $USER, then log in again");
	else
		pt_error_remedy(err, fd,
				"load kvm_intel or kvm_amd; where that fails, turn on "
				"virtualization in the machine's firmware");
	return fd;
}

int kvm_check_requirements(const struct pt_sys *sys, int fd, struct pt_error *err)
{
	int version = sys->ioctl(sys->ctx, fd, KVM_GET_API_VERSION, NULL);

	if (version < 0)
		return pt_error_set(err, version, "/dev/kvm: not KVM: %s", strerror(-version));
	if (version != KVM_API_VERSION)
		return pt_error_set(err, -EOPNOTSUPP, "/dev/kvm: interface version %d, not %d",
				    version, KVM_API_VERSION);
	for (size_t i = 0; i < sizeof(requirements) / sizeof(requirements[0]); i++) {
		if (sys->ioctl(sys->ctx, fd, KVM_CHECK_EXTENSION,
			       (void *)requirements[i].capability) > 0)
			continue;
		pt_error_set(err, -EOPNOTSUPP, "/dev/kvm: the kernel's KVM lacks %s",
			     requirements[i].what);
		return pt_error_remedy(err, -EOPNOTSUPP,
				       "run a Linux kernel of 6.6 or later with CONFIG_KVM "
				       "and, from 6.17 on, CONFIG_KVM_IOAPIC");
	}
	return 0;
}

static int create_vm(struct kvm *kvm, struct pt_error *err)
{
	int fd = kvm_ioctl_value(kvm, kvm->fd, KVM_CREATE_VM, 0);

	if (fd < 0) {
		pt_error_set(err, fd, "/dev/kvm: cannot make a virtual machine: %s", strerror(-fd));
		if (fd == -EBUSY)
			pt_error_remedy(err, fd,
					"another hypervisor uses the processor's virtualization: "
					"stop it or unload its module");
		return fd;
	}
	kvm->vm_fd = fd;

	int size = kvm_ioctl_value(kvm, kvm->fd, KVM_GET_VCPU_MMAP_SIZE, 0);

	if (size < (int)sizeof(struct kvm_run))
		return pt_error_set(err, size < 0 ? size : -EOPNOTSUPP,
				    "/dev/kvm: no size for a vCPU's shared pages");
	kvm->run_size = (size_t)size;
	/*
	 * 0 stands for the host's TSC frequency as the kernel knows it by now; for all vCPUs, before there is one (5.16). By
	 * itself KVM takes what was known when it was loaded, which may be the rough figure of early boot: the guest's TSC
	 * deadline timer would then be off by the difference, and the kernel would complain that there is no scaling.
	 */
	(void)kvm_ioctl_value(kvm, kvm->vm_fd, KVM_SET_TSC_KHZ, 0);
	kvm->has_tsc_deadline = kvm_capability(kvm, KVM_CAP_TSC_DEADLINE_TIMER) > 0;
	kvm->has_nested_state = kvm_capability(kvm, KVM_CAP_NESTED_STATE) > 0;
	kvm->has_xcrs = kvm_capability(kvm, KVM_CAP_XCRS) > 0;
	return 0;
}

/* The full set, IOAPIC and PIC included: irqfds that resample need it (kvm_arch_irqfd_allowed). */
static int create_interrupt_controllers(struct kvm *kvm, struct pt_error *err)
{
	/* Port 0x61 belongs to the timer: its speaker gate is what calibrates the guest's clock. */
	struct kvm_pit_config pit = {.flags = KVM_PIT_SPEAKER_DUMMY};
	/* 32-bit destinations in MSI routes, and no broadcast to all of them when an x2APIC is meant (api.rst 7.7). */
	struct kvm_enable_cap x2apic = {
		.cap = KVM_CAP_X2APIC_API,
		.args = {KVM_X2APIC_API_USE_32BIT_IDS | KVM_X2APIC_API_DISABLE_BROADCAST_QUIRK},
	};
	uint64_t identity = KVM_IDENTITY_MAP;
	int r;

	r = kvm_ioctl(kvm, kvm->vm_fd, KVM_SET_IDENTITY_MAP_ADDR, &identity);
	if (!r)
		r = kvm_ioctl_value(kvm, kvm->vm_fd, KVM_SET_TSS_ADDR, KVM_TSS);
	if (r < 0)
		return pt_error_set(err, r, "KVM: cannot place its own pages: %s", strerror(-r));
	r = kvm_ioctl_value(kvm, kvm->vm_fd, KVM_CREATE_IRQCHIP, 0);
	if (r < 0) {
		pt_error_set(err, r, "KVM: no in-kernel interrupt controllers: %s", strerror(-r));
		return pt_error_remedy(err, r, "use a kernel with CONFIG_KVM_IOAPIC");
	}
	r = kvm_ioctl(kvm, kvm->vm_fd, KVM_CREATE_PIT2, &pit);
	if (r < 0)
		return pt_error_set(err, r, "KVM: no interval timer: %s", strerror(-r));
	r = kvm_ioctl(kvm, kvm->vm_fd, KVM_ENABLE_CAP, &x2apic);
	if (r < 0)
		return pt_error_set(err, r, "KVM: no 32-bit x2APIC interface: %s", strerror(-r));
	return 0;
}

int kvm_open(struct kvm *kvm, const struct pt_sys *sys, struct pt_error *err)
{
	int r;

	kvm->sys = sys;
	r = open_dev_kvm(kvm, err);
	if (!r)
		r = kvm_check_requirements(sys, kvm->fd, err);
	if (!r)
		r = create_vm(kvm, err);
	if (!r)
		r = create_interrupt_controllers(kvm, err);
	return r;
}

void kvm_done(struct kvm *kvm)
{
	int *fds[] = {&kvm->vfio_fd, &kvm->vm_fd, &kvm->fd};

	for (size_t i = 0; i < sizeof(fds) / sizeof(fds[0]); i++) {
		if (*fds[i] >= 0)
			kvm->sys->close(kvm->sys->ctx, *fds[i]);
		*fds[i] = -1;
	}
}

static int vfio_file(const struct kvm *kvm, uint64_t what, int fd)
{
	int32_t file = fd;
	struct kvm_device_attr attr = {
		.group = KVM_DEV_VFIO_FILE,
		.attr = what,
		.addr = (uint64_t)(uintptr_t)&file,
	};

	return kvm_ioctl(kvm, kvm->vfio_fd, KVM_SET_DEVICE_ATTR, &attr);
}

/* What an errno means. Source: virt/kvm/kvm_main.c, kvm_ioctl_create_device(), and virt/kvm/vfio.c, kvm_vfio_file_add(). */
struct refusal {
	int code;
	const char *cause, *remedy;
};

#define REPORT "report that as an error of this program, with the kernel's version: uname -r"

static const struct refusal vfio_refusals[] = {
	{-EBUSY, "the guest has a VFIO device already", "make one for all devices of the guest"},
	{-ENODEV, "this kernel has no VFIO device for guests",
	 "use a kernel with CONFIG_KVM_VFIO and VFIO"},
	{-ENOMEM, "the host has no memory left for a VFIO device", "free memory on the host"},
	{-EMFILE, "a VFIO device would be one open file too many", "raise the limit: ulimit -n"},
	{-ENFILE, "a VFIO device would be one open file too many for the host",
	 "raise the limit, as root: sysctl fs.file-max"},
	{-EIO, "the guest is being ended, or its process was forked", "make it anew"},
};

static const struct refusal file_refusals[] = {
	{-EINVAL, "the device's file is none of VFIO's to it",
	 "use Linux 6.6 or newer (older ones know groups only), with the vfio module loaded"},
	{-EEXIST, "it has been told of the device's file already", "name each device once"},
	{-ENXIO, "it does not know files of VFIO", "use Linux 6.6 or newer"},
	{-EBADF, "the device's descriptor, or its own for VFIO, is closed",
	 "keep the descriptors open that were handed in, until the guest has ended"},
	{-ENOMEM, "the host has no memory left to remember the device's file",
	 "free memory on the host"},
	{-EFAULT, "it could not read which file is meant", REPORT},
	{-EPERM, "another process made the guest", REPORT},
};

static int refuse(const struct refusal *rows, size_t count, int code, struct pt_error *err)
{
	for (size_t i = 0; i < count; i++) {
		if (rows[i].code != code)
			continue;
		pt_error_set(err, code, "KVM: %s", rows[i].cause);
		return pt_error_remedy(err, code, "%s", rows[i].remedy);
	}
	pt_error_set(err, code, "KVM: its VFIO device: %s", strerror(-code));
	return pt_error_remedy(err, code, "see the host's kernel log: dmesg | grep -i kvm");
}

int kvm_vfio_add(struct kvm *kvm, int fd, struct pt_error *err)
{
	int r;

	if (kvm->vfio_fd < 0) {
		struct kvm_create_device device = {.type = KVM_DEV_TYPE_VFIO};

		r = kvm_ioctl(kvm, kvm->vm_fd, KVM_CREATE_DEVICE, &device);
		if (r < 0)
			return refuse(vfio_refusals,
				      sizeof(vfio_refusals) / sizeof(vfio_refusals[0]), r, err);
		kvm->vfio_fd = (int)device.fd;
	}
	r = vfio_file(kvm, KVM_DEV_VFIO_FILE_ADD, fd);
	return r < 0 ? refuse(file_refusals, sizeof(file_refusals) / sizeof(file_refusals[0]), r,
			      err)
		     : 0;
}

void kvm_vfio_del(struct kvm *kvm, int fd)
{
	(void)vfio_file(kvm, KVM_DEV_VFIO_FILE_DEL, fd);
}

static int file_add(void *ctx, int fd, struct pt_error *err)
{
	return kvm_vfio_add(ctx, fd, err);
}

static void file_del(void *ctx, int fd)
{
	kvm_vfio_del(ctx, fd);
}

const struct pt_kvm_ops kvm_vfio_ops = {
	.file_add = file_add,
	.file_del = file_del,
};

int kvm_irqfd_add(const struct kvm *kvm, unsigned gsi, int fd, int resample, struct pt_error *err)
{
	struct kvm_irqfd irqfd = {
		.fd = (uint32_t)fd,
		.gsi = gsi,
		.flags = resample >= 0 ? KVM_IRQFD_FLAG_RESAMPLE : 0,
		.resamplefd = resample >= 0 ? (uint32_t)resample : 0,
	};
	int r = kvm_ioctl(kvm, kvm->vm_fd, KVM_IRQFD, &irqfd);

	if (r < 0)
		return pt_error_set(err, r, "KVM: no irqfd for GSI %u: %s", gsi, strerror(-r));
	return 0;
}

void kvm_irqfd_del(const struct kvm *kvm, unsigned gsi, int fd)
{
	struct kvm_irqfd irqfd = {
		.fd = (uint32_t)fd,
		.gsi = gsi,
		.flags = KVM_IRQFD_FLAG_DEASSIGN,
	};

	(void)kvm_ioctl(kvm, kvm->vm_fd, KVM_IRQFD, &irqfd);
}

/* A length of 0 is any length (KVM_CAP_IOEVENTFD_ANY_LENGTH, api.rst 4.59). */
static int ioeventfd(const struct kvm *kvm, uint64_t gpa, int fd, uint32_t flags)
{
	struct kvm_ioeventfd ioeventfd = {.addr = gpa, .fd = fd, .flags = flags};

	return kvm_ioctl(kvm, kvm->vm_fd, KVM_IOEVENTFD, &ioeventfd);
}

int kvm_ioeventfd_add(const struct kvm *kvm, uint64_t gpa, int fd, struct pt_error *err)
{
	int r = ioeventfd(kvm, gpa, fd, 0);

	if (r < 0)
		return pt_error_set(err, r, "KVM: no eventfd for writes to 0x%" PRIx64 ": %s", gpa,
				    strerror(-r));
	return 0;
}

void kvm_ioeventfd_del(const struct kvm *kvm, uint64_t gpa, int fd)
{
	(void)ioeventfd(kvm, gpa, fd, KVM_IOEVENTFD_FLAG_DEASSIGN);
}

void kvm_message(const struct kvm *kvm, uint64_t address, uint32_t data)
{
	struct kvm_msi msi = {
		.address_lo = (uint32_t)address,
		.address_hi = (uint32_t)(address >> 32),
		.data = data,
	};

	(void)kvm_ioctl(kvm, kvm->vm_fd, KVM_SIGNAL_MSI, &msi);
}

void kvm_irq_line(const struct kvm *kvm, unsigned gsi, bool level)
{
	struct kvm_irq_level line = {.irq = gsi, .level = level};

	/* Can only fail without an interrupt controller, and kvm_open() made one. */
	(void)kvm_ioctl(kvm, kvm->vm_fd, KVM_IRQ_LINE, &line);
}
