/* SPDX-License-Identifier: MIT */
/*
 * Locals that clean up after themselves, and hand-over of what they hold.
 */
#ifndef TENON_CLEANUP_H
#define TENON_CLEANUP_H

#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

/* CLEANUP(f) - call f(&variable) when the variable goes out of scope */
#define CLEANUP(function) __attribute__((cleanup(function)))

#define CLEANUP_FREE  CLEANUP(cleanup_free)
#define CLEANUP_CLOSE CLEANUP(cleanup_close)
#define CLEANUP_FILE  CLEANUP(cleanup_file)

static inline void cleanup_free(void *pointer)
{
	free(*(void **)pointer);
}

static inline void cleanup_close(const int *fd)
{
	if (*fd >= 0)
		(void)close(*fd);
}

static inline void cleanup_file(FILE **file)
{
	if (*file)
		(void)fclose(*file);
}

/* TAKE_FD(), TAKE_PTR() - the value, and the variable no longer owns it */
#define TAKE_FD(fd)                   \
	__extension__({               \
		int taken_fd_ = (fd); \
		(fd) = -1;            \
		taken_fd_;            \
	})

#define TAKE_PTR(pointer)                               \
	__extension__({                                 \
		__typeof__(pointer) taken_ = (pointer); \
		(pointer) = NULL;                       \
		taken_;                                 \
	})

#endif
