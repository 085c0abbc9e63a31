/* SPDX-License-Identifier: MIT */
#include "virtio/balloon.h"

#include <linux/virtio_ids.h>

#define QUEUES	     2u /* pages that are given, pages that are taken back */
#define REQUESTS_MAX 16u

static int balloon_start(void *device, struct pt_error *err)
{
	(void)device;
	(void)err;
	return 0;
}

static void balloon_stop(void *device)
{
	(void)device;
}

/* Whatever is said of pages, nothing is done with them. */
static void balloon_kick(void *device, unsigned index)
{
	struct virtio_balloon *balloon = device;
	struct virtio *virtio = &balloon->virtio;
	struct virtqueue *ring = &virtio->queues[index].ring;
	struct virtqueue_chain chain;
	unsigned done = 0;

	for (; done < REQUESTS_MAX && virtio_pop(virtio, index, &chain); done++)
		virtqueue_push(ring, chain.head, 0);
	if (!virtio_queue_running(virtio, index))
		return;
	virtio_tell(virtio, index);
	if (done == REQUESTS_MAX || virtqueue_unmute(ring))
		virtio_again(virtio, index);
}

static const struct virtio_device_ops balloon_ops = {
	.name = "virtio-balloon",
	.type = VIRTIO_ID_BALLOON,
	.class_code = 0x00ff00,
	.start = balloon_start,
	.stop = balloon_stop,
	.kick = balloon_kick,
};

void virtio_balloon_init(struct virtio_balloon *balloon)
{
	balloon->virtio.ops = &balloon_ops;
	balloon->virtio.device = balloon;
	balloon->virtio.queue_count = QUEUES;
	balloon->virtio.config = &balloon->config;
	balloon->virtio.config_size = sizeof(balloon->config);
}
