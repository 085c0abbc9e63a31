/* SPDX-License-Identifier: MIT */
/*
 * Text of files and drivers, made fit for a terminal and for JSON.
 */
#ifndef TENON_INVENTORY_PRINTABLE_H
#define TENON_INVENTORY_PRINTABLE_H

#include <stddef.h>

/** printable() - @text as UTF-8 without control characters, a question mark for each byte that does not fit; cut to @size bytes
 * between characters */
void printable(const char *text, char *ret_text, size_t size);

/** printable_width() - columns that UTF-8 takes: one a character */
size_t printable_width(const char *text);

/** printable_cut() - bytes of the first characters that take @width columns */
size_t printable_cut(const char *text, size_t width);

#endif
