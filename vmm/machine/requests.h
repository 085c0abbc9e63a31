/* SPDX-License-Identifier: MIT */
/*
 * struct requests: what somebody wants of the machine as a whole.
 *
 * A vCPU thread, a device or a signal handler asks; the thread in machine_run() acts. Asking is one atomic operation and
 * one write to an eventfd, so it is async-signal-safe and never blocks. A vCPU looks at it before every entry into the
 * guest: one that asked for a reset must not go on to the guest's next attempt.
 */
#ifndef TENON_MACHINE_REQUESTS_H
#define TENON_MACHINE_REQUESTS_H

#include <passthrough/error.h>
#include <pthread.h>
#include <stdatomic.h>

#define REQUEST_STOP	     1u
#define REQUEST_RESET	     2u
#define REQUEST_POWEROFF     4u
#define REQUEST_CRASH	     8u
#define REQUEST_FAIL	     16u
#define REQUEST_SHUT_DOWN    32u
#define REQUEST_PANIC	     64u  /* the guest's kernel panicked */
#define REQUEST_CRASH_KERNEL 128u /* the same, and its crash kernel takes over */
#define REQUEST_PANICS	     (REQUEST_PANIC | REQUEST_CRASH_KERNEL)

struct requests {
	atomic_uint bits;
	int event_fd;
	pthread_mutex_t crash_lock;
	struct pt_error crash; /* the first one, of a crash or a failure */
};

/** requests_init() - inverse: requests_done(). Errors: -EMFILE and others from eventfd(2). */
int requests_init(struct requests *requests, struct pt_error *err);

/** requests_done() - after requests_init(), failed or not */
void requests_done(struct requests *requests);

/** requests_post() - ask; async-signal-safe */
void requests_post(struct requests *requests, unsigned request);

/** requests_crash() - ask for the end, and say why; not from a signal handler */
void requests_crash(struct requests *requests, const struct pt_error *why);

/** requests_fail() - ask for the end because the machine, not the guest, has failed, and say why; not from a signal handler */
void requests_fail(struct requests *requests, const struct pt_error *why);

/** requests_pending() - what has been asked and not been cleared */
unsigned requests_pending(struct requests *requests);

/** requests_take() - quiet the eventfd, then look; the order loses none */
unsigned requests_take(struct requests *requests);

/** requests_clear() - these have been acted on */
void requests_clear(struct requests *requests, unsigned handled);

#endif
