/* SPDX-License-Identifier: MIT */
#ifndef TENON_CONFIG_UTF8_H
#define TENON_CONFIG_UTF8_H

#include <stddef.h>

/**
 * utf8_check() - how much of a text is UTF-8
 *
 * Return: the offset of the first byte that does not belong there (RFC 3629, section 4) or is NUL; @size when all is well.
 */
size_t utf8_check(const char *text, size_t size);

#endif
