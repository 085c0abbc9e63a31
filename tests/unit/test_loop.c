/* SPDX-License-Identifier: MIT */
/* The loop: watches that start again, pause and stop; timers. */
#include <criterion/criterion.h>
#include <errno.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include "loop/loop.h"

static struct loop loop;
static struct pt_error err;
static int fd;
static unsigned calls;

static void up(void)
{
	int r = loop_open(&loop, &err);

	if (r == -EPERM || r == -ENOSYS)
		cr_skip_test("no io_uring here: %s", err.message);
	cr_assert_eq(r, 0, "%s", err.message);
	fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	cr_assert_geq(fd, 0);
	calls = 0;
}

static void down(void)
{
	loop_done(&loop);
	(void)close(fd);
}

TestSuite(loop, .init = up, .fini = down);

static void signal_fd(int to)
{
	uint64_t one = 1;

	cr_assert_eq(write(to, &one, sizeof(one)), sizeof(one));
}

static enum loop_next count(void *ctx)
{
	struct loop_watch *watch = ctx;
	uint64_t value;

	cr_assert_eq(read(watch->fd, &value, sizeof(value)), sizeof(value));
	calls++;
	return calls == 3 ? LOOP_END : LOOP_AGAIN;
}

static enum loop_next feed(void *ctx)
{
	(void)ctx;
	signal_fd(fd);
	return LOOP_AGAIN;
}

static enum loop_next end(void *ctx)
{
	(void)ctx;
	return LOOP_END;
}

static enum loop_next never(void *ctx)
{
	(void)ctx;
	cr_assert_fail("it was stopped");
	return LOOP_END;
}

Test(loop, a_watch_is_called_as_often_as_it_wants)
{
	int always = eventfd(1, EFD_CLOEXEC);
	struct loop_watch watch = {.fd = fd, .ready = count, .ctx = &watch};
	struct loop_watch feeder = {.fd = always, .ready = feed};

	cr_assert_eq(loop_watch_start(&loop, &watch, &err), 0);
	cr_assert_eq(loop_watch_start(&loop, &feeder, &err), 0);
	cr_assert_eq(loop_run(&loop, &err), 0);
	cr_assert_eq(calls, 3);
	(void)close(always);
}

static enum loop_next hear(void *ctx)
{
	(void)ctx;
	calls++;
	if (calls < 5)
		signal_fd(fd);
	return calls < 5 ? LOOP_AGAIN : LOOP_END;
}

Test(loop, each_write_to_an_eventfd_that_nobody_reads_is_heard_of)
{
	struct loop_watch watch = {.fd = fd, .each = true, .ready = hear};
	uint64_t value;

	signal_fd(fd);
	cr_assert_eq(loop_watch_start(&loop, &watch, &err), 0);
	cr_assert_eq(loop_run(&loop, &err), 0);
	cr_assert_eq(calls, 5);
	cr_assert(watch.waiting, "and it was not asked for anew");
	cr_assert_eq(read(fd, &value, sizeof(value)), sizeof(value));
	cr_assert_eq(value, 5);
}

static unsigned turns;

static enum loop_next insist(void *ctx)
{
	(void)ctx;
	cr_assert_geq(turns, calls, "the other one is called between");
	calls++;
	return calls < 4 ? LOOP_SOON : LOOP_END;
}

static enum loop_next have_turn(void *ctx)
{
	(void)ctx;
	turns++;
	return LOOP_SOON;
}

Test(loop, who_insists_is_called_again_when_others_had_their_turn)
{
	int always = eventfd(1, EFD_CLOEXEC);
	struct loop_watch watch = {.fd = fd, .each = true, .ready = insist};
	struct loop_watch other = {.fd = always, .ready = have_turn};

	turns = 0;
	signal_fd(fd);
	cr_assert_eq(loop_watch_start(&loop, &other, &err), 0);
	cr_assert_eq(loop_watch_start(&loop, &watch, &err), 0);
	cr_assert_eq(loop_run(&loop, &err), 0);
	cr_assert_eq(calls, 4);
	cr_assert(watch.waiting, "its descriptor was waited for all the time");
	(void)close(always);
}

static struct loop_watch stopped;

static enum loop_next insist_once(void *ctx)
{
	(void)ctx;
	cr_assert_eq(calls++, 0, "it was stopped");
	return LOOP_SOON;
}

static enum loop_next stop_it(void *ctx)
{
	(void)ctx;
	if (!calls)
		return LOOP_SOON;
	loop_watch_stop(&loop, &stopped);
	return turns++ < 3 ? LOOP_SOON : LOOP_END;
}

Test(loop, who_insists_and_is_stopped_is_not_called)
{
	int always = eventfd(1, EFD_CLOEXEC);
	struct loop_watch other = {.fd = always, .ready = stop_it};

	turns = 0;
	stopped = (struct loop_watch){.fd = fd, .each = true, .ready = insist_once};
	signal_fd(fd);
	cr_assert_eq(loop_watch_start(&loop, &stopped, &err), 0);
	cr_assert_eq(loop_watch_start(&loop, &other, &err), 0);
	cr_assert_eq(loop_run(&loop, &err), 0);
	cr_assert_eq(calls, 1);
	(void)close(always);
}

Test(loop, a_timer_is_due_once)
{
	struct loop_timer timer = LOOP_TIMER_CLOSED;

	cr_assert_eq(loop_timer_start(&loop, &timer, 1, end, NULL, &err), 0, "%s", err.message);
	cr_assert_eq(loop_run(&loop, &err), 0);
	loop_timer_stop(&loop, &timer);
	cr_assert_eq(timer.watch.fd, -1);
}

/* What is stopped is not called, though its descriptor became readable before. */
Test(loop, what_is_stopped_is_not_called)
{
	struct loop_timer unused = LOOP_TIMER_CLOSED, timer = LOOP_TIMER_CLOSED,
			  last = LOOP_TIMER_CLOSED;
	struct loop_watch watch = {.fd = fd, .ready = never};

	loop_timer_stop(&loop, &unused);
	cr_assert_eq(loop_watch_start(&loop, &watch, &err), 0);
	cr_assert_eq(loop_timer_start(&loop, &timer, 1, never, NULL, &err), 0);
	signal_fd(fd);
	loop_watch_stop(&loop, &watch);
	loop_timer_stop(&loop, &timer);
	cr_assert_eq(loop_watch_start(&loop, &watch, &err), 0, "and cannot be started again");
	cr_assert_eq(loop_timer_start(&loop, &last, 2, end, NULL, &err), 0);
	cr_assert_eq(loop_run(&loop, &err), 0);
	loop_timer_stop(&loop, &last);
}
