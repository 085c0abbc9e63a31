/* SPDX-License-Identifier: MIT */
/*
 * Which of the host's CPUs a thread runs on. Threads inherit it from who makes them.
 */
#ifndef TENON_MACHINE_AFFINITY_H
#define TENON_MACHINE_AFFINITY_H

#include <passthrough/error.h>
#include <sched.h>

#include "cpu_list.h"

/** affinity_set() - as the system's calls have it */
cpu_set_t affinity_set(const struct cpu_list *list);

/**
 * affinity_enter() - run the calling thread on these CPUs
 * @list: none to leave it where it is, and @ret_before none as well
 * @ret_before: where it was allowed to run until now
 *
 * Errors: from sched_setaffinity(2).
 */
int affinity_enter(const struct cpu_list *list, struct cpu_list *ret_before, struct pt_error *err);

#endif
