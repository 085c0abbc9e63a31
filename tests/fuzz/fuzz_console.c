/* SPDX-License-Identifier: MIT */
/*
 * A console whose driver puts what it likes into its queues, while somebody types: what is typed goes into its buffers, in
 * order and none of it twice, what it says into one of limited size, and no buffer is given back twice.
 */
#include "virtio_rig.h"

#define STEPS  80
#define QUEUES 2u

static struct rig rig;

/* As the loop does when all of it could be written. */
static void read_all(void)
{
	struct console_end *end = &rig.unit.console.ports[0].end;

	end->start = (end->start + end->used) % CONSOLE_BUFFER;
	end->used = 0;
}

/* Buffers as a driver would, so that more than the first byte is reached. */
static void fill(unsigned queue, struct input *input)
{
	for (unsigned i = 0; i < 4; i++) {
		const unsigned index = input_u8(input) % RIG_QUEUE;

		*rig_desc(&rig, queue, index) =
			(struct vring_desc){0x5000 + index * 0x100, 1 + input_u8(input),
					    queue ? 0 : VRING_DESC_F_WRITE, 0};
		rig_offer(&rig, queue, (uint16_t)index);
	}
}

static void step(uint8_t what, struct input *input, uint16_t *seen)
{
	const unsigned queue = (what >> 4) % QUEUES;

	switch (what % 8) {
	case 0:
		rig_write_memory(&rig, input);
		break;
	case 1:
		rig_write_desc(&rig, queue, input);
		break;
	case 2:
		rig_offer(&rig, queue, input_u8(input) % 20);
		break;
	case 3:
		fill(queue, input);
		break;
	case 4:
		rig_type(&rig.unit.console.ports[0].end, input);
		break;
	case 5:
	case 6:
		rig_kick(&rig, queue);
		break;
	default:
		if (input_u8(input) % 8) {
			read_all();
			break;
		}
		rig_start(&rig, input_u64(input), QUEUES);
		memset(seen, 0, QUEUES * sizeof(*seen));
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct plan_virtio plan = {
		.kind = PLAN_VIRTIO_CONSOLE, .id = "console0", .console = {.port_count = 1}};
	struct input input = {data, size};
	uint16_t seen[QUEUES] = {0};

	rig_up(&rig, &plan);
	rig_start(&rig, 0, QUEUES);
	for (unsigned i = 0; i < STEPS && input.left; i++) {
		const uint8_t what = input_u8(&input);

		step(what, &input, seen);
		rig_check_queues(&rig, what % 8 < 2, seen);
		rig_check_end(&rig.unit.console.ports[0].end);
	}
	virtio_pci_reset(&rig.unit.pci);
	rig_down(&rig);
	return 0;
}
