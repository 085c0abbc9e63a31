/* SPDX-License-Identifier: MIT */
/* What a chain asks of a disk: where header and result are, what is on the disk, what is refused. */
#include <criterion/criterion.h>
#include <errno.h>
#include <linux/virtio_blk.h>
#include <string.h>

#include "virtio/blk_request.h"

#define DISK (1u << 20)

static const struct blk_disk disk = {DISK, 512, false};
static struct blk_request request;
static struct virtqueue_chain chain;
static struct pt_error err;
static struct virtio_blk_outhdr header;
static char data[8192];
static uint8_t status;

static void put(void *base, size_t len, bool write)
{
	chain.iov[chain.readable + chain.writable] = (struct iovec){base, len};
	if (write) {
		chain.writable++;
		chain.writable_bytes += len;
	} else {
		chain.readable++;
		chain.readable_bytes += len;
	}
}

static void start(uint32_t type, uint64_t sector)
{
	memset(&chain, 0, sizeof(chain));
	header = (struct virtio_blk_outhdr){.type = type, .sector = sector};
	put(&header, sizeof(header), false);
}

static void check_nothing(uint8_t result)
{
	cr_assert_eq(blk_request_read(&request, &disk, &chain, &err), 0, "%s", err.message);
	cr_assert_eq(request.action, BLK_NOTHING);
	cr_assert_eq(request.result, result);
	cr_assert_eq(request.status, &status);
}

Test(blk_request, a_read_has_its_place_and_segments)
{
	start(VIRTIO_BLK_T_IN, 3);
	put(data, 512, true);
	put(data + 1024, 1024, true);
	put(&status, 1, true);
	cr_assert_eq(blk_request_read(&request, &disk, &chain, &err), 0, "%s", err.message);
	cr_assert_eq(request.action, BLK_READ);
	cr_assert_eq(request.offset, 3 * 512);
	cr_assert_eq(request.len, 1536);
	cr_assert_eq(request.count, 2);
	cr_assert_eq(request.status, &status);
	blk_request_advance(&request, 600);
	cr_assert_eq(request.count, 1);
	cr_assert_eq(request.iov[0].iov_base, data + 1024 + 88);
	cr_assert_eq(request.iov[0].iov_len, 936);
	cr_assert_eq(request.offset, 3 * 512 + 600);
	cr_assert_eq(request.len, 936);
}

/* 2.7.4.2: how a request is divided into segments means nothing. */
Test(blk_request, header_and_result_can_be_anywhere_at_the_ends)
{
	memset(&chain, 0, sizeof(chain));
	memset(data, 0, sizeof(data));
	header = (struct virtio_blk_outhdr){.type = VIRTIO_BLK_T_OUT, .sector = 1};
	memcpy(data, &header, sizeof(header));
	put(data, 7, false);
	put(data + 7, 9 + 512, false);
	put(&status, 1, true);
	cr_assert_eq(blk_request_read(&request, &disk, &chain, &err), 0, "%s", err.message);
	cr_assert_eq(request.action, BLK_WRITE);
	cr_assert_eq(request.count, 1);
	cr_assert_eq(request.iov[0].iov_base, data + 16);
	cr_assert_eq(request.len, 512);
	start(VIRTIO_BLK_T_IN, 0);
	put(data, 513, true);
	cr_assert_eq(blk_request_read(&request, &disk, &chain, &err), 0);
	cr_assert_eq(request.status, (uint8_t *)data + 512);
	cr_assert_eq(request.len, 512);
}

Test(blk_request, without_a_header_or_a_place_for_the_result_it_is_none)
{
	start(VIRTIO_BLK_T_IN, 0);
	cr_assert_eq(blk_request_read(&request, &disk, &chain, &err), -EINVAL);
	memset(&chain, 0, sizeof(chain));
	put(&header, 15, false);
	put(&status, 1, true);
	cr_assert_eq(blk_request_read(&request, &disk, &chain, &err), -EINVAL);
	start(VIRTIO_BLK_T_IN, 0);
	put(NULL, 1, true);
	chain.unreachable = true;
	cr_assert_eq(blk_request_read(&request, &disk, &chain, &err), -EINVAL);
}

