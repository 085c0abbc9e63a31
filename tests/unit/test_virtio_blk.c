/* SPDX-License-Identifier: MIT */
/* A disk as its driver uses it, on files of this host: data, errors of the host, stops while requests are under way, locks. */
#include <fcntl.h>
#include <linux/virtio_blk.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include "virtio/unit.h"
#include "virtio_guest.h"

#define QUEUE  16u
#define HEADER (GUEST_DATA)
#define STATUS (GUEST_DATA + 0x100)
#define BUFFER (GUEST_DATA + 0x1000)
#define SIZE   (1u << 20)

static struct virtio_guest guest;
static struct plan_virtio plan;

static void make_file(void)
{
	int fd;

	plan = (struct plan_virtio){.kind = PLAN_VIRTIO_DISK, .id = "disk0"};
	plan.disk.queues = 2;
	(void)snprintf(plan.disk.path, sizeof(plan.disk.path), "/tmp/tenon-disk-XXXXXX");
	(void)snprintf(plan.disk.serial, sizeof(plan.disk.serial), "serial-1");
	fd = mkstemp(plan.disk.path);
	cr_assert_geq(fd, 0);
	cr_assert_eq(ftruncate(fd, SIZE), 0);
	(void)close(fd);
}

static void up(void)
{
	struct io_uring ring;

	if (io_uring_queue_init(4, &ring, 0))
		cr_skip_test("no io_uring here");
	io_uring_queue_exit(&ring);
	make_file();
	guest_open(&guest, &plan);
	guest_start(&guest, 0, 2, QUEUE);
}

static void down(void)
{
	guest_close(&guest);
	(void)unlink(plan.disk.path);
}

TestSuite(virtio_blk, .init = up, .fini = down);

static uint8_t *at(uint32_t gpa)
{
	return guest.ram.base + gpa;
}

/* Puts a request of one data segment into a queue as descriptors 3n to 3n + 2. */
static void ask(unsigned queue, unsigned n, uint32_t type, uint64_t sector, uint32_t len)
{
	bool in = type == VIRTIO_BLK_T_IN || type == VIRTIO_BLK_T_GET_ID;
	struct virtio_blk_outhdr *header = (void *)at(HEADER + n * 16);
	uint16_t first = (uint16_t)(3 * n);

	*header = (struct virtio_blk_outhdr){.type = type, .sector = sector};
	*at(STATUS + n) = 0xee;
	*guest_desc(&guest, queue, first) =
		(struct vring_desc){HEADER + n * 16, 16, VRING_DESC_F_NEXT, (uint16_t)(first + 1)};
	*guest_desc(&guest, queue, first + 1u) =
		(struct vring_desc){BUFFER + n * 0x2000, len,
				    (uint16_t)(VRING_DESC_F_NEXT | (in ? VRING_DESC_F_WRITE : 0)),
				    (uint16_t)(first + 2)};
	*guest_desc(&guest, queue, first + 2u) =
		(struct vring_desc){STATUS + n, 1, VRING_DESC_F_WRITE, 0};
	guest_offer(&guest, queue, QUEUE, first);
	guest_kick(&guest, queue);
}

/* Until all that was asked for in a queue is given back. */
static void wait_done(unsigned queue)
{
	struct virtio_blk *blk = &guest.unit.blk;

	for (unsigned i = 0; guest_used(&guest, queue)->idx != guest.offered[queue]; i++) {
		cr_assert_lt(i, 5000u, "it is not done");
		(void)poll(NULL, 0, 1);
		blk->done.ready(blk->done.ctx);
	}
}

static uint8_t request(uint32_t type, uint64_t sector, uint32_t len)
{
	ask(0, 0, type, sector, len);
	wait_done(0);
	return *at(STATUS);
}

