/* SPDX-License-Identifier: MIT */
#include "control/control.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#define READ_SIZE    4096
#define ANSWERS_HIGH (64u << 10) /* so many bytes unread: no more commands are taken */

/* Whether somebody listens: a socket that a killed process left behind refuses. */
static bool alive(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	bool answered;

	if (fd < 0)
		return true;
	answered = connect(fd, (const struct sockaddr *)address, sizeof(*address)) == 0 ||
		   errno == EAGAIN;
	(void)close(fd);
	return answered;
}

/* What is there already: a guest's socket, or a file. 0: nothing, or what a killed process left behind. */
static int occupied(const struct sockaddr_un *address, struct pt_error *err)
{
	const char *path = address->sun_path;
	struct stat st;

	if (lstat(path, &st) < 0)
		return 0;
	if (!S_ISSOCK(st.st_mode))
		return pt_error_remedy(
			err, pt_error_set(err, -EEXIST, "%s: there is a file, and no socket", path),
			"choose another path for the control socket");
	if (!alive(address))
		return 0;
	return pt_error_remedy(
		err, pt_error_set(err, -EADDRINUSE, "%s: another guest listens there", path),
		"give this guest another name or control socket");
}

static int bind_at(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0177);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;

	(void)umask(mask);
	return r;
}

static int listen_at(int fd, const struct sockaddr_un *address, struct pt_error *err)
{
	int r = bind_at(fd, address);

	if (r == -EADDRINUSE) {
		r = occupied(address, err);
		if (r < 0)
			return r;
		(void)unlink(address->sun_path);
		r = bind_at(fd, address);
	}
	if (r == 0 && listen(fd, SOMAXCONN))
		r = -errno;
	return r < 0 ? pt_error_set(err, r, "%s: %s", address->sun_path, strerror(-r)) : 0;
}

static void init(struct control *control, int fd)
{
	*control = (struct control){.fd = fd};
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		control->clients[i] = (struct control_client){.control = control, .fd = -1};
}

static int make_address(const char *path, struct sockaddr_un *ret_address, struct pt_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};

	if (strlen(path) >= sizeof(address.sun_path))
		return pt_error_remedy(err,
				       pt_error_set(err, -ENAMETOOLONG, "%s: longer than %zu bytes",
						    path, sizeof(address.sun_path) - 1),
				       "choose a shorter path for the control socket");
	memcpy(address.sun_path, path, strlen(path) + 1);
	*ret_address = address;
	return 0;
}

int control_look(const char *path, struct pt_error *err)
{
	struct sockaddr_un address;
	int r = make_address(path, &address, err);

	return r ? r : occupied(&address, err);
}

int control_open(struct control *control, const char *path, struct pt_error *err)
{
	struct sockaddr_un address;
	int fd, r = make_address(path, &address, err);

	if (r)
		return r;
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (fd < 0)
		return pt_error_set(err, -errno, "control socket: %m");
	r = listen_at(fd, &address, err);
	if (r) {
		(void)close(fd);
		return r;
	}
	init(control, fd);
	memcpy(control->path, path, strlen(path) + 1);
	return 0;
}

static int no_listener(const char *fd, int code, struct pt_error *err)
{
	return pt_error_remedy(err,
			       pt_error_set(err, code,
					    "control socket: descriptor %s is no UNIX socket that "
					    "listens",
					    fd),
			       "hand one in that does, or name a path");
}

int control_adopt(struct control *control, const char *fd, struct pt_error *err)
{
	int listens = 0, family = 0;
	socklen_t size = sizeof(listens);
	char *end;
	long number = strtol(fd, &end, 10);

	if (end == fd || *end || number < 0 || number > INT_MAX || fcntl((int)number, F_GETFD) < 0)
		return no_listener(fd, -EBADF, err);
	if (getsockopt((int)number, SOL_SOCKET, SO_ACCEPTCONN, &listens, &size) || !listens ||
	    getsockopt((int)number, SOL_SOCKET, SO_DOMAIN, &family, &size) || family != AF_UNIX)
		return no_listener(fd, -ENOTSOCK, err);
	(void)fcntl((int)number, F_SETFD, FD_CLOEXEC);
	(void)fcntl((int)number, F_SETFL, O_NONBLOCK);
	init(control, (int)number);
	return 0;
}

static void hang_up(struct control_client *client)
{
	const struct control *control = client->control;

	if (control->ends && client->session.negotiated)
		control->target.ops->quit(control->target.ctx);
	loop_watch_stop(client->control->loop, &client->readable);
	loop_watch_stop(client->control->loop, &client->writable);
	(void)close(client->fd);
	client->fd = -1;
	qmp_session_done(&client->session);
}

/* Return: false when the client is gone. */
static bool flush(struct control_client *client)
{
	const char *bytes;
	size_t size;

	while ((size = qmp_session_pending(&client->session, &bytes)) > 0) {
		ssize_t n = send(client->fd, bytes, size, MSG_NOSIGNAL | MSG_DONTWAIT);

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return errno == EAGAIN;
		qmp_session_sent(&client->session, (size_t)n);
	}
	return true;
}

