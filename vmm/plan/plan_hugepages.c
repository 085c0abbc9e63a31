/* SPDX-License-Identifier: MIT */
/*
 * Huge pages behind the guest's memory: are there enough of them, and does the memory divide into them?
 */
#include <errno.h>
#include <inttypes.h>

#include "config/size.h"
#include "plan/plan_steps.h"

static const struct hugepages *find_pool(const struct host_facts *facts, uint64_t size)
{
	for (unsigned i = 0; i < HUGEPAGES_SIZES; i++)
		if (facts->hugepages[i].size == size && facts->hugepages[i].exists)
			return &facts->hugepages[i];
	return NULL;
}

static int no_pool(uint64_t page, struct pt_error *err)
{
	char text[SIZE_TEXT_SIZE];

	(void)pt_error_set(err, -ENODEV,
			   "this host has no huge pages of %s: there is no " HUGEPAGES_POOL,
			   size_text(page, text), page / 1024);
	return pt_error_remedy(
		err, -ENODEV,
		"--hugepages off, or another size; `ls /sys/kernel/mm/hugepages` shows "
		"which there are");
}

static int misaligned(uint64_t memory, uint64_t page, struct pt_error *err)
{
	char size[SIZE_TEXT_SIZE], text[SIZE_TEXT_SIZE];
	uint64_t up;

	(void)pt_error_set(err, -EINVAL, "memory of %s is not a multiple of %s, its page size",
			   size_text(memory, size), size_text(page, text));
	if (__builtin_add_overflow(memory - memory % page, page, &up))
		return pt_error_remedy(err, -EINVAL, "a smaller --memory");
	return pt_error_remedy(err, -EINVAL, "--memory %s, or --hugepages off",
			       size_option_text(up, text));
}

int plan_hugepages(const struct vm_config *config, const struct host_facts *facts,
		   struct vm_plan *plan, struct pt_error *err)
{
	const struct hugepages *pool;
	char size[SIZE_TEXT_SIZE], text[SIZE_TEXT_SIZE];
	uint64_t page = config->hugepages, need;

	if (!page)
		return 0;
	pool = find_pool(facts, page);
	if (!pool)
		return no_pool(page, err);
	if (plan->memory % page)
		return misaligned(plan->memory, page, err);
	need = plan->memory / page;
	if (need > pool->free) {
		(void)pt_error_set(err, -ENOMEM,
				   "memory of %s takes %" PRIu64 " huge pages of %s: %" PRIu64
				   " of the host's %" PRIu64 " are free (" HUGEPAGES_POOL ")",
				   size_text(plan->memory, size), need, size_text(page, text),
				   pool->free, pool->total, page / 1024);
		return pt_error_remedy(err, -ENOMEM,
				       "as root: echo %" PRIu64 " > " HUGEPAGES_POOL
				       "/nr_hugepages; or --hugepages off",
				       pool->total + (need - pool->free), page / 1024);
	}
	plan->hugepages = page;
	return 0;
}
