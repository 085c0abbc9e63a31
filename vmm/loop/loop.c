/* SPDX-License-Identifier: MIT */
#include "loop/loop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include "loop/ring.h"

#define LOOP_ENTRIES 32u

static const struct ring_use use = {
	.operations = {IORING_OP_POLL_ADD, IORING_OP_POLL_REMOVE},
	.count = 2,
};

int loop_open(struct loop *loop, struct pt_error *err)
{
	int r = ring_open(&loop->ring, LOOP_ENTRIES, &use, err);

	loop->open = !r;
	return r ? r : ring_begin(&loop->ring, &use, err);
}

void loop_done(struct loop *loop)
{
	if (loop->open)
		io_uring_queue_exit(&loop->ring);
	loop->open = false;
}

static struct io_uring_sqe *take_entry(struct loop *loop)
{
	struct io_uring_sqe *sqe = io_uring_get_sqe(&loop->ring);

	if (!sqe && io_uring_submit(&loop->ring) >= 0)
		sqe = io_uring_get_sqe(&loop->ring);
	return sqe;
}

int loop_watch_start(struct loop *loop, struct loop_watch *watch, struct pt_error *err)
{
	struct io_uring_sqe *sqe;

	if (watch->waiting || watch->stopped)
		return 0;
	sqe = take_entry(loop);
	if (!sqe)
		return pt_error_set(err, -EBUSY, "io_uring: no room for another descriptor");
	if (watch->each)
		io_uring_prep_poll_multishot(sqe, watch->fd, POLLIN);
	else
		io_uring_prep_poll_add(sqe, watch->fd, watch->events ? watch->events : POLLIN);
	io_uring_sqe_set_data(sqe, watch);
	watch->waiting = true;
	return 0;
}

/* The kernel holds the file as long as it polls it, so it is told; an entry that cannot be had leaves only that. */
void loop_watch_stop(struct loop *loop, struct loop_watch *watch)
{
	struct io_uring_sqe *sqe = watch->waiting && loop->open ? take_entry(loop) : NULL;

	watch->stopped = true;
	if (!sqe)
		return;
	io_uring_prep_poll_remove(sqe, (uint64_t)(uintptr_t)watch);
	io_uring_sqe_set_data(sqe, NULL);
}

int loop_timer_start(struct loop *loop, struct loop_timer *timer, unsigned seconds,
		     enum loop_next (*due)(void *ctx), void *ctx, struct pt_error *err)
{
	const struct itimerspec when = {.it_value = {.tv_sec = seconds}};
	struct loop_watch *watch = &timer->watch;

	if (watch->fd < 0)
		watch->fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (watch->fd < 0 || timerfd_settime(watch->fd, 0, &when, NULL))
		return pt_error_set(err, -errno, "no timer: %m");
	watch->ready = due;
	watch->ctx = ctx;
	return loop_watch_start(loop, watch, err);
}

void loop_timer_stop(struct loop *loop, struct loop_timer *timer)
{
	if (timer->watch.fd < 0)
		return;
	loop_watch_stop(loop, &timer->watch);
	(void)close(timer->watch.fd);
	timer->watch.fd = -1;
}

/* The kernel ends what it does more than once when it has no room to say so, and is asked anew (IORING_CQE_F_MORE). */
static int dispatch(struct loop *loop, struct loop_watch *watch, bool more, bool *ret_end,
		    struct pt_error *err)
{
	watch->waiting = more;
	if (watch->stopped)
		return 0;
	switch (watch->ready(watch->ctx)) {
	case LOOP_AGAIN:
		return loop_watch_start(loop, watch, err);
	case LOOP_END:
		*ret_end = true;
		return 0;
	case LOOP_PAUSE:
		break;
	}
	return 0;
}

int loop_run(struct loop *loop, struct pt_error *err)
{
	bool end = false;
	int r = 0;

	while (!end && !r) {
		struct io_uring_cqe *cqe;

		r = io_uring_submit_and_wait(&loop->ring, 1);
		if (r == -EINTR || r == -EAGAIN || r > 0)
			r = 0;
		if (r)
			return pt_error_set(err, r, "io_uring: %s", strerror(-r));
		while (!end && !r && !io_uring_peek_cqe(&loop->ring, &cqe)) {
			struct loop_watch *watch = io_uring_cqe_get_data(cqe);
			bool more = cqe->flags & IORING_CQE_F_MORE;

			io_uring_cqe_seen(&loop->ring, cqe);
			if (watch)
				r = dispatch(loop, watch, more, &end, err);
		}
	}
	return r;
}
