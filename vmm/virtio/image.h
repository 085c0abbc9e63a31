/* SPDX-License-Identifier: MIT */
/*
 * struct image: what a guest's disk is on the host: a raw file or a block device, open and locked.
 *
 * Who writes has it alone: the lock is one of open file descriptions, which every opening of the file by a program that asks
 * for one is held against, this process's own too; a block device is opened exclusively as well, so that one that is mounted
 * is refused. Those who only read share it.
 */
#ifndef TENON_VIRTIO_IMAGE_H
#define TENON_VIRTIO_IMAGE_H

#include <passthrough/error.h>
#include <passthrough/sys.h>
#include <stdbool.h>
#include <stdint.h>

#include "plan/plan.h"

/**
 * struct image - @fd is -1 when it is not open
 * @size: bytes; a multiple of @block
 * @block: bytes that can be read or written at a time, a power of two, 512 at least
 * @physical: bytes that are written at once without reading any, a multiple of @block
 * @align: where in memory what is read and written must be, and how long each piece is; 1 for anywhere
 */
struct image {
	int fd;
	uint64_t size;
	unsigned block;
	unsigned physical;
	unsigned align;
};

#define IMAGE_CLOSED     \
	{                \
		.fd = -1 \
	}

/**
 * image_open() - open and lock it, or take what was opened by somebody else
 *
 * Inverse: image_done(), after a failure too. Errors: -EACCES a descriptor that cannot be written; -EBUSY somebody else has it; -EINVAL it is neither a file nor a block
 * device, or has no size to be one; -EOPNOTSUPP it cannot be had without the host's page cache; from open(2).
 */
int image_open(struct image *image, const struct pt_sys *sys, const struct plan_disk *plan,
	       struct pt_error *err);

/**
 * image_look() - whether image_open() would have it now; takes no lock, and leaves nothing open
 * @plan: of one that is opened by its path
 *
 * Errors: of image_open().
 */
int image_look(const struct pt_sys *sys, const struct plan_disk *plan, struct pt_error *err);

/** image_done() - accepts IMAGE_CLOSED */
void image_done(struct image *image);

#endif
