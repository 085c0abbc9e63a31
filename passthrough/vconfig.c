/* SPDX-License-Identifier: MIT */
#include "vconfig.h"

#include <string.h>

static void store(uint8_t *bytes, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

/* Rules of a capability that is cut off by the end of the config space are cut with it. */
void pt_vconfig_own(struct pt_vconfig *vconfig, unsigned offset, unsigned size, uint32_t virt,
		    uint32_t writable, uint32_t value)
{
	for (unsigned i = 0; i < size && offset + i < vconfig->size; i++) {
		uint8_t v = (uint8_t)(virt >> (8 * i));
		uint8_t *bits = &vconfig->virt[offset + i];

		*bits |= v;
		vconfig->writable[offset + i] = (uint8_t)((vconfig->writable[offset + i] & ~v) |
							  ((writable >> (8 * i)) & v));
		vconfig->initial[offset + i] =
			(uint8_t)((vconfig->initial[offset + i] & ~v) | ((value >> (8 * i)) & v));
		vconfig->value[offset + i] = vconfig->initial[offset + i];
	}
}

void pt_vconfig_hold(struct pt_vconfig *vconfig, unsigned offset, unsigned size, uint32_t virt,
		     uint32_t value)
{
	for (unsigned i = 0; i < size && offset + i < vconfig->size; i++)
		vconfig->held[offset + i] = (uint8_t)((virt & value) >> (8 * i));
}

void pt_vconfig_reset(struct pt_vconfig *vconfig)
{
	memcpy(vconfig->value, vconfig->initial, sizeof(vconfig->value));
}

uint32_t pt_vconfig_virt(const struct pt_vconfig *vconfig, unsigned offset, unsigned size)
{
	return pt_load_le(vconfig->virt + offset, size);
}

uint32_t pt_vconfig_get(const struct pt_vconfig *vconfig, unsigned offset, unsigned size)
{
	return pt_load_le(vconfig->value + offset, size) & pt_load_le(vconfig->virt + offset, size);
}

uint32_t pt_vconfig_held(const struct pt_vconfig *vconfig, unsigned offset, unsigned size)
{
	return pt_load_le(vconfig->held + offset, size);
}

void pt_vconfig_put(struct pt_vconfig *vconfig, unsigned offset, unsigned size, uint32_t value)
{
	uint32_t writable = pt_load_le(vconfig->writable + offset, size);
	uint32_t old = pt_load_le(vconfig->value + offset, size);

	store(vconfig->value + offset, size, (old & ~writable) | (value & writable));
}
