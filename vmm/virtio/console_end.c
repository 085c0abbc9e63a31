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
	int code = pt_error_set(err, -errno, "console: %s: %m", what);

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
	return r ? pt_error_prefix(err, r, "console") : 0;
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
		return pt_error_set(err, -r, "console: a pseudo terminal: %s", strerror(r));
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
			err, pt_error_set(err, r, "console: %s: %s", path, strerror(-r)),
			"choose a path in a folder that is this user's, where nothing "
			"is");
	(void)snprintf(end->path, sizeof(end->path), "%s", path);
	(void)snprintf(end->name, sizeof(end->name), "unix:%s,server=on", path);
	return listen(end->listener, 1) ? failed(path, err) : 0;
}

int console_end_open(struct console_end *end, const struct plan_console *plan,
		     void (*came)(void *ctx), void *ctx, struct pt_error *err)
{
	*end = (struct console_end){
		.kind = plan->kind,
		.in = -1,
		.out = -1,
		.listener = -1,
		.peer = -1,
		.chunk = CONSOLE_BUFFER,
		.came = came,
		.ctx = ctx,
		.buffer = malloc(CONSOLE_BUFFER),
	};
	if (!end->buffer)
		return pt_error_set(err, -ENOMEM, "console: out of memory");
	switch (plan->kind) {
	case PLAN_CONSOLE_PTY:
		return open_pty(end, err);
	case PLAN_CONSOLE_STDIO:
		return open_stdio(end, err);
	case PLAN_CONSOLE_SOCKET:
		break;
	}
	return open_socket(end, plan->path, err);
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
}

static enum loop_next on_readable(void *ctx)
{
	struct console_end *end = ctx;
	ssize_t n = read(end->in, end->input, sizeof(end->input));

	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return LOOP_AGAIN;
	if (n <= 0) {
		hang_up(end);
		return LOOP_PAUSE;
	}
	end->input_done = 0;
	end->input_size = (size_t)n;
	end->came(end->ctx);
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
	if (n < 0 && errno != EINTR && errno != EAGAIN) {
		end->used = 0; /* nobody is there to read it */
		return LOOP_PAUSE;
	}
	if (n > 0) {
		end->start = (end->start + (size_t)n) % CONSOLE_BUFFER;
		end->used -= (size_t)n;
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

void console_end_put(struct console_end *end, const void *bytes, size_t size)
{
	const char *at = bytes;

	/* Nobody is connected, and who connects later starts afresh. */
	if (end->out < 0)
		return;
	while (size && end->used < CONSOLE_BUFFER) {
		size_t to = (end->start + end->used) % CONSOLE_BUFFER;
		size_t part = CONSOLE_BUFFER - end->used;

		if (part > CONSOLE_BUFFER - to)
			part = CONSOLE_BUFFER - to;
		if (part > size)
			part = size;
		memcpy(end->buffer + to, at, part);
		at += part;
		size -= part;
		end->used += part;
	}
	write_when_possible(end);
}

void console_end_taken(struct console_end *end)
{
	if (end->loop)
		hear(end);
}
