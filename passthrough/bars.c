/* SPDX-License-Identifier: MIT */
/*
 * BARs in the guest's address space.
 *
 * Invariant: a BAR is in the guest exactly while the guest has turned its decoding on, the function
 * is in D0, and at the address that its register then has. It is taken out before the device stops
 * decoding and put in after the device decodes again, since an access in between would raise SIGBUS
 * in the VMM, or EFAULT from KVM_RUN.
 */
#include <inttypes.h>

#include "function_internal.h"

#define IO_MASK	     0x3u
#define MEM_MASK     0xfu
#define MEM_PREFETCH 0x8u
#define ROM_ENABLE   0x1u
#define ROM_MASK     0x7ffu

static unsigned register_of(unsigned i)
{
	return i == PT_BAR_ROM ? PT_CONFIG_ROM : PT_CONFIG_BAR0 + 4 * i;
}

static uint32_t low_register(const struct pt_function *function, unsigned i)
{
	return pt_vconfig_get(&function->config, register_of(i), 4);
}

uint64_t pt_bar_address(const struct pt_function *function, unsigned i)
{
	switch (function->bars[i].bar.kind) {
	case PT_BAR_IO:
		return low_register(function, i) & ~IO_MASK;
	case PT_BAR_MEM32:
		return low_register(function, i) & ~(i == PT_BAR_ROM ? ROM_MASK : MEM_MASK);
	case PT_BAR_MEM64:
		return (low_register(function, i) & ~MEM_MASK) |
		       (uint64_t)low_register(function, i + 1) << 32;
	case PT_BAR_NONE:
		break;
	}
	return 0;
}

static int init_bar(struct pt_function *function, unsigned i, uint32_t raw, struct pt_error *err)
{
	const struct pt_region *region = pt_device_region(function->device, PT_REGION_BAR0 + i);
	struct pt_bar *bar = &function->bars[i].bar;

	if (region->size == 0)
		return 0;
	/* Sizing by the guest only works for powers of two, so there are no others. */
	if (region->size & (region->size - 1))
		return pt_error_set(err, -EIO,
				    "%s: BAR %u: its size, 0x%" PRIx64 ", is not a power of two",
				    pt_device_name(function->device), i, region->size);
	bar->size = region->size;
	if (raw & PT_BAR_IS_IO)
		bar->kind = PT_BAR_IO;
	else if (raw & PT_BAR_IS_64BIT && i + 1 < PT_BARS)
		bar->kind = PT_BAR_MEM64;
	else
		bar->kind = PT_BAR_MEM32;
	bar->prefetchable = bar->kind != PT_BAR_IO && raw & MEM_PREFETCH;
	bar->address = function->setup.bar_address[i];
	if (!pt_aligned(bar->address, bar->size) ||
	    (bar->kind != PT_BAR_MEM64 && bar->address > UINT32_MAX))
		return pt_error_set(err, -EINVAL,
				    "%s: BAR %u: 0x%" PRIx64 " is no address for it (0x%" PRIx64
				    " bytes)",
				    pt_device_name(function->device), i, bar->address, bar->size);
	return 0;
}

int pt_bars_init(struct pt_function *function, const uint8_t *raw, struct pt_error *err)
{
	for (unsigned i = 0; i < PT_BARS; i++) {
		uint32_t low = pt_load_le(raw + PT_CONFIG_BAR0 + 4 * i, 4);
		int r = init_bar(function, i, low, err);

		if (r < 0)
			return r;
		if (function->bars[i].bar.kind == PT_BAR_MEM64)
			i++;
	}
	return 0;
}

/* PCI 3.0, 6.2.5.2: the address, and a bit that turns it on. */
static void own_rom_register(struct pt_function *function)
{
	const struct pt_bar *bar = &function->bars[PT_BAR_ROM].bar;

	if (bar->kind == PT_BAR_NONE)
		return;
	pt_vconfig_own(&function->config, PT_CONFIG_ROM, 4, UINT32_MAX,
		       (uint32_t) ~(bar->size - 1) | ROM_ENABLE, (uint32_t)bar->address);
}

