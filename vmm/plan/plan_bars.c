/* SPDX-License-Identifier: MIT */
/*
 * Where each BAR is at power-on, and the ports' windows around them.
 *
 * A port's BARs of one space lie together, largest first, each aligned to its size, which leaves no gaps; so the window needs
 * the alignment of its largest BAR, and ends where the bridge's registers can say it. Windows follow each other in the order
 * of their alignment. A memory BAR smaller than a page has the page to itself, so that it can be mapped without showing its
 * neighbour.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "plan/plan_steps.h"

/* Of a bridge's windows: PCI Express base specification 7.5.1.3. */
#define MEMORY_STEP (UINT64_C(1) << 20)
#define IO_STEP	    UINT64_C(4096)

struct bar_ref {
	unsigned device;
	unsigned bar;
	uint64_t room;
};

/* What is behind a port in one space. */
struct block {
	unsigned port;
	uint64_t size;
	uint64_t align;
};

/* Behind a bridge only what is prefetchable can be above 4 GiB: its other window has 32 bits (7.5.1.3.8). */
enum bar_space bar_space(const struct pt_host_bar *bar)
{
	if (bar->io)
		return BAR_SPACE_IO;
	return bar->is_64bit && bar->prefetchable ? BAR_SPACE_MEM64 : BAR_SPACE_MEM32;
}

const char *bar_name(unsigned bar)
{
	static const char *const names[PLAN_BARS] = {"BAR 0", "BAR 1", "BAR 2",	       "BAR 3",
						     "BAR 4", "BAR 5", "expansion ROM"};

	return names[bar];
}

static uint64_t bar_room(const struct pt_host_bar *bar)
{
	if (!bar->io && bar->size && bar->size < PLAN_PAGE_SIZE)
		return PLAN_PAGE_SIZE;
	return bar->size;
}

int bar_need(const struct vm_plan *plan, enum bar_space space, struct bar_need *ret_need,
	     struct pt_error *err)
{
	struct bar_need need = {0};
	uint64_t total = 0;

	for (unsigned i = 0; i < plan->device_count; i++) {
		for (unsigned j = 0; j < PLAN_BARS; j++) {
			const struct pt_host_bar *bar = &plan->devices[i].bars[j];
			uint64_t room = bar_room(bar);

			if (!room || bar_space(bar) != space)
				continue;
			if (__builtin_add_overflow(total, room, &total))
				return pt_error_set(err, -EOVERFLOW,
						    "%s: %s: the devices' BARs are larger than "
						    "any address space",
						    plan->devices[i].bdf, bar_name(j));
			if (room <= need.largest)
				continue;
			need.largest = room;
			need.largest_device = i;
			need.largest_bar = j;
		}
	}
	*ret_need = need;
	return 0;
}

/* Largest first; equals in the order of devices and BARs, so that a plan is always the same. */
static int by_room(const void *a, const void *b)
{
	const struct bar_ref *left = a, *right = b;

	if (left->room != right->room)
		return left->room < right->room ? 1 : -1;
	if (left->device != right->device)
		return left->device < right->device ? -1 : 1;
	return left->bar < right->bar ? -1 : 1;
}

static int by_align(const void *a, const void *b)
{
	const struct block *left = a, *right = b;

	if (left->align != right->align)
		return left->align < right->align ? 1 : -1;
	return left->port < right->port ? -1 : 1;
}

/* The BARs behind a port. Return: how many. */
static size_t collect(const struct vm_plan *plan, unsigned port, enum bar_space space,
		      struct bar_ref *bars)
{
	size_t count = 0;

	for (unsigned i = 0; i < plan->device_count; i++) {
		const struct plan_device *device = &plan->devices[i];

		for (unsigned j = 0; j < PLAN_BARS && device->port == port; j++) {
			if (device->bars[j].size && bar_space(&device->bars[j]) == space)
				bars[count++] = (struct bar_ref){i, j, bar_room(&device->bars[j])};
		}
	}
	qsort(bars, count, sizeof(bars[0]), by_room);
	return count;
}

