/* SPDX-License-Identifier: MIT */
#include "kvm/vcpu.h"

#include <errno.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

int kvm_vcpu_open(struct kvm_vcpu *vcpu, const struct kvm *kvm, uint32_t apic_id,
		  struct pt_error *err)
{
	const struct pt_sys *sys = kvm->sys;
	void *run;
	int r;

	vcpu->kvm = kvm;
	vcpu->fd = kvm_ioctl_value(kvm, kvm->vm_fd, KVM_CREATE_VCPU, apic_id);
	if (vcpu->fd < 0) {
		r = vcpu->fd;
		vcpu->fd = -1;
		return pt_error_set(err, r, "KVM: cannot make the vCPU of APIC id %u: %s", apic_id,
				    strerror(-r));
	}
	r = sys->mmap(sys->ctx, NULL, kvm->run_size, PROT_READ | PROT_WRITE, MAP_SHARED, vcpu->fd,
		      0, &run);
	if (r)
		return pt_error_set(err, r, "KVM: cannot map the vCPU of APIC id %u: %s", apic_id,
				    strerror(-r));
	vcpu->run = run;
	return 0;
}

void kvm_vcpu_close(struct kvm_vcpu *vcpu)
{
	if (vcpu->run)
		vcpu->kvm->sys->munmap(vcpu->kvm->sys->ctx, vcpu->run, vcpu->kvm->run_size);
	if (vcpu->fd >= 0)
		vcpu->kvm->sys->close(vcpu->kvm->sys->ctx, vcpu->fd);
	vcpu->run = NULL;
	vcpu->fd = -1;
}

int kvm_vcpu_run(struct kvm_vcpu *vcpu)
{
	return ioctl(vcpu->fd, KVM_RUN, 0) < 0 ? -errno : 0;
}
