/* SPDX-License-Identifier: MIT */
/* A bare KVM virtual machine with one vCPU. Nothing here knows of passthrough. Functions return 0 or -errno. */
#ifndef VM_H
#define VM_H

#include <linux/kvm.h>
#include <stdint.h>

#define VM_RAM_SIZE  0x10000
#define VM_RAM_SLOT  0
#define VM_SLOT_BASE 1 /* the first memory slot that is not in use */

struct vm {
	int kvm, fd, vcpu, vfio;
	uint8_t *ram;
	struct kvm_run *run;
};

/* RAM at 0, an interrupt controller, a kvm-vfio device, a vCPU in flat 32-bit mode that starts at @entry. */
int vm_create(struct vm *vm, uint32_t entry);

/* @size 0 takes the memory of the slot away again. */
int vm_memory(struct vm *vm, uint32_t slot, uint64_t gpa, uint64_t size, void *hva);

/* @what: KVM_DEV_VFIO_FILE_ADD or _DEL. */
int vm_vfio_file(struct vm *vm, uint64_t what, int fd);

/* A level interrupt: @trigger asserts the line, the guest's end of interrupt lowers it and signals @resample. */
int vm_irqfd_add(struct vm *vm, uint32_t gsi, int trigger, int resample);
void vm_irqfd_remove(struct vm *vm, uint32_t gsi, int trigger);

#endif
