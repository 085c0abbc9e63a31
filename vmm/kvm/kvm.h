/* SPDX-License-Identifier: MIT */
/*
 * struct kvm: a virtual machine as KVM has it: /dev/kvm, the VM's descriptor, and KVM's VFIO device.
 *
 * Every KVM ioctl but KVM_RUN goes through struct pt_sys, the seam that the device library uses too: a model of the kernel
 * sees one ordered list of KVM and VFIO calls, and can check that FILE_ADD comes before BIND. KVM_RUN alone is made
 * directly, because it must come back on a signal where the seam restarts.
 *
 * Source of the rules: Documentation/virt/kvm/api.rst, Documentation/virt/kvm/devices/vfio.rst.
 */
#ifndef TENON_KVM_KVM_H
#define TENON_KVM_KVM_H

#include <linux/kvm.h>
#include <passthrough/error.h>
#include <passthrough/space.h>
#include <passthrough/sys.h>
#include <stdbool.h>
#include <stdint.h>

/**
 * struct kvm - a VM
 * @fd: /dev/kvm, @vm_fd: the VM, @vfio_fd: its KVM_DEV_TYPE_VFIO device, made with the first file; -1 when not open
 * @run_size: bytes of a vCPU's shared page area
 * @has_tsc_deadline, @has_nested_state, @has_xcrs: what this kernel and processor have
 */
struct kvm {
	const struct pt_sys *sys;
	int fd;
	int vm_fd;
	int vfio_fd;
	size_t run_size;
	bool has_tsc_deadline;
	bool has_nested_state;
	bool has_xcrs;
};

#define KVM_CLOSED                                   \
	{                                            \
		.fd = -1, .vm_fd = -1, .vfio_fd = -1 \
	}

/**
 * kvm_check_requirements() - whether KVM has what Tenon needs of it
 * @fd: /dev/kvm
 *
 * Errors: -EOPNOTSUPP; of the ioctl where it is no KVM at all.
 */
int kvm_check_requirements(const struct pt_sys *sys, int fd, struct pt_error *err);

/**
 * kvm_open() - open /dev/kvm, check what Tenon needs of it, make a VM with the in-kernel interrupt controllers
 * @kvm: KVM_CLOSED before; on failure kvm_done() is due all the same
 *
 * Errors: -ENOENT, -EACCES and -ENODEV for /dev/kvm, -EOPNOTSUPP a capability is missing; from KVM_CREATE_VM and
 * KVM_CREATE_IRQCHIP.
 */
int kvm_open(struct kvm *kvm, const struct pt_sys *sys, struct pt_error *err);

/** kvm_done() - close everything; every vCPU and every device that KVM was told of is closed before */
void kvm_done(struct kvm *kvm);

/** kvm_ioctl() - an ioctl on @fd. Return: the kernel's non-negative result or -errno. */
int kvm_ioctl(const struct kvm *kvm, int fd, unsigned long request, void *arg);

/** kvm_ioctl_value() - the same for requests whose argument is a number */
int kvm_ioctl_value(const struct kvm *kvm, int fd, unsigned long request, unsigned long value);

/** kvm_capability() - KVM_CHECK_EXTENSION on the VM; 0 when it is not there */
int kvm_capability(const struct kvm *kvm, unsigned long capability);

/**
 * kvm_vfio_add() - tell KVM of a VFIO device's descriptor, before the device is bound
 *
 * KVM holds a reference to the file until kvm_vfio_del(). Errors: from KVM_CREATE_DEVICE and KVM_DEV_VFIO_FILE_ADD.
 */
int kvm_vfio_add(struct kvm *kvm, int fd, struct pt_error *err);

/** kvm_vfio_del() - drop KVM's reference, before the descriptor is closed. Cannot fail. */
void kvm_vfio_del(struct kvm *kvm, int fd);

/** kvm_vfio_ops - the two of them for libpassthrough; the context is a struct kvm */
extern const struct pt_kvm_ops kvm_vfio_ops;

/**
 * kvm_irqfd_add() - raise @gsi when @fd is signalled
 * @resample: for a level interrupt, signalled at the guest's EOI, when the line is lowered again; -1 for an edge
 *
 * What is pending in @fd is injected at once. The GSI's route must exist. Inverse: kvm_irqfd_del().
 */
int kvm_irqfd_add(const struct kvm *kvm, unsigned gsi, int fd, int resample, struct pt_error *err);

/** kvm_irqfd_del() - when it returns, nothing more is injected. Cannot fail. */
void kvm_irqfd_del(const struct kvm *kvm, unsigned gsi, int fd);

/**
 * kvm_ioeventfd_add() - signal @fd when a vCPU writes to guest address @gpa, whatever the value and its size, and let it run on
 *
 * Inverse: kvm_ioeventfd_del(). Errors: -EEXIST the address has one; -ENOSPC; from KVM_IOEVENTFD.
 */
int kvm_ioeventfd_add(const struct kvm *kvm, uint64_t gpa, int fd, struct pt_error *err);

/** kvm_ioeventfd_del() - writes come out of the guest again. Cannot fail. */
void kvm_ioeventfd_del(const struct kvm *kvm, uint64_t gpa, int fd);

/** kvm_message() - deliver a message-signalled interrupt, once; what KVM cannot deliver is lost, as on a bus */
void kvm_message(const struct kvm *kvm, uint64_t address, uint32_t data);

/** kvm_irq_line() - set the level of an interrupt controller input */
void kvm_irq_line(const struct kvm *kvm, unsigned gsi, bool level);

#endif
