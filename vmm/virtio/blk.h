/* SPDX-License-Identifier: MIT */
/*
 * struct virtio_blk: a disk (VIRTIO 1.2, 5.2) from a raw file or a block device of the host.
 *
 * It has an io_uring of its own, not the loop's: who stops the device, on whatever thread, must be able to wait until nothing
 * reads or writes the guest's memory any more, and only the loop's thread could do so with the loop's. The loop polls it
 * as long as it has something to say. What the page cache has, or a fast disk, is done when it was asked for, and nobody waits.
 *
 * A request is begun when there is room for it; one that finds none stays in its queue. A transfer that the kernel does in
 * part is gone on with. With direct access, what is not aligned as the disk wants it goes through a buffer.
 */
#ifndef TENON_VIRTIO_BLK_H
#define TENON_VIRTIO_BLK_H

#include <linux/virtio_blk.h>
#include <passthrough/sys.h>

#include "virtio/blk_request.h"
#include "virtio/image.h"
#include "virtio/virtio.h"

#define BLK_REQUESTS 256u

/** struct blk_stats - what was done since the device was opened; bytes, and how many requests */
struct blk_stats {
	uint64_t read_bytes;
	uint64_t write_bytes;
	uint64_t reads;
	uint64_t writes;
	uint64_t flushes;
	uint64_t discards;
	uint64_t failures;
};

/**
 * struct blk_slot - room for a request
 * @bounce: where its data is while it is under way, when that is not the guest's memory
 * @written: bytes, for the used ring
 * @bytes: that it asked for
 */
struct blk_slot {
	struct virtio_blk *blk;
	struct blk_slot *next_free;
	unsigned queue;
	void *bounce;
	struct iovec bounce_iov;
	uint32_t written;
	uint64_t bytes;
	struct blk_request request;
};

struct virtio_blk {
	struct virtio virtio;
	const struct plan_disk *plan;
	struct image image;
	struct virtio_blk_config config;
	struct io_uring ring;
	bool ring_open;
	struct loop *loop;
	struct loop_watch done;
	struct blk_slot *slots;
	struct blk_slot *free; /* of those that were ever used, which are the first @slots_used */
	unsigned slots_used;
	unsigned under_way;
	uint64_t waiting; /* a bit for each queue that found no room */
	uint64_t told;	  /* a bit for each queue with something given back */
	bool reported;	  /* that the host's disk fails */
	struct blk_stats stats;
};

/**
 * virtio_blk_open() - open and lock the disk; fills in what of @blk->virtio is the device's; before virtio_init()
 * @blk: zeroed
 * @queues: as many as it is to have
 *
 * Inverse: virtio_blk_done(), after a failure too. Errors: of image_open(); of io_uring_setup(2); -ENOMEM.
 */
int virtio_blk_open(struct virtio_blk *blk, const struct pt_sys *sys, const struct plan_disk *plan,
		    unsigned queues, struct pt_error *err);

/** virtio_blk_watch() - have the loop hear of what is done, which comes when the driver has begun something */
void virtio_blk_watch(struct virtio_blk *blk, struct loop *loop);

/** virtio_blk_stats() - from any thread */
struct blk_stats virtio_blk_stats(struct virtio_blk *blk);

/** virtio_blk_unwatch() - inverse of it, on the loop's thread */
void virtio_blk_unwatch(struct virtio_blk *blk, struct loop *loop);

/** virtio_blk_done() - after virtio_done() */
void virtio_blk_done(struct virtio_blk *blk);

#endif
