/* SPDX-License-Identifier: MIT */
/*
 * The MSI-X capability, table and pending-bit array as the guest programs them. PCI 3.0, 6.8.2.
 *
 * The kernel lets nobody touch the device's own table but SET_IRQS, so the guest's is kept here as
 * bytes and the device's is never read. The pages that hold the table or the PBA are trapped; what
 * else is on them goes to the device.
 */
#include "function_internal.h"

#define CONTROL		      0x02
#define CONTROL_SIZE	      0x07ffu
#define CONTROL_FUNCTION_MASK 0x4000u
#define CONTROL_ENABLE	      0x8000u
#define TABLE		      0x04
#define PBA		      0x08
#define BIR		      0x7u

#define ENTRY_ADDRESS 0
#define ENTRY_UPPER   4
#define ENTRY_DATA    8
#define ENTRY_CONTROL 12
#define ENTRY_MASKED  0x1u

#define VECTORS_PER_PBA_WORD 64u

static unsigned control(const struct pt_function *function)
{
	return pt_vconfig_get(&function->config, function->config.msix + CONTROL, 2);
}

bool pt_msix_enabled(const struct pt_function *function)
{
	return function->msix.vectors.count > 0 && control(function) & CONTROL_ENABLE;
}

static struct pt_wanted wanted(const struct pt_function *function, unsigned v)
{
	const uint8_t *entry = function->msix.table + (size_t)v * PT_MSIX_ENTRY_SIZE;
	bool masked = control(function) & CONTROL_FUNCTION_MASK ||
		      pt_load_le(entry + ENTRY_CONTROL, 4) & ENTRY_MASKED;

	return (struct pt_wanted){
		.live = pt_msix_enabled(function) && !masked,
		.address = pt_load_le(entry + ENTRY_ADDRESS, 4) |
			   (uint64_t)pt_load_le(entry + ENTRY_UPPER, 4) << 32,
		.data = pt_load_le(entry + ENTRY_DATA, 4),
	};
}

static bool in_memory_bar(const struct pt_function *function, unsigned bar, uint64_t offset,
			  uint64_t size)
{
	const struct pt_bar *b;

	if (bar >= PT_BARS)
		return false;
	b = &function->bars[bar].bar;
	return (b->kind == PT_BAR_MEM32 || b->kind == PT_BAR_MEM64) && offset <= b->size &&
	       size <= b->size - offset;
}

static void parse(const uint8_t *cap, struct pt_msix *ret_msix, unsigned *ret_count)
{
	unsigned count = (pt_load_le(cap + CONTROL, 2) & CONTROL_SIZE) + 1;
	uint32_t table = pt_load_le(cap + TABLE, 4);
	uint32_t pba = pt_load_le(cap + PBA, 4);

	ret_msix->table_bar = table & BIR;
	ret_msix->table_offset = table & ~BIR;
	ret_msix->table_size = (uint64_t)count * PT_MSIX_ENTRY_SIZE;
	ret_msix->pba_bar = pba & BIR;
	ret_msix->pba_offset = pba & ~BIR;
	ret_msix->pba_size =
		(uint64_t)(count + VECTORS_PER_PBA_WORD - 1) / VECTORS_PER_PBA_WORD * 8;
	*ret_count = count;
}

bool pt_msix_usable(const struct pt_function *function, const uint8_t *raw, unsigned offset)
{
	struct pt_msix msix;
	unsigned count;

	parse(raw + offset, &msix, &count);
	return in_memory_bar(function, msix.table_bar, msix.table_offset, msix.table_size) &&
	       in_memory_bar(function, msix.pba_bar, msix.pba_offset, msix.pba_size) &&
	       pt_device_irq(function->device, PT_IRQ_MSIX)->count >= count;
}

