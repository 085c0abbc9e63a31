/* SPDX-License-Identifier: MIT */
/*
 * What a guest's processors say of themselves.
 *
 * KVM_GET_SUPPORTED_CPUID lists what KVM can give; where a processor stands among the others, and how wide its physical
 * addresses are, is ours to say. The cores of a package share their last cache, the threads of a core all of its.
 */
#ifndef TENON_KVM_CPUID_H
#define TENON_KVM_CPUID_H

#include "kvm/cpu_feature.h"
#include "kvm/kvm.h"
#include "kvm/vcpu.h"

/**
 * struct cpuid_place - what is particular to a guest and a processor
 * @apic_id: of this processor: from the top its package, its core in @core_bits, its thread in @thread_bits
 * @cores: of a package; @threads: of a core
 * @phys_bits: width of guest physical addresses
 * @tsc_deadline: KVM's local APIC has the TSC-deadline timer
 */
struct cpuid_place {
	uint32_t apic_id;
	unsigned cores;
	unsigned threads;
	unsigned core_bits;
	unsigned thread_bits;
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

/** cpuid_has() - whether all bits of a feature are set */
bool cpuid_has(const struct kvm_cpuid2 *cpuid, const struct cpu_feature *feature);

/** cpuid_remove() - clear them; after cpuid_place(), which sets some */
void cpuid_remove(struct kvm_cpuid2 *cpuid, const struct cpu_feature *feature);

/** cpuid_apply() - KVM_SET_CPUID2 */
int cpuid_apply(const struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid, struct pt_error *err);

#endif
