/* SPDX-License-Identifier: MIT */
/* The device's side of a virtqueue: chains, indirect tables, what a driver must not do, when it is told. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>
#include <stdlib.h>
#include <string.h>

#include "virtio/queue.h"

#define SIZE	 8u
#define PIECE	 0x10000u
#define HIGH	 0x100000000ull
#define DESC	 0x1000u
#define AVAIL	 0x2000u
#define USED	 0x3000u
#define TABLE	 0x4000u
#define DATA	 0x8000u
#define INDIRECT (1ull << VIRTIO_RING_F_INDIRECT_DESC)
#define EVENT	 (1ull << VIRTIO_RING_F_EVENT_IDX)

static struct ram ram;
static struct virtqueue queue;
static struct virtqueue_chain chain;
static struct pt_error err;

static void *at(uint64_t gpa)
{
	return ram_at(&ram, gpa, 1);
}

static void open_with(uint64_t features)
{
	const struct virtqueue_place place = {SIZE, DESC, AVAIL, USED};

	cr_assert_eq(virtqueue_open(&queue, &ram, &place, features, &err), 0, "%s", err.message);
}

static void up(void)
{
	err = (struct pt_error)PT_ERROR_INIT;
	ram = (struct ram){
		.base = aligned_alloc(4096, 2ul * PIECE),
		.size = 2ul * PIECE,
		.pieces = {{0, PIECE, 0}, {HIGH, PIECE, PIECE}},
		.count = 2,
	};
	memset(ram.base, 0, ram.size);
	open_with(INDIRECT);
}

static void down(void)
{
	free(ram.base);
}

TestSuite(virtqueue, .init = up, .fini = down);

static void desc(uint32_t table, unsigned index, uint64_t addr, uint32_t len, unsigned flags,
		 unsigned next)
{
	((struct vring_desc *)at(table))[index] =
		(struct vring_desc){addr, len, (uint16_t)flags, (uint16_t)next};
}

static void offer(uint16_t head)
{
	uint16_t *avail = at(AVAIL);

	avail[2 + avail[1] % SIZE] = head;
	avail[1]++;
}

static void check_broken(const char *why)
{
	uint16_t before = queue.next;

	cr_assert_eq(virtqueue_pop(&queue, &chain, &err), -EINVAL);
	cr_assert(strstr(err.message, why), "\"%s\" does not say \"%s\"", err.message, why);
	cr_assert_eq(queue.next, before);
}

Test(virtqueue, an_empty_one_has_nothing)
{
	cr_assert_eq(virtqueue_pop(&queue, &chain, &err), 0);
}

Test(virtqueue, a_chain_is_handed_out_with_what_is_to_be_read_first)
{
	desc(DESC, 3, DATA, 16, VRING_DESC_F_NEXT, 5);
	desc(DESC, 5, HIGH + 0x20, 512, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	desc(DESC, 1, DATA + 0x100, 1, VRING_DESC_F_WRITE, 0);
	offer(3);
	cr_assert_eq(virtqueue_pop(&queue, &chain, &err), 1, "%s", err.message);
	cr_assert_eq(chain.head, 3);
	cr_assert_eq(chain.readable, 1);
	cr_assert_eq(chain.writable, 2);
	cr_assert_eq(chain.readable_bytes, 16);
	cr_assert_eq(chain.writable_bytes, 513);
	cr_assert_not(chain.unreachable);
	cr_assert_eq(chain.iov[0].iov_base, at(DATA));
	cr_assert_eq(chain.iov[1].iov_base, at(HIGH + 0x20));
	cr_assert_eq(chain.iov[2].iov_len, 1);
	cr_assert_eq(virtqueue_pop(&queue, &chain, &err), 0);
}

Test(virtqueue, an_indirect_table_is_followed)
{
	desc(DESC, 0, TABLE + 8, 2 * 16, VRING_DESC_F_INDIRECT,
	     0); /* its address need not be aligned */
	desc(TABLE + 8, 0, DATA, 16, VRING_DESC_F_NEXT, 1);
	desc(TABLE + 8, 1, DATA + 16, 32, VRING_DESC_F_WRITE, 0);
	offer(0);
	cr_assert_eq(virtqueue_pop(&queue, &chain, &err), 1, "%s", err.message);
	cr_assert_eq(chain.readable + chain.writable, 2);
	cr_assert_eq(chain.writable_bytes, 32);
}

