/* SPDX-License-Identifier: MIT */
/*
 * Small text files of /proc through the kernel seam.
 */
#ifndef TENON_HOST_READ_TEXT_H
#define TENON_HOST_READ_TEXT_H

#include <passthrough/sys.h>
#include <stddef.h>

/**
 * read_text() - read a file's beginning
 * @buf: gets at most @size - 1 bytes and a terminator
 *
 * Return: 0, or from open and read.
 */
int read_text(const struct pt_sys *sys, const char *path, char *buf, size_t size);

#endif
