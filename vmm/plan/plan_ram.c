/* SPDX-License-Identifier: MIT */
/*
 * RAM: up to 2 GiB from 0, the rest from 4 GiB, so that the 2 GiB between them are there for 32-bit devices.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "config/size.h"
#include "plan/plan_steps.h"

#define PHYS_BITS_MAX 52 /* of the architecture */
#define MEMORY_STEP   (UINT64_C(2) << 20)

struct plan_limit plan_limit(const struct host_facts *facts)
{
	struct plan_limit limit;
	unsigned bits =
		facts->guest_phys_bits < PHYS_BITS_MAX ? facts->guest_phys_bits : PHYS_BITS_MAX;

	limit.end = UINT64_C(1) << bits;
	(void)snprintf(limit.why, sizeof(limit.why),
		       "guests on this host have addresses of %u bits", bits);
	for (size_t i = 0; i < facts->device_count; i++) {
		const struct device_facts *device = &facts->devices[i];

		if (!device->iova_bits || device->iova_bits >= bits)
			continue;
		bits = device->iova_bits;
		limit.end = UINT64_C(1) << bits;
		(void)snprintf(limit.why, sizeof(limit.why), "the IOMMU of %s translates %u bits",
			       device->host.name, bits);
	}
	return limit;
}

static int add_ram(struct vm_plan *plan, uint64_t gpa, uint64_t size, uint64_t offset,
		   const struct plan_limit *limit, struct pt_error *err)
{
	char text[SIZE_TEXT_SIZE];
	uint64_t end;

	if (!__builtin_add_overflow(gpa, size, &end) && end <= limit->end) {
		plan->ram[plan->ram_count++] =
			(struct plan_ram){.gpa = gpa, .size = size, .offset = offset};
		return 0;
	}
	(void)pt_error_set(err, -ERANGE, "memory of %s does not fit: %s",
			   size_text(plan->memory, text), limit->why);
	if (limit->end <= gpa)
		return pt_error_remedy(err, -ERANGE, "--memory %s or less",
				       size_option_text(offset, text));
	return pt_error_remedy(err, -ERANGE, "--memory %s or less",
			       size_option_text(offset + (limit->end - gpa), text));
}

static int check_reserved(const struct plan_ram *ram, const struct device_facts *device,
			  struct pt_error *err)
{
	char text[SIZE_TEXT_SIZE];

	for (size_t i = 0; i < device->reserved_count; i++) {
		const struct pt_iova_range *range = &device->reserved[i];
		uint64_t last = ram->gpa + ram->size - 1;
		uint64_t fits;

		if (range->last < ram->gpa || range->first > last)
			continue;
		(void)pt_error_set(err, -EADDRINUSE,
				   "%s: its IOMMU reserves 0x%" PRIx64 "-0x%" PRIx64
				   ", where the guest's memory would be (0x%" PRIx64 "-0x%" PRIx64
				   ")",
				   device->host.name, range->first, range->last, ram->gpa, last);
		fits = ram->offset + (range->first > ram->gpa ? range->first - ram->gpa : 0);
		fits -= fits % MEMORY_STEP;
		if (!fits)
			return pt_error_remedy(err, -EADDRINUSE,
					       "leave %s out; no size of memory avoids it",
					       device->host.name);
		return pt_error_remedy(err, -EADDRINUSE, "--memory %s or less, or leave %s out",
				       size_option_text(fits, text), device->host.name);
	}
	return 0;
}

int plan_ram_check(const struct vm_plan *plan, const struct device_facts *device,
		   struct pt_error *err)
{
	int ret = 0;

	for (unsigned i = 0; i < plan->ram_count && ret == 0; i++)
		ret = check_reserved(&plan->ram[i], device, err);
	return ret;
}

int plan_ram(const struct host_facts *facts, const struct plan_limit *limit, struct vm_plan *plan,
	     struct pt_error *err)
{
	uint64_t low = plan->memory < PLAN_LOW_RAM_END ? plan->memory : PLAN_LOW_RAM_END;
	int ret;

	ret = add_ram(plan, 0, low, 0, limit, err);
	if (ret == 0 && plan->memory > low)
		ret = add_ram(plan, PLAN_HIGH_RAM_BASE, plan->memory - low, low, limit, err);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < facts->device_count && ret == 0; i++)
		ret = plan_ram_check(plan, &facts->devices[i], err);
	return ret;
}