Test(virtqueue, a_buffer_that_is_not_ram_is_said_and_not_touched)
{
	desc(DESC, 0, DATA, 16, VRING_DESC_F_NEXT, 1);
	desc(DESC, 1, PIECE - 8, 16, VRING_DESC_F_WRITE, 0); /* half in, half in the hole */
	desc(DESC, 2, HIGH - 8, 16, 0, 0);
	desc(DESC, 3, UINT64_MAX - 4, 16, 0, 0);
	offer(0);
	offer(2);
	offer(3);
	cr_assert_eq(virtqueue_pop(&queue, &chain, &err), 1);
	cr_assert(chain.unreachable);
	cr_assert_not_null(chain.iov[0].iov_base);
	cr_assert_null(chain.iov[1].iov_base);
	for (int i = 0; i < 2; i++) {
		cr_assert_eq(virtqueue_pop(&queue, &chain, &err), 1);
		cr_assert(chain.unreachable && !chain.iov[0].iov_base);
	}
}

Test(virtqueue, a_chain_that_leads_back_into_itself_ends)
{
	desc(DESC, 0, DATA, 16, VRING_DESC_F_NEXT, 1);
	desc(DESC, 1, DATA, 16, VRING_DESC_F_NEXT, 0);
	offer(0);
	check_broken("longer than the queue");
}

Test(virtqueue, an_indirect_table_longer_than_the_queue_is_refused)
{
	for (unsigned i = 0; i < SIZE + 1; i++)
		desc(TABLE, i, DATA, 16, i < SIZE ? VRING_DESC_F_NEXT : 0, i + 1);
	desc(DESC, 0, TABLE, (SIZE + 1) * 16, VRING_DESC_F_INDIRECT, 0);
	offer(0);
	check_broken("longer than the queue");
}

