/* SPDX-License-Identifier: MIT */
/* A loop that a test runs for as long as it has something to do. */
#ifndef TENON_TESTS_LOOP_SETTLE_H
#define TENON_TESTS_LOOP_SETTLE_H

#include <criterion/criterion.h>
#include <unistd.h>

#include "loop/loop.h"

static inline enum loop_next loop_settled(void *ctx)
{
	(void)ctx;
	return LOOP_END;
}

/* Lets the loop do what there is to do, and what comes of that: @turns of it. */
static inline void loop_settle(struct loop *loop, unsigned turns)
{
	int fds[2];
	struct loop_watch watch;

	for (unsigned i = 0; i < turns; i++) {
		cr_assert_eq(pipe(fds), 0);
		watch = (struct loop_watch){.fd = fds[0], .ready = loop_settled};
		(void)close(fds[1]);
		cr_assert_eq(loop_watch_start(loop, &watch, NULL), 0);
		cr_assert_eq(loop_run(loop, NULL), 0);
		(void)close(fds[0]);
	}
}

#endif
