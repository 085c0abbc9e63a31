/* SPDX-License-Identifier: MIT */
/*
 * struct virtio_vsock: sockets between the guest and programs of the host (VIRTIO 1.2, 5.10), by the kernel's vhost-vsock.
 *
 * The kernel sees to both directions; of the third queue, for events, there are none without migration.
 */
#ifndef TENON_VIRTIO_VSOCK_H
#define TENON_VIRTIO_VSOCK_H

#include <linux/virtio_vsock.h>
#include <passthrough/sys.h>

#include "plan/plan.h"
#include "virtio/vhost.h"
#include "virtio/virtio.h"

#define VSOCK_RINGS 2u /* that the kernel sees to: receive, transmit */

struct virtio_vsock {
	struct virtio virtio;
	struct virtio_vsock_config config;
	struct vhost vhost;
	int called_fd[VSOCK_RINGS]; /* when the guest has no message-signalled interrupts */
	struct loop_watch called[VSOCK_RINGS];
};

/**
 * virtio_vsock_open() - take the address; fills in what of @vsock->virtio is the device's
 * @vsock: zeroed
 *
 * Inverse: virtio_vsock_done(), after a failure too. Errors: -EADDRINUSE another guest has the address; of vhost_open().
 */
int virtio_vsock_open(struct virtio_vsock *vsock, const struct pt_sys *sys,
		      const struct plan_vsock *plan, const struct ram *ram, struct pt_error *err);

/**
 * virtio_vsock_free() - the first address from @cid on that no guest of this host has
 * @ret_cid: @cid itself, where that is free
 *
 * By trying, for which an address is taken for a moment. Errors: of open(2); -EADDRINUSE a thousand of them are taken.
 */
int virtio_vsock_free(const struct pt_sys *sys, uint64_t cid, uint64_t *ret_cid,
		      struct pt_error *err);

/** virtio_vsock_watch() - have the loop pass interrupts on, where it must. Errors: -EBUSY. */
int virtio_vsock_watch(struct virtio_vsock *vsock, struct loop *loop, struct pt_error *err);

/** virtio_vsock_unwatch() - inverse of it, on the loop's thread */
void virtio_vsock_unwatch(struct virtio_vsock *vsock, struct loop *loop);

/** virtio_vsock_lingers() - whether the loop has not let go of it yet */
bool virtio_vsock_lingers(const struct virtio_vsock *vsock);

/** virtio_vsock_done() - after virtio_done() */
void virtio_vsock_done(struct virtio_vsock *vsock);

#endif
