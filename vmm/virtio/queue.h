/* SPDX-License-Identifier: MIT */
/*
 * struct virtqueue: the device's side of a split virtqueue (VIRTIO 1.2, 2.7), with indirect descriptors and event indexes.
 *
 * Theory. All of it is in guest memory and the guest may change any byte at any time, so every descriptor is read once, into
 * a copy, and nothing is read again. What is read is held against the rules before it is used: an index is below the size of
 * its table, a chain is no longer than the queue, a table of indirect descriptors holds no other, what the device may read
 * comes before what it may write, and every byte of a buffer is within one piece of guest RAM. A chain that breaks one of the
 * rules of form breaks the queue: nothing more is taken from it until the driver resets the device. A chain of good form with
 * a buffer that is not RAM is handed out as such (@unreachable), for its device to refuse.
 *
 * The rings themselves are checked once, when the driver enables the queue: guest RAM stays where it is.
 *
 * Indexes are 16 bits that wrap around, numbers are little-endian, which is this processor's order. Not safe from several
 * threads.
 */
#ifndef TENON_VIRTIO_QUEUE_H
#define TENON_VIRTIO_QUEUE_H

#include <passthrough/error.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/uio.h>

#include "machine/ram.h"

#define VIRTQUEUE_SIZE_MAX 256u

/** struct virtqueue_place - what a driver says of a queue: number of entries, guest addresses of the three parts */
struct virtqueue_place {
	uint16_t size;
	uint64_t desc;
	uint64_t avail;
	uint64_t used;
};

/**
 * struct virtqueue - an enabled queue
 * @next: the entry of the available ring that is taken next; it and @used are what there is to keep of a queue that stops
 * @used: number of chains given back
 * @told: @used when the driver was told last
 */
struct virtqueue {
	const struct ram *ram;
	const void *desc;
	const void *avail;
	void *used_ring;
	uint16_t size;
	uint16_t next;
	uint16_t used;
	uint16_t told;
	bool indirect;
	bool event_index;
};

/**
 * struct virtqueue_chain - one request
 * @head: what virtqueue_push() wants back
 * @readable, @writable: segments of @iov: first those for the device to read, then those for it to write
 * @readable_bytes, @writable_bytes: their sums
 * @unreachable: a segment is not RAM; its @iov has a base of NULL
 */
struct virtqueue_chain {
	uint16_t head;
	unsigned readable;
	unsigned writable;
	uint64_t readable_bytes;
	uint64_t writable_bytes;
	bool unreachable;
	struct iovec iov[VIRTQUEUE_SIZE_MAX];
};

/**
 * virtqueue_open() - a queue whose driver has enabled it, before its first entry
 * @ram: outlives it
 * @features: what was negotiated
 *
 * Errors: -EINVAL a size that is no power of two or above VIRTQUEUE_SIZE_MAX, a part that is misaligned or not all in RAM.
 */
int virtqueue_open(struct virtqueue *queue, const struct ram *ram,
		   const struct virtqueue_place *place, uint64_t features, struct pt_error *err);

/**
 * virtqueue_pop() - the next request
 *
 * Return: 1 with @ret_chain; 0 there is none now; -EINVAL the driver broke a rule, and nothing is to be taken any more.
 */
int virtqueue_pop(struct virtqueue *queue, struct virtqueue_chain *ret_chain, struct pt_error *err);

/**
 * virtqueue_postpone() - the request that was popped last, and not pushed, is popped again next time
 *
 * It is read anew then, and may be another one.
 */
void virtqueue_postpone(struct virtqueue *queue);

/** virtqueue_chain_read() - the first @size bytes of what the driver gave, all of it in RAM. Return: how many there were. */
size_t virtqueue_chain_read(const struct virtqueue_chain *chain, void *to, size_t size);

/** virtqueue_chain_write() - bytes for the driver, from the first writable one on, all of it in RAM. Return: how many it had room for. */
size_t virtqueue_chain_write(const struct virtqueue_chain *chain, const void *from, size_t size);

/** virtqueue_push() - give a request back; @len bytes were written, from the first writable one on */
void virtqueue_push(struct virtqueue *queue, uint16_t head, uint32_t len);

/** virtqueue_must_tell() - whether the driver wants an interrupt for what was pushed since this was last asked */
bool virtqueue_must_tell(struct virtqueue *queue);

/** virtqueue_mute() - the driver need not notify: the queue is being looked at */
void virtqueue_mute(struct virtqueue *queue);

/** virtqueue_unmute() - the driver is to notify. Return: whether a request came meanwhile, which is not notified. */
bool virtqueue_unmute(struct virtqueue *queue);

#endif
