/* SPDX-License-Identifier: MIT */
/*
 * struct virtio_vectors: the MSI-X table of an emulated function (PCI Express base specification 7.7.2).
 *
 * Each vector has an eventfd for its whole life: whoever writes to it interrupts the guest, be it this process or a thread
 * of the kernel's. A vector that is enabled and unmasked has a route and an irqfd. One that is masked has none, so that its
 * eventfd gathers what comes: that is its pending bit, and the interrupt is delivered when the irqfd is back.
 */
#ifndef TENON_VIRTIO_VECTORS_H
#define TENON_VIRTIO_VECTORS_H

#include "kvm/routes.h"

#define VECTOR_ENTRY   16u
#define VECTOR_ENABLE  0x8000u /* of the capability's control word */
#define VECTOR_MASKALL 0x4000u

struct virtio_vector {
	uint64_t address;
	uint32_t data;
	bool masked;
	bool connected;
	unsigned gsi; /* 0: none */
	int fd;
};

struct virtio_vectors {
	const struct kvm *kvm;
	struct kvm_routes *routes;
	struct virtio_vector *list;
	unsigned count;
	bool enabled;
	bool masked;   /* all of them */
	bool reported; /* that a vector cannot be had */
};

/** virtio_vectors_init() - @count masked vectors. Inverse: virtio_vectors_done(), after a failure too. */
int virtio_vectors_init(struct virtio_vectors *vectors, const struct kvm *kvm,
			struct kvm_routes *routes, unsigned count, struct pt_error *err);

/** virtio_vectors_done() - accepts one that was only zeroed */
void virtio_vectors_done(struct virtio_vectors *vectors);

/** virtio_vectors_reset() - as at power-on: off, masked, nothing pending */
void virtio_vectors_reset(struct virtio_vectors *vectors);

/** virtio_vectors_control() - the control word was written */
void virtio_vectors_control(struct virtio_vectors *vectors, uint16_t control);

/** virtio_vectors_read(), _write() - the table, @offset from its start; 4 or 8 bytes as 6.1.4.2 of MSI-X wants, others read 0 */
void virtio_vectors_read(const struct virtio_vectors *vectors, uint64_t offset, void *data,
			 unsigned size);
void virtio_vectors_write(struct virtio_vectors *vectors, uint64_t offset, const void *data,
			  unsigned size);

/** virtio_vectors_pending() - the pending bits, @offset from their start */
void virtio_vectors_pending(const struct virtio_vectors *vectors, uint64_t offset, void *data,
			    unsigned size);

/** virtio_vectors_raise() - interrupt; nothing when there is no such vector */
void virtio_vectors_raise(const struct virtio_vectors *vectors, uint16_t vector);

/** virtio_vectors_fd() - what virtio_vectors_raise() writes to; -1 when MSI-X is off or there is no such vector */
int virtio_vectors_fd(const struct virtio_vectors *vectors, uint16_t vector);

#endif
