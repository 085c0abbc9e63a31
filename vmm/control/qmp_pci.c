/* SPDX-License-Identifier: MIT */
/*
 * What query-pci answers. Offsets: PCI local bus specification 6.1, PCI-to-PCI bridge architecture specification 3.2.
 */
#include "control/qmp_pci.h"

#include <stdbool.h>
#include <stdio.h>

#define PCI_ID		     0x00u
#define PCI_CLASS	     0x0au
#define PCI_HEADER_TYPE	     0x0eu
#define PCI_BAR0	     0x10u
#define PCI_SUBSYSTEM	     0x2cu
#define PCI_IRQ_LINE	     0x3cu
#define PCI_IRQ_PIN	     0x3du
#define PCI_BUSES	     0x18u
#define PCI_IO_BASE	     0x1cu
#define PCI_MEMORY_BASE	     0x20u
#define PCI_PREFETCH_BASE    0x24u
#define PCI_PREFETCH_BASE_HI 0x28u
#define PCI_PREFETCH_END_HI  0x2cu
#define PCI_IO_BASE_HI	     0x30u

#define BUS_DEPTH_MAX 8 /* a guest may number its buses so that they go in circles */
#define NOBODY	      0xffffu

struct reader {
	const struct target *target;
	unsigned bus;
	unsigned devfn;
};

static uint32_t get(const struct reader *at, unsigned offset, unsigned size)
{
	return at->target->ops->pci_read(at->target->ctx, at->bus, at->devfn, offset, size);
}

static json_t *range(uint64_t base, uint64_t limit)
{
	return json_pack("{s:I, s:I}", "base", (json_int_t)base, "limit", (json_int_t)limit);
}

static json_t *io_range(const struct reader *at)
{
	uint32_t low = get(at, PCI_IO_BASE, 2), high = get(at, PCI_IO_BASE_HI, 4);

	return range((low & 0xf0) << 8 | (high & 0xffff) << 16,
		     (low >> 8 & 0xf0) << 8 | high >> 16 << 16 | 0xfff);
}

static json_t *memory_range(const struct reader *at)
{
	uint32_t value = get(at, PCI_MEMORY_BASE, 4);

	return range((value & 0xfff0) << 16, (value & 0xfff00000) | 0xfffff);
}

static json_t *prefetchable_range(const struct reader *at)
{
	uint32_t value = get(at, PCI_PREFETCH_BASE, 4);
	uint64_t base = get(at, PCI_PREFETCH_BASE_HI, 4), end = get(at, PCI_PREFETCH_END_HI, 4);

	return range(base << 32 | (value & 0xfff0) << 16,
		     end << 32 | (value & 0xfff00000) | 0xfffff);
}

static json_t *functions_of(const struct target *target, unsigned bus, unsigned depth);

static json_t *bridge(const struct reader *at, unsigned depth)
{
	uint32_t buses = get(at, PCI_BUSES, 4);
	unsigned secondary = buses >> 8 & 0xff;
	json_t *info =
		json_pack("{s:{s:i, s:i, s:i, s:o, s:o, s:o}}", "bus", "number",
			  (int)(buses & 0xff), "secondary", (int)secondary, "subordinate",
			  (int)(buses >> 16 & 0xff), "io_range", io_range(at), "memory_range",
			  memory_range(at), "prefetchable_range", prefetchable_range(at));

	if (info && secondary && depth < BUS_DEPTH_MAX)
		(void)json_object_set_new(info, "devices",
					  functions_of(at->target, secondary, depth + 1));
	return info;
}

/* BARs as the guest programmed them; their sizes are not to be had without writing. */
static json_t *regions(const struct reader *at, unsigned count)
{
	json_t *list = json_array();

	for (unsigned i = 0; i < count; i++) {
		uint32_t low = get(at, PCI_BAR0 + 4 * i, 4);
		bool io = low & 1, wide = !io && (low & 6) == 4 && i + 1 < count;
		uint64_t address = low & (io ? ~UINT32_C(3) : ~UINT32_C(15));
		unsigned index = i;
		json_t *row;

		if (wide)
			address |= (uint64_t)get(at, PCI_BAR0 + 4 * ++i, 4) << 32;
		if (!address)
			continue;
		row = json_pack("{s:i, s:s, s:I}", "bar", (int)index, "type", io ? "io" : "memory",
				"address", (json_int_t)address);
		if (row && !io) {
			(void)json_object_set_new(row, "prefetch", json_boolean(low & 8));
			(void)json_object_set_new(row, "mem_type_64", json_boolean(wide));
		}
		(void)json_array_append_new(list, row);
	}
	return list;
}

/* The id of the device that was put there. */
static const char *id_of(const struct reader *at)
{
	const struct target *target = at->target;

	for (unsigned i = 0; i < target->ops->devices(target->ctx); i++) {
		struct target_device device = {0};

		target->ops->device(target->ctx, i, &device);
		if (device.present && device.bus == at->bus &&
		    device.slot * 8 + device.function == at->devfn)
			return device.id;
	}
	return "";
}

static json_t *function(const struct reader *at, unsigned depth)
{
	uint32_t id = get(at, PCI_ID, 4), subsystem = get(at, PCI_SUBSYSTEM, 4);
	bool is_bridge = (get(at, PCI_HEADER_TYPE, 1) & 0x7f) == 1;
	uint32_t pin = get(at, PCI_IRQ_PIN, 1);
	json_t *info = json_pack("{s:i, s:i, s:i, s:{s:i}, s:{s:i, s:i}, s:i, s:s, s:o}", "bus",
				 (int)at->bus, "slot", (int)(at->devfn >> 3), "function",
				 (int)(at->devfn & 7), "class_info", "class",
				 (int)get(at, PCI_CLASS, 2), "id", "device", (int)(id >> 16),
				 "vendor", (int)(id & 0xffff), "irq_pin", (int)pin, "qdev_id",
				 id_of(at), "regions", regions(at, is_bridge ? 2 : 6));

	if (!info)
		return NULL;
	if (pin)
		(void)json_object_set_new(info, "irq", json_integer(get(at, PCI_IRQ_LINE, 1)));
	if (is_bridge) {
		(void)json_object_set_new(info, "pci_bridge", bridge(at, depth));
		return info;
	}
	(void)json_object_set_new(json_object_get(info, "id"), "subsystem",
				  json_integer(subsystem >> 16));
	(void)json_object_set_new(json_object_get(info, "id"), "subsystem-vendor",
				  json_integer(subsystem & 0xffff));
	return info;
}

static json_t *functions_of(const struct target *target, unsigned bus, unsigned depth)
{
	json_t *list = json_array();

	for (unsigned devfn = 0; devfn < 256; devfn++) {
		const struct reader at = {target, bus, devfn};

		if (get(&at, PCI_ID, 2) != NOBODY)
			(void)json_array_append_new(list, function(&at, depth));
	}
	return list;
}

json_t *qmp_query_pci(const struct target *target)
{
	return json_pack("[{s:i, s:o}]", "bus", 0, "devices", functions_of(target, 0, 0));
}