Test(virtio_blk, what_was_written_is_read)
{
	memset(at(BUFFER), 0x5a, 4096);
	cr_assert_eq(request(VIRTIO_BLK_T_OUT, 8, 4096), VIRTIO_BLK_S_OK);
	cr_assert_eq(guest_used(&guest, 0)->ring[0].len, 1);
	cr_assert_eq(request(VIRTIO_BLK_T_FLUSH, 0, 512), VIRTIO_BLK_S_OK);
	memset(at(BUFFER), 0, 4096);
	cr_assert_eq(request(VIRTIO_BLK_T_IN, 8, 4096), VIRTIO_BLK_S_OK);
	cr_assert_eq(guest_used(&guest, 0)->ring[2].len, 4097);
	cr_assert_eq(*at(BUFFER + 4095), 0x5a);
	cr_assert(guest.line);
}

Test(virtio_blk, its_configuration_is_that_of_the_file)
{
	cr_assert_eq(guest_read(&guest, BAR_CONFIG, 4), SIZE / 512);
	cr_assert_eq(guest_read(&guest, BAR_CONFIG + 20, 4), 512);
	cr_assert_eq(guest_read(&guest, BAR_CONFIG + 34, 2), 2, "queues");
	cr_assert(guest_offered(&guest) >> VIRTIO_BLK_F_DISCARD & 1);
	cr_assert_not(guest_offered(&guest) >> VIRTIO_BLK_F_RO & 1);
}

Test(virtio_blk, it_has_the_serial_number)
{
	cr_assert_eq(request(VIRTIO_BLK_T_GET_ID, 0, 20), VIRTIO_BLK_S_OK);
	cr_assert_str_eq((char *)at(BUFFER), "serial-1");
}

Test(virtio_blk, queues_are_independent)
{
	memset(at(BUFFER), 1, 512);
	memset(at(BUFFER + 0x2000), 2, 512);
	ask(0, 0, VIRTIO_BLK_T_OUT, 0, 512);
	ask(1, 1, VIRTIO_BLK_T_OUT, 1, 512);
	wait_done(0);
	wait_done(1);
	cr_assert_eq(*at(STATUS), 0);
	cr_assert_eq(*at(STATUS + 1), 0);
	cr_assert_eq(request(VIRTIO_BLK_T_IN, 0, 1024), 0);
	cr_assert_eq(*at(BUFFER), 1);
	cr_assert_eq(*at(BUFFER + 512), 2);
}

/* A file that became shorter is a disk that fails: the guest hears of it, and goes on. */
static enum loop_next look(void *ctx)
{
	(void)ctx;
	return guest_used(&guest, 0)->idx == guest.offered[0] ? LOOP_END : LOOP_AGAIN;
}

/* A flush is never done at once. */
Test(virtio_blk, the_loop_hears_of_what_is_done_later)
{
	struct loop_watch always = {.fd = eventfd(1, EFD_CLOEXEC), .ready = look};
	struct pt_error err = PT_ERROR_INIT;
	struct loop loop = {.open = false};

	cr_assert_eq(loop_open(&loop, &err), 0, "%s", err.message);
	cr_assert_eq(virtio_unit_watch(&guest.unit, &loop, &err), 0, "%s", err.message);
	for (unsigned i = 0; i < 4; i++) {
		ask(0, i, VIRTIO_BLK_T_FLUSH, 0, 512);
		cr_assert_eq(loop_watch_start(&loop, &always, &err), 0, "%s", err.message);
		cr_assert_eq(loop_run(&loop, &err), 0, "%s", err.message);
		cr_assert_eq(*at(STATUS + i), VIRTIO_BLK_S_OK);
	}
	loop_done(&loop);
	(void)close(always.fd);
}

Test(virtio_blk, an_error_of_the_host_is_one_of_the_disk)
{
	cr_assert_eq(truncate(plan.disk.path, 4096), 0);
	cr_assert_eq(request(VIRTIO_BLK_T_IN, 8, 512), VIRTIO_BLK_S_IOERR);
	cr_assert_eq(request(VIRTIO_BLK_T_IN, 7, 1024), VIRTIO_BLK_S_IOERR, "half of it is there");
	cr_assert_eq(request(VIRTIO_BLK_T_IN, 0, 512), VIRTIO_BLK_S_OK);
	cr_assert_eq(guest_status(&guest), 0xf);
}

