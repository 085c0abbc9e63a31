/* SPDX-License-Identifier: MIT */
/*
 * struct qmp_client: the other end of a control socket, for `tenon ctl` and `tenon list`; it blocks, with a time limit.
 */
#ifndef TENON_CONTROL_QMP_CLIENT_H
#define TENON_CONTROL_QMP_CLIENT_H

#include <jansson.h>
#include <passthrough/error.h>
#include <sys/types.h>

#define QMP_CLIENT_PATIENCE 10 /* seconds without an answer */

struct qmp_client {
	int fd;
	pid_t pid; /* whose socket it is */
	char *in;
	size_t in_size;
};

#define QMP_CLIENT_CLOSED \
	{                 \
		.fd = -1  \
	}

/**
 * qmp_client_open() - connect and negotiate
 *
 * Inverse: qmp_client_close(). Errors: -ENOENT no such socket; -ECONNREFUSED nobody listens; -EACCES; -ETIMEDOUT; -EPROTO
 * what answers is no QMP.
 */
int qmp_client_open(struct qmp_client *client, const char *path, struct pt_error *err);

/** qmp_client_close() - accepts QMP_CLIENT_CLOSED */
void qmp_client_close(struct qmp_client *client);

/** qmp_client_patient() - wait for answers as long as it takes: to pin a terabyte takes minutes */
void qmp_client_patient(struct qmp_client *client);

/**
 * qmp_client_call() - give a command, skip events, get the answer
 * @arguments: taken over; NULL for none
 * @ret_result: the caller's reference; may be NULL
 *
 * Errors: -EREMOTEIO the guest refuses, in its words; -ECONNRESET it went away; -ETIMEDOUT; -EPROTO.
 */
int qmp_client_call(struct qmp_client *client, const char *command, json_t *arguments,
		    json_t **ret_result, struct pt_error *err);

#endif
