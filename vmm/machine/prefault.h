/* SPDX-License-Identifier: MIT */
/*
 * All of a memory made present, by several threads at once.
 *
 * A page of guest memory is found and zeroed when it is first used: by the guest, or by the call that pins all of it for a
 * device, which one thread of the kernel does. Zeroing is what takes the time, and it goes as fast as memory does with
 * several threads.
 */
#ifndef TENON_MACHINE_PREFAULT_H
#define TENON_MACHINE_PREFAULT_H

#include <passthrough/error.h>
#include <stddef.h>

/**
 * struct prefault_progress - who is told how far it is
 * @told: called on the thread that called prefault(), every @interval_ms or more; @present of @size bytes
 */
struct prefault_progress {
	void (*told)(void *ctx, size_t present, size_t size);
	void *ctx;
	unsigned interval_ms;
};

/**
 * prefault() - make memory present and writable
 * @base: @size bytes, mapped and of whole huge pages of any size in use
 * @threads: how many; fewer are used where no more can be had, and where there is nothing left for them
 * @progress: NULL for nobody
 *
 * Blocks. Errors: -ENOMEM, -EFAULT and others from madvise(2), MADV_POPULATE_WRITE (Linux 5.14).
 */
int prefault(void *base, size_t size, unsigned threads, const struct prefault_progress *progress,
	     struct pt_error *err);

#endif
