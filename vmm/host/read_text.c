/* SPDX-License-Identifier: MIT */
#include "host/read_text.h"

#include <fcntl.h>

int read_text(const struct pt_sys *sys, const char *path, char *buf, size_t size)
{
	int64_t got = 1;
	size_t len = 0;
	int fd = sys->open(sys->ctx, path, O_RDONLY);

	if (fd < 0)
		return fd;
	while (got > 0 && len < size - 1) {
		got = sys->read(sys->ctx, fd, buf + len, size - 1 - len);
		if (got > 0)
			len += (size_t)got;
	}
	(void)sys->close(sys->ctx, fd);
	if (got < 0)
		return (int)got;
	buf[len] = '\0';
	return 0;
}
