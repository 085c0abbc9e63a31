/* SPDX-License-Identifier: MIT */
/*
 * A network card whose driver puts what it likes into its queues, and frames of any form on its wire: a frame goes out as the
 * driver wrote it, or not at all, none comes in elsewhere than into the buffers, and no buffer is given back twice.
 */
#include <errno.h>
#include <fcntl.h>
#include <linux/virtio_net.h>
#include <sys/socket.h>
#include <unistd.h>

#include "virtio/tap.h"
#include "virtio_rig.h"

#define STEPS  60
#define PAIRS  2u
#define QUEUES (2 * PAIRS + 1)

static struct rig rig;
static int wires[PAIRS];
static unsigned wire_count;

/* In place of those that need a tap device. */
int tap_open(const struct pt_sys *sys, const char *name, bool several, int *ret_fd,
	     struct pt_error *err)
{
	int pair[2];

	(void)sys;
	(void)name;
	(void)several;
	(void)err;
	fuzz_require(!socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, pair),
		     "no socket: %s", strerror(errno));
	wires[wire_count++] = pair[1];
	*ret_fd = pair[0];
	return 0;
}

int tap_take(int fd, const char *name, struct pt_error *err)
{
	(void)fd;
	return pt_error_set(err, -EINVAL, "%s: no tap device", name);
}

void tap_offload(int fd, uint64_t features)
{
	(void)fd;
	(void)features;
}

void tap_attach(int fd, bool attached)
{
	(void)fd;
	(void)attached;
}

static void up(uint8_t kind)
{
	struct plan_virtio plan = {.kind = PLAN_VIRTIO_NET, .id = "net0"};
	uint64_t features = (kind & 1 ? 1ull << VIRTIO_NET_F_MRG_RXBUF : 0) |
			    (kind & 2 ? 1ull << VIRTIO_NET_F_MQ | 1ull << VIRTIO_NET_F_CTRL_VQ : 0);

	wire_count = 0;
	plan.net.pairs = PAIRS;
	plan.net.vhost = PLAN_VHOST_OFF;
	rig_up(&rig, &plan);
	rig_start(&rig, features, QUEUES);
}

static void down(void)
{
	rig_down(&rig);
	while (wire_count)
		(void)close(wires[--wire_count]);
}

/* Buffers as a driver would, so that more than the first frame is reached. */
static void fill(unsigned queue, struct input *input)
{
	const bool receives = !(queue & 1);

	for (unsigned i = 0; i < 4; i++) {
		const unsigned index = input_u8(input) % RIG_QUEUE;

		*rig_desc(&rig, queue, index) =
			(struct vring_desc){0x5000 + index * 0x100, 16 + input_u8(input),
					    receives ? VRING_DESC_F_WRITE : 0, 0};
		rig_offer(&rig, queue, (uint16_t)index);
	}
}

static void arrive(struct input *input)
{
	uint8_t frame[2048];
	const unsigned wire = input_u8(input) % PAIRS, size = input_u16(input) % sizeof(frame);
	struct loop_watch *watch = &rig.unit.net.pairs[wire].input;

	input_bytes(input, frame, size);
	(void)send(wires[wire], frame, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	(void)watch->ready(watch->ctx);
}

static void depart(void)
{
	static uint8_t frame[1 << 18];

	for (unsigned i = 0; i < PAIRS; i++) {
		ssize_t n;

		while ((n = recv(wires[i], frame, sizeof(frame), MSG_DONTWAIT)) > 0)
			fuzz_require(n >= (ssize_t)TAP_HEADER_SIZE, "a frame of %zd bytes goes out",
				     n);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	uint16_t seen[QUEUES] = {0};

	up(input_u8(&input));
	for (unsigned i = 0; i < STEPS && input.left; i++) {
		const uint8_t what = input_u8(&input);
		const unsigned queue = (what >> 4) % QUEUES;

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
			fill(queue, &input);
			break;
		case 4:
			arrive(&input);
			break;
		case 5:
		case 6:
			rig_kick(&rig, queue);
			break;
		default:
			if (input_u8(&input) % 8)
				break;
			rig_start(&rig, input_u64(&input), QUEUES);
			memset(seen, 0, sizeof(seen));
			break;
		}
		for (unsigned j = 0; j < QUEUES; j++)
			rig_check_used(&rig, j, &seen[j]);
		depart();
	}
	virtio_pci_reset(&rig.unit.pci);
	down();
	return 0;
}
