/* SPDX-License-Identifier: MIT */
#include "service.h"

#include <errno.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#define USEC_PER_SEC 1000000u
#define WATCHDOG_MIN 2u /* s; it is told twice in that time, and timers have whole seconds */

static int parse_address(const char *text, struct sockaddr_un *ret_address, socklen_t *ret_size,
			 struct pt_error *err)
{
	size_t len = strlen(text);

	*ret_address = (struct sockaddr_un){.sun_family = AF_UNIX};
	if ((*text != '/' && *text != '@') || len < 2 || len >= sizeof(ret_address->sun_path))
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL,
				     "NOTIFY_SOCKET: \"%s\" is not the address of a socket", text),
			"it is a path, or a name after @; without a service manager: env -u "
			"NOTIFY_SOCKET tenon ...");
	memcpy(ret_address->sun_path, text, len);
	if (*text == '@')
		ret_address->sun_path[0] = '\0';
	*ret_size = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + len);
	return 0;
}

static int connect_to(struct service *service, const char *text, struct pt_error *err)
{
	struct sockaddr_un address;
	socklen_t size = 0;
	int ret = parse_address(text, &address, &size, err);

	if (ret < 0)
		return ret;
	service->fd = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	if (service->fd >= 0 && connect(service->fd, (struct sockaddr *)&address, size) == 0)
		return 0;
	ret = pt_error_set(err, -errno, "NOTIFY_SOCKET: %s: %m", text);
	service_done(service);
	return pt_error_remedy(err, ret,
			       "without a service manager: env -u NOTIFY_SOCKET tenon ...");
}

/* How often a service manager wants to hear of this process. */
static int read_watchdog(struct service *service, const char *text, const char *pid,
			 struct pt_error *err)
{
	unsigned long long usec;
	char *end;

	if (pid && strtoll(pid, NULL, 10) != getpid())
		return 0;
	errno = 0;
	usec = strtoull(text, &end, 10);
	if (errno || end == text || *end || *text == '-')
		return pt_error_set(err, -EINVAL, "WATCHDOG_USEC: \"%s\" is not a time", text);
	if (usec < WATCHDOG_MIN * USEC_PER_SEC)
		return pt_error_remedy(err,
				       pt_error_set(err, -EINVAL,
						    "WATCHDOG_USEC: %s is less than %u s", text,
						    WATCHDOG_MIN),
				       "in the unit write WatchdogSec=%us or more", WATCHDOG_MIN);
	usec /= 2 * USEC_PER_SEC;
	service->interval = usec > UINT16_MAX ? UINT16_MAX : (unsigned)usec;
	return 0;
}

int service_open(struct service *service, struct pt_error *err)
{
	const char *address = getenv("NOTIFY_SOCKET"), *watchdog = getenv("WATCHDOG_USEC");
	int ret = 0;

	*service = (struct service)SERVICE_CLOSED;
	if (address)
		ret = connect_to(service, address, err);
	if (ret == 0 && address && watchdog)
		ret = read_watchdog(service, watchdog, getenv("WATCHDOG_PID"), err);
	if (ret < 0)
		service_done(service);
	(void)unsetenv("NOTIFY_SOCKET");
	(void)unsetenv("WATCHDOG_USEC");
	(void)unsetenv("WATCHDOG_PID");
	return ret;
}

void service_done(struct service *service)
{
	service_unwatch(service);
	if (service->fd >= 0)
		(void)close(service->fd);
	service->fd = -1;
}

static void tell(const struct service *service, const char *text)
{
	if (service && service->fd >= 0)
		(void)send(service->fd, text, strlen(text), MSG_NOSIGNAL);
}

void service_status(struct service *service, const char *format, ...)
{
	char text[512] = "STATUS=";
	size_t used = strlen(text);
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text + used, sizeof(text) - used, format, args);
	va_end(args);
	tell(service, text);
}

void service_ready(struct service *service)
{
	tell(service, "READY=1\nSTATUS=The guest runs");
}

void service_stopping(struct service *service)
{
	tell(service, "STOPPING=1\nSTATUS=The guest has ended; its devices are being given back");
}

static enum loop_next alive(void *ctx)
{
	struct service *service = ctx;
	struct pt_error ignored = PT_ERROR_INIT;

	tell(service, "WATCHDOG=1");
	/* Without a timer the service manager hears no more, which is what it watches for. */
	(void)loop_timer_start(service->loop, &service->timer, service->interval, alive, service,
			       &ignored);
	return LOOP_PAUSE;
}

int service_watch(struct service *service, struct loop *loop, struct pt_error *err)
{
	if (!service || !service->interval)
		return 0;
	service->loop = loop;
	return loop_timer_start(loop, &service->timer, service->interval, alive, service, err);
}

void service_unwatch(struct service *service)
{
	if (!service || !service->loop)
		return;
	loop_timer_stop(service->loop, &service->timer);
	service->loop = NULL;
}
