/* SPDX-License-Identifier: MIT */
/*
 * Files of sysfs whose reading or writing can take as long as a driver likes: until a guest lets go of a device, or for ever.
 * A process that waits in the kernel for that cannot be interrupted, so it is a child that does.
 */
#ifndef TENON_HOST_LIMITED_IO_H
#define TENON_HOST_LIMITED_IO_H

#include <stddef.h>

/**
 * limited_write() - write @text to the file at @path, as one piece
 * @limit: milliseconds
 *
 * Errors: -ETIMEDOUT it goes on: a child of this process waits for it, and holds what descriptors this process has; else
 * from fork(2), open(2) and write(2).
 */
int limited_write(const char *path, const char *text, unsigned limit);

/** limited_read() - the same for a file's beginning; a newline at its end is cut. Return: 0 or -errno. */
int limited_read(const char *path, char *buf, size_t size, unsigned limit);

#endif
