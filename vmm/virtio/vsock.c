/* SPDX-License-Identifier: MIT */
#include "virtio/vsock.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <linux/vhost.h>
#include <linux/virtio_ids.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define VHOST_NODE "/dev/vhost-vsock"
#define QUEUES	   3u
#define CIDS_TRIED 1000u

static int set_running(const struct virtio_vsock *vsock, int running)
{
	return ioctl(vsock->vhost.fd, VHOST_VSOCK_SET_RUNNING, &running) ? -errno : 0;
}

static void vsock_stop(void *device)
{
	struct virtio_vsock *vsock = device;

	(void)set_running(vsock, 0);
	for (unsigned i = 0; i < VSOCK_RINGS; i++)
		vhost_ring_stop(&vsock->vhost, i, &vsock->virtio, i);
}

static int vsock_start(void *device, struct pt_error *err)
{
	struct virtio_vsock *vsock = device;
	struct virtio *virtio = &vsock->virtio;
	int r = vhost_features(&vsock->vhost, virtio->features, err);

	for (unsigned i = 0; i < VSOCK_RINGS && !r; i++) {
		int call = virtio_call_fd(virtio, i);

		r = virtio_queue_running(virtio, i)
			    ? 0
			    : pt_error_set(err, -EINVAL, "the driver did not enable queue %u", i);
		if (!r)
			r = vhost_ring(&vsock->vhost, i, virtio, i,
				       call < 0 ? vsock->called_fd[i] : call, err);
	}
	if (r)
		return r;
	r = set_running(vsock, 1);
	return r ? pt_error_set(err, r, "vhost-vsock does not run: %s", strerror(-r)) : 0;
}

/* Only the queue for events is not the kernel's, and there is nothing to say. */
static void vsock_kick(void *device, unsigned index)
{
	(void)device;
	(void)index;
}

static const struct virtio_device_ops vsock_ops = {
	.name = "virtio-vsock",
	.type = VIRTIO_ID_VSOCK,
	.class_code = 0x078000,
	.start = vsock_start,
	.stop = vsock_stop,
	.kick = vsock_kick,
};

static int take_address(const struct virtio_vsock *vsock, uint64_t cid, struct pt_error *err)
{
	int r;

	if (!ioctl(vsock->vhost.fd, VHOST_VSOCK_SET_GUEST_CID, &cid))
		return 0;
	r = -errno;
	(void)pt_error_set(err, r, "vsock address %" PRIu64 ": %s", cid, strerror(-r));
	if (r == -EADDRINUSE)
		return pt_error_remedy(err, r, "another guest has it: choose another number");
	return r;
}

int virtio_vsock_free(const struct pt_sys *sys, uint64_t cid, uint64_t *ret_cid,
		      struct pt_error *err)
{
	int fd = sys->open(sys->ctx, VHOST_NODE, O_RDWR), r = -EADDRINUSE;
	uint64_t tried = cid;

	if (fd < 0)
		return pt_error_set(err, fd, VHOST_NODE ": %s", strerror(-fd));
	for (uint64_t end = cid + CIDS_TRIED; cid < end && r == -EADDRINUSE; cid++) {
		tried = cid;
		r = sys->ioctl(sys->ctx, fd, VHOST_VSOCK_SET_GUEST_CID, &tried);
	}
	/* And with it goes the address. */
	(void)sys->close(sys->ctx, fd);
	if (r < 0)
		return pt_error_set(err, r, VHOST_NODE ": %s", strerror(-r));
	*ret_cid = tried;
	return 0;
}

static int open_node(struct virtio_vsock *vsock, const struct pt_sys *sys, int fd,
		     const struct ram *ram, struct pt_error *err)
{
	int r = vhost_open(&vsock->vhost, sys, VHOST_NODE, fd, ram, err);

	if (r == -ENOENT)
		return pt_error_remedy(err, r, "load the module: modprobe vhost_vsock");
	if (r == -EACCES)
		return pt_error_remedy(err, r,
				       "give this user the right to use it: the group of "
				       "%s is often kvm",
				       VHOST_NODE);
	return r;
}

int virtio_vsock_open(struct virtio_vsock *vsock, const struct pt_sys *sys,
		      const struct plan_vsock *plan, const struct ram *ram, struct pt_error *err)
{
	int r;

	vsock->vhost = (struct vhost)VHOST_CLOSED;
	for (unsigned i = 0; i < VSOCK_RINGS; i++)
		vsock->called_fd[i] = -1;
	r = open_node(vsock, sys, plan->fd, ram, err);
	if (!r)
		r = take_address(vsock, plan->cid, err);
	for (unsigned i = 0; i < VSOCK_RINGS && !r; i++)
		r = vhost_take_queue(&vsock->virtio.queues[i], &vsock->called[i],
				     &vsock->called_fd[i], err);
	if (r)
		return r;
	vsock->config.guest_cid = plan->cid;
	vsock->virtio.ops = &vsock_ops;
	vsock->virtio.device = vsock;
	vsock->virtio.config = &vsock->config;
	vsock->virtio.config_size = sizeof(vsock->config);
	vsock->virtio.queue_count = QUEUES;
	return 0;
}

int virtio_vsock_watch(struct virtio_vsock *vsock, struct loop *loop, struct pt_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < VSOCK_RINGS && !r; i++)
		r = loop_watch_start(loop, &vsock->called[i], err);
	return r;
}

void virtio_vsock_unwatch(struct virtio_vsock *vsock, struct loop *loop)
{
	for (unsigned i = 0; i < VSOCK_RINGS; i++)
		loop_watch_stop(loop, &vsock->called[i]);
}

bool virtio_vsock_lingers(const struct virtio_vsock *vsock)
{
	bool waiting = false;

	for (unsigned i = 0; i < VSOCK_RINGS && !waiting; i++)
		waiting = vsock->called[i].waiting;
	return waiting;
}

void virtio_vsock_done(struct virtio_vsock *vsock)
{
	vhost_done(&vsock->vhost);
	for (unsigned i = 0; i < VSOCK_RINGS; i++) {
		if (vsock->called_fd[i] >= 0)
			(void)close(vsock->called_fd[i]);
		vsock->called_fd[i] = -1;
	}
}