/* After anything that may have made something to send, or room to read. */
static void go_on(struct control_client *client)
{
	struct loop *loop = client->control->loop;
	const char *bytes;
	size_t size;
	int r = 0;

	if (!flush(client) || client->session.broken) {
		hang_up(client);
		return;
	}
	size = qmp_session_pending(&client->session, &bytes);
	if (size)
		r = loop_watch_start(loop, &client->writable, NULL);
	if (!r && size < ANSWERS_HIGH)
		r = loop_watch_start(loop, &client->readable, NULL);
	if (r)
		hang_up(client);
}

/* As many descriptors as there is room for; the kernel closes those beyond (unix(7)). */
static void take_descriptors(struct control_client *client, struct msghdr *message)
{
	for (struct cmsghdr *part = CMSG_FIRSTHDR(message); part;
	     part = CMSG_NXTHDR(message, part)) {
		size_t count = (part->cmsg_len - CMSG_LEN(0)) / sizeof(int);

		if (part->cmsg_level != SOL_SOCKET || part->cmsg_type != SCM_RIGHTS)
			continue;
		for (size_t i = 0; i < count; i++) {
			int fd;

			memcpy(&fd, CMSG_DATA(part) + i * sizeof(fd), sizeof(fd));
			qmp_session_descriptor(&client->session, fd);
		}
	}
}

static ssize_t receive(struct control_client *client, char *bytes, size_t size)
{
	union {
		struct cmsghdr header;
		char room[CMSG_SPACE(QMP_FDS_UNCLAIMED_MAX * sizeof(int))];
	} control;
	struct iovec iov = {bytes, size};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	ssize_t n = recvmsg(client->fd, &message, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);

	if (n >= 0)
		take_descriptors(client, &message);
	return n;
}

static enum loop_next on_readable(void *ctx)
{
	struct control_client *client = ctx;
	char bytes[READ_SIZE];
	ssize_t n = receive(client, bytes, sizeof(bytes));

	if (n > 0) {
		qmp_session_input(&client->session, bytes, (size_t)n);
	} else if (n == 0 || (errno != EINTR && errno != EAGAIN)) {
		hang_up(client);
		return LOOP_PAUSE;
	}
	go_on(client);
	return LOOP_PAUSE;
}

static enum loop_next on_writable(void *ctx)
{
	go_on(ctx);
	return LOOP_PAUSE;
}

/* Whoever connects and says nothing must not keep others out. Return: whether there is room, or will be. */
static bool make_room(struct control *control)
{
	struct control_client *oldest = NULL;

	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd < 0)
			return true;
		if (!client->session.negotiated && (!oldest || client->number < oldest->number))
			oldest = client;
	}
	if (oldest)
		hang_up(oldest);
	return oldest;
}

static struct control_client *free_place(struct control *control)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &control->clients[i];

		/* The kernel may still have the watches of the last one who was here. */
		if (client->fd < 0 && !client->readable.waiting && !client->writable.waiting)
			return client;
	}
	return NULL;
}

static enum loop_next on_accept(void *ctx)
{
	struct control *control = ctx;
	struct control_client *client = free_place(control);
	int fd;

	/* A place that is made now is free only when the kernel has given its watches back: the newcomer waits so long. */
	if (!client && make_room(control))
		return LOOP_AGAIN;
	fd = accept4(control->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd >= 0 && !client)
		(void)close(fd);
	if (fd < 0 || !client)
		return LOOP_AGAIN;
	client->fd = fd;
	client->number = ++control->accepted;
	client->readable = (struct loop_watch){.fd = fd, .ready = on_readable, .ctx = client};
	client->writable = (struct loop_watch){
		.fd = fd, .events = POLLOUT, .ready = on_writable, .ctx = client};
	qmp_session_init(&client->session, &control->target);
	go_on(client);
	return LOOP_AGAIN;
}

int control_start(struct control *control, struct loop *loop, const struct target *target,
		  struct pt_error *err)
{
	if (control->fd < 0)
		return 0;
	control->loop = loop;
	control->target = *target;
	control->accepts =
		(struct loop_watch){.fd = control->fd, .ready = on_accept, .ctx = control};
	return loop_watch_start(loop, &control->accepts, err);
}

/* What is sent now may be an answer to a command that is under way: its watch sends it. */
void control_answered(struct control *control)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX && control->fd >= 0; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd >= 0 && qmp_session_pending(&client->session, &(const char *){NULL}))
			(void)loop_watch_start(control->loop, &client->writable, NULL);
	}
}

void control_event(struct control *control, const char *name, json_t *data)
{
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX && control->fd >= 0; i++) {
		if (control->clients[i].fd >= 0)
			qmp_session_event(&control->clients[i].session, name, data);
	}
	control_answered(control);
	json_decref(data);
}

void control_close(struct control *control)
{
	if (control->fd < 0)
		return;
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		struct control_client *client = &control->clients[i];

		if (client->fd < 0)
			continue;
		(void)flush(client);
		(void)close(client->fd);
		client->fd = -1;
		qmp_session_done(&client->session);
	}
	if (*control->path)
		(void)unlink(control->path);
	(void)close(control->fd);
	control->fd = -1;
}
