/* SPDX-License-Identifier: MIT */
#include "loop/loop.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#define LOOP_ENTRIES 32u

int loop_open(struct loop *loop, struct pt_error *err)
{
	int r = io_uring_queue_init(LOOP_ENTRIES, &loop->ring, 0);

	if (!r) {
		loop->open = true;
		return 0;
	}
	pt_error_set(err, r, "no io_uring: %s", strerror(-r));
	if (r == -EPERM)
		return pt_error_remedy(err, r,
				       "allow it: sudo sysctl kernel.io_uring_disabled=0; in a "
				       "container, let its seccomp profile pass io_uring");
	if (r == -ENOSYS)
		return pt_error_remedy(err, r, "use a kernel with CONFIG_IO_URING");
	return r;
}

void loop_done(struct loop *loop)
{
	if (loop->open)
		io_uring_queue_exit(&loop->ring);
	loop->open = false;
}

int loop_watch_start(struct loop *loop, struct loop_watch *watch, struct pt_error *err)
{
	struct io_uring_sqe *sqe;

	if (watch->waiting)
		return 0;
	sqe = io_uring_get_sqe(&loop->ring);
	if (!sqe && io_uring_submit(&loop->ring) >= 0)
		sqe = io_uring_get_sqe(&loop->ring);
	if (!sqe)
		return pt_error_set(err, -EBUSY, "io_uring: no room for another descriptor");
	io_uring_prep_poll_add(sqe, watch->fd, POLLIN);
	io_uring_sqe_set_data(sqe, watch);
	watch->waiting = true;
	return 0;
}

static int dispatch(struct loop *loop, struct loop_watch *watch, bool *ret_end,
		    struct pt_error *err)
{
	watch->waiting = false;
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

			io_uring_cqe_seen(&loop->ring, cqe);
			r = dispatch(loop, watch, &end, err);
		}
	}
	return r;
}
