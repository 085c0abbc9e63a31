/* SPDX-License-Identifier: MIT */
#include "virtio/net.h"

#include <errno.h>
#include <linux/vhost.h>
#include <linux/virtio_ids.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/uio.h>
#include <unistd.h>

#include "report.h"
#include "virtio/tap.h"

#define VHOST_NODE  "/dev/vhost-net"
#define FRAME_MAX   (TAP_HEADER_SIZE + 65536u + 14u)
#define NUM_BUFFERS 10u /* where the header has it */
#define BURST	    64u /* frames before the loop sees to others */

#define FEATURES                                                                              \
	(1ull << VIRTIO_NET_F_MAC | 1ull << VIRTIO_NET_F_STATUS | 1ull << VIRTIO_NET_F_CSUM | \
	 1ull << VIRTIO_NET_F_GUEST_CSUM | 1ull << VIRTIO_NET_F_HOST_TSO4 |                   \
	 1ull << VIRTIO_NET_F_HOST_TSO6 | 1ull << VIRTIO_NET_F_HOST_ECN |                     \
	 1ull << VIRTIO_NET_F_GUEST_TSO4 | 1ull << VIRTIO_NET_F_GUEST_TSO6 |                  \
	 1ull << VIRTIO_NET_F_GUEST_ECN | 1ull << VIRTIO_NET_F_MRG_RXBUF)
#define SEVERAL_FEATURES (1ull << VIRTIO_NET_F_MQ | 1ull << VIRTIO_NET_F_CTRL_VQ)

/* 5.1.2: receiveq1, transmitq1, receiveq2 ..., and the control queue behind the last. */
static unsigned receive_of(const struct net_pair *pair)
{
	return 2 * pair->index;
}

static unsigned send_of(const struct net_pair *pair)
{
	return 2 * pair->index + 1;
}

static void broken(struct virtio_net *net, const char *why)
{
	struct pt_error err;

	(void)pt_error_set(&err, -EINVAL, "%s", why);
	virtio_broken(&net->virtio, &err);
}

/*
 * The frame into as many chains as it takes (5.1.6.3.1). Where some are there and not enough, it is lost, and the ring is as
 * it was: nothing was told of them yet.
 *
 * Return: whether the frame is gone; false: there is no room at all.
 */
static bool give(struct net_pair *pair)
{
	struct virtio *virtio = &pair->net->virtio;
	struct virtqueue *ring = &virtio->queues[receive_of(pair)].ring;
	bool merge = virtio_has(virtio, VIRTIO_NET_F_MRG_RXBUF);
	struct vring_used_elem used[VIRTQUEUE_SIZE_MAX];
	uint16_t first = ring->next, count = 0;
	struct virtqueue_chain chain;
	unsigned char *header = NULL;
	size_t done = 0;

	while (done < pair->frame_size && count < (merge ? ring->size : 1)) {
		size_t part;

		if (!virtio_pop(virtio, receive_of(pair), &chain))
			break;
		if (chain.unreachable || !chain.writable ||
		    (!count && chain.iov[chain.readable].iov_len < TAP_HEADER_SIZE)) {
			broken(pair->net, "a buffer to receive into is none");
			return true;
		}
		if (!count)
			header = chain.iov[chain.readable].iov_base;
		part = virtqueue_chain_write(&chain, pair->frame + done, pair->frame_size - done);
		done += part;
		used[count++] = (struct vring_used_elem){chain.head, (uint32_t)part};
	}
	/* The driver broke a rule meanwhile: the device has stopped, and the frame is gone. */
	if (!virtio_queue_running(virtio, receive_of(pair)))
		return true;
	if (done < pair->frame_size) {
		ring->next = first;
		return count;
	}
	memcpy(header + NUM_BUFFERS, &count, sizeof(count));
	for (unsigned i = 0; i < count; i++)
		virtqueue_push(ring, (uint16_t)used[i].id, used[i].len);
	return true;
}

/* Return: whether there is a frame to give. */
static bool take(struct net_pair *pair)
{
	ssize_t n;

	if (pair->frame_size)
		return true;
	n = read(pair->tap_fd, pair->frame, FRAME_MAX);
	if (n < (ssize_t)TAP_HEADER_SIZE)
		return false;
	pair->frame_size = (size_t)n;
	return true;
}

