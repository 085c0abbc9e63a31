/* SPDX-License-Identifier: MIT */
#include "machine/space_closer.h"

#include <errno.h>
#include <signal.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void signal_closed(const struct space_closer *closer)
{
	const uint64_t one = 1;

	(void)!write(closer->closed.fd, &one, sizeof(one));
}

static void *thread_main(void *arg)
{
	struct space_closer *closer = arg;

	pt_space_close(closer->space);
	pthread_mutex_lock(&closer->lock);
	closer->space = NULL;
	pthread_cond_broadcast(&closer->idle);
	pthread_mutex_unlock(&closer->lock);
	signal_closed(closer);
	return NULL;
}

static bool busy(struct space_closer *closer)
{
	bool result;

	pthread_mutex_lock(&closer->lock);
	result = closer->space != NULL;
	pthread_mutex_unlock(&closer->lock);
	return result;
}

static void join(struct space_closer *closer)
{
	if (closer->started)
		(void)pthread_join(closer->thread, NULL);
	closer->started = false;
}

static enum loop_next on_closed(void *ctx)
{
	struct space_closer *closer = ctx;
	void (*settled)(void *ctx) = closer->settled;
	uint64_t count;

	(void)!read(closer->closed.fd, &count, sizeof(count));
	if (busy(closer) || !settled)
		return LOOP_AGAIN;
	closer->settled = NULL;
	settled(closer->ctx);
	return LOOP_AGAIN;
}

int space_closer_open(struct space_closer *closer, struct pt_error *err)
{
	*closer = (struct space_closer){
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.idle = PTHREAD_COND_INITIALIZER,
		.closed = {.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK),
			   .ready = on_closed,
			   .ctx = closer},
	};
	return closer->closed.fd < 0 ? pt_error_set(err, -errno, "no eventfd: %m") : 0;
}

void space_closer_done(struct space_closer *closer)
{
	if (!closer->closed.ctx)
		return;
	join(closer);
	if (closer->closed.fd >= 0)
		(void)close(closer->closed.fd);
	closer->closed.ctx = NULL;
}

int space_closer_watch(struct space_closer *closer, struct loop *loop, struct pt_error *err)
{
	return loop_watch_start(loop, &closer->closed, err);
}

/* vCPUs' signals and those that end the program are not for this thread. */
void space_closer_take(struct space_closer *closer, struct pt_space *space)
{
	sigset_t all, before;

	join(closer);
	closer->space = space;
	sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	closer->started = !pthread_create(&closer->thread, NULL, thread_main, closer);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (!closer->started)
		(void)thread_main(closer);
}

void space_closer_wait(struct space_closer *closer)
{
	pthread_mutex_lock(&closer->lock);
	while (closer->space)
		pthread_cond_wait(&closer->idle, &closer->lock);
	pthread_mutex_unlock(&closer->lock);
}

int space_closer_tell(struct space_closer *closer, void (*settled)(void *ctx), void *ctx,
		      struct pt_error *err)
{
	if (closer->settled)
		return pt_error_set(err, -EBUSY, "somebody waits for it already");
	closer->settled = settled;
	closer->ctx = ctx;
	signal_closed(closer);
	return 0;
}
