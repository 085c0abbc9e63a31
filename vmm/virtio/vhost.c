/* SPDX-License-Identifier: MIT */
#include "virtio/vhost.h"

#include <errno.h>
#include <fcntl.h>
#include <linux/vhost.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cleanup.h"

static int set_memory(const struct vhost *vhost, const struct ram *ram)
{
	CLEANUP_FREE struct vhost_memory *memory =
		calloc(1, sizeof(*memory) + ram->count * sizeof(memory->regions[0]));

	if (!memory)
		return -ENOMEM;
	memory->nregions = ram->count;
	for (unsigned i = 0; i < ram->count; i++)
		memory->regions[i] = (struct vhost_memory_region){
			.guest_phys_addr = ram->pieces[i].gpa,
			.memory_size = ram->pieces[i].size,
			.userspace_addr = (uint64_t)(uintptr_t)ram->base + ram->pieces[i].offset,
		};
	return ioctl(vhost->fd, VHOST_SET_MEM_TABLE, memory) ? -errno : 0;
}

int vhost_open(struct vhost *vhost, const struct pt_sys *sys, const char *node, int fd,
	       const struct ram *ram, struct pt_error *err)
{
	int r;

	vhost->fd = fd ? fd : sys->open(sys->ctx, node, O_RDWR);
	if (vhost->fd < 0)
		return pt_error_set(err, vhost->fd, "%s: %s", node, strerror(-vhost->fd));
	r = ioctl(vhost->fd, VHOST_SET_OWNER, NULL) ? -errno : set_memory(vhost, ram);
	if (r) {
		vhost_done(vhost);
		return pt_error_set(err, r, "%s: %s", node, strerror(-r));
	}
	return 0;
}

void vhost_done(struct vhost *vhost)
{
	if (vhost->fd >= 0)
		(void)close(vhost->fd);
	vhost->fd = -1;
}

static enum loop_next on_called(void *ctx)
{
	struct virtio_queue *queue = ctx;
	struct virtio *virtio = queue->virtio;

	pthread_mutex_lock(&virtio->lock);
	if (virtio->started)
		virtio->transport_ops->interrupt(virtio->transport, queue->vector);
	pthread_mutex_unlock(&virtio->lock);
	return LOOP_AGAIN;
}

int vhost_take_queue(struct virtio_queue *queue, struct loop_watch *watch, int *ret_fd,
		     struct pt_error *err)
{
	int fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);

	if (fd < 0)
		return pt_error_set(err, -errno, "no eventfd: %m");
	queue->elsewhere = true;
	*watch = (struct loop_watch){.fd = fd, .each = true, .ready = on_called, .ctx = queue};
	*ret_fd = fd;
	return 0;
}

int vhost_features(const struct vhost *vhost, uint64_t features, struct pt_error *err)
{
	uint64_t known = 0;

	if (ioctl(vhost->fd, VHOST_GET_FEATURES, &known))
		return pt_error_set(err, -errno, "vhost: %m");
	features &= known;
	if (ioctl(vhost->fd, VHOST_SET_FEATURES, &features))
		return pt_error_set(err, -errno, "vhost: cannot set its features: %m");
	return 0;
}

int vhost_ring(const struct vhost *vhost, unsigned number, struct virtio *virtio, unsigned index,
	       int call, struct pt_error *err)
{
	const struct virtio_queue *queue = &virtio->queues[index];
	const struct virtqueue *ring = &queue->ring;
	struct vhost_vring_state size = {.index = number, .num = ring->size};
	struct vhost_vring_state base = {.index = number, .num = ring->next};
	struct vhost_vring_file kick = {.index = number, .fd = queue->kick_fd};
	struct vhost_vring_file called = {.index = number, .fd = call};
	struct vhost_vring_addr address = {
		.index = number,
		.desc_user_addr = (uint64_t)(uintptr_t)ring->desc,
		.avail_user_addr = (uint64_t)(uintptr_t)ring->avail,
		.used_user_addr = (uint64_t)(uintptr_t)ring->used_ring,
	};

	if (ioctl(vhost->fd, VHOST_SET_VRING_NUM, &size) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_BASE, &base) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_ADDR, &address) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_CALL, &called) ||
	    ioctl(vhost->fd, VHOST_SET_VRING_KICK, &kick))
		return pt_error_set(err, -errno, "vhost: queue %u: %m", index);
	return 0;
}

void vhost_ring_stop(const struct vhost *vhost, unsigned number, struct virtio *virtio,
		     unsigned index)
{
	struct vhost_vring_state base = {.index = number};

	if (!ioctl(vhost->fd, VHOST_GET_VRING_BASE, &base))
		virtio->queues[index].ring.next = (uint16_t)base.num;
}
