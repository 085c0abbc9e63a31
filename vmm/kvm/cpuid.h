/* SPDX-License-Identifier: MIT */
/*
 * What a guest's processors say of themselves.
 *
 * KVM_GET_SUPPORTED_CPUID lists what KVM can give; where a processor stands among the others, and how wide its physical
 * addresses are, is ours to say. The guest sees one package of single-threaded cores that share their last cache.
 */
#ifndef TENON_KVM_CPUID_H
#define TENON_KVM_CPUID_H

#include "kvm/kvm.h"
#include "kvm/vcpu.h"

/**
 * struct cpuid_place - what is particular to a guest and a processor
 * @index: of this processor, and its APIC id; @count: processors of the guest
 * @phys_bits: width of guest physical addresses
 * @tsc_deadline: KVM's local APIC has the TSC-deadline timer
 */
struct cpuid_place {
	unsigned index;
	unsigned count;
	unsigned phys_bits;
	bool tsc_deadline;
};

/**
 * cpuid_supported() - KVM_GET_SUPPORTED_CPUID
 * @ret_cpuid: the caller frees it; it has room for CPUID_EXTRA more entries than it holds
 */
int cpuid_supported(const struct kvm *kvm, struct kvm_cpuid2 **ret_cpuid, struct pt_error *err);

#define CPUID_EXTRA 4u

/**
 * cpuid_place() - make KVM's list that of one processor. Pure.
 * @cpuid: changed in place, may be one that was placed before; entries that are missing are added as far as @room allows
 * @room: entries that fit in @cpuid
 */
void cpuid_place(struct kvm_cpuid2 *cpuid, unsigned room, const struct cpuid_place *place);

/** cpuid_apply() - KVM_SET_CPUID2 */
int cpuid_apply(const struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid, struct pt_error *err);

#endif
