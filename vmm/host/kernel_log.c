/* SPDX-License-Identifier: MIT */
#include "host/kernel_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#define RECORD_SIZE 8192 /* the kernel's own limit of one */

int kernel_log_open(void)
{
	int fd = open("/dev/kmsg", O_RDONLY | O_NONBLOCK | O_CLOEXEC);

	if (fd >= 0)
		(void)lseek(fd, 0, SEEK_END);
	return fd;
}

/* A record is "PRIORITY,NUMBER,TIME,FLAGS;TEXT\n", then lines with a blank before. Source: Documentation/ABI/testing/dev-kmsg. */
void kernel_log_last(int fd, const char *name, char *ret_text, size_t size)
{
	char record[RECORD_SIZE];
	ssize_t len;

	ret_text[0] = '\0';
	/* EPIPE: records were lost, and the next one is there. */
	while (fd >= 0 && ((len = read(fd, record, sizeof(record) - 1)) > 0 || errno == EPIPE)) {
		char *text;

		if (len <= 0)
			continue;
		record[len] = '\0';
		text = strchr(record, ';');
		if (!text)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (strstr(text, name))
			(void)snprintf(ret_text, size, "%s", text + 1);
	}
}
