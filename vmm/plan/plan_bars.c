/* SPDX-License-Identifier: MIT */
/*
 * Where each BAR is at power-on: largest first, each aligned to its size, which leaves no gaps. A memory BAR smaller than a
 * page has the page to itself, so that it can be mapped without showing its neighbour.
 */
#include <errno.h>
#include <stdlib.h>

#include "plan/plan_steps.h"

#define BARS_MAX (PLAN_DEVICES_MAX * PT_BARS)

struct bar_ref {
	unsigned device;
	unsigned bar;
	uint64_t room;
};

enum bar_space bar_space(const struct pt_host_bar *bar)
{
	if (bar->io)
		return BAR_SPACE_IO;
	return bar->is_64bit ? BAR_SPACE_MEM64 : BAR_SPACE_MEM32;
}

uint64_t bar_room(const struct pt_host_bar *bar)
{
	if (!bar->io && bar->size && bar->size < PLAN_PAGE_SIZE)
		return PLAN_PAGE_SIZE;
	return bar->size;
}

int bar_need(const struct vm_plan *plan, enum bar_space space, struct bar_need *ret_need,
	     struct pt_error *err)
{
	struct bar_need need = {0};

	for (unsigned i = 0; i < plan->device_count; i++) {
		for (unsigned j = 0; j < PT_BARS; j++) {
			const struct pt_host_bar *bar = &plan->devices[i].bars[j];
			uint64_t room = bar_room(bar);

			if (!room || bar_space(bar) != space)
				continue;
			if (__builtin_add_overflow(need.total, room, &need.total))
				return pt_error_set(err, -EOVERFLOW,
						    "%s: BAR %u: the devices' BARs are larger than "
						    "any address space",
						    plan->devices[i].bdf, j);
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

static size_t collect(const struct vm_plan *plan, enum bar_space space, struct bar_ref *bars)
{
	size_t count = 0;

	for (unsigned i = 0; i < plan->device_count; i++) {
		for (unsigned j = 0; j < PT_BARS; j++) {
			const struct pt_host_bar *bar = &plan->devices[i].bars[j];

			if (bar->size && bar_space(bar) == space)
				bars[count++] = (struct bar_ref){i, j, bar_room(bar)};
		}
	}
	qsort(bars, count, sizeof(bars[0]), by_room);
	return count;
}

static int place(struct vm_plan *plan, enum bar_space space, const struct plan_range *window,
		 struct pt_error *err)
{
	struct bar_ref bars[BARS_MAX];
	size_t count = collect(plan, space, bars);
	uint64_t offset = 0;

	for (size_t i = 0; i < count; i++) {
		struct plan_device *device = &plan->devices[bars[i].device];
		uint64_t address = window->base + offset;
		uint64_t pad = -address & (bars[i].room - 1);

		/* Differences only: nothing here can overflow. */
		if (pad > window->size - offset || bars[i].room > window->size - offset - pad) {
			(void)pt_error_set(
				err, -ENOSPC,
				"%s: no address is left for BAR %u that is a multiple of "
				"its size",
				device->bdf, bars[i].bar);
			return pt_error_remedy(err, -ENOSPC, "leave %s out", device->bdf);
		}
		device->bar_address[bars[i].bar] = address + pad;
		offset += pad + bars[i].room;
	}
	return 0;
}

int plan_bars(struct vm_plan *plan, struct pt_error *err)
{
	int ret;

	ret = place(plan, BAR_SPACE_IO, &plan->io_window, err);
	if (ret < 0)
		return ret;
	ret = place(plan, BAR_SPACE_MEM32, &plan->mmio32_window, err);
	if (ret < 0)
		return ret;
	return place(plan, BAR_SPACE_MEM64, &plan->mmio64_window, err);
}
