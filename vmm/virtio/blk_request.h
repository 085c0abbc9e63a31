/* SPDX-License-Identifier: MIT */
/*
 * struct blk_request: one request to a disk, read from a chain and held against the disk (VIRTIO 1.2, 5.2.6). Pure.
 */
#ifndef TENON_VIRTIO_BLK_REQUEST_H
#define TENON_VIRTIO_BLK_REQUEST_H

#include "virtio/queue.h"

#define BLK_SEGMENTS_MAX 126u /* of data; header and status have one each beside them */
#define BLK_SERIAL_SIZE	 20u

enum blk_action {
	BLK_READ,
	BLK_WRITE,
	BLK_FLUSH,
	BLK_DISCARD,
	BLK_ZERO,
	BLK_SERIAL,
	BLK_NOTHING, /* it is done: @result says how */
};

/** struct blk_disk - what a request is held against: bytes, bytes in a block, may it be written */
struct blk_disk {
	uint64_t size;
	unsigned block;
	bool readonly;
};

/**
 * struct blk_request - what is to be done
 * @offset, @len: bytes of the disk
 * @unmap: for BLK_ZERO: what is zero need not be stored
 * @status: where its result goes, in guest memory
 * @result: VIRTIO_BLK_S_*, for BLK_NOTHING
 * @iov: the data, @count segments in guest memory
 */
struct blk_request {
	enum blk_action action;
	uint16_t head;
	uint64_t offset;
	uint64_t len;
	bool unmap;
	uint8_t *status;
	uint8_t result;
	unsigned count;
	struct iovec iov[BLK_SEGMENTS_MAX];
};

/**
 * blk_request_read() - what a chain asks for
 * @chain: used up: its segments are cut
 *
 * What cannot be done and can be said so is BLK_NOTHING. Errors: -EINVAL the chain has no header or no place for the result.
 */
int blk_request_read(struct blk_request *request, const struct blk_disk *disk,
		     struct virtqueue_chain *chain, struct pt_error *err);

/** blk_request_advance() - @bytes of the data are done: what is left starts behind them */
void blk_request_advance(struct blk_request *request, uint64_t bytes);

#endif
