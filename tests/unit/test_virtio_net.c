/* SPDX-License-Identifier: MIT */
/* A network card as its driver uses it, without vhost; on the other side is a socket, where the host has a tap device. */
#include <linux/virtio_net.h>
#include <sys/socket.h>

#include "virtio/tap.h"
#include "virtio/unit.h"
#include "virtio_guest.h"

#define QUEUE	16u
#define HEADER	TAP_HEADER_SIZE
#define RX	0x40000u /* behind the rings of five queues */
#define TX	0x80000u
#define COMMAND 0x90000u
#define MERGE	(1ull << VIRTIO_NET_F_MRG_RXBUF)
#define CTRL	4u /* of two pairs */

static struct virtio_guest guest;
static struct loop loop;
static int wires[PLAN_NET_PAIRS_MAX];
static unsigned wire_count;
static bool attached[PLAN_NET_PAIRS_MAX];
static uint64_t offloads;

/* In place of the real ones, which need a tap device. */
int tap_open(const struct pt_sys *sys, const char *name, bool several, int *ret_fd,
	     struct pt_error *err)
{
	int pair[2];

	(void)sys;
	(void)name;
	(void)several;
	(void)err;
	cr_assert_eq(socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK, 0, pair), 0);
	attached[wire_count] = true;
	wires[wire_count++] = pair[1];
	*ret_fd = pair[0];
	return 0;
}

int tap_take(int fd, const char *name, struct pt_error *err)
{
	(void)fd;
	return pt_error_set(err, -EINVAL, "network device %s: no tap device", name);
}

void tap_offload(int fd, uint64_t features)
{
	(void)fd;
	offloads = features;
}

void tap_attach(int fd, bool to)
{
	for (unsigned i = 0; i < wire_count; i++) {
		if (guest.unit.net.pairs[i].tap_fd == fd)
			attached[i] = to;
	}
}

static void up_with(unsigned pairs)
{
	struct plan_virtio plan = {.kind = PLAN_VIRTIO_NET, .id = "net0"};

	plan.net = (struct plan_net){
		.tap = "tap0",
		.mac = {2, 1, 2, 3, 4, 5},
		.mtu = 1400,
		.pairs = pairs,
		.vhost = PLAN_VHOST_OFF,
	};
	if (loop_open(&loop, NULL))
		cr_skip_test("no io_uring here");
	guest_open(&guest, &plan);
	cr_assert_eq(virtio_unit_watch(&guest.unit, &loop, NULL), 0);
}

static void up(void)
{
	up_with(1);
}

static void down(void)
{
	guest_close(&guest);
	loop_done(&loop);
	for (unsigned i = 0; i < wire_count; i++)
		(void)close(wires[i]);
}

TestSuite(virtio_net, .init = up, .fini = down);

static uint8_t *at(uint32_t gpa)
{
	return guest.ram.base + gpa;
}

/* A buffer to receive into. */
static void offer_buffer(unsigned n, uint32_t size)
{
	*guest_desc(&guest, 0, n) =
		(struct vring_desc){RX + n * 0x1000, size, VRING_DESC_F_WRITE, 0};
	guest_offer(&guest, 0, QUEUE, (uint16_t)n);
}

/* A frame from the other side, with the header before it. */
static void arrive(size_t size)
{
	uint8_t frame[8192] = {0};

	for (size_t i = HEADER; i < size; i++)
		frame[i] = (uint8_t)i;
	cr_assert_eq(send(wires[0], frame, size, 0), (ssize_t)size);
	guest_kick(&guest, 0);
}

Test(virtio_net, its_configuration_is_that_of_the_plan)
{
	guest_start(&guest, MERGE, 2, QUEUE);
	cr_assert_eq(guest_read(&guest, BAR_CONFIG, 4), 0x03020102);
	cr_assert_eq(guest_read(&guest, BAR_CONFIG + 6, 2), VIRTIO_NET_S_LINK_UP);
	cr_assert_eq(guest_read(&guest, BAR_CONFIG + 10, 2), 1400);
	cr_assert_not(guest_offered(&guest) >> VIRTIO_NET_F_MQ & 1);
	cr_assert_eq(offloads, MERGE | 1ull << VIRTIO_F_VERSION_1);
}

Test(virtio_net, a_frame_is_sent)
{
	uint8_t frame[200];

	guest_start(&guest, MERGE, 2, QUEUE);
	for (unsigned i = 0; i < 100; i++)
		at(TX)[i] = (uint8_t)(i + 1);
	*guest_desc(&guest, 1, 0) = (struct vring_desc){TX, 5, VRING_DESC_F_NEXT, 1};
	*guest_desc(&guest, 1, 1) = (struct vring_desc){TX + 5, 95, 0, 0};
	guest_offer(&guest, 1, QUEUE, 0);
	guest_kick(&guest, 1);
	cr_assert_eq(recv(wires[0], frame, sizeof(frame), 0), 100);
	cr_assert_eq(frame[99], 100);
	cr_assert_eq(guest_used(&guest, 1)->idx, 1);
}

