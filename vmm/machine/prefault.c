/* SPDX-License-Identifier: MIT */
#include "machine/prefault.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>

#include "cleanup.h"

/* As large as the largest page, so that no two threads wait for one; a thread that is done takes the next. */
#define PIECE ((size_t)1 << 30)
/* And smaller ones where that would leave threads idle: still a multiple of the smaller huge pages. */
#define PIECE_MIN ((size_t)16 << 20)

struct prefault {
	unsigned char *base;
	size_t size;
	size_t piece;
	atomic_size_t next; /* piece */
	atomic_int failed;  /* -errno */
};

static void *touch(void *arg)
{
	struct prefault *work = arg;

	while (!atomic_load(&work->failed)) {
		size_t first = atomic_fetch_add(&work->next, 1) * work->piece;
		size_t size = work->size - first < work->piece ? work->size - first : work->piece;

		if (first >= work->size)
			break;
		while (madvise(work->base + first, size, MADV_POPULATE_WRITE)) {
			if (errno == EINTR || errno == EAGAIN)
				continue;
			atomic_store(&work->failed, -errno);
			break;
		}
	}
	return NULL;
}

int prefault(void *base, size_t size, unsigned threads, struct pt_error *err)
{
	struct prefault work = {.base = base, .size = size, .piece = PIECE};
	CLEANUP_FREE pthread_t *others = calloc(threads, sizeof(*others));
	unsigned started = 0;
	int failed;

	while (work.piece > PIECE_MIN && size / work.piece < threads * (size_t)4)
		work.piece /= 2;
	while (others && started + 1 < threads && started < size / work.piece &&
	       pthread_create(&others[started], NULL, touch, &work) == 0)
		started++;
	(void)touch(&work);
	while (started > 0)
		(void)pthread_join(others[--started], NULL);
	failed = atomic_load(&work.failed);
	if (!failed)
		return 0;
	return pt_error_set(err, failed, "guest memory: %zu MiB cannot be made present: %s",
			    size >> 20, strerror(-failed));
}
