/* SPDX-License-Identifier: MIT */
/*
 * A reset of the whole machine.
 *
 * The guest's processors are parked, its devices made quiet before anything else: what they write by DMA must not land in
 * the kernel that is loaded next. Devices stay bound, memory stays mapped for them, the VM is the same. Memory is not
 * cleared, as it would not be in a warm reset of a real machine; what the new kernel starts from is loaded anew.
 */
#include "machine/machine_private.h"

#include <errno.h>
#include <string.h>

int machine_enter_kernel(struct machine *machine, struct pt_error *err)
{
	const struct cpu *first = &machine->cpus.list[0];
	struct kvm_sregs sregs = first->power_on.sregs;
	struct kvm_regs regs;
	int r;

	boot_enter(&machine->boot, &sregs, &regs);
	r = kvm_ioctl(&machine->kvm, first->vcpu.fd, KVM_SET_SREGS, &sregs);
	if (r >= 0)
		r = kvm_ioctl(&machine->kvm, first->vcpu.fd, KVM_SET_REGS, &regs);
	if (r < 0)
		return pt_error_set(err, r, "KVM refuses the kernel's entry state: %s",
				    strerror(-r));
	return 0;
}

int machine_reset(struct machine *machine, struct pt_error *err)
{
	int r;

	slots_stop(&machine->slots);
	machine_reset_virtio(machine);
	unplug_reset(&machine->unplug);
	machine_reset_devices(machine);
	r = kvm_chips_restore(&machine->kvm, &machine->chips, err);
	if (!r)
		r = cpus_restore(&machine->cpus, err);
	if (!r)
		r = boot_load(&machine->boot, &machine->ram, err);
	if (!r)
		r = machine_enter_kernel(machine, err);
	if (!r)
		r = slots_start(&machine->slots, err);
	return r ? pt_error_prefix(err, r, "reset") : 0;
}