/* Frames from the tap device to the guest. Return: whether to wait for more; false: for room, which the driver notifies. */
static bool receive(struct net_pair *pair)
{
	struct virtio_net *net = pair->net;
	unsigned index = receive_of(pair);
	struct virtqueue *ring = &net->virtio.queues[index].ring;
	bool room = true;

	for (unsigned i = 0; i < BURST && room && take(pair); i++) {
		room = give(pair);
		if (room)
			pair->frame_size = 0;
		else
			room = virtqueue_unmute(ring);
		room = room && virtio_queue_running(&net->virtio, index);
	}
	if (virtio_queue_running(&net->virtio, index))
		virtio_tell(&net->virtio, index);
	return room;
}

static enum loop_next on_input(void *ctx)
{
	struct net_pair *pair = ctx;
	bool more = false;

	pthread_mutex_lock(&pair->net->virtio.lock);
	if (virtio_queue_running(&pair->net->virtio, receive_of(pair)))
		more = receive(pair);
	pthread_mutex_unlock(&pair->net->virtio.lock);
	return more ? LOOP_AGAIN : LOOP_PAUSE;
}

static void send_frames(struct net_pair *pair)
{
	struct virtio_net *net = pair->net;
	unsigned index = send_of(pair);
	struct virtqueue *ring = &net->virtio.queues[index].ring;
	struct virtqueue_chain chain;
	unsigned done = 0;

	virtqueue_mute(ring);
	for (; done < BURST && virtio_pop(&net->virtio, index, &chain); done++) {
		if (chain.unreachable || chain.writable || chain.readable_bytes < TAP_HEADER_SIZE) {
			broken(net, "a frame to send is none");
			return;
		}
		/* What the host does not take is lost, as on a wire. */
		(void)!writev(pair->tap_fd, chain.iov, (int)chain.readable);
		virtqueue_push(ring, chain.head, 0);
	}
	if (!virtio_queue_running(&net->virtio, index))
		return;
	virtio_tell(&net->virtio, index);
	if (done == BURST || virtqueue_unmute(ring))
		virtio_again(&net->virtio, index);
}

static void use_pairs(struct virtio_net *net, unsigned count)
{
	for (unsigned i = 0; i < net->pair_count && net->pair_count > 1; i++) {
		if ((i < count) != (i < net->pairs_used))
			tap_attach(net->pairs[i].tap_fd, i < count);
	}
	net->pairs_used = count;
}

/* 5.1.6.5.5, the one command there is. Return: what the driver is answered. */
static uint8_t command(struct virtio_net *net, const struct virtqueue_chain *chain)
{
	struct {
		struct virtio_net_ctrl_hdr header;
		uint8_t pairs[2];
	} what;
	unsigned count;

	if (chain->readable_bytes != sizeof(what))
		return VIRTIO_NET_ERR;
	(void)virtqueue_chain_read(chain, &what, sizeof(what));
	if (what.header.class != VIRTIO_NET_CTRL_MQ ||
	    what.header.cmd != VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET)
		return VIRTIO_NET_ERR;
	count = what.pairs[0] | (unsigned)what.pairs[1] << 8;
	if (!count || count > net->pair_count)
		return VIRTIO_NET_ERR;
	use_pairs(net, count);
	return VIRTIO_NET_OK;
}

static void control(struct virtio_net *net, unsigned index)
{
	struct virtqueue *ring = &net->virtio.queues[index].ring;
	struct virtqueue_chain chain;

	do {
		while (virtio_pop(&net->virtio, index, &chain)) {
			if (chain.unreachable || chain.writable_bytes < 1) {
				broken(net, "a command has no place for its answer");
				return;
			}
			*(uint8_t *)chain.iov[chain.readable].iov_base = command(net, &chain);
			virtqueue_push(ring, chain.head, 1);
		}
	} while (virtio_queue_running(&net->virtio, index) && virtqueue_unmute(ring));
	if (virtio_queue_running(&net->virtio, index))
		virtio_tell(&net->virtio, index);
}

