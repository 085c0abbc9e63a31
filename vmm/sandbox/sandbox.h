/* SPDX-License-Identifier: MIT */
/*
 * struct sandbox: what a guest that broke out into this process finds.
 *
 * Around the process: no file system (Landlock; as root also an empty root of its own), no capabilities but those for locked
 * memory, no new ones. For each thread, by its kind, the system calls of the table (calls.h). It is closed when everything of
 * the guest's is open and before a vCPU runs; what comes later is opened by the keeper (keeper.h).
 */
#ifndef TENON_SANDBOX_SANDBOX_H
#define TENON_SANDBOX_SANDBOX_H

#include "sandbox/filter.h"
#include "sandbox/keeper.h"

struct sandbox {
	struct keeper *keeper;
	struct sandbox_filter filters[SANDBOX_THREADS];
};

/** sandbox_unusable() - why this program has none, in a line; NULL: it has one */
const char *sandbox_unusable(void);

/**
 * sandbox_close() - close it around the process
 * @sandbox: zeroed; lives as long as the process has threads
 * @rawio: a device is had without an IOMMU, for which the kernel asks for more
 * @tap: so it does for tap devices, which may come
 *
 * Other threads of the process are left out of it: there are none. What the kernel does not have is said on standard error, a
 * line each; what it refuses fails. It cannot be opened again. Inverse for memory only: sandbox_done(). Errors: from the kernel.
 */
int sandbox_close(struct sandbox *sandbox, struct keeper *keeper, bool rawio, bool tap,
		  struct pt_error *err);

/**
 * sandbox_thread() - the calling thread makes the system calls of its kind from here on, and no others
 * @sandbox: NULL: any
 */
int sandbox_thread(const struct sandbox *sandbox, enum sandbox_thread kind, struct pt_error *err);

/** sandbox_done() - frees its memory; accepts one that was only zeroed */
void sandbox_done(struct sandbox *sandbox);

#endif
