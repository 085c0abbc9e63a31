/* SPDX-License-Identifier: MIT */
#include "caps.h"

#include <stdbool.h>

#define STATUS_HIGH	0x06
#define STATUS_CAP_LIST 0x10
#define CAPABILITY_LIST 0x34
#define HEADER_SIZE	0x40
#define STANDARD_SIZE	0x100
#define CONFIG_SIZE	0x1000

static bool seen(const struct pt_cap *caps, unsigned count, unsigned offset)
{
	for (unsigned i = 0; i < count; i++) {
		if (caps[i].offset == offset)
			return true;
	}
	return false;
}

unsigned pt_caps_walk(const uint8_t *config, size_t size, struct pt_cap *caps)
{
	unsigned count = 0, offset;

	if (size < STANDARD_SIZE || !(config[STATUS_HIGH] & STATUS_CAP_LIST))
		return 0;
	/* The two low bits of a pointer are reserved. */
	offset = config[CAPABILITY_LIST] & ~3u;
	while (offset >= HEADER_SIZE && count < PT_CAPS_MAX && !seen(caps, count, offset) &&
	       config[offset] != 0xff) {
		caps[count++] = (struct pt_cap){.id = config[offset], .offset = (uint16_t)offset};
		offset = config[offset + 1] & ~3u;
	}
	return count;
}

unsigned pt_cap_room(const struct pt_cap *caps, unsigned count, unsigned offset, unsigned end)
{
	for (unsigned i = 0; i < count; i++) {
		if (caps[i].offset > offset && caps[i].offset < end)
			end = caps[i].offset;
	}
	return end - offset;
}

unsigned pt_ext_caps_walk(const uint8_t *config, size_t size, struct pt_cap *caps)
{
	unsigned count = 0, offset = STANDARD_SIZE;
	uint32_t header;

	if (size < CONFIG_SIZE)
		return 0;
	while (offset >= STANDARD_SIZE && count < PT_CAPS_MAX && !seen(caps, count, offset)) {
		header = pt_load_le(config + offset, 4);
		if (header == 0 || header == UINT32_MAX)
			break;
		caps[count++] = (struct pt_cap){.id = (uint16_t)header, .offset = (uint16_t)offset};
		offset = header >> 20 & ~3u;
	}
	return count;
}