static void own_registers(struct pt_function *function, unsigned i)
{
	const struct pt_bar *bar = &function->bars[i].bar;
	unsigned offset = register_of(i);
	uint64_t writable = ~(bar->size - 1);
	uint32_t type = 0;

	if (bar->kind == PT_BAR_NONE)
		writable = 0;
	else if (bar->kind == PT_BAR_IO)
		type = PT_BAR_IS_IO;
	else
		type = (bar->kind == PT_BAR_MEM64 ? PT_BAR_IS_64BIT : 0) |
		       (bar->prefetchable ? MEM_PREFETCH : 0);
	writable &= ~(uint64_t)(bar->kind == PT_BAR_IO ? IO_MASK : MEM_MASK);
	pt_vconfig_own(&function->config, offset, 4, UINT32_MAX, (uint32_t)writable,
		       (uint32_t)bar->address | type);
	if (bar->kind == PT_BAR_MEM64)
		pt_vconfig_own(&function->config, offset + 4, 4, UINT32_MAX,
			       (uint32_t)(writable >> 32), (uint32_t)(bar->address >> 32));
}

/* Adds [offset, end) less the hole to the pieces, in one or two parts. */
static void cut(struct pt_area *pieces, unsigned *count, struct pt_area area, uint64_t hole,
		uint64_t hole_end)
{
	uint64_t end = area.offset + area.size;

	if (hole_end <= area.offset || hole >= end) {
		pieces[(*count)++] = area;
		return;
	}
	if (hole > area.offset)
		pieces[(*count)++] = (struct pt_area){area.offset, hole - area.offset};
	if (hole_end < end)
		pieces[(*count)++] = (struct pt_area){hole_end, end - hole_end};
}

static void cut_all(struct pt_function_bar *bar, uint64_t offset, uint64_t size)
{
	uint64_t hole = offset & ~(PT_PAGE_SIZE - 1);
	uint64_t hole_end = (offset + size + PT_PAGE_SIZE - 1) & ~(PT_PAGE_SIZE - 1);
	struct pt_area pieces[PT_BAR_PIECES + 1];
	unsigned count = 0;

	for (unsigned i = 0; i < bar->piece_count; i++)
		cut(pieces, &count, bar->pieces[i], hole, hole_end);
	if (count > PT_BAR_PIECES)
		count = PT_BAR_PIECES;
	memcpy(bar->pieces, pieces, count * sizeof(pieces[0]));
	bar->piece_count = count;
}

static int map_bar(struct pt_function *function, unsigned i, struct pt_error *err)
{
	const struct pt_region *region = pt_device_region(function->device, PT_REGION_BAR0 + i);
	struct pt_function_bar *bar = &function->bars[i];
	const struct pt_msix *msix = &function->msix;

	if (bar->bar.kind == PT_BAR_NONE || bar->bar.kind == PT_BAR_IO || region->area_count == 0)
		return 0;
	memcpy(bar->pieces, region->areas, region->area_count * sizeof(region->areas[0]));
	bar->piece_count = region->area_count;
	if (msix->table_size > 0 && msix->table_bar == i)
		cut_all(bar, msix->table_offset, msix->table_size);
	if (msix->pba_size > 0 && msix->pba_bar == i)
		cut_all(bar, msix->pba_offset, msix->pba_size);
	if (bar->piece_count == 0)
		return 0;
	return pt_device_map(function->device, PT_REGION_BAR0 + i, &bar->base, err);
}

int pt_bars_map(struct pt_function *function, struct pt_error *err)
{
	for (unsigned i = 0; i < PT_BARS; i++) {
		int r;

		own_registers(function, i);
		r = map_bar(function, i, err);
		if (r < 0)
			return r;
		if (function->bars[i].bar.kind == PT_BAR_MEM64)
			i++;
	}
	own_rom_register(function);
	return 0;
}

