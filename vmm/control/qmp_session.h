/* SPDX-License-Identifier: MIT */
/*
 * struct qmp_session: one conversation in QMP, as bytes in and bytes out, and the descriptors that came with them; the
 * connection itself is somebody else's.
 *
 * Rules: docs/interop/qmp-spec of QEMU. A greeting comes first, nothing but qmp_capabilities is understood before it was
 * said, every answer carries the command's id, and events come in between.
 *
 * What the other side does harms nobody: a command has a limit in length, and so have answers that nobody reads; a
 * conversation that passes one is broken, and its owner ends it.
 */
#ifndef TENON_CONTROL_QMP_SESSION_H
#define TENON_CONTROL_QMP_SESSION_H

#include <jansson.h>
#include <passthrough/error.h>
#include <stdbool.h>
#include <stddef.h>

#include "control/json_frame.h"
#include "control/qmp_fds.h"
#include "control/target.h"

#define QMP_COMMAND_MAX (256u << 10) /* bytes */
#define QMP_ANSWERS_MAX (4u << 20)   /* bytes that wait to be read */

/** struct qmp_session - @out holds what is to be sent from @out_sent to @out_size */
struct qmp_session {
	const struct target *target;
	struct qmp_fds fds;
	struct json_frame frame;
	char *in;
	size_t in_size;
	char *out;
	size_t out_sent;
	size_t out_size;
	size_t out_room;
	struct qmp_wait
		*wait; /* a command is not answered yet, and those behind it wait; NULL: none */
	json_t *wait_id;
	bool negotiated;
	bool broken;
};

/** struct qmp_wait - @session: NULL when it has ended meanwhile */
struct qmp_wait {
	struct qmp_session *session;
};

/**
 * qmp_session_wait() - the command that runs is answered later
 *
 * Return: what qmp_session_answer() takes, NULL without memory. Inverse, within the command: qmp_session_wait_no_more().
 */
struct qmp_wait *qmp_session_wait(struct qmp_session *session);

/** qmp_session_wait_no_more() - it is answered at once after all */
void qmp_session_wait_no_more(struct qmp_wait *wait);

/** qmp_session_answer() - answer with success, or with @err; @ctx is the struct qmp_wait, which is gone then */
void qmp_session_answer(void *ctx, const struct pt_error *err);

/** qmp_session_init() - and greet. @target outlives it. Inverse: qmp_session_done(). */
void qmp_session_init(struct qmp_session *session, const struct target *target);

/** qmp_session_done() - accepts one that was only zeroed */
void qmp_session_done(struct qmp_session *session);

/**
 * qmp_session_descriptor() - @fd came with the bytes that are next; it is the session's
 *
 * The command that asks for it comes with it, or next. One for which none does is closed, and too many break the session.
 */
void qmp_session_descriptor(struct qmp_session *session, int fd);

/** qmp_session_input() - act on what came; commands that are complete are carried out */
void qmp_session_input(struct qmp_session *session, const char *bytes, size_t size);

/** qmp_session_event() - tell it of an event, once it has negotiated. @data: borrowed, NULL for none. */
void qmp_session_event(struct qmp_session *session, const char *name, json_t *data);

/** qmp_session_pending() - how many bytes wait to be sent; *@ret_bytes are the first of them */
size_t qmp_session_pending(const struct qmp_session *session, const char **ret_bytes);

/** qmp_session_sent() - so many of them were */
void qmp_session_sent(struct qmp_session *session, size_t size);

#endif
