/* SPDX-License-Identifier: MIT */
/*
 * Sizes as people write them: "512M", "2G", "1.5GiB".
 */
#ifndef TENON_CONFIG_SIZE_H
#define TENON_CONFIG_SIZE_H

#include <stddef.h>
#include <stdint.h>

#define SIZE_TEXT_SIZE 32
/* As size_parse() takes it, but for 0 and the largest, in a regular expression that ECMA has and POSIX has not: for the schema. */
#define SIZE_PATTERN	"^(?!0+(\\.0+)?[^0-9.])0*[0-9]{1,7}(\\.[0-9]{1,3})? *[KMGTkmgt]([iI]?[bB])?$"
#define SIZE_FORMS_TEXT "write a number and a unit, such as 512M, 2G or 1.5G"

/**
 * size_parse() - read a size
 * @text: a number, with up to three decimals, and a unit: K, M, G or T, in either case, with "B" or "iB" after it if wanted.
 *	Units are powers of 1024. A number without a unit is refused: people disagree on what it means.
 * @ret_bytes: the size; a fraction of a byte is cut
 *
 * Errors: -EINVAL not a size; -ERANGE more than 64 bits hold.
 */
int size_parse(const char *text, uint64_t *ret_bytes);

/**
 * size_text() - write a size in the largest unit that divides it: "1536 MiB", "2 GiB", "128 bytes"
 * @buf: SIZE_TEXT_SIZE bytes
 *
 * Return: @buf.
 */
const char *size_text(uint64_t bytes, char *buf);

/** size_option_text() - the same as size_parse() reads it: "1536M", "2G"; for remedies that are to be typed */
const char *size_option_text(uint64_t bytes, char *buf);

#endif
