/* SPDX-License-Identifier: MIT */
/*
 * The NUMA node that the guest's memory is to come from: is it there, and large enough? What does not fit would not be had
 * from another node, but would end the guest when it touches it.
 */
#include <errno.h>
#include <inttypes.h>

#include "config/size.h"
#include "plan/plan_steps.h"

static int no_node(const struct numa_node *node, struct pt_error *err)
{
	(void)pt_error_set(err, -ENODEV, "this host has no NUMA node %u with memory", node->id);
	if (!node->all[0])
		return pt_error_remedy(err, -ENODEV, "leave --numa-node out");
	return pt_error_remedy(err, -ENODEV,
			       "--numa-node N with N one of %s; `ls -d " NUMA_NODES
			       "/node*` lists them",
			       node->all);
}

static int too_small(const struct vm_plan *plan, const struct numa_node *node, struct pt_error *err)
{
	char size[SIZE_TEXT_SIZE], total[SIZE_TEXT_SIZE];

	(void)pt_error_set(err, -ENOMEM, "memory of %s is more than NUMA node %u has: %s",
			   size_text(plan->memory, size), node->id,
			   size_text(node->total & ~((UINT64_C(2) << 20) - 1), total));
	return pt_error_remedy(err, -ENOMEM, "--memory %s or less, or leave --numa-node out",
			       size_option_text(node->total & ~((UINT64_C(2) << 20) - 1), total));
}

static int too_few_pages(const struct vm_plan *plan, const struct numa_node *node,
			 const struct hugepages *pool, struct pt_error *err)
{
	char size[SIZE_TEXT_SIZE], text[SIZE_TEXT_SIZE];
	uint64_t need = plan->memory / pool->size;

	(void)pt_error_set(err, -ENOMEM,
			   "memory of %s takes %" PRIu64 " huge pages of %s: %" PRIu64
			   " of NUMA node %u's %" PRIu64 " are free",
			   size_text(plan->memory, size), need, size_text(pool->size, text),
			   pool->free, node->id, pool->total);
	return pt_error_remedy(err, -ENOMEM,
			       "as root: echo %" PRIu64 " > " NUMA_NODES
			       "/node%u/hugepages/hugepages-%" PRIu64
			       "kB/nr_hugepages; or leave --numa-node out",
			       pool->total + (need - pool->free), node->id, pool->size / 1024);
}

int plan_numa(const struct vm_config *config, const struct host_facts *facts, struct vm_plan *plan,
	      struct pt_error *err)
{
	const struct numa_node *node = &facts->node;

	plan->numa_node = -1;
	if (!config->has_numa_node)
		return 0;
	if (!node->exists)
		return no_node(node, err);
	if (plan->memory > node->total)
		return too_small(plan, node, err);
	for (unsigned i = 0; plan->hugepages && i < HUGEPAGES_SIZES; i++) {
		const struct hugepages *pool = &node->hugepages[i];

		if (pool->size == plan->hugepages && plan->memory / pool->size > pool->free)
			return too_few_pages(plan, node, pool, err);
	}
	plan->numa_node = (int)node->id;
	return 0;
}
