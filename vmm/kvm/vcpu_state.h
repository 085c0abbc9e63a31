/* SPDX-License-Identifier: MIT */
/*
 * struct kvm_vcpu_state, struct kvm_chips_state: what a vCPU and the interrupt controllers were at power-on, to be put
 * back at a reset.
 *
 * KVM has no "reset this VM". What it has is get and set for every piece of state, so a reset is: read all of it once,
 * right after the vCPU was made and told its CPUID, and write it back later. Everything that a guest arms by an MSR
 * (kvmclock, steal time, asynchronous page faults, paravirtual EOI) is disarmed by that, which matters: KVM would go on
 * writing into memory that now belongs to the next kernel.
 */
#ifndef TENON_KVM_VCPU_STATE_H
#define TENON_KVM_VCPU_STATE_H

#include "kvm/vcpu.h"

struct kvm_vcpu_state {
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	struct kvm_xcrs xcrs;
	struct kvm_lapic_state lapic;
	struct kvm_mp_state mp_state;
	struct kvm_vcpu_events events;
	struct kvm_debugregs debugregs;
	struct kvm_nested_state nested; /* its header; at power-on there is no more */
	struct kvm_xsave xsave;
	struct kvm_msrs *msrs; /* those that this kernel has and can read */
};

struct kvm_chips_state {
	struct kvm_irqchip chips[3];
	struct kvm_pit_state2 pit;
};

/** kvm_vcpu_save() - the vCPU is not running. Inverse: kvm_vcpu_state_done(). */
int kvm_vcpu_save(const struct kvm_vcpu *vcpu, struct kvm_vcpu_state *state, struct pt_error *err);

/** kvm_vcpu_restore() - the vCPU is not running and has no exit that is still to be completed */
int kvm_vcpu_restore(const struct kvm_vcpu *vcpu, const struct kvm_vcpu_state *state,
		     struct pt_error *err);

/** kvm_vcpu_state_done() - accepts one that was only zeroed */
void kvm_vcpu_state_done(struct kvm_vcpu_state *state);

/** kvm_chips_save() - PICs, IOAPIC and timer */
int kvm_chips_save(const struct kvm *kvm, struct kvm_chips_state *state, struct pt_error *err);

/** kvm_chips_restore() - every input is expected to be low */
int kvm_chips_restore(const struct kvm *kvm, const struct kvm_chips_state *state,
		      struct pt_error *err);

/** kvm_msr_get() - read one MSR as the host may. Errors: -EINVAL the vCPU has none of this number. */
int kvm_msr_get(const struct kvm_vcpu *vcpu, uint32_t index, uint64_t *ret_value);

/** kvm_msr_set() - write one MSR as the host may. Errors: -EINVAL KVM does not take it. */
int kvm_msr_set(const struct kvm_vcpu *vcpu, uint32_t index, uint64_t value);

#endif
