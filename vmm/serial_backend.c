/* SPDX-License-Identifier: MIT */
#include "serial_backend.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>
#include <unistd.h>

#include "cleanup.h"
#include "terminal.h"

static int system_failed(const char *what, struct pt_error *err)
{
	int code = -errno;

	return pt_error_set(err, code, "serial: %s: %s", what, strerror(-code));
}

static int open_stdio(struct serial_backend *ret_backend, struct pt_error *err)
{
	struct serial_backend backend = SERIAL_BACKEND_INIT;
	int ret;

	backend.in = STDIN_FILENO;
	backend.out = STDOUT_FILENO;
	if (isatty(STDIN_FILENO)) {
		/* Touching the terminal from the background would stop this process. */
		if (tcgetpgrp(STDIN_FILENO) != getpgrp()) {
			backend.in = -1;
		} else {
			ret = terminal_raw(STDIN_FILENO, err);
			if (ret < 0)
				return pt_error_prefix(err, ret, "serial");
			backend.raw = true;
		}
	}
	*ret_backend = backend;
	return 0;
}

static int open_file(const char *path, struct serial_backend *ret_backend, struct pt_error *err)
{
	struct serial_backend backend = SERIAL_BACKEND_INIT;

	/* A console can show secrets: others need not read it. */
	backend.out = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOCTTY, 0600);
	if (backend.out < 0)
		return system_failed(path, err);
	backend.owned = backend.out;
	*ret_backend = backend;
	return 0;
}

/* As a serial line is: nothing is echoed, changed or taken for a signal until whoever connects says otherwise. */
static int open_peer(const char *path, int *ret_peer, struct pt_error *err)
{
	CLEANUP_CLOSE int peer = open(path, O_RDWR | O_CLOEXEC | O_NOCTTY);
	struct termios mode;

	if (peer < 0 || tcgetattr(peer, &mode) < 0)
		return system_failed(path, err);
	cfmakeraw(&mode);
	if (tcsetattr(peer, TCSANOW, &mode) < 0)
		return system_failed(path, err);
	*ret_peer = TAKE_FD(peer);
	return 0;
}

static int open_pty(struct serial_backend *ret_backend, struct pt_error *err)
{
	struct serial_backend backend = SERIAL_BACKEND_INIT;
	CLEANUP_CLOSE int fd = posix_openpt(O_RDWR | O_NOCTTY | O_CLOEXEC | O_NONBLOCK);
	int ret;

	if (fd < 0 || grantpt(fd) < 0 || unlockpt(fd) < 0)
		return system_failed("a pseudo terminal", err);
	ret = ptsname_r(fd, backend.pty, sizeof(backend.pty));
	if (ret != 0)
		return pt_error_set(err, -ret, "serial: a pseudo terminal: %s", strerror(ret));
	ret = open_peer(backend.pty, &backend.peer, err);
	if (ret < 0)
		return ret;
	backend.in = backend.out = fd;
	backend.owned = TAKE_FD(fd);
	*ret_backend = backend;
	return 0;
}

int serial_backend_open(enum serial_kind kind, const char *path, struct serial_backend *ret_backend,
			struct pt_error *err)
{
	switch (kind) {
	case SERIAL_STDIO:
		return open_stdio(ret_backend, err);
	case SERIAL_FILE:
		return open_file(path, ret_backend, err);
	case SERIAL_PTY:
		return open_pty(ret_backend, err);
	case SERIAL_NONE:
		break;
	}
	*ret_backend = (struct serial_backend)SERIAL_BACKEND_INIT;
	return 0;
}

const char *serial_backend_name(enum serial_kind kind, const struct serial_backend *backend,
				char buf[SERIAL_PTY_SIZE + 4])
{
	static const char *const names[] = {
		[SERIAL_STDIO] = "stdio",
		[SERIAL_FILE] = "file",
		[SERIAL_PTY] = "pty:",
		[SERIAL_NONE] = "null",
	};

	(void)snprintf(buf, SERIAL_PTY_SIZE + 4, "%s%s", names[kind], backend->pty);
	return buf;
}

void serial_backend_close(struct serial_backend *backend)
{
	if (backend->raw)
		terminal_restore();
	if (backend->peer >= 0)
		(void)close(backend->peer);
	if (backend->owned >= 0)
		(void)close(backend->owned);
	*backend = (struct serial_backend)SERIAL_BACKEND_INIT;
}
