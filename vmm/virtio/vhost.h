/* SPDX-License-Identifier: MIT */
/*
 * struct vhost: virtqueues that a thread of the kernel sees to (linux/vhost.h). It reads and writes the guest's memory itself;
 * the guest's notifications and its interrupts are eventfds between it and KVM, and no part of this process is on the way.
 */
#ifndef TENON_VIRTIO_VHOST_H
#define TENON_VIRTIO_VHOST_H

#include "virtio/virtio.h"
#include <passthrough/sys.h>

struct vhost {
	int fd;
};

#define VHOST_CLOSED     \
	{                \
		.fd = -1 \
	}

/**
 * vhost_open() - open @node, and tell it of the guest's memory
 * @fd: what somebody else opened in its place, taken over in any case; 0 for none
 *
 * Inverse: vhost_done(). Errors: from open(2); -EINVAL and others when it does not take the memory.
 */
int vhost_open(struct vhost *vhost, const struct pt_sys *sys, const char *node, int fd,
	       const struct ram *ram, struct pt_error *err);

/** vhost_done() - its queues were stopped; accepts VHOST_CLOSED */
void vhost_done(struct vhost *vhost);

/**
 * vhost_take_queue() - a queue is the kernel's to see to, for the device's life; before virtio_init()
 * @watch: hears of @ret_fd, and interrupts the guest: for one without message-signalled interrupts
 * @ret_fd: an eventfd for vhost_ring()'s @call then; the caller's to close
 *
 * Errors: from eventfd(2).
 */
int vhost_take_queue(struct virtio_queue *queue, struct loop_watch *watch, int *ret_fd,
		     struct pt_error *err);

/** vhost_features() - what of @features it knows, set. Errors: from VHOST_SET_FEATURES. */
int vhost_features(const struct vhost *vhost, uint64_t features, struct pt_error *err);

/**
 * vhost_ring() - have it see to a queue, once its backend is set
 * @number: its number for the kernel
 * @index: of the queue of @virtio, which is enabled
 * @call: an eventfd that interrupts
 */
int vhost_ring(const struct vhost *vhost, unsigned number, struct virtio *virtio, unsigned index,
	       int call, struct pt_error *err);

/** vhost_ring_stop() - after its backend was taken: where it was is kept for the next vhost_ring() */
void vhost_ring_stop(const struct vhost *vhost, unsigned number, struct virtio *virtio,
		     unsigned index);

#endif
