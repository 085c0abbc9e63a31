/* SPDX-License-Identifier: MIT */
#include "virtio/console.h"

#include <errno.h>
#include <linux/virtio_ids.h>
#include <string.h>

#define TO_GUEST   0u
#define FROM_GUEST 1u
#define QUEUES	   2u
#define CHAINS_MAX 64u /* at a time: a guest that talks does not keep the loop from the others */

static int console_start(void *device, struct pt_error *err)
{
	(void)device;
	(void)err;
	return 0;
}

static void console_stop(void *device)
{
	(void)device;
}

/* Return: whether its memory is there. */
static bool check(struct virtio *virtio, const struct virtqueue_chain *chain)
{
	struct pt_error err;

	if (!chain->unreachable)
		return true;
	(void)pt_error_set(&err, -EFAULT, "a buffer is not in the guest's memory");
	virtio_broken(virtio, &err);
	return false;
}

/* What came, into what the guest has for it. */
static void give(struct virtio_console *console)
{
	struct console_end *end = &console->end;
	struct virtio *virtio = &console->virtio;
	struct virtqueue_chain chain;
	bool given = false;

	while (end->input_done < end->input_size && virtio_pop(virtio, TO_GUEST, &chain)) {
		uint32_t done = 0;

		if (!check(virtio, &chain))
			return;
		for (unsigned i = chain.readable; i < chain.readable + chain.writable; i++) {
			size_t part = end->input_size - end->input_done;

			if (part > chain.iov[i].iov_len)
				part = chain.iov[i].iov_len;
			memcpy(chain.iov[i].iov_base, end->input + end->input_done, part);
			end->input_done += part;
			done += (uint32_t)part;
		}
		virtqueue_push(&virtio->queues[TO_GUEST].ring, chain.head, done);
		given = true;
	}
	if (!virtio_queue_running(virtio, TO_GUEST))
		return;
	if (given)
		virtio_tell(virtio, TO_GUEST);
	if (end->input_done == end->input_size)
		console_end_taken(end);
	else if (virtqueue_unmute(&virtio->queues[TO_GUEST].ring))
		virtio_again(virtio, TO_GUEST);
}

static void take(struct virtio_console *console)
{
	struct virtio *virtio = &console->virtio;
	struct virtqueue *ring = &virtio->queues[FROM_GUEST].ring;
	struct virtqueue_chain chain;
	unsigned taken = 0;

	virtqueue_mute(ring);
	for (; taken < CHAINS_MAX && virtio_pop(virtio, FROM_GUEST, &chain); taken++) {
		if (!check(virtio, &chain))
			return;
		for (unsigned i = 0; i < chain.readable; i++)
			console_end_put(&console->end, chain.iov[i].iov_base, chain.iov[i].iov_len);
		virtqueue_push(ring, chain.head, 0);
	}
	if (!virtio_queue_running(virtio, FROM_GUEST))
		return;
	virtio_tell(virtio, FROM_GUEST);
	if (taken == CHAINS_MAX || virtqueue_unmute(ring))
		virtio_again(virtio, FROM_GUEST);
}

static void console_kick(void *device, unsigned index)
{
	struct virtio_console *console = device;

	if (index == FROM_GUEST)
		take(console);
	else
		give(console);
}

static const struct virtio_device_ops console_ops = {
	.name = "virtio-console",
	.type = VIRTIO_ID_CONSOLE,
	.class_code = 0x078000,
	.start = console_start,
	.stop = console_stop,
	.kick = console_kick,
};

static void on_input(void *ctx)
{
	struct virtio_console *console = ctx;

	pthread_mutex_lock(&console->virtio.lock);
	if (virtio_queue_running(&console->virtio, TO_GUEST))
		give(console);
	pthread_mutex_unlock(&console->virtio.lock);
}

int virtio_console_open(struct virtio_console *console, const struct plan_console *plan,
			struct pt_error *err)
{
	int r = console_end_open(&console->end, plan, on_input, console, err);

	if (r)
		return r;
	console->virtio.ops = &console_ops;
	console->virtio.device = console;
	console->virtio.queue_count = QUEUES;
	return 0;
}

void virtio_console_done(struct virtio_console *console)
{
	console_end_done(&console->end);
}
