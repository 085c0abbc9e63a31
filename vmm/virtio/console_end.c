/* SPDX-License-Identifier: MIT */
#include "virtio/console_end.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "terminal.h"

/* Of what blocks, so much can be written when it says that it can be written to (PIPE_BUF is POSIX's least). */
#define CHUNK_BLOCKING 512u

static int failed(const char *what, struct pt_error *err)
{
	int code = pt_error_set(err, -errno, "%s: %m", what);

	if (code != -EACCES)
		return code;
	return pt_error_remedy(
		err, code,
		"a console that comes while the guest runs needs a guest without its "
		"sandbox: --sandbox off; give others when it starts");
}

static int open_stdio(struct console_end *end, struct pt_error *err)
{
	int r;

	end->out = STDOUT_FILENO;
	end->chunk = CHUNK_BLOCKING;
	(void)snprintf(end->name, sizeof(end->name), "stdio");
	/* Touching the terminal from the background would stop this process. */
	if (isatty(STDIN_FILENO) && tcgetpgrp(STDIN_FILENO) != getpgrp())
		return 0;
	end->in = STDIN_FILENO;
	if (!isatty(STDIN_FILENO))
		return 0;
	r = terminal_raw(STDIN_FILENO, err);
	end->raw = !r;
	return r;
}

/* Nothing is echoed, changed or taken for a signal until whoever connects says otherwise. */
static int open_peer(struct console_end *end, const char *path, struct pt_error *err)
{
	struct termios mode;

	end->peer = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	if (end->peer < 0 || tcgetattr(end->peer, &mode))
		return failed(path, err);
	cfmakeraw(&mode);
	return tcsetattr(end->peer, TCSANOW, &mode) ? failed(path, err) : 0;
}

static int open_pty(struct console_end *end, struct pt_error *err)
{
	char path[64];
	int r;

	end->in = end->out = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	if (end->in < 0 || grantpt(end->in) || unlockpt(end->in))
		return failed("a pseudo terminal", err);
	r = ptsname_r(end->in, path, sizeof(path));
	if (r)
		return pt_error_set(err, -r, "a pseudo terminal: %s", strerror(r));
	(void)snprintf(end->name, sizeof(end->name), "pty:%s", path);
	return open_peer(end, path, err);
}

/* A socket that nobody listens on is one that was left behind. */
static bool left_behind(const struct sockaddr_un *address)
{
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	struct stat stat;
	bool dead = false;

	if (fd >= 0 && !lstat(address->sun_path, &stat) && S_ISSOCK(stat.st_mode))
		dead = connect(fd, (const struct sockaddr *)address, sizeof(*address)) &&
		       errno == ECONNREFUSED;
	if (fd >= 0)
		(void)close(fd);
	return dead;
}

/* Only this user may connect. */
static int bind_privately(int fd, const struct sockaddr_un *address)
{
	mode_t mask = umask(0177);
	int r = bind(fd, (const struct sockaddr *)address, sizeof(*address)) ? -errno : 0;

	(void)umask(mask);
	return r;
}

static int open_socket(struct console_end *end, const char *path, struct pt_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int r;

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	end->listener = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (end->listener < 0)
		return failed(path, err);
	r = bind_privately(end->listener, &address);
	if (r == -EADDRINUSE && left_behind(&address) && !unlink(path))
		r = bind_privately(end->listener, &address);
	if (r)
		return pt_error_remedy(
			err, pt_error_set(err, r, "%s: %s", path, strerror(-r)),
			"choose a path in a folder that is this user's, where nothing "
			"is");
	(void)snprintf(end->path, sizeof(end->path), "%s", path);
	(void)snprintf(end->name, sizeof(end->name), "unix:%s,server=on", path);
	return listen(end->listener, 1) ? failed(path, err) : 0;
}

