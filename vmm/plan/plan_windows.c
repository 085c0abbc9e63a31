/* SPDX-License-Identifier: MIT */
/*
 * Where BARs may be.
 *
 * The windows for ports and for 32-bit BARs are fixed. The window for 64-bit prefetchable BARs lies above RAM, below the limit,
 * and clear of what any device's IOMMU reserves: a BAR there could never be reached by a device. It is larger than the BARs
 * need, so that the guest can move them about: the first gap that holds all we would like, else the largest one.
 */
#include <errno.h>
#include <inttypes.h>

#include "config/size.h"
#include "plan/plan_steps.h"

#define MIB	     (UINT64_C(1) << 20)
#define GIB	     (UINT64_C(1) << 30)
#define WINDOW64_MIN (64 * GIB) /* unless less fits */

/* Round up; 0 when that does not fit into 64 bits. @align is a power of two. */
static uint64_t align_up(uint64_t value, uint64_t align)
{
	uint64_t sum;

	if (__builtin_add_overflow(value, align - 1, &sum))
		return 0;
	return sum & ~(align - 1);
}

/* The smallest power of two that is twice @need or more, WINDOW64_MIN at least. */
static uint64_t wanted_size(uint64_t need)
{
	uint64_t size = WINDOW64_MIN;

	while (size / 2 < need && size < UINT64_C(1) << 62)
		size *= 2;
	return size;
}

/* The reserved range with the lowest start that ends behind @from. Return: NULL when there is none. */
static const struct pt_iova_range *next_reserved(const struct host_facts *facts, uint64_t from)
{
	const struct pt_iova_range *next = NULL;

	for (size_t i = 0; i < facts->device_count; i++) {
		const struct device_facts *device = &facts->devices[i];

		for (size_t j = 0; j < device->reserved_count; j++) {
			const struct pt_iova_range *range = &device->reserved[j];

			if (range->last >= from && (!next || range->first < next->first))
				next = range;
		}
	}
	return next;
}

/*
 * What of a gap can be a window: aligned to @align, whole GiB, no larger than wanted.
 */
static struct plan_range usable(uint64_t start, uint64_t end, uint64_t align, uint64_t wanted)
{
	uint64_t base = align_up(start, align);
	uint64_t size;

	if (!base || base >= end)
		return (struct plan_range){0};
	size = (end - base) & ~(GIB - 1);
	if (!size)
		return (struct plan_range){0};
	return (struct plan_range){.base = base, .size = size < wanted ? size : wanted};
}

static struct plan_range find_window(const struct host_facts *facts, uint64_t start, uint64_t end,
				     uint64_t align, uint64_t wanted)
{
	struct plan_range best = {0};

	while (start < end && best.size < wanted) {
		const struct pt_iova_range *blocked = next_reserved(facts, start);
		uint64_t gap_end = blocked && blocked->first < end ? blocked->first : end;
		struct plan_range window = usable(start, gap_end, align, wanted);

		if (window.size > best.size)
			best = window;
		if (gap_end == end || blocked->last >= end)
			break;
		start = blocked->last + 1;
	}
	return best;
}

static uint64_t largest_reserve(const struct vm_plan *plan, enum bar_space space)
{
	uint64_t largest = 0;

	for (unsigned i = 0; i < plan->port_count; i++) {
		uint64_t reserve = space == BAR_SPACE_MEM32 ? plan->ports[i].reserve_32bit
							    : plan->ports[i].reserve_64bit;

		largest = reserve > largest ? reserve : largest;
	}
	return largest;
}

/* Where BARs are to be: between @start and @end, clear of what is reserved; in the window below 4 GiB without @facts. */
struct room {
	const struct host_facts *facts;
	uint64_t start;
	uint64_t end;
};

static struct plan_range room_window(const struct room *room, uint64_t align, uint64_t wanted)
{
	if (room->facts)
		return find_window(room->facts, room->start, room->end, align, wanted);
	return (struct plan_range){.base = room->start, .size = room->end - room->start};
}