static bool decodes(const struct pt_function *function, unsigned i, uint16_t command, bool powered)
{
	enum pt_bar_kind kind = function->bars[i].bar.kind;

	if (kind == PT_BAR_NONE || !powered)
		return false;
	if (i == PT_BAR_ROM && !(low_register(function, i) & ROM_ENABLE))
		return false;
	return command & (kind == PT_BAR_IO ? PT_COMMAND_IO : PT_COMMAND_MEMORY);
}

static void remove_pieces(struct pt_function *function, struct pt_function_bar *bar)
{
	while (bar->pieces_added > 0) {
		const struct pt_area *piece = &bar->pieces[--bar->pieces_added];

		function->ops->memory_remove(function->ctx, bar->bar.address + piece->offset,
					     piece->size);
	}
}

static void remove_bar(struct pt_function *function, unsigned i)
{
	struct pt_function_bar *bar = &function->bars[i];

	remove_pieces(function, bar);
	function->ops->trap_remove(function->ctx, i, bar->bar.kind == PT_BAR_IO, bar->bar.address,
				   bar->bar.size);
	bar->bar.mapped = 0;
}

void pt_bars_withdraw(struct pt_function *function, uint16_t command, bool powered)
{
	for (unsigned i = 0; i < PT_BAR_COUNT; i++) {
		const struct pt_bar *bar = &function->bars[i].bar;

		if (bar->mapped && (!decodes(function, i, command, powered) ||
				    pt_bar_address(function, i) != bar->address))
			remove_bar(function, i);
	}
}

/* Once a BAR: a guest can bring it about as often as it likes. */
static void report_refused(struct pt_function *function, struct pt_function_bar *bar,
			   struct pt_error *err)
{
	if (!bar->refused)
		pt_report_callback(function, err);
	bar->refused = true;
}

/*
 * What cannot be mapped stays trapped: slow, and right. Guest memory or another BAR may be in the
 * way, where a guest moves BARs one after another or means harm; it is tried again whenever the
 * guest changes something.
 */
static void add_pieces(struct pt_function *function, struct pt_function_bar *bar)
{
	struct pt_error err = PT_ERROR_INIT;

	if (!pt_aligned(bar->bar.address, PT_PAGE_SIZE))
		return;
	for (unsigned p = 0; bar->base && p < bar->piece_count; p++) {
		const struct pt_area *piece = &bar->pieces[p];

		if (function->ops->memory_add(function->ctx, bar->bar.address + piece->offset,
					      piece->size, (char *)bar->base + piece->offset,
					      &err) < 0) {
			report_refused(function, bar, &err);
			remove_pieces(function, bar);
			return;
		}
		bar->pieces_added++;
	}
}

static void add_bar(struct pt_function *function, unsigned i)
{
	struct pt_function_bar *bar = &function->bars[i];
	struct pt_error err = PT_ERROR_INIT;
	int r;

	bar->bar.address = pt_bar_address(function, i);
	r = function->ops->trap_add(function->ctx, i, bar->bar.kind == PT_BAR_IO, bar->bar.address,
				    bar->bar.size, &err);
	if (r < 0) {
		/* A guest that sizes a BAR with decoding on writes addresses that are none. */
		if (r != -ERANGE)
			report_refused(function, bar, &err);
		return;
	}
	bar->bar.mapped = 1;
	add_pieces(function, bar);
}

void pt_bars_place(struct pt_function *function)
{
	for (unsigned i = 0; i < PT_BAR_COUNT; i++) {
		struct pt_function_bar *bar = &function->bars[i];

		if (!function->running ||
		    !decodes(function, i, function->command, function->power_state == 0))
			continue;
		if (bar->bar.mapped && bar->pieces_added == 0)
			add_pieces(function, bar);
		else if (!bar->bar.mapped && (i != PT_BAR_ROM || pt_rom_load(function)))
			add_bar(function, i);
	}
}
