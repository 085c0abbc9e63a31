/* SPDX-License-Identifier: MIT */
#include "config/size.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#define FRACTION_DIGITS_MAX 3

static const char units[] = "KMGT";

/* What follows the number: the unit's power of two. */
static int parse_unit(const char *text, unsigned *ret_shift)
{
	const char *unit = *text ? strchr(units, toupper((unsigned char)*text)) : NULL;

	if (!unit)
		return -EINVAL;
	text++;
	if (*text && strcasecmp(text, "B") != 0 && strcasecmp(text, "iB") != 0)
		return -EINVAL;
	*ret_shift = 10u * (unsigned)(unit - units + 1);
	return 0;
}

static int parse_whole(const char **text, uint64_t *ret_value)
{
	uint64_t value = 0;
	const char *digit = *text;

	if (!isdigit((unsigned char)*digit))
		return -EINVAL;
	for (; isdigit((unsigned char)*digit); digit++) {
		if (__builtin_mul_overflow(value, 10u, &value) ||
		    __builtin_add_overflow(value, (uint64_t)(*digit - '0'), &value))
			return -ERANGE;
	}
	*text = digit;
	*ret_value = value;
	return 0;
}

/* ".25": 25 of 100. */
static int parse_fraction(const char **text, uint64_t *ret_part, uint64_t *ret_of)
{
	const char *digit = *text;
	unsigned digits = 0;

	*ret_part = 0;
	*ret_of = 1;
	if (*digit != '.')
		return 0;
	for (digit++; isdigit((unsigned char)*digit); digit++, digits++) {
		if (digits == FRACTION_DIGITS_MAX)
			return -EINVAL;
		*ret_part = *ret_part * 10 + (uint64_t)(*digit - '0');
		*ret_of *= 10;
	}
	*text = digit;
	return digits ? 0 : -EINVAL;
}

int size_parse(const char *text, uint64_t *ret_bytes)
{
	uint64_t whole, part, of, bytes;
	unsigned shift;
	int ret;

	ret = parse_whole(&text, &whole);
	if (ret < 0)
		return ret;
	ret = parse_fraction(&text, &part, &of);
	if (ret < 0)
		return ret;
	while (*text == ' ')
		text++;
	ret = parse_unit(text, &shift);
	if (ret < 0)
		return ret;
	/* part < 1000 and shift <= 40: the product fits. */
	if (__builtin_mul_overflow(whole, UINT64_C(1) << shift, &bytes) ||
	    __builtin_add_overflow(bytes, (part << shift) / of, &bytes))
		return -ERANGE;
	*ret_bytes = bytes;
	return 0;
}

static unsigned largest_unit(uint64_t bytes)
{
	unsigned unit = 0;

	while (bytes && unit < sizeof(units) - 1 && bytes % 1024 == 0) {
		bytes /= 1024;
		unit++;
	}
	return unit;
}

const char *size_text(uint64_t bytes, char *buf)
{
	unsigned unit = largest_unit(bytes);

	if (unit)
		(void)snprintf(buf, SIZE_TEXT_SIZE, "%" PRIu64 " %ciB", bytes >> (10 * unit),
			       units[unit - 1]);
	else
		(void)snprintf(buf, SIZE_TEXT_SIZE, "%" PRIu64 " bytes", bytes);
	return buf;
}

const char *size_option_text(uint64_t bytes, char *buf)
{
	unsigned unit = largest_unit(bytes);

	/* Only whole KiB can be typed; what is below is of no use to anybody who asks for memory. */
	if (!unit) {
		bytes -= bytes % 1024;
		unit = bytes ? 1 : 0;
	}
	(void)snprintf(buf, SIZE_TEXT_SIZE, "%" PRIu64 "%c", bytes >> (10 * unit),
		       unit ? units[unit - 1] : 'K');
	return buf;
}
