/* SPDX-License-Identifier: MIT */
#include "control/qmp_client.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/json_frame.h"

#define READ_SIZE  4096
#define ANSWER_MAX (16u << 20)

static int wait_failed(struct pt_error *err)
{
	if (errno == EAGAIN)
		return pt_error_remedy(
			err,
			pt_error_set(err, -ETIMEDOUT, "no answer in %d s", QMP_CLIENT_PATIENCE),
			"the guest's monitor is stuck; its process can be ended with SIGKILL");
	return pt_error_set(err, -errno, "%s", strerror(errno));
}

static int fill(struct qmp_client *client, struct pt_error *err)
{
	char *in = client->in_size > ANSWER_MAX ? NULL
						: realloc(client->in, client->in_size + READ_SIZE);
	ssize_t n;

	if (!in)
		return pt_error_set(err, -ENOMEM, "no memory for the answer");
	client->in = in;
	do {
		n = recv(client->fd, in + client->in_size, READ_SIZE, 0);
	} while (n < 0 && errno == EINTR);
	if (n < 0)
		return wait_failed(err);
	if (n == 0)
		return pt_error_set(err, -ECONNRESET, "the guest went away");
	client->in_size += (size_t)n;
	return 0;
}

/* The next thing that is said. */
static int receive(struct qmp_client *client, json_t **ret_message, struct pt_error *err)
{
	struct json_frame frame = {0};
	size_t length;
	json_t *message;

	while ((length = json_frame_end(&frame, client->in, client->in_size)) == 0) {
		int r = fill(client, err);

		if (r)
			return r;
	}
	message = json_loadb(client->in, length, 0, NULL);
	client->in_size -= length;
	memmove(client->in, client->in + length, client->in_size);
	if (!json_is_object(message)) {
		json_decref(message);
		return pt_error_set(err, -EPROTO, "what answers does not speak QMP");
	}
	*ret_message = message;
	return 0;
}

static int say(struct qmp_client *client, const char *text, struct pt_error *err)
{
	size_t size = strlen(text);

	while (size) {
		ssize_t n = send(client->fd, text, size, MSG_NOSIGNAL);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return wait_failed(err);
		text += n;
		size -= (size_t)n;
	}
	return 0;
}

int qmp_client_call(struct qmp_client *client, const char *command, json_t *arguments,
		    json_t **ret_result, struct pt_error *err)
{
	json_t *message = json_pack("{s:s}", "execute", command), *answer, *refusal;
	char *text;
	int r;

	if (message && arguments)
		(void)json_object_set_new(message, "arguments", arguments);
	text = message ? json_dumps(message, JSON_COMPACT) : NULL;
	json_decref(message);
	if (!text)
		return pt_error_set(err, -ENOMEM, "out of memory");
	r = say(client, text, err);
	free(text);
	while (!r) {
		r = receive(client, &answer, err);
		if (r)
			return r;
		if (!json_object_get(answer, "event"))
			break;
		json_decref(answer);
	}
	if (r)
		return r;
	refusal = json_object_get(answer, "error");
	if (refusal)
		r = pt_error_set(err, -EREMOTEIO, "%s",
				 json_string_value(json_object_get(refusal, "desc")));
	else if (ret_result)
		*ret_result = json_incref(json_object_get(answer, "return"));
	json_decref(answer);
	return r;
}

static int connect_to(struct qmp_client *client, const char *path, struct pt_error *err)
{
	const struct timeval limit = {.tv_sec = QMP_CLIENT_PATIENCE};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct ucred peer;
	socklen_t size = sizeof(peer);

	if (strlen(path) >= sizeof(address.sun_path))
		return pt_error_set(err, -ENAMETOOLONG, "longer than %zu bytes",
				    sizeof(address.sun_path) - 1);
	memcpy(address.sun_path, path, strlen(path) + 1);
	client->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (client->fd < 0 ||
	    setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit)) ||
	    setsockopt(client->fd, SOL_SOCKET, SO_SNDTIMEO, &limit, sizeof(limit)) ||
	    connect(client->fd, (struct sockaddr *)&address, sizeof(address)))
		return wait_failed(err);
	if (getsockopt(client->fd, SOL_SOCKET, SO_PEERCRED, &peer, &size) == 0)
		client->pid = peer.pid;
	return 0;
}

/* A socket that refuses it keeps its limit. */
void qmp_client_patient(struct qmp_client *client)
{
	const struct timeval none = {0};

	(void)setsockopt(client->fd, SOL_SOCKET, SO_RCVTIMEO, &none, sizeof(none));
}

int qmp_client_open(struct qmp_client *client, const char *path, struct pt_error *err)
{
	json_t *greeting = NULL;
	int r;

	*client = (struct qmp_client)QMP_CLIENT_CLOSED;
	r = connect_to(client, path, err);
	if (!r)
		r = receive(client, &greeting, err);
	if (!r && !json_object_get(greeting, "QMP"))
		r = pt_error_set(err, -EPROTO, "what answers does not speak QMP");
	json_decref(greeting);
	if (!r)
		r = qmp_client_call(client, "qmp_capabilities", NULL, NULL, err);
	if (r)
		qmp_client_close(client);
	return r ? pt_error_prefix(err, r, "%s", path) : 0;
}

void qmp_client_close(struct qmp_client *client)
{
	if (client->fd >= 0)
		(void)close(client->fd);
	free(client->in);
	*client = (struct qmp_client)QMP_CLIENT_CLOSED;
}
