/* SPDX-License-Identifier: MIT */
/*
 * The addresses that a guest needs of every device, and why a device cannot have them.
 *
 * The kernel refuses a device whose IOMMU keeps one of them for itself, or does not translate it,
 * with one errno for all. Which range it is, is found by looking where the kernel looked.
 */
#include <inttypes.h>

#include "refusal.h"

#define RESERVED_MAX 32

static int check_allowed(const struct pt_iova_range *ranges, size_t count, struct pt_error *err)
{
	for (size_t i = 0; i < count; i++) {
		const struct pt_iova_range *range = &ranges[i];

		if (range->first >= range->last || !pt_aligned(range->first, PT_PAGE_SIZE) ||
		    !pt_aligned(range->last + 1, PT_PAGE_SIZE))
			return pt_error_set(err, -EINVAL,
					    "IOVA 0x%" PRIx64 "-0x%" PRIx64 ": not whole pages",
					    range->first, range->last);
		for (size_t j = 0; j < i; j++)
			if (range->first <= ranges[j].last && ranges[j].first <= range->last)
				return pt_error_set(err, -EINVAL,
						    "IOVA 0x%" PRIx64 "-0x%" PRIx64
						    ": overlaps 0x%" PRIx64 "-0x%" PRIx64,
						    range->first, range->last, ranges[j].first,
						    ranges[j].last);
	}
	return 0;
}

/* Which of the ranges the devices that are attached already cannot have. */
static int explain_allow(struct pt_space *space, const struct pt_iova_range *ranges, size_t count,
			 int code, struct pt_error *err)
{
	for (size_t i = 0; code == -EADDRINUSE && i < count; i++)
		if (pt_space_check(space, ranges[i].first, ranges[i].last - ranges[i].first + 1,
				   err) == -EADDRNOTAVAIL) {
			if (err)
				err->code = code;
			return code;
		}
	return pt_refused_space(space, "IOMMU_IOAS_ALLOW_IOVAS", code, err);
}

PT_PUBLIC int pt_space_allow(struct pt_space *space, const struct pt_iova_range *ranges,
			     size_t count, struct pt_error *err)
{
	const struct pt_backend *backend = space->backend;
	struct pt_iova_range *copy, *old;
	int r = check_allowed(ranges, count, err);

	if (r < 0)
		return r;
	copy = pt_alloc(space->sys, (count + 1) * sizeof(*copy));
	if (!copy)
		return pt_no_memory(err, space->backend->node);
	old = copy;
	if (count > 0)
		memcpy(copy, ranges, count * sizeof(*copy));
	(void)pthread_mutex_lock(&space->map_lock);
	r = backend->allow ? backend->allow(space, copy, count) : 0;
	if (r == 0) {
		old = space->allowed;
		space->allowed = copy;
		space->allowed_count = count;
	}
	(void)pthread_mutex_unlock(&space->map_lock);
	pt_free(space->sys, old);
	return r < 0 ? explain_allow(space, ranges, count, r, err) : 0;
}

int pt_space_admit(struct pt_space *space, const struct pt_host_device *host, struct pt_error *err)
{
	for (size_t i = 0; i < space->allowed_count; i++) {
		const struct pt_iova_range *range = &space->allowed[i];

		if (pt_space_check(space, range->first, range->last - range->first + 1, NULL) ==
		    -EADDRNOTAVAIL)
			return pt_space_conflict(space, host, -EADDRINUSE, err);
	}
	return 0;
}

/* The first address range of the guest's that meets @range. Return: false when none does. */
static bool needed_locked(const struct pt_space *space, const struct pt_iova_range *range,
			  struct pt_iova_range *ret_needed)
{
	for (size_t i = 0; i < space->allowed_count; i++)
		if (space->allowed[i].first <= range->last &&
		    range->first <= space->allowed[i].last) {
			*ret_needed = space->allowed[i];
			return true;
		}
	for (size_t i = 0; i < space->mapping_count; i++) {
		uint64_t first = space->mappings[i].iova;
		uint64_t last = first + (space->mappings[i].size - 1);

		if (first <= range->last && range->first <= last) {
			*ret_needed = (struct pt_iova_range){first, last};
			return true;
		}
	}
	return false;
}

static bool needed(struct pt_space *space, const struct pt_iova_range *range,
		   struct pt_iova_range *ret_needed)
{
	bool found;

	(void)pthread_mutex_lock(&space->map_lock);
	found = needed_locked(space, range, ret_needed);
	(void)pthread_mutex_unlock(&space->map_lock);
	return found;
}

int pt_space_conflict(struct pt_space *space, const struct pt_host_device *host, int code,
		      struct pt_error *err)
{
	struct pt_iova_range reserved[RESERVED_MAX], guest;
	unsigned bits = pt_host_iova_bits(space->sys, host);
	size_t count = 0;

	if (pt_host_reserved(space->sys, host, reserved, RESERVED_MAX, &count, NULL) < 0)
		count = 0;
	for (size_t i = 0; i < count && i < RESERVED_MAX; i++) {
		if (!needed(space, &reserved[i], &guest))
			continue;
		pt_error_set(err, code,
			     "%s: its IOMMU reserves 0x%" PRIx64 "-0x%" PRIx64
			     ", which is within the guest's 0x%" PRIx64 "-0x%" PRIx64,
			     host->name, reserved[i].first, reserved[i].last, guest.first,
			     guest.last);
		return pt_error_remedy(
			err, code,
			"give the guest less memory, or leave %s out; "
			"/sys/kernel/iommu_groups/%d/reserved_regions lists what is reserved",
			host->name, host->group);
	}
	if (bits > 0 && bits < 64 &&
	    needed(space, &(struct pt_iova_range){1ull << bits, UINT64_MAX}, &guest)) {
		pt_error_set(err, code,
			     "%s: its IOMMU translates addresses of %u bits, too few for the "
			     "guest's 0x%" PRIx64 "-0x%" PRIx64,
			     host->name, bits, guest.first, guest.last);
		return pt_error_remedy(err, code, "give the guest less memory, or leave %s out",
				       host->name);
	}
	pt_error_set(err, code,
		     "%s: its IOMMU cannot translate all the addresses that the guest uses",
		     host->name);
	return pt_error_remedy(err, code,
			       "see /sys/kernel/iommu_groups/%d/reserved_regions, and the "
			       "kernel's log",
			       host->group);
}