Test(virtio_blk, what_is_made_zero_is_zero)
{
	struct virtio_blk_discard_write_zeroes range = {.sector = 8, .num_sectors = 300};

	memset(at(BUFFER), 0xff, 4096);
	for (unsigned i = 0; i < 40; i++)
		cr_assert_eq(request(VIRTIO_BLK_T_OUT, i * 8, 4096), VIRTIO_BLK_S_OK);
	memcpy(at(BUFFER), &range, sizeof(range));
	cr_assert_eq(request(VIRTIO_BLK_T_WRITE_ZEROES, 0, sizeof(range)), VIRTIO_BLK_S_OK);
	for (unsigned i = 0; i < 39; i++) {
		cr_assert_eq(request(VIRTIO_BLK_T_IN, i * 8, 4096), VIRTIO_BLK_S_OK);
		cr_assert_eq(*at(BUFFER), i ? 0 : 0xff, "block %u", i);
		cr_assert_eq(*at(BUFFER + 2048), i && i < 38 ? 0 : 0xff, "block %u", i);
	}
}

Test(virtio_blk, what_is_discarded_is_given_back_to_the_host)
{
	struct virtio_blk_discard_write_zeroes range = {.num_sectors = SIZE / 512};
	struct stat st;

	memset(at(BUFFER), 0xff, 4096);
	cr_assert_eq(request(VIRTIO_BLK_T_OUT, 0, 4096), VIRTIO_BLK_S_OK);
	memcpy(at(BUFFER), &range, sizeof(range));
	cr_assert_eq(request(VIRTIO_BLK_T_DISCARD, 0, sizeof(range)), VIRTIO_BLK_S_OK);
	cr_assert_eq(stat(plan.disk.path, &st), 0);
	cr_assert_eq(st.st_size, SIZE);
	cr_assert_eq(st.st_blocks, 0);
}

/* When a reset is over, nothing is written to the guest any more. */
Test(virtio_blk, a_reset_waits_for_what_is_under_way)
{
	for (unsigned round = 0; round < 50; round++) {
		for (unsigned n = 0; n < 5; n++)
			ask(0, n, VIRTIO_BLK_T_IN, n * 8, 4096);
		guest_write(&guest, VIRTIO_PCI_COMMON_STATUS, 1, 0);
		cr_assert_eq(guest_status(&guest), 0);
		cr_assert_eq(guest.unit.blk.under_way, 0);
		cr_assert_eq(guest_used(&guest, 0)->idx, 5);
		guest_start(&guest, 0, 2, QUEUE);
	}
}

Test(virtio_blk, a_link_that_goes_down_waits_for_what_is_under_way)
{
	for (unsigned n = 0; n < 5; n++)
		ask(0, n, VIRTIO_BLK_T_IN, n * 8, 4096);
	virtio_pci_hold(&guest.unit.pci);
	cr_assert_eq(guest.unit.blk.under_way, 0);
	virtio_pci_release(&guest.unit.pci);
}

Test(virtio_blk, a_chain_that_is_none_in_the_middle_of_others_stops_it)
{
	ask(0, 0, VIRTIO_BLK_T_IN, 0, 4096);
	guest_offer(&guest, 0, QUEUE, 77);
	guest_kick(&guest, 0);
	cr_assert(guest_status(&guest) & VIRTIO_CONFIG_S_NEEDS_RESET);
	cr_assert_eq(guest.unit.blk.under_way, 0);
	guest_start(&guest, 0, 2, QUEUE);
	cr_assert_eq(request(VIRTIO_BLK_T_IN, 0, 4096), VIRTIO_BLK_S_OK);
}

static int open_again(struct plan_disk disk, struct pt_error *err)
{
	struct image image = IMAGE_CLOSED;
	int looked = image_look(pt_sys_linux(), &disk, err);
	int r = image_open(&image, pt_sys_linux(), &disk, err);

	cr_assert_eq(looked, r, "a look says the same");
	image_done(&image);
	return r;
}