Test(virtqueue, a_descriptor_beyond_the_table_is_refused)
{
	offer(SIZE);
	check_broken("beyond the table's end");
	desc(DESC, 0, DATA, 16, VRING_DESC_F_NEXT, 0xffff);
	*(uint16_t *)((char *)at(AVAIL) + 4) = 0;
	check_broken("beyond the table's end");
	desc(DESC, 0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	desc(TABLE, 0, DATA, 16, VRING_DESC_F_NEXT, 1);
	check_broken("beyond the table's end");
}

Test(virtqueue, a_table_within_a_table_is_refused)
{
	desc(DESC, 0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	desc(TABLE, 0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	offer(0);
	check_broken("where none may be");
}

Test(virtqueue, a_table_that_was_not_negotiated_is_refused)
{
	open_with(0);
	desc(DESC, 0, TABLE, 16, VRING_DESC_F_INDIRECT, 0);
	offer(0);
	check_broken("where none may be");
}

Test(virtqueue, a_table_of_no_length_or_half_a_descriptor_or_outside_ram_is_refused)
{
	offer(0);
	desc(DESC, 0, TABLE, 0, VRING_DESC_F_INDIRECT, 0);
	check_broken("length");
	desc(DESC, 0, TABLE, 24, VRING_DESC_F_INDIRECT, 0);
	check_broken("length");
	desc(DESC, 0, PIECE - 16, 32, VRING_DESC_F_INDIRECT, 0);
	check_broken("not in the guest's memory");
	desc(DESC, 0, TABLE, 16, VRING_DESC_F_INDIRECT | VRING_DESC_F_NEXT, 1);
	check_broken("not the chain's end");
}

Test(virtqueue, what_breaks_the_order_or_has_no_length_is_refused)
{
	desc(DESC, 0, DATA, 16, VRING_DESC_F_NEXT | VRING_DESC_F_WRITE, 1);
	desc(DESC, 1, DATA, 16, 0, 0);
	offer(0);
	check_broken("follows one to write");
	desc(DESC, 0, DATA, 0, 0, 0);
	check_broken("no length");
}

Test(virtqueue, more_requests_than_entries_are_refused)
{
	((uint16_t *)at(AVAIL))[1] = SIZE + 1;
	check_broken("more requests are offered");
}

Test(virtqueue, rings_are_within_ram_and_aligned)
{
	static const struct {
		struct virtqueue_place place;
		const char *why;
	} wrong[] = {
		{{0, DESC, AVAIL, USED}, "size"},
		{{6, DESC, AVAIL, USED}, "size"},
		{{512, DESC, AVAIL, USED}, "size"},
		{{SIZE, DESC + 8, AVAIL, USED}, "aligned"},
		{{SIZE, DESC, AVAIL + 1, USED}, "aligned"},
		{{SIZE, DESC, AVAIL, USED + 2}, "aligned"},
		{{SIZE, PIECE - 16, AVAIL, USED}, "descriptor table"},
		{{SIZE, DESC, PIECE - 4, USED}, "available ring"},
		{{SIZE, DESC, AVAIL, HIGH - 4}, "used ring"},
		{{SIZE, DESC, AVAIL, UINT64_MAX - 3}, "used ring"},
	};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		cr_assert_eq(virtqueue_open(&queue, &ram, &wrong[i].place, 0, &err), -EINVAL);
		cr_assert(strstr(err.message, wrong[i].why), "%zu: %s", i, err.message);
	}
}

Test(virtqueue, what_is_given_back_is_in_the_used_ring)
{
	const struct vring_used *used = at(USED);

	for (unsigned i = 0; i < SIZE + 2; i++)
		virtqueue_push(&queue, (uint16_t)(i % SIZE), 100 + i);
	cr_assert_eq(used->idx, SIZE + 2);
	cr_assert_eq(used->ring[0].len, 100 + SIZE);
	cr_assert_eq(used->ring[2].id, 2);
	cr_assert_eq(used->ring[2].len, 102);
}

Test(virtqueue, the_driver_is_told_unless_it_says_not_to)
{
	cr_assert_not(virtqueue_must_tell(&queue));
	virtqueue_push(&queue, 0, 0);
	cr_assert(virtqueue_must_tell(&queue));
	cr_assert_not(virtqueue_must_tell(&queue));
	((uint16_t *)at(AVAIL))[0] = VRING_AVAIL_F_NO_INTERRUPT;
	virtqueue_push(&queue, 0, 0);
	cr_assert_not(virtqueue_must_tell(&queue));
}

Test(virtqueue, with_an_event_index_it_is_told_when_that_is_passed)
{
	uint16_t *event = (uint16_t *)at(AVAIL) + 2 + SIZE;

	open_with(EVENT);
	*event = 2;
	virtqueue_push(&queue, 0, 0);
	virtqueue_push(&queue, 1, 0);
	cr_assert_not(virtqueue_must_tell(&queue));
	virtqueue_push(&queue, 2, 0);
	cr_assert(virtqueue_must_tell(&queue));
	queue.used = queue.told = 0xfffe;
	*event = 0;
	for (unsigned i = 0; i < 3; i++)
		virtqueue_push(&queue, 0, 0);
	cr_assert(virtqueue_must_tell(&queue), "over the end of the numbers");
}

Test(virtqueue, it_is_notified_unless_the_queue_is_being_looked_at)
{
	const struct vring_used *used = at(USED);

	virtqueue_mute(&queue);
	cr_assert_eq(used->flags, VRING_USED_F_NO_NOTIFY);
	cr_assert_not(virtqueue_unmute(&queue));
	cr_assert_eq(used->flags, 0);
	offer(0);
	cr_assert(virtqueue_unmute(&queue), "it came meanwhile");
	open_with(EVENT);
	desc(DESC, 0, DATA, 16, 0, 0);
	cr_assert_eq(virtqueue_pop(&queue, &chain, &err), 1);
	cr_assert_not(virtqueue_unmute(&queue));
	cr_assert_eq(used->ring[SIZE].id & 0xffff, 1, "the event index");
}
