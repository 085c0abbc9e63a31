/* SPDX-License-Identifier: MIT */
/*
 * struct service: the service manager that started tenon, where one did.
 *
 * It is told how far the guest is, and again and again that the loop lives. The protocol is datagrams to $NOTIFY_SOCKET, which
 * systemd promises to keep as they are (sd_notify(3), sd_watchdog_enabled(3)). libsystemd would do the same, but brings
 * compressors and cryptography into a process that holds devices.
 */
#ifndef TENON_SERVICE_H
#define TENON_SERVICE_H

#include <passthrough/error.h>

#include "loop/loop.h"

/**
 * struct service
 * @fd: connected to the service manager; -1 when there is none, and everything below does nothing
 * @interval: seconds after which it is told that the loop lives; 0 for never
 */
struct service {
	int fd;
	unsigned interval;
	struct loop *loop;
	struct loop_timer timer;
};

#define SERVICE_CLOSED                               \
	{                                            \
		.fd = -1, .timer = LOOP_TIMER_CLOSED \
	}

/**
 * service_open() - from the environment, whose variables are removed; inverse: service_done()
 *
 * Errors: -EINVAL an address or a time that is none, or a time too short; from connect(2).
 */
int service_open(struct service *service, struct pt_error *err);

/** service_done() - accepts one that is closed */
void service_done(struct service *service);

/** service_status() - one line for whoever asks how the service is; what cannot be delivered is lost. NULL is accepted. */
void service_status(struct service *service, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** service_ready() - the guest runs. NULL is accepted. */
void service_ready(struct service *service);

/** service_stopping() - it does not run any more, and its devices are being given back. NULL is accepted. */
void service_stopping(struct service *service);

/**
 * service_watch() - say from @loop that it lives, as often as the service manager wants to hear it; NULL is accepted
 *
 * Until service_unwatch() or the loop's end. Errors: of loop_timer_start().
 */
int service_watch(struct service *service, struct loop *loop, struct pt_error *err);

/** service_unwatch() - before the loop is done; accepts NULL and one that was not watched */
void service_unwatch(struct service *service);

#endif
