/* SPDX-License-Identifier: MIT */
#include "virtio/rng.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <sys/random.h>

/* A request is answered with this at most, which the device may do, and requests with so many at a time: a guest that asks for
 * a lot does not keep the loop from the others. */
#define BYTES_MAX    4096u
#define REQUESTS_MAX 16u

static int rng_start(void *device, struct pt_error *err)
{
	(void)device;
	(void)err;
	return 0;
}

static void rng_stop(void *device)
{
	(void)device;
}

/* Return: bytes written. */
static uint32_t fill(const struct virtqueue_chain *chain)
{
	uint32_t done = 0;

	for (unsigned i = chain->readable; i < chain->readable + chain->writable; i++) {
		size_t size = chain->iov[i].iov_len;
		ssize_t n;

		if (size > BYTES_MAX - done)
			size = BYTES_MAX - done;
		n = size ? getrandom(chain->iov[i].iov_base, size, 0) : 0;
		if (n > 0)
			done += (uint32_t)n;
		if (n != (ssize_t)chain->iov[i].iov_len)
			break;
	}
	return done;
}

static void rng_kick(void *device, unsigned index)
{
	struct virtio_rng *rng = device;
	struct virtio *virtio = &rng->virtio;
	struct virtqueue *ring = &virtio->queues[index].ring;
	struct virtqueue_chain chain;
	unsigned done = 0;

	for (; done < REQUESTS_MAX && virtio_pop(virtio, index, &chain); done++) {
		if (chain.unreachable) {
			struct pt_error err;

			(void)pt_error_set(&err, -EFAULT, "a buffer is not in the guest's memory");
			virtio_broken(virtio, &err);
			return;
		}
		virtqueue_push(ring, chain.head, fill(&chain));
	}
	if (!virtio_queue_running(virtio, index))
		return;
	virtio_tell(virtio, index);
	if (done == REQUESTS_MAX || virtqueue_unmute(ring))
		virtio_again(virtio, index);
}

static const struct virtio_device_ops rng_ops = {
	.name = "virtio-rng",
	.type = VIRTIO_ID_RNG,
	.class_code = 0x00ff00,
	.start = rng_start,
	.stop = rng_stop,
	.kick = rng_kick,
};

void virtio_rng_init(struct virtio_rng *rng)
{
	rng->virtio.ops = &rng_ops;
	rng->virtio.device = rng;
	rng->virtio.queue_count = 1;
}
