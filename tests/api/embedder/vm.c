/* SPDX-License-Identifier: MIT */
#include "vm.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

static int call(int fd, unsigned long request, void *arg)
{
	int r = ioctl(fd, request, arg);

	return r < 0 ? -errno : r;
}

int vm_memory(struct vm *vm, uint32_t slot, uint64_t gpa, uint64_t size, void *hva)
{
	struct kvm_userspace_memory_region region = {.slot = slot,
						     .guest_phys_addr = gpa,
						     .memory_size = size,
						     .userspace_addr = (uintptr_t)hva};

	return call(vm->fd, KVM_SET_USER_MEMORY_REGION, &region);
}

int vm_vfio_file(struct vm *vm, uint64_t what, int fd)
{
	struct kvm_device_attr attr = {
		.group = KVM_DEV_VFIO_FILE, .attr = what, .addr = (uintptr_t)&fd};

	return call(vm->vfio, KVM_SET_DEVICE_ATTR, &attr);
}

int vm_irqfd_add(struct vm *vm, uint32_t gsi, int trigger, int resample)
{
	struct kvm_irqfd arg = {.fd = (uint32_t)trigger,
				.gsi = gsi,
				.flags = KVM_IRQFD_FLAG_RESAMPLE,
				.resamplefd = (uint32_t)resample};

	return call(vm->fd, KVM_IRQFD, &arg);
}

void vm_irqfd_remove(struct vm *vm, uint32_t gsi, int trigger)
{
	struct kvm_irqfd arg = {
		.fd = (uint32_t)trigger, .gsi = gsi, .flags = KVM_IRQFD_FLAG_DEASSIGN};

	(void)call(vm->fd, KVM_IRQFD, &arg);
}

static int create_machine(struct vm *vm)
{
	struct kvm_create_device vfio = {.type = KVM_DEV_TYPE_VFIO};
	int r;

	vm->kvm = open("/dev/kvm", O_RDWR | O_CLOEXEC);
	if (vm->kvm < 0)
		return -errno;
	r = vm->fd = call(vm->kvm, KVM_CREATE_VM, NULL);
	if (r >= 0) /* Intel's processors want three pages for themselves. */
		r = call(vm->fd, KVM_SET_TSS_ADDR, (void *)0xfffbd000);
	if (r >= 0)
		r = call(vm->fd, KVM_CREATE_IRQCHIP, NULL);
	if (r >= 0)
		r = call(vm->fd, KVM_CREATE_DEVICE, &vfio);
	if (r < 0)
		return r;
	vm->vfio = (int)vfio.fd;
	vm->ram =
		mmap(NULL, VM_RAM_SIZE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	return vm->ram == MAP_FAILED ? -errno : vm_memory(vm, VM_RAM_SLOT, 0, VM_RAM_SIZE, vm->ram);
}

static int create_vcpu(struct vm *vm, uint32_t entry)
{
	struct kvm_segment data = {
		.limit = 0xffffffff, .type = 3, .present = 1, .db = 1, .s = 1, .g = 1};
	struct kvm_segment code = data;
	struct kvm_regs regs = {.rip = entry, .rflags = 2};
	struct kvm_sregs sregs;
	int r, size = call(vm->kvm, KVM_GET_VCPU_MMAP_SIZE, NULL);

	code.type = 11;
	code.selector = 8;
	r = vm->vcpu = call(vm->fd, KVM_CREATE_VCPU, NULL);
	if (r < 0 || size < 0)
		return r < 0 ? r : size;
	vm->run = mmap(NULL, (size_t)size, PROT_READ | PROT_WRITE, MAP_SHARED, vm->vcpu, 0);
	if (vm->run == MAP_FAILED)
		return -errno;
	r = call(vm->vcpu, KVM_GET_SREGS, &sregs);
	if (r < 0)
		return r;
	sregs.cs = code;
	sregs.ds = sregs.es = sregs.fs = sregs.gs = sregs.ss = data;
	sregs.cr0 |= 1;
	r = call(vm->vcpu, KVM_SET_SREGS, &sregs);
	return r < 0 ? r : call(vm->vcpu, KVM_SET_REGS, &regs);
}

int vm_create(struct vm *vm, uint32_t entry)
{
	int r = create_machine(vm);

	return r < 0 ? r : create_vcpu(vm, entry);
}
