/* SPDX-License-Identifier: MIT */
#include "config/duration.h"

#include <ctype.h>
#include <errno.h>
#include <string.h>

int duration_parse(const char *text, unsigned *ret_seconds)
{
	const char *unit = text;
	unsigned value = 0;

	for (; isdigit((unsigned char)*unit); unit++) {
		if (value <= DURATION_MAX) /* more digits cannot make it valid again */
			value = value * 10 + (unsigned)(*unit - '0');
	}
	if (unit == text || (strcmp(unit, "s") != 0 && strcmp(unit, "m") != 0))
		return -EINVAL;
	if (*unit == 'm')
		value *= 60;
	if (value == 0 || value > DURATION_MAX)
		return -ERANGE;
	*ret_seconds = value;
	return 0;
}