/* It was made, bound and listened on by whoever started this process; what it is called goes with it, as if it were made here. */
static int adopt_socket(struct console_end *end, int fd, struct pt_error *err)
{
	struct sockaddr_un address = {.sun_family = AF_UNSPEC};
	socklen_t size = sizeof(address) - 1, int_size = sizeof(int);
	int listens = 0;

	end->listener = fd;
	if (getsockopt(fd, SOL_SOCKET, SO_ACCEPTCONN, &listens, &int_size) || !listens ||
	    getsockname(fd, (struct sockaddr *)&address, &size) || address.sun_family != AF_UNIX)
		return pt_error_set(err, -ENOTSOCK, "descriptor %d is no UNIX socket that listens",
				    fd);
	if (fcntl(fd, F_SETFD, FD_CLOEXEC) || fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK))
		return failed("a socket that was handed in", err);
	(void)snprintf(end->path, sizeof(end->path), "%s", address.sun_path);
	(void)snprintf(end->name, sizeof(end->name), "unix:%s,server=on", end->path);
	return 0;
}

/* Others need not read it. */
static int open_file(struct console_end *end, const char *path, struct pt_error *err)
{
	(void)snprintf(end->name, sizeof(end->name), "file");
	end->out =
		open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY | O_NONBLOCK, 0600);
	return end->out < 0 ? failed(path, err) : 0;
}

static int open_kind(struct console_end *end, const struct plan_console_port *plan,
		     struct pt_error *err)
{
	switch (plan->kind) {
	case PLAN_CONSOLE_PTY:
		return open_pty(end, err);
	case PLAN_CONSOLE_STDIO:
		return open_stdio(end, err);
	case PLAN_CONSOLE_SOCKET:
		return plan->fd ? adopt_socket(end, plan->fd, err)
				: open_socket(end, plan->path, err);
	case PLAN_CONSOLE_FILE:
		return open_file(end, plan->path, err);
	case PLAN_CONSOLE_NONE:
		break;
	}
	(void)snprintf(end->name, sizeof(end->name), "null");
	return 0;
}

int console_end_open(struct console_end *end, const struct plan_console_port *plan,
		     const struct console_end_ops *ops, void *ctx, struct pt_error *err)
{
	*end = (struct console_end){
		.kind = plan->kind,
		.lossy = !plan->channel,
		.in = -1,
		.out = -1,
		.listener = -1,
		.peer = -1,
		.chunk = CONSOLE_BUFFER,
		.ops = ops,
		.ctx = ctx,
		.buffer = malloc(CONSOLE_BUFFER + CONSOLE_INPUT),
	};
	if (!end->buffer)
		return pt_error_set(err, -ENOMEM, "out of memory");
	end->input = end->buffer + CONSOLE_BUFFER;
	return open_kind(end, plan, err);
}

static void close_fd(int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
	*fd = -1;
}

void console_end_done(struct console_end *end)
{
	if (!end->buffer)
		return;
	if (end->raw)
		terminal_restore();
	if (end->kind == PLAN_CONSOLE_FILE)
		close_fd(&end->out);
	if (end->kind != PLAN_CONSOLE_STDIO)
		close_fd(&end->in);
	end->in = end->out = -1;
	close_fd(&end->peer);
	close_fd(&end->listener);
	if (end->path[0])
		(void)unlink(end->path);
	free(end->buffer);
	end->buffer = NULL;
}

static void hear(struct console_end *end)
{
	if (end->in >= 0 && end->input_done == end->input_size)
		(void)loop_watch_start(end->loop, &end->readable, NULL);
}

static void write_when_possible(struct console_end *end)
{
	if (end->out >= 0 && end->used && end->loop)
		(void)loop_watch_start(end->loop, &end->writable, NULL);
}

static void emptied(struct console_end *end)
{
	if (end->full) {
		end->full = false;
		end->ops->room(end->ctx);
	}
}

/* Who was connected is gone, or there is no more input; the guest goes on. */
static void hang_up(struct console_end *end)
{
	if (end->kind != PLAN_CONSOLE_SOCKET) {
		if (end->kind == PLAN_CONSOLE_STDIO)
			end->in = -1;
		return;
	}
	loop_watch_stop(end->loop, &end->readable);
	loop_watch_stop(end->loop, &end->writable);
	close_fd(&end->in);
	end->out = -1;
	end->used = 0;
	(void)loop_watch_start(end->loop, &end->accepts, NULL);
	end->ops->joined(end->ctx);
	emptied(end);
}

