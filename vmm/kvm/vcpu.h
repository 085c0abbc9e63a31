/* SPDX-License-Identifier: MIT */
/*
 * struct kvm_vcpu: a virtual processor as KVM has it. Who runs it and when is machine/cpus.
 */
#ifndef TENON_KVM_VCPU_H
#define TENON_KVM_VCPU_H

#include "kvm/kvm.h"

struct kvm_vcpu {
	const struct kvm *kvm;
	int fd;
	struct kvm_run *run;
};

#define KVM_VCPU_CLOSED  \
	{                \
		.fd = -1 \
	}

/** kvm_vcpu_open() - make the vCPU of this APIC id. Inverse: kvm_vcpu_close(). */
int kvm_vcpu_open(struct kvm_vcpu *vcpu, const struct kvm *kvm, uint32_t apic_id,
		  struct pt_error *err);

/** kvm_vcpu_close() - accepts KVM_VCPU_CLOSED */
void kvm_vcpu_close(struct kvm_vcpu *vcpu);

/**
 * kvm_vcpu_run() - enter the guest until something is to be done; the exit is in @vcpu->run
 *
 * Return: 0, -EINTR on a signal or when run->immediate_exit is set, -EAGAIN when the vCPU waits to be started, or another
 * -errno.
 */
int kvm_vcpu_run(struct kvm_vcpu *vcpu);

#endif