Test(virtio_net, a_frame_is_received)
{
	guest_start(&guest, MERGE, 2, QUEUE);
	offer_buffer(0, 2000);
	arrive(1000);
	cr_assert_eq(guest_used(&guest, 0)->idx, 1);
	cr_assert_eq(guest_used(&guest, 0)->ring[0].len, 1000);
	cr_assert_eq(at(RX)[10], 1, "one buffer");
	cr_assert_eq(at(RX)[999], (uint8_t)999);
	cr_assert(guest.line);
}

Test(virtio_net, a_large_frame_takes_several_buffers)
{
	guest_start(&guest, MERGE, 2, QUEUE);
	for (unsigned i = 0; i < 4; i++)
		offer_buffer(i, 1000);
	arrive(2500);
	cr_assert_eq(guest_used(&guest, 0)->idx, 3);
	cr_assert_eq(at(RX)[10], 3);
	cr_assert_eq(guest_used(&guest, 0)->ring[2].len, 500);
	cr_assert_eq(at(RX + 0x2000)[499], (uint8_t)2499);
}

Test(virtio_net, a_frame_without_room_waits)
{
	guest_start(&guest, MERGE, 2, QUEUE);
	arrive(1000);
	cr_assert_eq(guest_used(&guest, 0)->idx, 0);
	offer_buffer(0, 2000);
	guest_kick(&guest, 0);
	cr_assert_eq(guest_used(&guest, 0)->idx, 1);
	cr_assert_eq(guest_used(&guest, 0)->ring[0].len, 1000);
}

Test(virtio_net, a_frame_with_too_little_room_is_lost_and_the_next_one_is_not)
{
	guest_start(&guest, MERGE, 2, QUEUE);
	offer_buffer(0, 1000);
	arrive(2000);
	cr_assert_eq(guest_used(&guest, 0)->idx, 0);
	arrive(500);
	cr_assert_eq(guest_used(&guest, 0)->idx, 1);
	cr_assert_eq(guest_used(&guest, 0)->ring[0].len, 500);
}

Test(virtio_net, what_is_no_buffer_stops_the_card)
{
	guest_start(&guest, MERGE, 2, QUEUE);
	offer_buffer(0, 4);
	arrive(500);
	cr_assert(guest_status(&guest) & VIRTIO_CONFIG_S_NEEDS_RESET);
	guest_start(&guest, MERGE, 2, QUEUE);
	*guest_desc(&guest, 1, 0) = (struct vring_desc){GUEST_RAM, 100, 0, 0};
	guest_offer(&guest, 1, QUEUE, 0);
	guest_kick(&guest, 1);
	cr_assert(guest_status(&guest) & VIRTIO_CONFIG_S_NEEDS_RESET);
}

static uint8_t set_pairs(uint8_t class, uint8_t count)
{
	uint8_t *to = at(COMMAND);

	memcpy(to, (uint8_t[]){class, VIRTIO_NET_CTRL_MQ_VQ_PAIRS_SET, count, 0, 0xee}, 5);
	*guest_desc(&guest, CTRL, 0) = (struct vring_desc){COMMAND, 2, VRING_DESC_F_NEXT, 1};
	*guest_desc(&guest, CTRL, 1) = (struct vring_desc){COMMAND + 2, 2, VRING_DESC_F_NEXT, 2};
	*guest_desc(&guest, CTRL, 2) = (struct vring_desc){COMMAND + 4, 1, VRING_DESC_F_WRITE, 0};
	guest_offer(&guest, CTRL, QUEUE, 0);
	guest_kick(&guest, CTRL);
	return to[4];
}

Test(virtio_net, several_pairs_are_used_when_the_driver_asks)
{
	down();
	wire_count = 0;
	up_with(2);
	cr_assert(guest_offered(&guest) >> VIRTIO_NET_F_MQ & 1);
	guest_start(&guest, MERGE | 1ull << VIRTIO_NET_F_MQ | 1ull << VIRTIO_NET_F_CTRL_VQ, 5,
		    QUEUE);
	cr_assert(attached[0] && !attached[1]);
	cr_assert_eq(set_pairs(VIRTIO_NET_CTRL_MQ, 2), VIRTIO_NET_OK);
	cr_assert(attached[0] && attached[1]);
	cr_assert_eq(set_pairs(VIRTIO_NET_CTRL_MQ, 3), VIRTIO_NET_ERR);
	cr_assert_eq(set_pairs(VIRTIO_NET_CTRL_MQ, 0), VIRTIO_NET_ERR);
	cr_assert_eq(set_pairs(VIRTIO_NET_CTRL_RX, 1), VIRTIO_NET_ERR);
	guest_write(&guest, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	cr_assert(attached[0] && !attached[1], "after a reset it is one again");
}
