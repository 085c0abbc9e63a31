/* SPDX-License-Identifier: MIT */
/*
 * A system call that is not in the table: it is named, and the process ends with EXIT_FAILED.
 */
#ifndef TENON_SANDBOX_VIOLATION_H
#define TENON_SANDBOX_VIOLATION_H

#include <passthrough/error.h>

#include "sandbox/thread_kind.h"

struct keeper;

/** violation_catch() - from now on; @keeper says it, and lives as long as the process. Errors: from sigaction(2). */
int violation_catch(const struct keeper *keeper, struct pt_error *err);

/** violation_thread() - the calling thread is of @kind */
void violation_thread(enum sandbox_thread kind);

#endif