Test(blk_request, what_is_not_on_the_disk_is_an_error_that_the_driver_sees)
{
	static const struct {
		uint64_t sector;
		size_t len;
	} wrong[] = {{DISK / 512, 512},	     {DISK / 512 - 1, 1024},  {0, 511},
		     {UINT64_MAX, 512},	     {UINT64_MAX / 512, 512}, {1ull << 55, 512},
		     {(1ull << 55) - 1, 512}};

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		start(VIRTIO_BLK_T_IN, wrong[i].sector);
		put(data, wrong[i].len, true);
		put(&status, 1, true);
		check_nothing(VIRTIO_BLK_S_IOERR);
	}
}

Test(blk_request, data_that_is_not_ram_is_an_error_that_the_driver_sees)
{
	start(VIRTIO_BLK_T_OUT, 0);
	put(NULL, 512, false);
	put(&status, 1, true);
	chain.unreachable = true;
	check_nothing(VIRTIO_BLK_S_IOERR);
}

Test(blk_request, a_disk_that_is_read_only_is_not_written)
{
	static const uint32_t types[] = {VIRTIO_BLK_T_OUT, VIRTIO_BLK_T_DISCARD,
					 VIRTIO_BLK_T_WRITE_ZEROES};
	const struct blk_disk readonly = {DISK, 512, true};
	struct virtio_blk_discard_write_zeroes range = {.num_sectors = 1};

	memset(data, 0, sizeof(data));
	for (unsigned i = 0; i < 3; i++) {
		start(types[i], 0);
		memcpy(data, &range, sizeof(range));
		put(data, i ? sizeof(range) : 512, false);
		put(&status, 1, true);
		cr_assert_eq(blk_request_read(&request, &readonly, &chain, &err), 0);
		cr_assert_eq(request.action, BLK_NOTHING, "%u", i);
		cr_assert_eq(request.result, VIRTIO_BLK_S_IOERR);
	}
}

Test(blk_request, more_segments_than_were_allowed_are_an_error_that_the_driver_sees)
{
	start(VIRTIO_BLK_T_IN, 0);
	for (unsigned i = 0; i < BLK_SEGMENTS_MAX + 1; i++)
		put(data, 512, true);
	put(&status, 1, true);
	check_nothing(VIRTIO_BLK_S_IOERR);
}

static void ranges(uint32_t type, uint64_t sector, uint32_t sectors, uint32_t flags, size_t len)
{
	static struct virtio_blk_discard_write_zeroes range[2];

	range[0] = (struct virtio_blk_discard_write_zeroes){sector, sectors, flags};
	start(type, 0);
	put(range, len, false);
	put(&status, 1, true);
}

Test(blk_request, a_range_is_discarded_or_made_zero)
{
	ranges(VIRTIO_BLK_T_WRITE_ZEROES, 8, 16, VIRTIO_BLK_WRITE_ZEROES_FLAG_UNMAP, 16);
	cr_assert_eq(blk_request_read(&request, &disk, &chain, &err), 0);
	cr_assert_eq(request.action, BLK_ZERO);
	cr_assert(request.unmap);
	cr_assert_eq(request.offset, 8 * 512);
	cr_assert_eq(request.len, 16 * 512);
	cr_assert_eq(request.count, 0);
	ranges(VIRTIO_BLK_T_DISCARD, 0, 0xffffffff, 0, 16);
	check_nothing(VIRTIO_BLK_S_IOERR);
	ranges(VIRTIO_BLK_T_DISCARD, 0, 1, 1, 16);
	check_nothing(VIRTIO_BLK_S_UNSUPP);
	ranges(VIRTIO_BLK_T_DISCARD, 0, 1, 0, 32);
	check_nothing(VIRTIO_BLK_S_UNSUPP);
	ranges(VIRTIO_BLK_T_DISCARD, 0, 1, 0, 15);
	check_nothing(VIRTIO_BLK_S_IOERR);
	ranges(VIRTIO_BLK_T_DISCARD, 0, 0, 0, 16);
	check_nothing(VIRTIO_BLK_S_OK);
}

Test(blk_request, an_unknown_request_is_unsupported)
{
	start(0x1234, 0);
	put(&status, 1, true);
	check_nothing(VIRTIO_BLK_S_UNSUPP);
}
