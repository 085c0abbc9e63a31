/* SPDX-License-Identifier: MIT */
#include "host/driver_ops.h"

#include <errno.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <sys/wait.h>

#include "host/limited_io.h"

static int linux_read(void *ctx, const char *path, char *buf, size_t size, unsigned limit)
{
	(void)ctx;
	return limited_read(path, buf, size, limit);
}

static int linux_write(void *ctx, const char *path, const char *text, unsigned limit)
{
	(void)ctx;
	return limited_write(path, text, limit);
}

static int linux_load_module(void *ctx, const char *name)
{
	char program[] = "modprobe", quiet[] = "-q", end[] = "--", module[PT_DRIVER_SIZE];
	char *argv[] = {program, quiet, end, module, NULL};
	char *environment[] = {NULL};
	int status, ret;
	pid_t pid;

	(void)ctx;
	(void)snprintf(module, sizeof(module), "%s", name);
	ret = posix_spawn(&pid, "/sbin/modprobe", NULL, NULL, argv, environment);
	if (ret != 0)
		return -ret;
	while (waitpid(pid, &status, 0) < 0) {
		if (errno != EINTR)
			return -errno;
	}
	return status == 0 ? 0 : -ENOENT;
}

static int linux_libvirt(void *ctx, const char *uri, const char *name, enum libvirt_action action,
			 unsigned limit, struct pt_error *err)
{
	(void)ctx;
	return libvirt_do(LIBVIRT_LIBRARY, uri, name, action, limit, err);
}

static int linux_remember(void *ctx, const struct journal *journal,
			  const struct journal_record *record, struct pt_error *err)
{
	(void)ctx;
	return journal_write(journal, record, err);
}

static int linux_forget(void *ctx, const struct journal *journal, const char *name,
			struct pt_error *err)
{
	(void)ctx;
	return journal_remove(journal, name, err);
}

const struct driver_ops driver_ops_linux = {
	.read = linux_read,
	.write = linux_write,
	.load_module = linux_load_module,
	.libvirt = linux_libvirt,
	.remember = linux_remember,
	.forget = linux_forget,
};

void driver_host_say(const struct driver_host *host, const char *fmt, ...)
{
	char text[PT_ERROR_MESSAGE_SIZE];
	va_list args;

	va_start(args, fmt);
	(void)vsnprintf(text, sizeof(text), fmt, args);
	va_end(args);
	if (host->say)
		host->say(host->say_ctx, text);
}
