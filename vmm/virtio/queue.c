/* SPDX-License-Identifier: MIT */
#include "virtio/queue.h"

#include <errno.h>
#include <inttypes.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdatomic.h>
#include <stddef.h>
#include <string.h>

#define DESC_SIZE    16u
#define RING_HEADER  4u /* flags, idx */
#define AVAIL_ENTRY  2u
#define USED_ENTRY   8u
#define EVENT_SIZE   2u
#define INDEX_OFFSET 2u

/* One access each, whatever the alignment: the guest may write meanwhile. */
struct shared16 {
	uint16_t value;
} __attribute__((packed, may_alias));

struct shared32 {
	uint32_t value;
} __attribute__((packed, may_alias));

struct shared64 {
	uint64_t value;
} __attribute__((packed, may_alias));

static uint16_t load16(const void *base, size_t offset)
{
	return ((const volatile struct shared16 *)((const char *)base + offset))->value;
}

static void store16(void *base, size_t offset, uint16_t value)
{
	((volatile struct shared16 *)((char *)base + offset))->value = value;
}

static void store32(void *base, size_t offset, uint32_t value)
{
	((volatile struct shared32 *)((char *)base + offset))->value = value;
}

static uint64_t load64(const void *base, size_t offset)
{
	return ((const volatile struct shared64 *)((const char *)base + offset))->value;
}

static struct vring_desc load_desc(const void *table, size_t index)
{
	uint64_t rest = load64(table, index * DESC_SIZE + 8);

	return (struct vring_desc){
		.addr = load64(table, index * DESC_SIZE),
		.len = (uint32_t)rest,
		.flags = (uint16_t)(rest >> 32),
		.next = (uint16_t)(rest >> 48),
	};
}

static int place_part(const struct ram *ram, uint64_t gpa, size_t size, uint64_t align,
		      const char *what, void **ret_part, struct pt_error *err)
{
	void *part = ram_at(ram, gpa, size);

	if (gpa & (align - 1))
		return pt_error_set(err, -EINVAL, "its %s at 0x%" PRIx64 " is not aligned to %u",
				    what, gpa, (unsigned)align);
	if (!part)
		return pt_error_set(err, -EINVAL,
				    "its %s at 0x%" PRIx64 " is not all in the guest's memory",
				    what, gpa);
	*ret_part = part;
	return 0;
}

int virtqueue_open(struct virtqueue *queue, const struct ram *ram,
		   const struct virtqueue_place *place, uint64_t features, struct pt_error *err)
{
	size_t size = place->size;
	void *desc, *avail, *used;
	int r;

	if (!size || size > VIRTQUEUE_SIZE_MAX || size & (size - 1))
		return pt_error_set(err, -EINVAL, "its size of %zu is none", size);
	r = place_part(ram, place->desc, size * DESC_SIZE, 16, "descriptor table", &desc, err);
	if (!r)
		r = place_part(ram, place->avail, RING_HEADER + size * AVAIL_ENTRY + EVENT_SIZE, 2,
			       "available ring", &avail, err);
	if (!r)
		r = place_part(ram, place->used, RING_HEADER + size * USED_ENTRY + EVENT_SIZE, 4,
			       "used ring", &used, err);
	if (r)
		return r;
	*queue = (struct virtqueue){
		.ram = ram,
		.desc = desc,
		.avail = avail,
		.used_ring = used,
		.size = (uint16_t)size,
		.indirect = features >> VIRTIO_RING_F_INDIRECT_DESC & 1,
		.event_index = features >> VIRTIO_RING_F_EVENT_IDX & 1,
	};
	return 0;
}

static int broken(struct pt_error *err, const char *why)
{
	return pt_error_set(err, -EINVAL, "%s", why);
}

/* A segment; the chain is known to have room. */
static int add(const struct virtqueue *queue, const struct vring_desc *desc,
	       struct virtqueue_chain *chain, struct pt_error *err)
{
	struct iovec *iov = &chain->iov[chain->readable + chain->writable];

	if (!desc->len)
		return broken(err, "a buffer has no length");
	if (!(desc->flags & VRING_DESC_F_WRITE) && chain->writable)
		return broken(err, "a buffer to read follows one to write");
	iov->iov_base = ram_at(queue->ram, desc->addr, desc->len);
	iov->iov_len = desc->len;
	if (!iov->iov_base)
		chain->unreachable = true;
	if (desc->flags & VRING_DESC_F_WRITE) {
		chain->writable++;
		chain->writable_bytes += desc->len;
	} else {
		chain->readable++;
		chain->readable_bytes += desc->len;
	}
	return 0;
}

/*
 * The descriptors from @index of a table of @count on. A chain has at most as many as the queue has entries (2.7.5.3.1),
 * which also ends one that leads back into itself.
 */