int pt_msix_init(struct pt_function *function, const uint8_t *raw, struct pt_error *err)
{
	struct pt_msix *msix = &function->msix;
	unsigned count;

	if (function->config.msix == 0)
		return 0;
	parse(raw + function->config.msix, msix, &count);
	msix->table = pt_alloc(function->sys, msix->table_size);
	if (!msix->table)
		return pt_no_memory(err, pt_device_name(function->device));
	msix->vectors.wanted = wanted;
	if (pt_vectors_init(function, &msix->vectors, PT_IRQ_MSIX, count, err) < 0)
		return -ENOMEM;
	pt_msix_reset(function);
	return 0;
}

void pt_msix_done(struct pt_function *function)
{
	pt_vectors_done(function, &function->msix.vectors);
	pt_free(function->sys, function->msix.table);
	function->msix.table = NULL;
}

/* Every vector is masked at power-on. */
void pt_msix_reset(struct pt_function *function)
{
	struct pt_msix *msix = &function->msix;

	if (!msix->table)
		return;
	memset(msix->table, 0, msix->table_size);
	for (unsigned v = 0; v < msix->vectors.count; v++)
		msix->table[(size_t)v * PT_MSIX_ENTRY_SIZE + ENTRY_CONTROL] = ENTRY_MASKED;
}

static bool within(unsigned bar, uint64_t offset, size_t size, unsigned in_bar, uint64_t in_offset,
		   uint64_t in_size)
{
	return bar == in_bar && in_size > 0 && size > 0 &&
	       pt_overlaps(offset, size, in_offset, in_size);
}

static uint8_t pba_byte(struct pt_function *function, uint64_t at)
{
	struct pt_vectors *vectors = &function->msix.vectors;
	uint8_t bits = 0;

	for (unsigned i = 0; i < 8 && at * 8 + i < vectors->count; i++) {
		if (pt_vectors_pending(function, vectors, (unsigned)(at * 8 + i)))
			bits |= (uint8_t)(1u << i);
	}
	return bits;
}

bool pt_msix_read(struct pt_function *function, unsigned bar, uint64_t offset, uint8_t *buf,
		  size_t size)
{
	const struct pt_msix *msix = &function->msix;

	if (within(bar, offset, size, msix->table_bar, msix->table_offset, msix->table_size)) {
		for (size_t i = 0; i < size; i++) {
			uint64_t at = offset + i - msix->table_offset;

			buf[i] = at < msix->table_size ? msix->table[at] : 0;
		}
		return true;
	}
	if (within(bar, offset, size, msix->pba_bar, msix->pba_offset, msix->pba_size)) {
		for (size_t i = 0; i < size; i++) {
			uint64_t at = offset + i - msix->pba_offset;

			buf[i] = at < msix->pba_size ? pba_byte(function, at) : 0;
		}
		return true;
	}
	return false;
}

bool pt_msix_write(struct pt_function *function, unsigned bar, uint64_t offset, const uint8_t *buf,
		   size_t size)
{
	struct pt_msix *msix = &function->msix;
	unsigned first, last;
	uint64_t at;

	/* The PBA is read-only. */
	if (within(bar, offset, size, msix->pba_bar, msix->pba_offset, msix->pba_size))
		return true;
	if (!within(bar, offset, size, msix->table_bar, msix->table_offset, msix->table_size))
		return false;
	for (size_t i = 0; i < size; i++) {
		at = offset + i - msix->table_offset;
		if (at >= msix->table_size)
			continue;
		/* Of the vector control only the mask bit is not reserved. */
		if (at % PT_MSIX_ENTRY_SIZE == ENTRY_CONTROL)
			msix->table[at] = buf[i] & ENTRY_MASKED;
		else if (at % PT_MSIX_ENTRY_SIZE < ENTRY_CONTROL)
			msix->table[at] = buf[i];
	}
	first = offset > msix->table_offset
			? (unsigned)((offset - msix->table_offset) / PT_MSIX_ENTRY_SIZE)
			: 0;
	last = (unsigned)((offset + size - 1 - msix->table_offset) / PT_MSIX_ENTRY_SIZE);
	if (function->running && function->mode == PT_MODE_MSIX)
		pt_vectors_sync(function, &msix->vectors, first, last - first + 1);
	return true;
}
