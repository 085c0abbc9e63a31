/* SPDX-License-Identifier: MIT */
/*
 * What the kernel says while something is done: the cause of a driver's refusal is only there.
 */
#ifndef TENON_HOST_KERNEL_LOG_H
#define TENON_HOST_KERNEL_LOG_H

#include <stddef.h>

/** kernel_log_open() - from now on. Return: a descriptor, -1 where it may not be read, which the others accept. */
int kernel_log_open(void);

/**
 * kernel_log_last() - the last that was said about @name since
 * @ret_text: empty for nothing
 */
void kernel_log_last(int fd, const char *name, char *ret_text, size_t size);

#endif
