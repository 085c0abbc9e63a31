/* SPDX-License-Identifier: MIT */
#include "inventory/printable.h"

#include <stdbool.h>
#include <string.h>

#include "config/utf8.h"

static bool continues(char byte)
{
	return ((unsigned char)byte & 0xc0) == 0x80;
}

/* Bytes of the character at @text; 0 when it is none or moves the cursor. */
static size_t character(const char *text)
{
	size_t size = 1;

	if ((unsigned char)*text < 0x20 || *text == 0x7f)
		return 0;
	while (size < 4 && continues(text[size]))
		size++;
	/* U+0080 to U+009f are control characters. */
	if (size == 2 && (unsigned char)text[0] == 0xc2 && (unsigned char)text[1] < 0xa0)
		return 0;
	while (size > 0 && utf8_check(text, size) != size)
		size--;
	return size;
}

void printable(const char *text, char *ret_text, size_t size)
{
	size_t used = 0;

	while (*text) {
		size_t step = character(text);

		if (used + (step ? step : 1) >= size)
			break;
		if (step)
			memcpy(ret_text + used, text, step);
		else
			ret_text[used] = '?';
		used += step ? step : 1;
		text += step ? step : 1;
	}
	ret_text[used] = '\0';
}

size_t printable_width(const char *text)
{
	size_t width = 0;

	for (; *text; text++)
		width += !continues(*text);
	return width;
}

size_t printable_cut(const char *text, size_t width)
{
	size_t size = 0;

	while (text[size] && (width > 0 || continues(text[size]))) {
		width -= !continues(text[size]);
		size++;
	}
	return size;
}
