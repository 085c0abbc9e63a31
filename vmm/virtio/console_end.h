/* SPDX-License-Identifier: MIT */
/*
 * struct console_end: where a console or a channel of the guest ends on the host: a pseudo terminal, standard input and output, a
 * file, or a UNIX socket, to which one program at a time is connected.
 *
 * What the guest says goes into a buffer, and is written when that can be done without waiting. A guest's console waits for what
 * it says to be taken, with its interrupts off: so all of it is taken at once, and what does not fit, because nobody reads, is
 * lost. A channel's program can wait: there what does not fit stays with the guest. While nobody is connected everything is lost.
 *
 * All of it is on the loop's thread but opening and closing.
 */
#ifndef TENON_VIRTIO_CONSOLE_END_H
#define TENON_VIRTIO_CONSOLE_END_H

#include "loop/loop.h"
#include "plan/plan.h"

#define CONSOLE_BUFFER	  65536u /* bytes to the host */
#define CONSOLE_INPUT	  4096u	 /* bytes to the guest: of Linux, one of its buffers */
#define CONSOLE_NAME_SIZE 128

/**
 * struct console_end_ops - what the device hears; on the loop's thread
 * @came: there is @input for the guest
 * @room: there is room again, after console_end_put() had too little
 * @joined: somebody connected, or is gone
 */
struct console_end_ops {
	void (*came)(void *ctx);
	void (*room)(void *ctx);
	void (*joined)(void *ctx);
};

/**
 * struct console_end - descriptors are -1 where there is none
 * @lossy: what does not fit is lost
 * @in, @out: of who is there
 * @listener: of a socket
 * @peer: a pseudo terminal's other end, kept open so that its first one does not hang up while nobody is there
 * @name: as QMP has it: "pty:/dev/pts/3", "stdio", "unix:PATH,server=on", "file", "null"
 * @chunk: bytes that are written at a time
 * @full: console_end_put() had too little room
 * @input: what came and was not given to the guest yet, from @input_done to @input_size
 */
struct console_end {
	enum plan_console_kind kind;
	bool lossy;
	int in;
	int out;
	int listener;
	int peer;
	bool raw;
	char name[CONSOLE_NAME_SIZE];
	char path[PLAN_CONSOLE_PATH_SIZE]; /* that is removed in the end; empty: none */
	size_t chunk;
	struct loop *loop;
	struct loop_watch accepts;
	struct loop_watch readable;
	struct loop_watch writable;
	const struct console_end_ops *ops;
	void *ctx;
	char *buffer; /* to the host, from @start on, @used bytes of CONSOLE_BUFFER */
	size_t start;
	size_t used;
	bool full;
	char *input; /* CONSOLE_INPUT bytes behind those of @buffer */
	size_t input_done;
	size_t input_size;
};

/**
 * console_end_open() - make it
 * @ops: outlives it
 *
 * Inverse: console_end_done(), after a failure too. Errors: -EADDRINUSE; -EBUSY another console has the terminal; -ENOTSOCK what
 * was handed in does not listen; -ENOMEM; from the system calls.
 */
int console_end_open(struct console_end *end, const struct plan_console_port *plan,
		     const struct console_end_ops *ops, void *ctx, struct pt_error *err);

/** console_end_done() - accepts one that was only zeroed, before console_end_open() */
void console_end_done(struct console_end *end);

/** console_end_watch() - have the loop see to it. Errors: -EBUSY. */
int console_end_watch(struct console_end *end, struct loop *loop, struct pt_error *err);

/** console_end_unwatch() - inverse of it */
void console_end_unwatch(struct console_end *end, struct loop *loop);

/** console_end_lingers() - whether the loop has not let go of it yet */
bool console_end_lingers(const struct console_end *end);

/** console_end_joined() - whether what the guest says has anywhere to go: somebody is connected, where that takes anybody */
bool console_end_joined(const struct console_end *end);

/** console_end_put() - what the guest says. Return: how much of it was taken; hear of @room before the rest. */
size_t console_end_put(struct console_end *end, const void *bytes, size_t size);

/** console_end_taken() - all of @input was given to the guest: hear of more */
void console_end_taken(struct console_end *end);

#endif
