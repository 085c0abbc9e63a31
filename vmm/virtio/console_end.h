/* SPDX-License-Identifier: MIT */
/*
 * struct console_end: where a console of the guest ends on the host: a pseudo terminal, standard input and output, or a UNIX
 * socket, to which one program at a time is connected.
 *
 * A guest's console waits for what it says to be taken, with its interrupts off. So all of it is taken at once, into a buffer;
 * what does not fit there, because nobody reads, is lost. It is written when that can be done without waiting.
 *
 * All of it is on the loop's thread but opening and closing.
 */
#ifndef TENON_VIRTIO_CONSOLE_END_H
#define TENON_VIRTIO_CONSOLE_END_H

#include "loop/loop.h"
#include "plan/plan.h"

#define CONSOLE_BUFFER	  65536u /* bytes to the host */
#define CONSOLE_INPUT	  1024u	 /* bytes to the guest */
#define CONSOLE_NAME_SIZE 128

/**
 * struct console_end - descriptors are -1 where there is none
 * @in, @out: of who is there
 * @listener: of a socket
 * @peer: a pseudo terminal's other end, kept open so that its first one does not hang up while nobody is there
 * @name: as QMP has it: "pty:/dev/pts/3", "stdio", "unix:PATH,server=on"
 * @chunk: bytes that are written at a time
 * @input: what came and was not given to the guest yet, from @input_done to @input_size
 */
struct console_end {
	enum plan_console_kind kind;
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
	void (*came)(void *ctx);
	void *ctx;
	char *buffer; /* to the host, from @start on, @used bytes of CONSOLE_BUFFER */
	size_t start;
	size_t used;
	char input[CONSOLE_INPUT];
	size_t input_done;
	size_t input_size;
};

/**
 * console_end_open() - make it
 * @came: there is @input for the guest
 *
 * Inverse: console_end_done(), after a failure too. Errors: -EADDRINUSE; -EBUSY another console has the terminal; -ENOMEM; from
 * the system calls.
 */
int console_end_open(struct console_end *end, const struct plan_console *plan,
		     void (*came)(void *ctx), void *ctx, struct pt_error *err);

/** console_end_done() - accepts one that was only zeroed, before console_end_open() */
void console_end_done(struct console_end *end);

/** console_end_watch() - have the loop see to it. Errors: -EBUSY. */
int console_end_watch(struct console_end *end, struct loop *loop, struct pt_error *err);

/** console_end_unwatch() - inverse of it */
void console_end_unwatch(struct console_end *end, struct loop *loop);

/** console_end_lingers() - whether the loop has not let go of it yet */
bool console_end_lingers(const struct console_end *end);

/** console_end_put() - what the guest says; what does not fit is lost */
void console_end_put(struct console_end *end, const void *bytes, size_t size);

/** console_end_taken() - all of @input was given to the guest: hear of more */
void console_end_taken(struct console_end *end);

#endif
