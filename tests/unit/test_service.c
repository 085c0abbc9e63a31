/* SPDX-License-Identifier: MIT */
/* What a service manager is told. The test is the service manager. */
#include <criterion/criterion.h>
#include <errno.h>
#include <poll.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "service.h"

static struct service service;
static struct pt_error err;
static char path[64];
static int manager = -1;

/* @first: '/' for a socket in the file system, '@' for an abstract one. */
static void listen_as(char first)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	size_t len = (size_t)snprintf(path, sizeof(path), "%ctmp/tenon-test-%d", first, getpid());

	memcpy(address.sun_path, path, len);
	if (first == '@')
		address.sun_path[0] = '\0';
	manager = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	cr_assert_eq(bind(manager, (struct sockaddr *)&address,
			  (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len)),
		     0, "%s: %s", path, strerror(errno));
	(void)setenv("NOTIFY_SOCKET", path, 1);
}

static void down(void)
{
	service_done(&service);
	if (manager >= 0)
		(void)close(manager);
	if (path[0] == '/')
		(void)unlink(path);
}

TestSuite(service, .fini = down, .timeout = 20);

static const char *heard(void)
{
	static char text[600];
	struct pollfd poll_fd = {.fd = manager, .events = POLLIN};
	ssize_t n;

	cr_assert_eq(poll(&poll_fd, 1, 5000), 1, "nothing was said");
	n = recv(manager, text, sizeof(text) - 1, 0);
	cr_assert_gt(n, 0);
	text[n] = '\0';
	return text;
}

static void open_well(void)
{
	cr_assert_eq(service_open(&service, &err), 0, "%s", err.message);
}

Test(service, nobody_asked)
{
	(void)unsetenv("NOTIFY_SOCKET");
	(void)setenv("WATCHDOG_USEC", "5000000", 1);
	open_well();
	cr_assert_eq(service.fd, -1);
	cr_assert_eq(service.interval, 0);
	service_ready(&service);
	service_status(&service, "%s", "lost");
	service_ready(NULL);
	service_stopping(NULL);
	service_unwatch(NULL);
}

static void says_all(void)
{
	open_well();
	cr_assert_null(getenv("NOTIFY_SOCKET"));
	service_status(&service, "Starting with %d devices", 2);
	cr_assert_str_eq(heard(), "STATUS=Starting with 2 devices");
	service_ready(&service);
	cr_assert_eq(strncmp(heard(), "READY=1\n", 8), 0);
	service_stopping(&service);
	cr_assert_eq(strncmp(heard(), "STOPPING=1\n", 11), 0);
}

Test(service, by_a_socket_in_the_file_system)
{
	listen_as('/');
	says_all();
}

Test(service, by_an_abstract_socket)
{
	listen_as('@');
	says_all();
}

Test(service, a_long_status_is_cut)
{
	char text[1000];

	listen_as('@');
	open_well();
	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	service_status(&service, "%s", text);
	cr_assert_eq(strlen(heard()), 511);
}

static void must_fail(int code, const char *part)
{
	err = (struct pt_error)PT_ERROR_INIT;
	cr_assert_eq(service_open(&service, &err), code, "%s", err.message);
	cr_assert_not_null(strstr(err.message, part), "\"%s\" does not say \"%s\"", err.message,
			   part);
	cr_assert_eq(service.fd, -1);
}

Test(service, addresses_that_are_none)
{
	char text[200];

	memset(text, '/', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	(void)setenv("NOTIFY_SOCKET", text, 1);
	must_fail(-EINVAL, "is not the address of a socket");
	(void)setenv("NOTIFY_SOCKET", "run/notify", 1);
	must_fail(-EINVAL, "\"run/notify\" is not the address of a socket");
	(void)setenv("NOTIFY_SOCKET", "@", 1);
	must_fail(-EINVAL, "\"@\" is not the address of a socket");
	(void)setenv("NOTIFY_SOCKET", "/nonexistent/notify", 1);
	must_fail(-ENOENT, "/nonexistent/notify: No such file or directory");
}

static void watchdog(const char *usec, int ours)
{
	char pid[16];

	(void)snprintf(pid, sizeof(pid), "%d", (int)(ours ? getpid() : getppid()));
	(void)setenv("NOTIFY_SOCKET", path, 1);
	(void)setenv("WATCHDOG_USEC", usec, 1);
	(void)setenv("WATCHDOG_PID", pid, 1);
}

Test(service, how_often_it_must_hear)
{
	listen_as('@');
	watchdog("30000000", 1);
	open_well();
	cr_assert_eq(service.interval, 15);
	cr_assert_null(getenv("WATCHDOG_USEC"));
	service_done(&service);
	watchdog("30000000", 0);
	open_well();
	cr_assert_eq(service.interval, 0);
	service_done(&service);
	watchdog("18446744073709551615", 1);
	open_well();
	cr_assert_eq(service.interval, UINT16_MAX);
	service_done(&service);
	watchdog("1999999", 1);
	must_fail(-EINVAL, "is less than 2 s");
	cr_assert_not_null(strstr(err.remedy, "WatchdogSec=2s"));
	watchdog("soon", 1);
	must_fail(-EINVAL, "\"soon\" is not a time");
	watchdog("-1", 1);
	must_fail(-EINVAL, "\"-1\" is not a time");
}

static enum loop_next end(void *ctx)
{
	(void)ctx;
	return LOOP_END;
}

/* Twice within the time that the service manager gives. */
Test(service, the_loop_says_that_it_lives)
{
	struct loop loop = {0};
	struct loop_timer stop = LOOP_TIMER_CLOSED;
	int ret = loop_open(&loop, &err);

	if (ret == -EPERM || ret == -ENOSYS)
		cr_skip_test("no io_uring here: %s", err.message);
	listen_as('@');
	watchdog("2000000", 1);
	open_well();
	cr_assert_eq(service_watch(&service, &loop, &err), 0, "%s", err.message);
	cr_assert_eq(loop_timer_start(&loop, &stop, 3, end, NULL, &err), 0);
	cr_assert_eq(loop_run(&loop, &err), 0, "%s", err.message);
	cr_assert_str_eq(heard(), "WATCHDOG=1");
	cr_assert_str_eq(heard(), "WATCHDOG=1");
	loop_timer_stop(&loop, &stop);
	service_unwatch(&service);
	loop_done(&loop);
}
