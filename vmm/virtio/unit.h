/* SPDX-License-Identifier: MIT */
/*
 * struct virtio_unit: a virtio device of this machine, of whatever kind, and the function that the guest sees of it.
 */
#ifndef TENON_VIRTIO_UNIT_H
#define TENON_VIRTIO_UNIT_H

#include "plan/plan.h"
#include "virtio/balloon.h"
#include "virtio/blk.h"
#include "virtio/console.h"
#include "virtio/net.h"
#include "virtio/pci.h"
#include "virtio/rng.h"
#include "virtio/vsock.h"
#include <passthrough/sys.h>

/**
 * struct virtio_unit - @virtio: of the device in the union
 * @next: of those that have left
 */
struct virtio_unit {
	struct plan_virtio plan;
	struct virtio_unit *next;
	struct virtio_pci pci;
	struct virtio *virtio;
	union {
		struct virtio_rng rng;
		struct virtio_balloon balloon;
		struct virtio_blk blk;
		struct virtio_net net;
		struct virtio_vsock vsock;
		struct virtio_console console;
	};
};

/**
 * virtio_unit_open() - the device with what it needs of the host, and its function
 * @unit: zeroed
 * @sys: by which files are opened
 * @held: its link is down, until virtio_pci_release()
 *
 * Inverse: virtio_unit_done(), after a failure too. Errors: those of its device; -ENOMEM; from eventfd(2).
 */
int virtio_unit_open(struct virtio_unit *unit, const struct pt_sys *sys,
		     const struct plan_virtio *plan, const struct ram *ram,
		     const struct virtio_pci_host *host, bool held, struct pt_error *err);

/** virtio_unit_watch() - let the loop see to it; once. Errors: -EBUSY. */
int virtio_unit_watch(struct virtio_unit *unit, struct loop *loop, struct pt_error *err);

/** virtio_unit_unwatch() - the loop does not see to it any more; on its thread */
void virtio_unit_unwatch(struct virtio_unit *unit, struct loop *loop);

/** virtio_unit_lingers() - whether the loop has not let go of it yet, so that its memory is still the loop's */
bool virtio_unit_lingers(const struct virtio_unit *unit);

/**
 * virtio_unit_done() - give back what it has of the host; accepts one that was only zeroed, and one that is done
 *
 * The loop does not run any more, or virtio_unit_unwatch() was called. vCPUs may run: the function reads all ones then.
 */
void virtio_unit_done(struct virtio_unit *unit);

#endif