static void net_kick(void *device, unsigned index)
{
	struct virtio_net *net = device;
	struct net_pair *pair = &net->pairs[index / 2];
	struct pt_error err;
	/* Behind the pairs that the driver knows of: one, when it does not take several (5.1.2). */
	unsigned last = virtio_has(&net->virtio, VIRTIO_NET_F_MQ) ? 2 * net->pair_count : 2;

	if (index == last) {
		control(net, index);
	} else if (index >= 2 * net->pair_count) {
		; /* the control queue's place, for a driver that takes one pair: it is nothing there */
	} else if (index & 1) {
		send_frames(pair);
	} else if (receive(pair) && loop_watch_start(net->loop, &pair->input, &err)) {
		report_error(&err, stderr);
	}
}

static int set_backend(const struct net_pair *pair, unsigned number, int fd)
{
	struct vhost_vring_file backend = {.index = number, .fd = fd};

	return ioctl(pair->vhost.fd, VHOST_NET_SET_BACKEND, &backend) ? -errno : 0;
}

static void stop_vhost(struct net_pair *pair)
{
	for (unsigned i = 0; i < 2; i++)
		(void)set_backend(pair, i, -1);
	for (unsigned i = 0; i < 2; i++)
		vhost_ring_stop(&pair->vhost, i, &pair->net->virtio, 2 * pair->index + i);
}

/* A driver may do without the queues of a pair. */
static int start_vhost(struct net_pair *pair, struct pt_error *err)
{
	struct virtio *virtio = &pair->net->virtio;
	int r = vhost_features(&pair->vhost, virtio->features, err);

	if (!virtio_queue_running(virtio, receive_of(pair)) ||
	    !virtio_queue_running(virtio, send_of(pair)))
		return r;
	for (unsigned i = 0; i < 2 && !r; i++) {
		int call = virtio_call_fd(virtio, 2 * pair->index + i);

		r = vhost_ring(&pair->vhost, i, virtio, 2 * pair->index + i,
			       call < 0 ? pair->called_fd[i] : call, err);
	}
	for (unsigned i = 0; i < 2 && !r; i++) {
		r = set_backend(pair, i, pair->tap_fd);
		if (r)
			(void)pt_error_set(err, r, "vhost-net does not take the tap device: %s",
					   strerror(-r));
	}
	return r;
}

static void net_stop(void *device)
{
	struct virtio_net *net = device;

	for (unsigned i = 0; i < net->pair_count; i++) {
		if (net->by_vhost)
			stop_vhost(&net->pairs[i]);
		net->pairs[i].frame_size = 0;
	}
	use_pairs(net, 1);
}

static int net_start(void *device, struct pt_error *err)
{
	struct virtio_net *net = device;
	int r = 0;

	for (unsigned i = 0; i < net->pair_count; i++)
		tap_offload(net->pairs[i].tap_fd, net->virtio.features);
	for (unsigned i = 0; i < net->pair_count && net->by_vhost && !r; i++)
		r = start_vhost(&net->pairs[i], err);
	if (r)
		net_stop(net);
	return r;
}

static const struct virtio_device_ops net_ops = {
	.name = "virtio-net",
	.type = VIRTIO_ID_NET,
	.class_code = 0x020000,
	.start = net_start,
	.stop = net_stop,
	.kick = net_kick,
};

static int open_vhost(struct net_pair *pair, const struct ram *ram, struct pt_error *err)
{
	struct virtio *virtio = &pair->net->virtio;
	int fd = pair->net->plan->vhost_fds[pair->index];
	int r = vhost_open(&pair->vhost, pair->net->sys, VHOST_NODE, fd, ram, err);

	if (r)
		return pt_error_remedy(err, r,
				       "load the module: modprobe vhost_net; or leave vhost out");
	for (unsigned i = 0; i < 2 && !r; i++)
		r = vhost_take_queue(&virtio->queues[2 * pair->index + i], &pair->called[i],
				     &pair->called_fd[i], err);
	return r;
}

static int open_pair(struct virtio_net *net, unsigned index, const struct ram *ram,
		     struct pt_error *err)
{
	const struct plan_net *plan = net->plan;
	struct net_pair *pair = &net->pairs[index];
	int r;

