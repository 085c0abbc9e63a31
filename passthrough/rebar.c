/* SPDX-License-Identifier: MIT */
#include "rebar.h"

#define BARS (unsigned)PT_VCONFIG_BARS

/* One pair of registers a BAR, from the capability's start; the number of BARs is in the first. */
#define ENTRY(i)	    (4u + 8u * (i))
#define CONTROL		    4u
#define CONTROL_INDEX	    0x00000007u
#define CONTROL_COUNT(n)    ((uint32_t)(n) << 5)
#define CONTROL_COUNT_OF(c) ((c) >> 5 & 7)
#define CONTROL_SIZE(log2)  ((uint32_t)(log2) << 8)

/* Sizes are powers of two, counted from 1 MiB. Those to 128 TiB are bits of the capability register
 * from bit 4 on, the rest bits of the control register from bit 16 on. */
#define SIZE_SHIFT    20u
#define SIZES_IN_CAP  28u
#define SIZE_CAP(n)   (1u << (4 + (n)))
#define SIZE_UPPER(n) (1u << (16 + (n)-SIZES_IN_CAP))

static bool size_fits(uint64_t size)
{
	return size >> SIZE_SHIFT != 0 && (size & (size - 1)) == 0;
}

static unsigned size_number(uint64_t size)
{
	return 63u - (unsigned)__builtin_clzll(size) - SIZE_SHIFT;
}

static uint32_t control_of(const uint8_t *raw, unsigned offset, unsigned i)
{
	return pt_load_le(raw + offset + ENTRY(i) + CONTROL, 4);
}

static bool can_show(const uint8_t *raw, unsigned offset, unsigned room, const uint64_t *bar_size,
		     unsigned *ret_count)
{
	unsigned count, index, seen = 0;

	if (room < ENTRY(1))
		return false;
	count = CONTROL_COUNT_OF(control_of(raw, offset, 0));
	if (count == 0 || count > BARS || room < ENTRY(count))
		return false;
	for (unsigned i = 0; i < count; i++) {
		index = control_of(raw, offset, i) & CONTROL_INDEX;
		if (index >= BARS || seen & 1u << index || !size_fits(bar_size[index]))
			return false;
		seen |= 1u << index;
	}
	*ret_count = count;
	return true;
}

bool pt_rebar_show(struct pt_vconfig *vconfig, const uint8_t *raw, unsigned offset, unsigned room,
		   const uint64_t *bar_size)
{
	unsigned count = 0;

	if (!can_show(raw, offset, room, bar_size, &count))
		return false;
	for (unsigned i = 0; i < count; i++) {
		unsigned entry = offset + ENTRY(i);
		uint32_t index = control_of(raw, offset, i) & CONTROL_INDEX;
		unsigned number = size_number(bar_size[index]);
		uint32_t control = index | CONTROL_SIZE(number);

		if (i == 0)
			control |= CONTROL_COUNT(count);
		if (number >= SIZES_IN_CAP)
			control |= SIZE_UPPER(number);
		pt_vconfig_own(vconfig, entry, 4, UINT32_MAX, 0,
			       number < SIZES_IN_CAP ? SIZE_CAP(number) : 0);
		pt_vconfig_own(vconfig, entry + CONTROL, 4, UINT32_MAX, 0, control);
	}
	return true;
}
