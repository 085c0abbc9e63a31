/* SPDX-License-Identifier: MIT */
/*
 * A virtqueue whose driver writes what it likes: every chain that is handed out is within RAM and within the queue's length,
 * what is given back stays within the used ring, and all of it ends.
 */
#include <errno.h>
#include <linux/virtio_config.h>
#include <linux/virtio_ring.h>

#include "input.h"
#include "virtio/blk_request.h"
#include "virtio/queue.h"

#define PIECE 0x2000u
#define HIGH  0x100000000ull
#define STEPS 64

/* Two pieces with a hole between them, and beyond each what must not be touched. */
static uint8_t memory[2 * PIECE];

static const struct ram ram = {
	.base = memory,
	.size = sizeof(memory),
	.pieces = {{0, PIECE, 0}, {HIGH, PIECE, PIECE}},
	.count = 2,
};

static void check_chain(const struct virtqueue *queue, const struct virtqueue_chain *chain)
{
	uint64_t sum = 0;
	bool unreachable = false;

	fuzz_require(chain->readable + chain->writable <= queue->size, "%u + %u segments",
		     chain->readable, chain->writable);
	fuzz_require(chain->head < queue->size, "head %u", chain->head);
	for (unsigned i = 0; i < chain->readable + chain->writable; i++) {
		const uint8_t *base = chain->iov[i].iov_base;
		size_t len = chain->iov[i].iov_len;

		sum += len;
		unreachable = unreachable || !base;
		if (!base)
			continue;
		fuzz_require(
			len && base >= memory && base < memory + sizeof(memory) &&
				len <= (size_t)((base < memory + PIECE ? memory + PIECE
								       : memory + sizeof(memory)) -
						base),
			"segment %u is not in a piece of RAM", i);
	}
	fuzz_require(sum == chain->readable_bytes + chain->writable_bytes, "the sums are wrong");
	fuzz_require(unreachable == chain->unreachable, "it is said to be all in RAM");
}

/* What a disk makes of the chain: it is on the disk, and its data is within the chain's. */
static void check_request(const struct virtqueue_chain *chain)
{
	static const struct blk_disk disk = {0x10000, 512, false};
	static struct virtqueue_chain copy;
	static struct blk_request request;
	struct pt_error err = PT_ERROR_INIT;
	uint64_t data = 0;

	copy = *chain;
	if (blk_request_read(&request, &disk, &copy, &err))
		return;
	fuzz_require(request.status >= memory && request.status < memory + sizeof(memory),
		     "the result is not in RAM");
	if (request.action == BLK_NOTHING)
		return;
	fuzz_require(request.offset <= disk.size && request.len <= disk.size - request.offset,
		     "it is not on the disk");
	for (unsigned i = 0; i < request.count; i++) {
		const uint8_t *base = request.iov[i].iov_base;

		fuzz_require(base >= memory &&
				     base + request.iov[i].iov_len <= memory + sizeof(memory),
			     "segment %u is not in RAM", i);
		data += request.iov[i].iov_len;
	}
	fuzz_require((request.action != BLK_READ && request.action != BLK_WRITE) ||
			     data == request.len,
		     "the data has another length than the transfer");
	if (data > 1)
		blk_request_advance(&request, data / 2);
}

/* Small numbers and places that matter are likelier than others. */
static uint64_t address(struct input *input)
{
	uint16_t value = input_u16(input);

	switch (value >> 14) {
	case 0:
		return value & 0x1fff;
	case 1:
		return HIGH + (value & 0x1fff);
	case 2:
		return HIGH - 0x1000 + (value & 0x1fff);
	default:
		return input_u64(input);
	}
}

static void write_memory(struct input *input)
{
	uint8_t bytes[32];
	unsigned size = input_u8(input) % sizeof(bytes);
	uint64_t gpa = address(input);
	void *to = ram_at(&ram, gpa, size);

	input_bytes(input, bytes, size);
	if (to)
		memcpy(to, bytes, size);
}

static void write_desc(struct input *input, uint64_t table)
{
	unsigned index = input_u8(input) % 16;
	struct vring_desc desc = {
		.addr = address(input),
		.len = input_u8(input) & 0x80 ? input_u32(input) : input_u8(input) * 16u,
		.flags = input_u8(input) % 8,
		.next = input_u8(input) & 0xf0 ? input_u8(input) % 16 : input_u16(input),
	};
	void *to = ram_at(&ram, table + index * 16, sizeof(desc));

	if (to)
		memcpy(to, &desc, sizeof(desc));
}

static void offer(const struct virtqueue_place *place, uint16_t head)
{
	uint8_t *avail = ram_at(&ram, place->avail, 4);
	uint16_t index;

	memcpy(&index, avail + 2, 2);
	memcpy(avail + 4 + (index & (place->size - 1u)) * 2, &head, 2);
	index++;
	memcpy(avail + 2, &index, 2);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	struct virtqueue queue;
	static struct virtqueue_chain chain;
	struct pt_error err = PT_ERROR_INIT;
	struct virtqueue_place place;
	uint8_t kind = input_u8(&input);

	memset(memory, 0, sizeof(memory));
	place = (struct virtqueue_place){(uint16_t)(1u << kind % 5), 0x100, 0x800, HIGH + 0x100};
	if (kind & 0x80)
		place = (struct virtqueue_place){input_u16(&input), address(&input),
						 address(&input), address(&input)};
	if (virtqueue_open(&queue, &ram, &place, (uint64_t)(kind & 0x60) << 23, &err)) {
		fuzz_require(err.code == -EINVAL && err.message[0],
			     "it is refused, and not said why");
		return 0;
	}
	for (unsigned i = 0; i < STEPS && input.left; i++) {
		switch (input_u8(&input) % 7) {
		case 0:
			write_memory(&input);
			break;
		case 1:
			write_desc(&input, place.desc);
			break;
		case 2:
			write_desc(&input, 0x1000 + 16u * (input_u8(&input) & 0x1f));
			break;
		case 3:
			offer(&place, input_u8(&input) % 16);
			break;
		case 4:
			if (virtqueue_pop(&queue, &chain, &err) == 1) {
				check_chain(&queue, &chain);
				check_request(&chain);
				virtqueue_push(&queue, chain.head, input_u32(&input));
			}
			break;
		case 5:
			(void)virtqueue_must_tell(&queue);
			break;
		default:
			virtqueue_mute(&queue);
			(void)virtqueue_unmute(&queue);
			break;
		}
	}
	return 0;
}
