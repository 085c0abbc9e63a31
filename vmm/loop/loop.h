/* SPDX-License-Identifier: MIT */
/*
 * struct loop: one io_uring, and what is waited for with it.
 *
 * A watch waits for a descriptor to become readable once; its callback says whether to wait again. So a watch whose owner
 * has no room for what would be read simply stops, and is started again when there is room. One thread runs the loop and
 * adds to it.
 */
#ifndef TENON_LOOP_LOOP_H
#define TENON_LOOP_LOOP_H

#include <liburing.h>
#include <passthrough/error.h>
#include <stdbool.h>

enum loop_next {
	LOOP_AGAIN, /* wait for the descriptor again */
	LOOP_PAUSE, /* not before loop_watch_start() */
	LOOP_END,   /* loop_run() returns */
};

/**
 * struct loop_watch - a descriptor to wait for; the owner's memory, zeroed at first
 * @ready: it can be read, or it is at its end
 */
struct loop_watch {
	int fd;
	enum loop_next (*ready)(void *ctx);
	void *ctx;
	bool waiting; /* the kernel has it */
};

struct loop {
	struct io_uring ring;
	bool open;
};

/** loop_open() - inverse: loop_done(). Errors: -ENOSYS, -EPERM io_uring is not to be had; -ENOMEM. */
int loop_open(struct loop *loop, struct pt_error *err);

/** loop_done() - watches are forgotten; accepts one that was only zeroed */
void loop_done(struct loop *loop);

/** loop_watch_start() - wait for the watch's descriptor; nothing when it is waited for already. Errors: -EBUSY. */
int loop_watch_start(struct loop *loop, struct loop_watch *watch, struct pt_error *err);

/** loop_run() - until a callback returns LOOP_END. Errors: from io_uring_enter(2). */
int loop_run(struct loop *loop, struct pt_error *err);

#endif
