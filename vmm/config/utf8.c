/* SPDX-License-Identifier: MIT */
#include "config/utf8.h"

#include <stdint.h>

/* A row of RFC 3629's table: the first byte, and what the second may be. The others are 0x80 to 0xbf. */
static const struct {
	uint8_t first_min, first_max;
	uint8_t second_min, second_max;
	uint8_t size;
} forms[] = {
	{0x01, 0x7f, 0, 0, 1},	     {0xc2, 0xdf, 0x80, 0xbf, 2}, {0xe0, 0xe0, 0xa0, 0xbf, 3},
	{0xe1, 0xec, 0x80, 0xbf, 3}, {0xed, 0xed, 0x80, 0x9f, 3}, {0xee, 0xef, 0x80, 0xbf, 3},
	{0xf0, 0xf0, 0x90, 0xbf, 4}, {0xf1, 0xf3, 0x80, 0xbf, 4}, {0xf4, 0xf4, 0x80, 0x8f, 4},
};

/* Return: bytes of the character at @text, 0 when there is none. */
static size_t character(const uint8_t *text, size_t size)
{
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		if (text[0] < forms[i].first_min || text[0] > forms[i].first_max)
			continue;
		if (forms[i].size > size)
			return 0;
		if (forms[i].size > 1 &&
		    (text[1] < forms[i].second_min || text[1] > forms[i].second_max))
			return 0;
		for (size_t j = 2; j < forms[i].size; j++) {
			if (text[j] < 0x80 || text[j] > 0xbf)
				return 0;
		}
		return forms[i].size;
	}
	return 0;
}

size_t utf8_check(const char *text, size_t size)
{
	size_t offset = 0;

	while (offset < size) {
		size_t step = character((const uint8_t *)text + offset, size - offset);

		if (!step)
			break;
		offset += step;
	}
	return offset;
}
