/* SPDX-License-Identifier: MIT */
#include "machine/requests.h"

#include <errno.h>
#include <stdint.h>
#include <sys/eventfd.h>
#include <unistd.h>

int requests_init(struct requests *requests, struct pt_error *err)
{
	atomic_init(&requests->bits, 0);
	pthread_mutex_init(&requests->crash_lock, NULL);
	requests->crash = (struct pt_error)PT_ERROR_INIT;
	requests->event_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (requests->event_fd < 0)
		return pt_error_set(err, -errno, "no eventfd: %m");
	return 0;
}

void requests_done(struct requests *requests)
{
	if (requests->event_fd >= 0)
		close(requests->event_fd);
	requests->event_fd = -1;
	pthread_mutex_destroy(&requests->crash_lock);
}

void requests_post(struct requests *requests, unsigned request)
{
	uint64_t one = 1;
	int saved = errno;

	atomic_fetch_or(&requests->bits, request);
	/* It fails only when the counter is full, and then its reader is awake already. */
	(void)!write(requests->event_fd, &one, sizeof(one));
	errno = saved;
}

static void post_error(struct requests *requests, unsigned request, const struct pt_error *why)
{
	pthread_mutex_lock(&requests->crash_lock);
	if (!requests->crash.code)
		requests->crash = *why;
	pthread_mutex_unlock(&requests->crash_lock);
	requests_post(requests, request);
}

void requests_crash(struct requests *requests, const struct pt_error *why)
{
	post_error(requests, REQUEST_CRASH, why);
}

void requests_fail(struct requests *requests, const struct pt_error *why)
{
	post_error(requests, REQUEST_FAIL, why);
}

unsigned requests_pending(struct requests *requests)
{
	return atomic_load_explicit(&requests->bits, memory_order_acquire);
}

unsigned requests_take(struct requests *requests)
{
	uint64_t count;

	(void)!read(requests->event_fd, &count, sizeof(count));
	return requests_pending(requests);
}

void requests_clear(struct requests *requests, unsigned handled)
{
	atomic_fetch_and(&requests->bits, ~handled);
}