/* What is kept for a device that comes later: any BAR of that size at most fits, since it is aligned to its size. */
static uint64_t reserved(const struct plan_port *port, enum bar_space space)
{
	switch (space) {
	case BAR_SPACE_IO:
		return port->reserve_32bit ? IO_STEP : 0;
	case BAR_SPACE_MEM32:
		return port->reserve_32bit;
	case BAR_SPACE_MEM64:
		break;
	}
	return port->reserve_64bit;
}

/* bar_need() found the sum to be less than 2^64; rounding it up may still wrap. */
static bool measure(const struct vm_plan *plan, unsigned port, enum bar_space space,
		    struct block *ret_block)
{
	uint64_t step = space == BAR_SPACE_IO ? IO_STEP : MEMORY_STEP;
	struct bar_ref bars[PLAN_FUNCTIONS_MAX * PLAN_BARS];
	size_t count = collect(plan, port, space, bars);
	uint64_t reserve = reserved(&plan->ports[port], space), size = 0;

	for (size_t i = 0; i < count; i++)
		size += bars[i].room;
	if (size < reserve)
		size = reserve;
	/* A window for memory is always there: a guest would give it 2 MiB for what may be plugged in later. */
	if (size == 0 && space == BAR_SPACE_MEM32)
		size = step;
	if (__builtin_add_overflow(size, step - 1, &size))
		return false;
	*ret_block = (struct block){
		.port = port,
		.size = size - size % step,
		.align = step,
	};
	if (count && bars[0].room > ret_block->align)
		ret_block->align = bars[0].room;
	if (reserve > ret_block->align)
		ret_block->align = reserve;
	return true;
}

static struct plan_range *window_of(struct vm_plan *plan, unsigned port, enum bar_space space)
{
	switch (space) {
	case BAR_SPACE_IO:
		return &plan->ports[port].io;
	case BAR_SPACE_MEM32:
		return &plan->ports[port].memory;
	case BAR_SPACE_MEM64:
		break;
	}
	return &plan->ports[port].prefetch;
}

bool plan_bars_fit(const struct plan_range *window, enum bar_space space,
		   struct plan_device *device)
{
	const struct vm_plan one = {.devices = {*device}, .device_count = 1};
	struct bar_ref bars[PLAN_FUNCTIONS_MAX * PLAN_BARS];
	size_t count = collect(&one, device->port, space, bars);
	uint64_t address = window->base, room = window->size;

	for (size_t i = 0; i < count; i++) {
		uint64_t gap = -address & (bars[i].room - 1);

		if (gap > room || bars[i].room > room - gap)
			return false;
		address += gap;
		room -= gap;
		device->bar_address[bars[i].bar] = address;
		address += bars[i].room;
		room -= bars[i].room;
	}
	return true;
}

static void place(struct vm_plan *plan, const struct block *block, enum bar_space space,
		  uint64_t base)
{
	struct bar_ref bars[PLAN_FUNCTIONS_MAX * PLAN_BARS];
	size_t count = collect(plan, block->port, space, bars);
	uint64_t address = base;

	*window_of(plan, block->port, space) =
		(struct plan_range){.base = base, .size = block->size};
	for (size_t i = 0; i < count; i++) {
		plan->devices[bars[i].device].bar_address[bars[i].bar] = address;
		address += bars[i].room;
	}
}

uint64_t plan_bars_lay(struct vm_plan *plan, enum bar_space space, uint64_t base, uint64_t end)
{
	struct block blocks[PLAN_PORTS_MAX];
	size_t count = 0;

	for (unsigned i = 0; i < plan->port_count; i++) {
		if (!measure(plan, i, space, &blocks[count]))
			return UINT64_MAX;
		count += blocks[count].size != 0;
	}
	qsort(blocks, count, sizeof(blocks[0]), by_align);
	for (size_t i = 0; i < count; i++) {
		uint64_t pad = -base & (blocks[i].align - 1);
		uint64_t next;

		if (__builtin_add_overflow(base, pad + blocks[i].size, &next) ||
		    pad + blocks[i].size < pad)
			return UINT64_MAX;
		/* Ports may run out: PCI Express functions have to work without (1.3.2.2). */
		if (space == BAR_SPACE_IO && next > end)
			continue;
		place(plan, &blocks[i], space, base + pad);
		base = next;
	}
	return base;
}
