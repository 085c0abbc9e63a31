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

static void call_soon(struct loop *loop, struct loop_watch *watch)
{
	if (watch->soon)
		return;
	watch->soon = true;
	watch->next = NULL;
	if (loop->soon)
		loop->last_soon->next = watch;
	else
		loop->soon = watch;
	loop->last_soon = watch;
}

static void forget_soon(struct loop *loop, struct loop_watch *watch)
{
	struct loop_watch *before = NULL;

	if (!watch->soon)
		return;
	for (struct loop_watch *each = loop->soon; each != watch; each = each->next)
		before = each;
	if (before)
		before->next = watch->next;
	else
		loop->soon = watch->next;
	if (loop->last_soon == watch)
		loop->last_soon = before;
	watch->soon = false;
}

/* The kernel holds the file as long as it polls it, so it is told; an entry that cannot be had leaves only that. */
void loop_watch_stop(struct loop *loop, struct loop_watch *watch)
{
	struct io_uring_sqe *sqe = watch->waiting && loop->open ? take_entry(loop) : NULL;

	watch->stopped = true;
	forget_soon(loop, watch);
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

static int call(struct loop *loop, struct loop_watch *watch, bool *ret_end, struct pt_error *err)
{
	switch (watch->ready(watch->ctx)) {
	case LOOP_SOON:
		call_soon(loop, watch);
		return loop_watch_start(loop, watch, err);
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

/* What somebody is called for soon does not wait; else what can be waited for. */
static int enter(struct loop *loop, struct pt_error *err)
{
	int r = 0;

	if (!loop->soon)
		r = io_uring_submit_and_wait(&loop->ring, 1);
	else if (io_uring_sq_ready(&loop->ring))
		r = io_uring_submit(&loop->ring);
	if (r >= 0 || r == -EINTR || r == -EAGAIN)
		return 0;
	return pt_error_set(err, r, "io_uring: %s", strerror(-r));
}

/* The kernel ends what it does more than once when it has no room to say so, and is asked anew (IORING_CQE_F_MORE). */
static int call_ready(struct loop *loop, bool *ret_end, struct pt_error *err)
{
	struct io_uring_cqe *cqe;
	int r = 0;

	while (!*ret_end && !r && !io_uring_peek_cqe(&loop->ring, &cqe)) {
		struct loop_watch *watch = io_uring_cqe_get_data(cqe);
		bool more = cqe->flags & IORING_CQE_F_MORE;

		io_uring_cqe_seen(&loop->ring, cqe);
		if (!watch)
			continue;
		watch->waiting = more;
		if (!watch->stopped)
			r = call(loop, watch, ret_end, err);
	}
	return r;
}

/* Who asks for it again waits for the next turn. */
static int call_who_asked(struct loop *loop, bool *ret_end, struct pt_error *err)
{
	unsigned count = 0;
	int r = 0;

	for (const struct loop_watch *watch = loop->soon; watch; watch = watch->next)
		count++;
	for (; count && loop->soon && !*ret_end && !r; count--) {
		struct loop_watch *watch = loop->soon;

		forget_soon(loop, watch);
		r = call(loop, watch, ret_end, err);
	}
	return r;
}

int loop_run(struct loop *loop, struct pt_error *err)
{
	bool end = false;
	int r = 0;

	while (!end && !r) {
		r = enter(loop, err);
		if (!r)
			r = call_ready(loop, &end, err);
		if (!r && !end)
			r = call_who_asked(loop, &end, err);
	}
	return r;
}
