/* SPDX-License-Identifier: MIT */
/*
 * struct sandbox_filter: the table of system calls for one kind of thread, as the kernel takes it (seccomp(2)).
 */
#ifndef TENON_SANDBOX_FILTER_H
#define TENON_SANDBOX_FILTER_H

#include <linux/filter.h>
#include <passthrough/error.h>

#include "sandbox/thread_kind.h"

/** struct sandbox_filter - zeroed, it is none */
struct sandbox_filter {
	struct sock_filter *code;
	unsigned short count; /* of instructions */
};

/**
 * sandbox_filter_make() - compile the rows of @kind; a call that is in none raises SIGSYS
 *
 * Inverse: sandbox_filter_done(). Errors: -ENOMEM; -EINVAL a row says what libseccomp does not know.
 */
int sandbox_filter_make(struct sandbox_filter *filter, enum sandbox_thread kind,
			struct pt_error *err);

/**
 * sandbox_filter_load() - it holds for the calling thread, and those that it makes; for ever. There are no new privileges already.
 *
 * Errors: from seccomp(2).
 */
int sandbox_filter_load(const struct sandbox_filter *filter, struct pt_error *err);

/** sandbox_filter_done() - accepts one that was only zeroed */
void sandbox_filter_done(struct sandbox_filter *filter);

#endif
