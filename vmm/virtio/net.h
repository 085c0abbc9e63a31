/* SPDX-License-Identifier: MIT */
/*
 * struct virtio_net: a network card (VIRTIO 1.2, 5.1) on a tap device of the host.
 *
 * Queues come in pairs, one to receive and one to send, and each pair is a queue of the tap device. Where the kernel has
 * vhost-net, its threads move the frames, and this process is not on the way; else the loop's does. Which it is is settled
 * when the device is opened.
 *
 * Without vhost a frame that comes is copied once, from a buffer of ours, which keeps the one that finds no room.
 */
#ifndef TENON_VIRTIO_NET_H
#define TENON_VIRTIO_NET_H

#include <linux/virtio_net.h>
#include <passthrough/sys.h>

#include "plan/plan.h"
#include "virtio/vhost.h"
#include "virtio/virtio.h"

struct virtio_net;

/**
 * struct net_pair - @frame, @frame_size: one that was received and not given to the guest yet; without vhost
 * @called_fd, @called: for vhost, when the guest has no message-signalled interrupts
 */
struct net_pair {
	struct virtio_net *net;
	unsigned index;
	int tap_fd;
	struct vhost vhost;
	struct loop_watch input;
	unsigned char *frame;
	size_t frame_size;
	int called_fd[2];
	struct loop_watch called[2];
};

struct virtio_net {
	const struct pt_sys *sys; /* by which files are opened */
	struct virtio virtio;
	const struct plan_net *plan;
	struct virtio_net_config config;
	struct loop *loop;
	struct net_pair pairs[PLAN_NET_PAIRS_MAX];
	unsigned pair_count;
	unsigned pairs_used; /* as many as the driver asked for */
	bool by_vhost;
};

/**
 * virtio_net_open() - open the tap device, and vhost-net if that is to be had; fills in what of @net->virtio is the device's
 * @net: zeroed
 *
 * Inverse: virtio_net_done(), after a failure too. Errors: of tap_open(); of vhost_open() when it must be had; -ENOMEM.
 */
int virtio_net_open(struct virtio_net *net, const struct pt_sys *sys, const struct plan_net *plan,
		    const struct ram *ram, struct pt_error *err);

/** virtio_net_watch() - have the loop see to what comes. Errors: -EBUSY. */
int virtio_net_watch(struct virtio_net *net, struct loop *loop, struct pt_error *err);

/** virtio_net_unwatch() - inverse of it, on the loop's thread */
void virtio_net_unwatch(struct virtio_net *net, struct loop *loop);

/** virtio_net_lingers() - whether the loop has not let go of it yet */
bool virtio_net_lingers(const struct virtio_net *net);

/** virtio_net_done() - after virtio_done() */
void virtio_net_done(struct virtio_net *net);

#endif