static enum loop_next on_readable(void *ctx)
{
	struct console_end *end = ctx;
	ssize_t n = read(end->in, end->input, CONSOLE_INPUT);

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return LOOP_AGAIN;
	if (n <= 0) {
		hang_up(end);
		return LOOP_PAUSE;
	}
	end->input_done = 0;
	end->input_size = (size_t)n;
	end->ops->came(end->ctx);
	return LOOP_PAUSE; /* console_end_taken() starts it again */
}

static enum loop_next on_writable(void *ctx)
{
	struct console_end *end = ctx;
	size_t part = CONSOLE_BUFFER - end->start;
	ssize_t n;

	if (part > end->used)
		part = end->used;
	if (part > end->chunk)
		part = end->chunk;
	n = write(end->out, end->buffer + end->start, part);
	if (n < 0 && errno != EINTR && errno != EAGAIN)
		n = (ssize_t)end->used; /* nobody is there to read it */
	if (n > 0) {
		end->start = (end->start + (size_t)n) % CONSOLE_BUFFER;
		end->used -= (size_t)n;
		emptied(end);
	}
	return end->used ? LOOP_AGAIN : LOOP_PAUSE;
}

static void be_connected(struct console_end *end)
{
	end->readable = (struct loop_watch){.fd = end->in, .ready = on_readable, .ctx = end};
	end->writable = (struct loop_watch){
		.fd = end->out, .events = POLLOUT, .ready = on_writable, .ctx = end};
	hear(end);
	write_when_possible(end);
}

static enum loop_next on_accept(void *ctx)
{
	struct console_end *end = ctx;
	int fd;

	/* The kernel may still have the watches of the last one who was here. */
	if (end->readable.waiting || end->writable.waiting)
		return LOOP_AGAIN;
	fd = accept4(end->listener, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);
	if (fd < 0)
		return LOOP_AGAIN;
	end->in = end->out = fd;
	be_connected(end);
	end->ops->joined(end->ctx);
	return LOOP_PAUSE; /* until it is gone */
}

int console_end_watch(struct console_end *end, struct loop *loop, struct pt_error *err)
{
	end->loop = loop;
	if (end->listener < 0) {
		be_connected(end);
		return 0;
	}
	end->accepts = (struct loop_watch){.fd = end->listener, .ready = on_accept, .ctx = end};
	return loop_watch_start(loop, &end->accepts, err);
}

void console_end_unwatch(struct console_end *end, struct loop *loop)
{
	loop_watch_stop(loop, &end->accepts);
	loop_watch_stop(loop, &end->readable);
	loop_watch_stop(loop, &end->writable);
}

bool console_end_lingers(const struct console_end *end)
{
	return end->accepts.waiting || end->readable.waiting || end->writable.waiting;
}

bool console_end_joined(const struct console_end *end)
{
	return end->kind != PLAN_CONSOLE_SOCKET || end->out >= 0;
}

size_t console_end_put(struct console_end *end, const void *bytes, size_t size)
{
	const char *at = bytes;
	size_t left = size;

	/* Nobody is connected, and who connects later starts afresh. */
	if (end->out < 0)
		return size;
	while (left && end->used < CONSOLE_BUFFER) {
		size_t to = (end->start + end->used) % CONSOLE_BUFFER;
		size_t part = CONSOLE_BUFFER - end->used;

		if (part > CONSOLE_BUFFER - to)
			part = CONSOLE_BUFFER - to;
		if (part > left)
			part = left;
		memcpy(end->buffer + to, at, part);
		at += part;
		left -= part;
		end->used += part;
	}
	write_when_possible(end);
	if (end->lossy)
		return size;
	end->full = left;
	return size - left;
}

void console_end_taken(struct console_end *end)
{
	if (end->loop)
		hear(end);
}
