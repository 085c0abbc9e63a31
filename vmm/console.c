/* SPDX-License-Identifier: MIT */
#include "console.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <termios.h>
#include <unistd.h>

#include "cleanup.h"

#define ESCAPE 0x1d /* Ctrl-] */

static bool put_all(int fd, const char *bytes, size_t size)
{
	while (size) {
		ssize_t n = write(fd, bytes, size);

		if (n < 0 && errno == EINTR)
			continue;
		if (n <= 0)
			return false;
		bytes += n;
		size -= (size_t)n;
	}
	return true;
}

/* Return: whether to go on. */
static bool carry(int from, int to, bool *escape)
{
	char bytes[256];
	ssize_t n = read(from, bytes, sizeof(bytes));
	const char *end;

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0)
		return false;
	end = escape ? memchr(bytes, ESCAPE, (size_t)n) : NULL;
	if (end) {
		*escape = true;
		n = end - bytes;
	}
	return put_all(to, bytes, (size_t)n) && !end;
}

static void carry_both(int pty)
{
	struct pollfd fds[] = {{.fd = STDIN_FILENO, .events = POLLIN},
			       {.fd = pty, .events = POLLIN}};
	bool escape = false, go_on = true;

	while (go_on) {
		if (poll(fds, 2, -1) < 0 && errno != EINTR)
			return;
		if (fds[1].revents)
			go_on = carry(pty, STDOUT_FILENO, NULL);
		if (go_on && fds[0].revents)
			go_on = carry(STDIN_FILENO, pty, &escape);
	}
}

/* A terminal, or a socket that somebody listens on. */
static int open_end(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct stat stat_;
	CLEANUP_CLOSE int fd = -1;

	if (stat(path, &stat_) || !S_ISSOCK(stat_.st_mode))
		return open(path, O_RDWR | O_NOCTTY | O_CLOEXEC);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (fd < 0 || connect(fd, (struct sockaddr *)&address, sizeof(address)))
		return -1;
	return TAKE_FD(fd);
}

int console_run(const char *path, struct pt_error *err)
{
	CLEANUP_CLOSE int pty = open_end(path);
	struct termios before, raw;
	bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &before) == 0;

	if (pty < 0)
		return pt_error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (terminal) {
		raw = before;
		cfmakeraw(&raw);
		(void)dprintf(STDERR_FILENO, "tenon: console of the guest; Ctrl-] ends this\r\n");
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &raw);
	}
	carry_both(pty);
	if (terminal) {
		(void)tcsetattr(STDIN_FILENO, TCSANOW, &before);
		(void)dprintf(STDERR_FILENO, "\n");
	}
	return 0;
}
