/* SPDX-License-Identifier: MIT */
/*
 * struct loop: one io_uring, and what is waited for with it.
 *
 * A watch waits for a descriptor to become readable, or writable, once; its callback says whether to wait again. So a watch
 * whose owner has no room for what would be read simply stops, and is started again when there is room. One that is for an
 * eventfd and has @each hears of each write to it, and nobody reads it: no system call is made for it once it was started. One
 * thread runs the loop and adds to it.
 */
#ifndef TENON_LOOP_LOOP_H
#define TENON_LOOP_LOOP_H

#include <liburing.h>
#include <passthrough/error.h>
#include <stdbool.h>

enum loop_next {
	LOOP_AGAIN, /* wait for the descriptor again */
	LOOP_PAUSE, /* not before loop_watch_start() */
	LOOP_SOON,  /* as LOOP_AGAIN, and call it anyway when the others had their turn */
	LOOP_END,   /* loop_run() returns */
};

/**
 * struct loop_watch - a descriptor to wait for; the owner's memory, zeroed at first
 * @events: as of poll(2); 0 for POLLIN
 * @each: of an eventfd that is never read: @ready is called for each write to it, or for several together
 * @ready: it can be read (or what @events says), or it is at its end
 */
struct loop_watch {
	int fd;
	unsigned events;
	bool each;
	enum loop_next (*ready)(void *ctx);
	void *ctx;
	bool waiting; /* the kernel has it */
	bool stopped;
	bool soon;
	struct loop_watch *next; /* of those that are called soon */
};

struct loop {
	struct io_uring ring;
	bool open;
	struct loop_watch *soon; /* who is called soon, to @last_soon */
	struct loop_watch *last_soon;
};

/** loop_open() - inverse: loop_done(). Errors: of ring_open() and ring_begin(). */
int loop_open(struct loop *loop, struct pt_error *err);

/** loop_done() - watches are forgotten; accepts one that was only zeroed */
void loop_done(struct loop *loop);

/** loop_watch_start() - wait for the watch's descriptor; nothing when it is waited for already. Errors: -EBUSY. */
int loop_watch_start(struct loop *loop, struct loop_watch *watch, struct pt_error *err);

/**
 * loop_watch_stop() - do not wait for it any more; its callback is not called again
 *
 * The descriptor may be closed at once. The watch stays the loop's as long as it is @waiting, at most until loop_done(); it
 * is not started again, but its memory may become another watch then.
 */
void loop_watch_stop(struct loop *loop, struct loop_watch *watch);

/** struct loop_timer - something that is due once; the owner's memory, LOOP_TIMER_CLOSED at first */
struct loop_timer {
	struct loop_watch watch;
};

#define LOOP_TIMER_CLOSED            \
	{                            \
		.watch = {.fd = -1 } \
	}

/**
 * loop_timer_start() - call @due in @seconds, anew if it is waiting already
 *
 * Inverse: loop_timer_stop(). Errors: from timerfd_create(2); -EBUSY.
 */
int loop_timer_start(struct loop *loop, struct loop_timer *timer, unsigned seconds,
		     enum loop_next (*due)(void *ctx), void *ctx, struct pt_error *err);

/** loop_timer_stop() - it is not due any more, and never again; accepts one that was not started */
void loop_timer_stop(struct loop *loop, struct loop_timer *timer);

/** loop_run() - until a callback returns LOOP_END. Errors: from io_uring_enter(2). */
int loop_run(struct loop *loop, struct pt_error *err);

#endif
