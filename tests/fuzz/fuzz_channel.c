/* SPDX-License-Identifier: MIT */
/*
 * A console and two channels of one device, whose driver puts what it likes into their queues and into the control queues, while
 * programs come and go at the other ends: what waits for the host has a limit, what is said of ports are bits, a message goes to
 * a driver that negotiated them only, and no buffer is given back twice.
 */
#include <fcntl.h>
#include <linux/virtio_console.h>
#include <string.h>

#include "virtio_rig.h"

#define STEPS  100
#define QUEUES 8u /* of port 0, of control, of ports 1 and 2 */
#define PORTS  3u
#define DATA   0x0u /* in the upper piece: below it are the rings */

static struct rig rig;
static const uint64_t multiport = 1ull << VIRTIO_CONSOLE_F_MULTIPORT;

static struct console_port *port_of(uint8_t value)
{
	return &rig.unit.console.ports[value % PORTS];
}

/* As the loop does when so much of it could be written. */
static void read_some(struct console_port *port, struct input *input)
{
	struct console_end *end = &port->end;
	const uint16_t wanted = input_u16(input);
	const size_t part = wanted & 1 || wanted > end->used ? end->used : wanted;

	end->start = (end->start + part) % CONSOLE_BUFFER;
	end->used -= part;
	if (part && end->full) {
		end->full = false;
		end->ops->room(end->ctx);
	}
}

/* A descriptor that the loop, which does not run, would write to; nobody reads it. */
static void join(struct console_port *port)
{
	struct console_end *end = &port->end;

	if (end->kind != PLAN_CONSOLE_SOCKET)
		return;
	end->out = end->out < 0 ? 0 : -1;
	if (end->out < 0)
		end->used = 0;
	end->ops->joined(end->ctx);
	if (end->out < 0 && end->full) {
		end->full = false;
		end->ops->room(end->ctx);
	}
}

/* Buffers as a driver would, so that more than the first byte is reached. */
static void fill(unsigned queue, struct input *input)
{
	for (unsigned i = 0; i < 4; i++) {
		const unsigned index = input_u8(input) % RIG_QUEUE;

		*rig_desc(&rig, queue, index) =
			(struct vring_desc){RIG_HIGH + DATA + index * 0x400,
					    (1 + input_u8(input)) * (queue == 2 ? 1u : 64u),
					    queue & 1 ? 0 : VRING_DESC_F_WRITE, 0};
		rig_offer(&rig, queue, (uint16_t)index);
	}
}

/* A message that is well-formed. */
static void say(struct input *input)
{
	const unsigned index = input_u8(input) % RIG_QUEUE;
	const uint8_t what = input_u8(input);
	const struct virtio_console_control control = {
		.id = what & 7,
		.event = what >> 3 & 7,
		.value = what >> 6,
	};

	memcpy(rig.memory + RIG_PIECE + 0x6000 + index * 0x10, &control, sizeof(control));
	*rig_desc(&rig, 3, index) =
		(struct vring_desc){RIG_HIGH + 0x6000 + index * 0x10, sizeof(control), 0, 0};
	rig_offer(&rig, 3, (uint16_t)index);
	rig_kick(&rig, 3);
}

static void start(uint64_t features, uint16_t *seen)
{
	rig_start(&rig, features, QUEUES);
	memset(seen, 0, QUEUES * sizeof(*seen));
}

static void step(uint8_t what, struct input *input, uint16_t *seen)
{
	const unsigned queue = (what >> 4) % QUEUES;

	switch (what % 16) {
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
	case 4:
		fill(queue, input);
		rig_kick(&rig, queue);
		break;
	case 5:
		rig_kick(&rig, queue);
		break;
	case 6:
		rig_type(&port_of(input_u8(input))->end, input);
		break;
	case 7:
	case 8:
		read_some(port_of(input_u8(input)), input);
		break;
	case 9:
	case 10:
		join(port_of(input_u8(input)));
		break;
	case 11:
		start(input_u8(input) & 1 ? multiport : input_u64(input), seen);
		break;
	case 12:
		rig.unit.console.news.ready(rig.unit.console.news.ctx);
		break;
	default:
		say(input);
		break;
	}
}

static void check_ports(void)
{
	const bool has_control = rig.unit.virtio->features & multiport;

	for (unsigned i = 0; i < PORTS; i++) {
		const struct console_port *port = &rig.unit.console.ports[i];
		const struct console_end *end = &port->end;

		rig_check_end(end);
		fuzz_require(port->to_say < 16, "0x%x is to be said", port->to_say);
		fuzz_require(has_control || (!port->open && !port->to_say),
			     "port %u: a driver without control queues", i);
		fuzz_require(!end->full || port->plan->channel, "a console is held up");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct plan_virtio plan = {
		.kind = PLAN_VIRTIO_CONSOLE,
		.id = "serial0",
		.console =
			{
				.port_count = PORTS,
				.ports = {{.number = 0, .kind = PLAN_CONSOLE_NONE},
					  {.number = 1, .channel = 1, .name = "org.example.agent"},
					  {.number = 2,
					   .channel = 1,
					   .kind = PLAN_CONSOLE_SOCKET,
					   .path = "/tmp/tenon-fuzz-channel"}},
			},
	};
	struct input input = {data, size};
	uint16_t seen[QUEUES] = {0};

	(void)snprintf(plan.console.ports[2].path, sizeof(plan.console.ports[2].path),
		       "/tmp/tenon-fuzz-%d.sock", (int)getpid());
	rig_up(&rig, &plan);
	start(multiport, seen);
	for (unsigned i = 0; i < STEPS && input.left; i++) {
		const uint8_t what = input_u8(&input);

		step(what, &input, seen);
		rig_check_queues(&rig, what % 16 < 2, seen);
		check_ports();
	}
	virtio_pci_reset(&rig.unit.pci);
	rig.unit.console.ports[2].end.out = -1;
	rig_down(&rig);
	return 0;
}