	r = plan->fds[index] ? tap_take(plan->fds[index], plan->tap, err)
			     : tap_open(net->sys, plan->tap, plan->pairs > 1, &pair->tap_fd, err);
	if (r)
		return r;
	if (net->by_vhost)
		return open_vhost(pair, ram, err);
	pair->input = (struct loop_watch){.fd = pair->tap_fd, .ready = on_input, .ctx = pair};
	pair->frame = malloc(FRAME_MAX);
	return pair->frame ? 0 : pt_error_set(err, -ENOMEM, "out of memory");
}

static void fill_config(struct virtio_net *net)
{
	memcpy(net->config.mac, net->plan->mac, sizeof(net->config.mac));
	net->config.status = VIRTIO_NET_S_LINK_UP;
	net->config.max_virtqueue_pairs = (uint16_t)net->plan->pairs;
	net->config.mtu = (uint16_t)net->plan->mtu;
}

static bool wants_vhost(const struct pt_sys *sys, const struct plan_net *plan)
{
	struct pt_stat node;

	return plan->vhost == PLAN_VHOST_ON || plan->vhost_fds[0] ||
	       (plan->vhost == PLAN_VHOST_AUTO && !sys->stat(sys->ctx, VHOST_NODE, &node) &&
		node.usable);
}

int virtio_net_open(struct virtio_net *net, const struct pt_sys *sys, const struct plan_net *plan,
		    const struct ram *ram, struct pt_error *err)
{
	bool several = plan->pairs > 1;
	int r = 0;

	net->plan = plan;
	net->sys = sys;
	net->by_vhost = wants_vhost(sys, plan);
	/* What was handed in is closed with the device, however far it comes. */
	for (unsigned i = 0; i < plan->pairs; i++)
		net->pairs[i] = (struct net_pair){
			.net = net,
			.index = i,
			.tap_fd = plan->fds[i] ? plan->fds[i] : -1,
			.vhost = {plan->vhost_fds[i] ? plan->vhost_fds[i] : -1},
			.called_fd = {-1, -1},
		};
	net->pair_count = plan->pairs;
	for (unsigned i = 0; i < plan->pairs && !r; i++)
		r = open_pair(net, i, ram, err);
	if (r)
		return r;
	net->pairs_used = net->pair_count;
	use_pairs(net, 1);
	fill_config(net);
	net->virtio.ops = &net_ops;
	net->virtio.device = net;
	net->virtio.offered = FEATURES | (several ? SEVERAL_FEATURES : 0) |
			      (plan->mtu ? 1ull << VIRTIO_NET_F_MTU : 0);
	net->virtio.config = &net->config;
	net->virtio.config_size = offsetof(struct virtio_net_config, speed);
	net->virtio.queue_count = 2 * plan->pairs + several;
	return 0;
}

int virtio_net_watch(struct virtio_net *net, struct loop *loop, struct pt_error *err)
{
	int r = 0;

	net->loop = loop;
	for (unsigned i = 0; i < 2 * net->pair_count && net->by_vhost && !r; i++)
		r = loop_watch_start(loop, &net->pairs[i / 2].called[i % 2], err);
	return r;
}

void virtio_net_unwatch(struct virtio_net *net, struct loop *loop)
{
	for (unsigned i = 0; i < net->pair_count; i++) {
		loop_watch_stop(loop, &net->pairs[i].input);
		loop_watch_stop(loop, &net->pairs[i].called[0]);
		loop_watch_stop(loop, &net->pairs[i].called[1]);
	}
}

bool virtio_net_lingers(const struct virtio_net *net)
{
	bool waiting = false;

	for (unsigned i = 0; i < PLAN_NET_PAIRS_MAX && !waiting; i++)
		waiting = net->pairs[i].input.waiting || net->pairs[i].called[0].waiting ||
			  net->pairs[i].called[1].waiting;
	return waiting;
}

void virtio_net_done(struct virtio_net *net)
{
	for (unsigned i = 0; i < net->pair_count; i++) {
		struct net_pair *pair = &net->pairs[i];

		vhost_done(&pair->vhost);
		if (pair->tap_fd >= 0)
			(void)close(pair->tap_fd);
		for (unsigned j = 0; j < 2; j++) {
			if (pair->called_fd[j] >= 0)
				(void)close(pair->called_fd[j]);
		}
		free(pair->frame);
	}
	net->pair_count = 0;
}