Test(virtio_blk, who_writes_has_it_alone)
{
	struct plan_disk disk = plan.disk;
	struct pt_error err = PT_ERROR_INIT;

	cr_assert_eq(open_again(disk, &err), -EBUSY);
	cr_assert(strstr(err.message, disk.path) && strstr(err.remedy, "readonly"));
	disk.readonly = 1;
	cr_assert_eq(open_again(disk, &err), -EBUSY);
	virtio_unit_done(&guest.unit);
	cr_assert_eq(open_again(disk, &err), 0);
	disk.readonly = 0;
	cr_assert_eq(open_again(disk, &err), 0);
}

Test(virtio_blk, what_is_no_disk_is_refused)
{
	struct plan_disk disk = {.path = "/dev/null"};
	struct pt_error err = PT_ERROR_INIT;

	cr_assert_eq(open_again(disk, &err), -EINVAL);
	cr_assert(strstr(err.message, "neither a file nor a block device"), "%s", err.message);
	(void)snprintf(disk.path, sizeof(disk.path), "/nowhere");
	cr_assert_eq(open_again(disk, &err), -ENOENT);
	virtio_unit_done(&guest.unit);
	cr_assert_eq(truncate(plan.disk.path, 1000), 0);
	cr_assert_eq(open_again(plan.disk, &err), -EINVAL);
	cr_assert(strstr(err.message, "1000 bytes"), "%s", err.message);
	cr_assert(strstr(err.remedy, "truncate -s %512"), "%s", err.remedy);
	cr_assert_eq(truncate(plan.disk.path, 0), 0);
	cr_assert_eq(open_again(plan.disk, &err), -EINVAL);
}

/* What is not aligned as direct access wants it goes through a buffer. */
Test(virtio_blk, direct_access_works_with_any_buffer)
{
	struct plan_virtio direct = plan;
	struct pt_error err = PT_ERROR_INIT;
	int r;

	direct.disk.direct = 1;
	guest_close(&guest);
	r = open_again(direct.disk, &err);
	guest_open(&guest, r ? &plan : &direct);
	guest_start(&guest, 0, 2, QUEUE);
	if (r)
		cr_skip_test("the file system of /tmp has no direct access: %s", err.message);
	for (unsigned i = 0; i < 8192; i++)
		at(BUFFER)[i] = (uint8_t)(i * 7);
	*guest_desc(&guest, 0, 1) = (struct vring_desc){0};
	cr_assert_eq(request(VIRTIO_BLK_T_OUT, 16, 8192), VIRTIO_BLK_S_OK);
	memset(at(BUFFER), 0, 8192);
	ask(0, 0, VIRTIO_BLK_T_IN, 16, 8192);
	wait_done(0);
	for (unsigned i = 0; i < 8192; i++)
		cr_assert_eq(at(BUFFER)[i], (uint8_t)(i * 7));
	/* The same to an odd address, cut in two. */
	for (unsigned round = 0; round < 2; round++) {
		struct virtio_blk_outhdr *header = (void *)at(HEADER);

		*header = (struct virtio_blk_outhdr){
			.type = round ? VIRTIO_BLK_T_OUT : VIRTIO_BLK_T_IN, .sector = 16};
		*guest_desc(&guest, 0, 0) = (struct vring_desc){HEADER, 16, VRING_DESC_F_NEXT, 1};
		*guest_desc(&guest, 0, 1) = (struct vring_desc){
			BUFFER + 0x4001, 1001,
			(uint16_t)(VRING_DESC_F_NEXT | (round ? 0 : VRING_DESC_F_WRITE)), 2};
		*guest_desc(&guest, 0, 2) = (struct vring_desc){
			BUFFER + 0x8003, 8192 - 1001,
			(uint16_t)(VRING_DESC_F_NEXT | (round ? 0 : VRING_DESC_F_WRITE)), 3};
		*guest_desc(&guest, 0, 3) = (struct vring_desc){STATUS, 1, VRING_DESC_F_WRITE, 0};
		guest_offer(&guest, 0, QUEUE, 0);
		guest_kick(&guest, 0);
		wait_done(0);
		cr_assert_eq(*at(STATUS), 0);
		for (unsigned i = 0; i < 8192; i++)
			cr_assert_eq(i < 1001 ? at(BUFFER + 0x4001)[i]
					      : at(BUFFER + 0x8003)[i - 1001],
				     (uint8_t)(i * 7));
	}
}
