/* SPDX-License-Identifier: MIT */
/*
 * A disk whose driver puts what it likes into its queues, while requests are under way: data is read and written on the disk
 * alone and in RAM alone, no request is answered twice, a device that stops has none under way, and the file keeps its size.
 */
#include <errno.h>
#include <linux/virtio_blk.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "virtio_rig.h"

#define STEPS  60
#define QUEUES 2u
#define SIZE   (256u << 10)

static struct rig rig;
static int disk = -1;

static void up(uint8_t kind)
{
	struct plan_virtio plan = {.kind = PLAN_VIRTIO_DISK, .id = "disk0"};

	if (disk < 0)
		disk = memfd_create("disk", MFD_CLOEXEC);
	fuzz_require(disk >= 0 && !ftruncate(disk, SIZE), "no file: %s", strerror(errno));
	(void)snprintf(plan.disk.path, sizeof(plan.disk.path), "/proc/self/fd/%d", disk);
	plan.disk.queues = QUEUES;
	plan.disk.readonly = kind & 1;
	rig_up(&rig, &plan);
	rig_start(&rig,
		  (uint64_t)kind << 5 | 1ull << VIRTIO_BLK_F_DISCARD |
			  1ull << VIRTIO_BLK_F_WRITE_ZEROES,
		  QUEUES);
}

/* As a driver would, so that more than a refusal is reached. */
static void request(unsigned queue, struct input *input)
{
	static const uint32_t types[] = {VIRTIO_BLK_T_IN,      VIRTIO_BLK_T_OUT,
					 VIRTIO_BLK_T_FLUSH,   VIRTIO_BLK_T_GET_ID,
					 VIRTIO_BLK_T_DISCARD, VIRTIO_BLK_T_WRITE_ZEROES};
	const uint32_t type = types[input_u8(input) % 6];
	const unsigned first = input_u8(input) % 4 * 4, len = (1 + input_u8(input) % 16) * 512u;
	const bool in = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;
	struct virtio_blk_outhdr *header = (void *)(rig.memory + 0x4000 + first * 16);

	*header = (struct virtio_blk_outhdr){.type = type, .sector = input_u16(input) % 600};
	*rig_desc(&rig, queue, first) = (struct vring_desc){
		0x4000 + first * 16, 16, VRING_DESC_F_NEXT, (uint16_t)(first + 1)};
	*rig_desc(&rig, queue, first + 1) =
		(struct vring_desc){RIG_HIGH + input_u8(input) * 32u, len,
				    (uint16_t)(VRING_DESC_F_NEXT | (in ? VRING_DESC_F_WRITE : 0)),
				    (uint16_t)(first + 2)};
	*rig_desc(&rig, queue, first + 2) =
		(struct vring_desc){0x4800 + first, 1, VRING_DESC_F_WRITE, 0};
	rig_offer(&rig, queue, (uint16_t)first);
}

static void complete(void)
{
	struct virtio_blk *blk = &rig.unit.blk;
	struct pollfd wait = {.fd = blk->ring.ring_fd, .events = POLLIN};

	(void)poll(&wait, 1, 0);
	blk->done.ready(blk->done.ctx);
}

static void check(uint16_t seen[QUEUES])
{
	struct stat stat;

	for (unsigned i = 0; i < QUEUES; i++)
		rig_check_used(&rig, i, &seen[i]);
	fuzz_require(!fstat(disk, &stat) && stat.st_size == SIZE, "the file has another size");
	fuzz_require(rig.unit.virtio->started || !rig.unit.blk.under_way,
		     "%u requests are under way in a device that stands still",
		     rig.unit.blk.under_way);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint16_t seen[QUEUES] = {0};

	up(input_u8(&input));
	for (unsigned i = 0; i < STEPS && input.left; i++) {
		const uint8_t what = input_u8(&input);
		const unsigned queue = what >> 7;

		switch (what % 8) {
		case 0:
			rig_write_memory(&rig, &input);
			break;
		case 1:
			rig_write_desc(&rig, queue, &input);
			break;
		case 2:
			rig_offer(&rig, queue, input_u8(&input) % 20);
			break;
		case 3:
		case 4:
			request(queue, &input);
			break;
		case 5:
			rig_kick(&rig, queue);
			break;
		case 6:
			complete();
			break;
		default:
			/* Anew, now and then, with requests under way. */
			if (input_u8(&input) % 8)
				break;
			rig_start(&rig, input_u64(&input), QUEUES);
			memset(seen, 0, sizeof(seen));
			break;
		}
		check(seen);
	}
	virtio_pci_reset(&rig.unit.pci);
	fuzz_require(!rig.unit.blk.under_way, "requests are under way after a reset");
	rig_down(&rig);
	return 0;
}
