/* SPDX-License-Identifier: MIT */
/*
 * struct control: the control socket, a UNIX stream socket that speaks QMP, and the clients that are connected to it.
 *
 * It lives on the loop and never blocks it: a client that stalls, floods or sends garbage costs a bounded amount of memory
 * and is hung up on in the end. One that has not negotiated makes room for a new one when all places are taken. Only the owner of the process may connect (the socket's mode is 0600).
 */
#ifndef TENON_CONTROL_CONTROL_H
#define TENON_CONTROL_CONTROL_H

#include <jansson.h>
#include <stdint.h>

#include "control/qmp_session.h"
#include "loop/loop.h"

#define CONTROL_CLIENTS_MAX 8

struct control;

/** struct control_client - one connection, the @number'th; @fd is -1 while the place is free */
struct control_client {
	struct control *control;
	int fd;
	uint64_t number;
	struct loop_watch readable;
	struct loop_watch writable;
	struct qmp_session session;
};

/** struct control - @path: where the socket is; empty for none, and for one that somebody else made; @ends: a client that leaves quits */
struct control {
	char path[108];
	int fd;
	bool ends;
	uint64_t accepted;
	struct loop *loop;
	struct loop_watch accepts;
	struct target target;
	struct control_client clients[CONTROL_CLIENTS_MAX];
};

#define CONTROL_CLOSED   \
	{                \
		.fd = -1 \
	}

/**
 * control_open() - make the socket; nobody is answered yet
 * @path: a file there that no process listens on is replaced
 *
 * Inverse: control_close(). Errors: -EADDRINUSE a guest listens there; -ENAMETOOLONG; from socket(2), bind(2).
 */
int control_open(struct control *control, const char *path, struct pt_error *err);

/** control_look() - whether control_open() would find the place taken. Errors: as there, but for those of system calls. */
int control_look(const char *path, struct pt_error *err);

/**
 * control_adopt() - the same with a socket that somebody else made, which listens already and stays where it is
 * @fd: its number, as text; it is the control's from now on
 *
 * Errors: -EBADF no such descriptor; -ENOTSOCK it is not a UNIX socket that listens.
 */
int control_adopt(struct control *control, const char *fd, struct pt_error *err);

/** control_start() - answer, on @loop, about @target; both outlive the loop's run. Errors: of loop_watch_start(). */
int control_start(struct control *control, struct loop *loop, const struct target *target,
		  struct pt_error *err);

/** control_event() - tell every client; on the loop's thread. Takes over @data, NULL for none. */
void control_event(struct control *control, const char *name, json_t *data);

/** control_answered() - a command that was not answered at once is now: have it sent; on the loop's thread */
void control_answered(struct control *control);

/** control_close() - say what is left to say as far as it is taken at once, hang up, remove the socket; after the loop's run */
void control_close(struct control *control);

#endif