static uint64_t largest(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

/* What each empty slot could have instead, so that all fits; 0: nothing. The plan, which is no plan, is changed meanwhile. */
static uint64_t reserve_that_fits(struct vm_plan *plan, enum bar_space space,
				  const struct bar_need *need, const struct room *room)
{
	for (uint64_t less = largest_reserve(plan, space) / 2; less >= MIB; less /= 2) {
		uint64_t total;

		for (unsigned i = 0; i < plan->port_count; i++) {
			uint64_t *reserve = space == BAR_SPACE_MEM32
						    ? &plan->ports[i].reserve_32bit
						    : &plan->ports[i].reserve_64bit;

			*reserve = *reserve > less ? less : *reserve;
		}
		total = plan_bars_lay(plan, space, 0, UINT64_MAX);
		if (total <= room_window(room, largest(largest(need->largest, less), GIB),
					 wanted_size(total))
				     .size)
			return less;
	}
	return 0;
}

/* What empty slots reserve is more than the largest BAR. */
static int reserve_does_not_fit(struct vm_plan *plan, enum bar_space space,
				const struct bar_need *need, uint64_t total,
				const struct room *room, struct pt_error *err)
{
	char total_text[SIZE_TEXT_SIZE], has[SIZE_TEXT_SIZE];
	const char *option = space == BAR_SPACE_MEM32 ? "reserve-32bit" : "reserve-64bit";
	uint64_t less = reserve_that_fits(plan, space, need, room);

	(void)pt_error_set(err, -ENOSPC,
			   "devices' BARs and what is reserved for slots that are empty at first "
			   "need %s, and there are %s %s",
			   size_text(total, total_text),
			   size_text(room_window(room, GIB, UINT64_MAX).size, has),
			   space == BAR_SPACE_MEM32 ? "below 4 GiB" : "above memory");
	if (!less)
		return pt_error_remedy(err, -ENOSPC, "a smaller --hotplug-slots");
	return pt_error_remedy(err, -ENOSPC, "--%s %s, or a smaller --hotplug-slots", option,
			       size_option_text(less, total_text));
}

static int does_not_fit(const struct vm_plan *plan, const struct bar_need *need, uint64_t total,
			uint64_t room, const char *where, const char *why, struct pt_error *err)
{
	char total_text[SIZE_TEXT_SIZE], largest[SIZE_TEXT_SIZE], has[SIZE_TEXT_SIZE];

	(void)pt_error_set(err, -ENOSPC,
			   "the devices' BARs need %s of %s, and there are %s (%s); the largest is "
			   "%s of %s with %s",
			   size_text(total, total_text), where, size_text(room, has), why,
			   bar_name(need->largest_bar), plan->devices[need->largest_device].bdf,
			   size_text(need->largest, largest));
	return pt_error_remedy(
		err, -ENOSPC, "leave %s out%s", plan->devices[need->largest_device].bdf,
		plan->device_count > 1 ? ", or divide the devices among guests" : "");
}

static void plan_io(struct vm_plan *plan)
{
	plan->io_window =
		(struct plan_range){.base = PLAN_IO_BASE, .size = PLAN_IO_END - PLAN_IO_BASE};
	(void)plan_bars_lay(plan, BAR_SPACE_IO, PLAN_IO_BASE, PLAN_IO_END);
}

static int plan_window32(struct vm_plan *plan, struct pt_error *err)
{
	const struct room room = {.start = PLAN_MMIO32_BASE, .end = PLAN_MMIO32_END};
	const uint64_t size = PLAN_MMIO32_END - PLAN_MMIO32_BASE;
	struct bar_need need;
	uint64_t total;
	int ret = bar_need(plan, BAR_SPACE_MEM32, &need, err);

	if (ret < 0)
		return ret;
	total = plan_bars_lay(plan, BAR_SPACE_MEM32, 0, UINT64_MAX);
	if (total > size && largest_reserve(plan, BAR_SPACE_MEM32) >= need.largest)
		return reserve_does_not_fit(plan, BAR_SPACE_MEM32, &need, total, &room, err);
	if (total > size)
		return does_not_fit(plan, &need, total, size, "addresses below 4 GiB",
				    "a fixed window", err);
	/* The base is a multiple of every size that fits, so that no more is needed than was measured. */
	(void)plan_bars_lay(plan, BAR_SPACE_MEM32, PLAN_MMIO32_BASE, PLAN_MMIO32_END);
	plan->mmio32_window = (struct plan_range){.base = PLAN_MMIO32_BASE, .size = size};
	return 0;
}

static int plan_window64(const struct host_facts *facts, const struct plan_limit *limit,
			 struct vm_plan *plan, struct pt_error *err)
{
	const struct plan_ram *ram = &plan->ram[plan->ram_count - 1];
	struct room room = {.facts = facts, .start = ram->gpa + ram->size, .end = limit->end};
	struct plan_range window;
	struct bar_need need;
	uint64_t align, reserve, total;
	int ret = bar_need(plan, BAR_SPACE_MEM64, &need, err);

	if (ret < 0)
		return ret;
	room.start = largest(room.start, PLAN_HIGH_RAM_BASE);
	reserve = largest_reserve(plan, BAR_SPACE_MEM64);
	align = largest(largest(need.largest, GIB), reserve);
	total = plan_bars_lay(plan, BAR_SPACE_MEM64, 0, UINT64_MAX);
	window = room_window(&room, align, wanted_size(total));
	if (total > window.size && reserve >= need.largest)
		return reserve_does_not_fit(plan, BAR_SPACE_MEM64, &need, total, &room, err);
	if (total > window.size)
		return does_not_fit(plan, &need, total, window.size, "addresses above memory",
				    limit->why, err);
	(void)plan_bars_lay(plan, BAR_SPACE_MEM64, window.base, UINT64_MAX);
	plan->mmio64_window = window;
	return 0;
}

int plan_windows(const struct host_facts *facts, const struct plan_limit *limit,
		 struct vm_plan *plan, struct pt_error *err)
{
	int ret;

	ret = plan_window32(plan, err);
	if (ret < 0)
		return ret;
	plan_io(plan);
	/* A port's memory window is always there, and larger than the BAR of a virtio device, which is alone behind it. */
	for (unsigned i = 0; i < plan->virtio_count; i++)
		plan->virtio[i].bar = plan->ports[plan->virtio[i].port].memory.base;
	return plan_window64(facts, limit, plan, err);
}
