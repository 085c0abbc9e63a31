/* SPDX-License-Identifier: MIT */
#include "uuid.h"
#include "internal.h"

static int hex_digit(char c)
{
	if (c >= '0' && c <= '9')
		return c - '0';
	if (c >= 'a' && c <= 'f')
		return c - 'a' + 10;
	return c >= 'A' && c <= 'F' ? c - 'A' + 10 : -1;
}

int pt_uuid_parse(const char *text, uint8_t *ret_uuid)
{
	uint8_t uuid[PT_UUID_BYTES];

	for (unsigned i = 0; i < PT_UUID_BYTES; i++) {
		int high, low;

		if ((i == 4 || i == 6 || i == 8 || i == 10) && *text++ != '-')
			return -EINVAL;
		high = hex_digit(text[0]);
		low = high < 0 ? -1 : hex_digit(text[1]);
		if (low < 0)
			return -EINVAL;
		uuid[i] = (uint8_t)(high << 4 | low);
		text += 2;
	}
	if (*text)
		return -EINVAL;
	memcpy(ret_uuid, uuid, sizeof(uuid));
	return 0;
}

void pt_uuid_format(const uint8_t *uuid, char *ret_text)
{
	static const char digits[] = "0123456789abcdef";

	for (unsigned i = 0; i < PT_UUID_BYTES; i++) {
		if (i == 4 || i == 6 || i == 8 || i == 10)
			*ret_text++ = '-';
		*ret_text++ = digits[uuid[i] >> 4];
		*ret_text++ = digits[uuid[i] & 15];
	}
	*ret_text = '\0';
}

PT_PUBLIC int pt_uuid_canonical(const char *text, char *ret_uuid)
{
	uint8_t uuid[PT_UUID_BYTES];

	if (pt_uuid_parse(text, uuid) < 0)
		return -EINVAL;
	pt_uuid_format(uuid, ret_uuid);
	return 0;
}
