/* SPDX-License-Identifier: MIT */
/*
 * An io_uring that does what its owner does with it, and nothing else: the kernel holds it to a list of operations
 * (IORING_REGISTER_RESTRICTIONS), since no filter of system calls sees what is in a ring.
 */
#ifndef TENON_LOOP_RING_H
#define TENON_LOOP_RING_H

#include <liburing.h>
#include <passthrough/error.h>
#include <stdint.h>

#define RING_OPS_MAX 8u

/**
 * struct ring_use - what a ring is for
 * @operations: IORING_OP_*, @count of them
 * @fixed_files: on registered files only; they can be unregistered
 */
struct ring_use {
	uint8_t operations[RING_OPS_MAX];
	unsigned count;
	bool fixed_files;
};

/**
 * ring_open() - with room for @entries; it stands still until ring_begin(), and takes registrations until then
 *
 * What the kernel lacks of what is used is looked at first. Inverse: io_uring_queue_exit(). Errors: -ENOSYS, -EPERM there is no
 * io_uring to be had; -EOPNOTSUPP it lacks something; -ENOMEM.
 */
int ring_open(struct io_uring *ring, unsigned entries, const struct ring_use *use,
	      struct pt_error *err);

/** ring_begin() - from here on it does what @use says. Errors: from io_uring_register(2). */
int ring_begin(struct io_uring *ring, const struct ring_use *use, struct pt_error *err);

/**
 * ring_lacks() - what a kernel's ring lacks of what is used, in words; NULL: nothing
 * @features: as of struct io_uring_params; @probe: NULL where the kernel does not say
 */
const char *ring_lacks(uint32_t features, const struct io_uring_probe *probe,
		       const struct ring_use *use);

#endif
