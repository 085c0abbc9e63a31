/* SPDX-License-Identifier: MIT */
/*
 * The table of system calls that a guest's process makes after its start, and nothing but those.
 */
#ifndef TENON_SANDBOX_CALLS_H
#define TENON_SANDBOX_CALLS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sandbox/thread_kind.h"

/**
 * struct sandbox_call - a row: a system call, or one use of it
 * @name: as the kernel calls it
 * @threads: that may make it, 1 << enum sandbox_thread each
 * @compare: only where the argument @argument, as far as @mask goes, is @value
 * @what: the value's name; NULL without @compare
 * @error: it is not made, and fails with this errno; 0: it is made
 * @seldom: no test of the lab comes by it, for the reason in @why
 * @why: what it is for
 */
struct sandbox_call {
	const char *name;
	unsigned threads;
	bool compare;
	unsigned argument;
	uint64_t mask;
	uint64_t value;
	const char *what;
	int error;
	bool seldom;
	const char *why;
};

extern const struct sandbox_call sandbox_calls[];
extern const size_t sandbox_call_count;

#endif
