/* SPDX-License-Identifier: MIT */
/*
 * struct backends: what of the host a device will use, by the names that whoever controls the guest gave it, before the device
 * comes and until its name is given up after the device has left: block nodes, network ends, sources of random numbers.
 *
 * A device gets descriptors of its own. Nothing here is opened; a path is opened with the device, and what the sandbox or the
 * user's rights do not let it open comes as a descriptor.
 */
#ifndef TENON_CONTROL_BACKENDS_H
#define TENON_CONTROL_BACKENDS_H

#include <passthrough/error.h>
#include <stdbool.h>

#include "plan/plan.h"

#define BACKENDS_MAX	  64
#define BACKEND_NAME_SIZE 64

enum backend_kind {
	BACKEND_FREE,
	BACKEND_FILE,	/* a file, or a block device */
	BACKEND_FORMAT, /* the contents of the one below it, which are raw */
	BACKEND_TAP,
	BACKEND_RNG,
};

/**
 * struct backend - one
 * @type: what it was said to be: "file", "host_device", "raw", "tap", "rng-random"
 * @path: a file's; of a tap device its name, which may be empty
 * @fds: what it was given, 0 for none; its own
 * @below: name of what is below a format
 * @device: id of the device that uses it, empty for none so far
 */
struct backend {
	enum backend_kind kind;
	char name[BACKEND_NAME_SIZE];
	char type[BACKEND_NAME_SIZE];
	char path[PT_PATH_SIZE];
	bool readonly;
	bool direct;
	char below[BACKEND_NAME_SIZE];
	enum plan_vhost vhost;
	unsigned pairs;
	int fds[PLAN_NET_PAIRS_MAX];
	int vhost_fds[PLAN_NET_PAIRS_MAX];
	char device[PLAN_ID_SIZE];
};

/** struct backends - zeroed at first */
struct backends {
	struct backend list[BACKENDS_MAX];
};

/** backends_done() - close what they have */
void backends_done(struct backends *backends);

/** backend_close() - close what one was given; it is free then */
void backend_close(struct backend *backend);

/**
 * backends_add() - @backend is copied; its descriptors are taken over on success
 *
 * Names of block nodes, of network ends and of objects are apart. Errors: -EINVAL the name is empty; -EEXIST; -ENOSPC.
 */
int backends_add(struct backends *backends, const struct backend *backend, struct pt_error *err);

/** backends_find() - one of a kind, or of another like it: files and formats are. NULL for none. */
struct backend *backends_find(struct backends *backends, enum backend_kind kind, const char *name);

/** backends_above() - the format that is on a file; NULL for none */
const struct backend *backends_above(const struct backends *backends, const struct backend *file);

/** backends_file() - the file that a format is on, NULL when it is on none; another backend itself */
const struct backend *backends_file(struct backends *backends, const struct backend *backend);

/** backends_of() - what a device uses; of a disk, its topmost. NULL for none. */
const struct backend *backends_of(const struct backends *backends, const char *device);

#endif
