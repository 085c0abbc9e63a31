/* SPDX-License-Identifier: MIT */
/*
 * struct space_closer: gives an address space back that no device is in any more.
 *
 * To let go of a guest's memory takes the kernel as long as it takes to look at each page of it, so a thread of its own does it.
 * Whoever must know that nothing of the space is open any more waits here, or is called on the loop's thread.
 */
#ifndef TENON_MACHINE_SPACE_CLOSER_H
#define TENON_MACHINE_SPACE_CLOSER_H

#include <passthrough/space.h>
#include <pthread.h>

#include "loop/loop.h"

/** struct space_closer - @space: the one that is being closed, NULL for none; @settled: who is called when there is none */
struct space_closer {
	struct loop_watch closed;
	pthread_t thread;
	bool started; /* @thread is to be joined */
	pthread_mutex_t lock;
	pthread_cond_t idle;
	struct pt_space *space; /* under @lock */
	void (*settled)(void *ctx);
	void *ctx;
};

/** space_closer_open() - inverse: space_closer_done(). Errors: from eventfd(2). */
int space_closer_open(struct space_closer *closer, struct pt_error *err);

/** space_closer_done() - waits; accepts one that was only zeroed */
void space_closer_done(struct space_closer *closer);

/** space_closer_watch() - let the loop call who waits; once. Errors: -EBUSY. */
int space_closer_watch(struct space_closer *closer, struct loop *loop, struct pt_error *err);

/** space_closer_take() - close @space, whose devices are closed; on the loop's thread. Cannot fail. */
void space_closer_take(struct space_closer *closer, struct pt_space *space);

/** space_closer_wait() - until none is being closed; from any thread */
void space_closer_wait(struct space_closer *closer);

/** space_closer_tell() - call @settled once, from the loop, when none is being closed. Errors: -EBUSY somebody waits already. */
int space_closer_tell(struct space_closer *closer, void (*settled)(void *ctx), void *ctx,
		      struct pt_error *err);

#endif
