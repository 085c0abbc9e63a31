/* SPDX-License-Identifier: MIT */
#include "clique.h"

#define CLASS_BASE    0x0b
#define CLASS_DISPLAY 0x03u
#define VENDOR_NVIDIA 0x10deu

#define SIZE	   8u
#define HEADER	   0x50080009u /* vendor specific, the last, 8 bytes, 'P' */
#define SIGNATURE  0x00005032u /* '2', 'P'; version 0 */
#define CLIQUE(id) ((uint32_t)(id) << 19)

static const unsigned places[] = {0xc8, 0xd4};

bool pt_clique_device(const uint8_t *raw)
{
	return pt_load_le(raw + PT_CONFIG_VENDOR, 2) == VENDOR_NVIDIA &&
	       raw[CLASS_BASE] == CLASS_DISPLAY;
}

static bool is_free(const uint8_t *raw, const struct pt_cap *caps, unsigned count, unsigned place)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned start = caps[i].offset;
		unsigned room = pt_cap_room(caps, count, start, 0x100);

		if (start < place + SIZE && place < start + pt_cap_size(raw, &caps[i], room))
			return false;
	}
	return true;
}

unsigned pt_clique_place(const uint8_t *raw, unsigned size)
{
	struct pt_cap caps[PT_CAPS_MAX];
	unsigned count = pt_caps_walk(raw, size, caps);

	for (unsigned i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (is_free(raw, caps, count, places[i]))
			return places[i];
	}
	return 0;
}

void pt_clique_show(struct pt_vconfig *vconfig, unsigned offset, unsigned clique)
{
	pt_vconfig_own(vconfig, offset, 4, UINT32_MAX, 0, HEADER);
	pt_vconfig_own(vconfig, offset + 4, 4, UINT32_MAX, 0, SIGNATURE | CLIQUE(clique));
}
