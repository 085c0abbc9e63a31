/* SPDX-License-Identifier: MIT */
#include "machine/prefault.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <time.h>

#include "cleanup.h"

/* As large as the largest page, so that no two threads wait for one; a thread that is done takes the next. */
#define PIECE ((size_t)1 << 30)
/* And smaller ones where that would leave threads idle: still a multiple of the smaller huge pages. */
#define PIECE_MIN ((size_t)16 << 20)

struct prefault {
	unsigned char *base;
	size_t size;
	size_t piece;
	atomic_size_t next;    /* piece */
	atomic_size_t present; /* bytes */
	atomic_int failed;     /* -errno */
};

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/* @progress: NULL on the threads that tell nobody. */
static void touch(struct prefault *work, const struct prefault_progress *progress)
{
	uint64_t told = progress ? now_ms() : 0;

	while (!atomic_load(&work->failed)) {
		size_t first = atomic_fetch_add(&work->next, 1) * work->piece;
		size_t size = work->size - first < work->piece ? work->size - first : work->piece;

		if (first >= work->size)
			break;
		while (madvise(work->base + first, size, MADV_POPULATE_WRITE)) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			atomic_store(&work->failed, -errno);
			return;
		}
		atomic_fetch_add(&work->present, size);
		if (progress && now_ms() - told >= progress->interval_ms) {
			told = now_ms();
			progress->told(progress->ctx, atomic_load(&work->present), work->size);
		}
	}
}

static void *touch_thread(void *work)
{
	touch(work, NULL);
	return NULL;
}

int prefault(void *base, size_t size, unsigned threads, const struct prefault_progress *progress,
	     struct pt_error *err)
{
	struct prefault work = {.base = base, .size = size, .piece = PIECE};
	CLEANUP_FREE pthread_t *others = calloc(threads, sizeof(*others));
	unsigned started = 0;
	int failed;

	while (work.piece > PIECE_MIN && size / work.piece < threads * (size_t)4)
		work.piece /= 2;
	while (others && started + 1 < threads && started < size / work.piece &&
	       pthread_create(&others[started], NULL, touch_thread, &work) == 0)
		started++;
	touch(&work, progress);
	while (started > 0)
		(void)pthread_join(others[--started], NULL);
	failed = atomic_load(&work.failed);
	if (!failed)
		return 0;
	return pt_error_set(err, failed, "guest memory: %zu MiB cannot be made present: %s",
			    size >> 20, strerror(-failed));
}