static int walk(const struct virtqueue *queue, const void *table, unsigned count, unsigned index,
		struct virtqueue_chain *chain, struct vring_desc *ret_indirect,
		struct pt_error *err)
{
	for (;;) {
		struct vring_desc desc;
		int r;

		if (index >= count)
			return broken(err, "a descriptor's number is beyond the table's end");
		desc = load_desc(table, index);
		if (desc.flags & VRING_DESC_F_INDIRECT) {
			if (!ret_indirect || !queue->indirect)
				return broken(err, "a table of descriptors where none may be");
			if (desc.flags & VRING_DESC_F_NEXT)
				return broken(err, "a table of descriptors is not the chain's end");
			*ret_indirect = desc;
			return 0;
		}
		if (chain->readable + chain->writable == queue->size)
			return broken(err, "a chain is longer than the queue");
		r = add(queue, &desc, chain, err);
		if (r || !(desc.flags & VRING_DESC_F_NEXT))
			return r;
		index = desc.next;
	}
}

static int walk_indirect(const struct virtqueue *queue, const struct vring_desc *desc,
			 struct virtqueue_chain *chain, struct pt_error *err)
{
	const void *table;

	if (!desc->len || desc->len % DESC_SIZE)
		return broken(err, "a table of descriptors has not the length of one");
	table = ram_at(queue->ram, desc->addr, desc->len);
	if (!table)
		return broken(err, "a table of descriptors is not in the guest's memory");
	return walk(queue, table, desc->len / DESC_SIZE, 0, chain, NULL, err);
}

static uint16_t avail_index(const struct virtqueue *queue)
{
	uint16_t index = load16(queue->avail, INDEX_OFFSET);

	/* What the index announces is read after it. */
	atomic_thread_fence(memory_order_acquire);
	return index;
}

int virtqueue_pop(struct virtqueue *queue, struct virtqueue_chain *ret_chain, struct pt_error *err)
{
	uint16_t there = (uint16_t)(avail_index(queue) - queue->next);
	struct vring_desc indirect = {0};
	unsigned head;
	int r;

	if (!there)
		return 0;
	if (there > queue->size)
		return broken(err, "more requests are offered than the queue has entries");
	head = load16(queue->avail, RING_HEADER + (queue->next & (queue->size - 1u)) * AVAIL_ENTRY);
	ret_chain->head = (uint16_t)head;
	ret_chain->readable = ret_chain->writable = 0;
	ret_chain->readable_bytes = ret_chain->writable_bytes = 0;
	ret_chain->unreachable = false;
	r = walk(queue, queue->desc, queue->size, head, ret_chain, &indirect, err);
	if (!r && indirect.flags)
		r = walk_indirect(queue, &indirect, ret_chain, err);
	if (r)
		return r;
	queue->next++;
	return 1;
}

void virtqueue_postpone(struct virtqueue *queue)
{
	queue->next--;
}

size_t virtqueue_chain_read(const struct virtqueue_chain *chain, void *to, size_t size)
{
	size_t done = 0;

	for (unsigned i = 0; i < chain->readable && done < size; i++) {
		size_t part =
			chain->iov[i].iov_len < size - done ? chain->iov[i].iov_len : size - done;

		memcpy((char *)to + done, chain->iov[i].iov_base, part);
		done += part;
	}
	return done;
}

size_t virtqueue_chain_write(const struct virtqueue_chain *chain, const void *from, size_t size)
{
	size_t done = 0;

	for (unsigned i = chain->readable; i < chain->readable + chain->writable && done < size;
	     i++) {
		size_t part =
			chain->iov[i].iov_len < size - done ? chain->iov[i].iov_len : size - done;

		memcpy(chain->iov[i].iov_base, (const char *)from + done, part);
		done += part;
	}
	return done;
}

void virtqueue_push(struct virtqueue *queue, uint16_t head, uint32_t len)
{
	size_t at = RING_HEADER + (queue->used & (queue->size - 1u)) * USED_ENTRY;

	store32(queue->used_ring, at, head);
	store32(queue->used_ring, at + 4, len);
	/* The entry, and the data that it is about, before the index. */
	atomic_thread_fence(memory_order_release);
	queue->used++;
	store16(queue->used_ring, INDEX_OFFSET, queue->used);
}

bool virtqueue_must_tell(struct virtqueue *queue)
{
	uint16_t told = queue->told;
	uint16_t event;

	if (queue->used == told)
		return false;
	queue->told = queue->used;
	/* The index before a look at what the driver wants; it does these two the other way round. */
	atomic_thread_fence(memory_order_seq_cst);
	if (!queue->event_index)
		return !(load16(queue->avail, 0) & VRING_AVAIL_F_NO_INTERRUPT);
	event = load16(queue->avail, RING_HEADER + (size_t)queue->size * AVAIL_ENTRY);
	return (uint16_t)(queue->used - event - 1) < (uint16_t)(queue->used - told);
}

/* With an event index the driver is quiet as it is: the event that it waits for is past. */
void virtqueue_mute(struct virtqueue *queue)
{
	if (!queue->event_index)
		store16(queue->used_ring, 0, VRING_USED_F_NO_NOTIFY);
}

bool virtqueue_unmute(struct virtqueue *queue)
{
	if (queue->event_index)
		store16(queue->used_ring, RING_HEADER + (size_t)queue->size * USED_ENTRY,
			queue->next);
	else
		store16(queue->used_ring, 0, 0);
	atomic_thread_fence(memory_order_seq_cst);
	return avail_index(queue) != queue->next;
}
