/* SPDX-License-Identifier: MIT */
#include "caps.h"

#include <stdbool.h>

#define STATUS_HIGH	0x06
#define STATUS_CAP_LIST 0x10
#define CAPABILITY_LIST 0x34
#define HEADER_SIZE	0x40
#define STANDARD_SIZE	0x100
#define CAP_BYTES	2 /* of its kind's own from here on */
#define MSI_64BIT	0x0080u
#define MSI_MASKABLE	0x0100u
#define PCIE_VERSION	0x000fu
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

/* PCI 3.0, 6.8.1: its four forms. */
static unsigned msi_size(unsigned control)
{
	return (control & MSI_64BIT ? 14u : 10u) + (control & MSI_MASKABLE ? 10u : 0u);
}

unsigned pt_cap_size(const uint8_t *config, const struct pt_cap *cap, unsigned room)
{
	/* The list's places are dwords, so these two bytes are always there. */
	unsigned flags = pt_load_le(config + cap->offset + CAP_BYTES, 2);

	switch (cap->id) {
	case PT_CAP_PM:
	case PT_CAP_VPD:
		return 8;
	case PT_CAP_MSI:
		return msi_size(flags);
	case PT_CAP_MSIX:
		return 12;
	case PT_CAP_AF:
		return 6;
	case PT_CAP_PCIE:
		return (flags & PCIE_VERSION) >= 2 ? PT_PCIE_V2_SIZE : PT_PCIE_V1_SIZE;
	case PT_CAP_VNDR:
		/* Its length is its first byte. */
		return (flags & 0xff) > CAP_BYTES ? flags & 0xff : room;
	default:
		return room;
	}
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
