/* SPDX-License-Identifier: MIT */
/*
 * The guest's NUMA nodes: which part of its memory and of its CPUs each has, where the memory is from, and near which one each
 * passed-through device is.
 */
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#include "config/size.h"
#include "plan/plan_steps.h"

#define MEMORY_STEP	(UINT64_C(2) << 20)
#define DISTANCE_SELF	10 /* ACPI 6.5, 5.2.17 */
#define DISTANCE_OTHERS 20

static int check_sizes(const struct vm_config *config, const struct vm_plan *plan,
		       struct pt_error *err)
{
	uint64_t step = plan->hugepages ? plan->hugepages : MEMORY_STEP, sum = 0;
	char size[SIZE_TEXT_SIZE], text[SIZE_TEXT_SIZE];

	for (size_t i = 0; i < config->node_count; i++) {
		uint64_t memory = config->nodes[i].memory;

		if (memory % step) {
			(void)pt_error_set(err, -EINVAL,
					   "NUMA node %zu: memory of %s is not a multiple of %s", i,
					   size_text(memory, size), size_text(step, text));
			return pt_error_remedy(err, -EINVAL, "another size for it");
		}
		if (__builtin_add_overflow(sum, memory, &sum))
			sum = UINT64_MAX;
	}
	if (sum == plan->memory)
		return 0;
	(void)pt_error_set(err, -EINVAL,
			   "the NUMA nodes have %s of memory together, the guest has %s",
			   size_text(sum, text), size_text(plan->memory, size));
	return pt_error_remedy(err, -EINVAL, "--memory %s, or other sizes for the nodes",
			       size_option_text(sum, text));
}

static int check_cpus(const struct vm_config *config, const struct vm_plan *plan,
		      struct pt_error *err)
{
	for (unsigned cpu = 0; cpu < CPU_LIST_MAX; cpu++) {
		unsigned nodes = 0;

		for (size_t i = 0; i < config->node_count; i++)
			nodes += cpu_list_has(&config->nodes[i].cpus, cpu);
		if (nodes == (cpu < plan->cpus))
			continue;
		(void)pt_error_set(err, -EINVAL,
				   cpu >= plan->cpus ? "NUMA nodes: there is no virtual CPU %u"
				   : nodes ? "virtual CPU %u is in more than one NUMA node"
					   : "virtual CPU %u is in no NUMA node",
				   cpu);
		return pt_error_remedy(err, -EINVAL,
				       "name each of the CPUs, 0 to %u, in the cpus of one node",
				       plan->cpus - 1);
	}
	return 0;
}

static int no_host_node(const struct numa_node *node, size_t i, struct pt_error *err)
{
	(void)pt_error_set(err, -ENODEV, "NUMA node %zu: this host has no NUMA node %u with memory",
			   i, node->id);
	if (!node->all[0])
		return pt_error_remedy(err, -ENODEV, "leave host-node out");
	return pt_error_remedy(err, -ENODEV, "host-node N with N one of %s", node->all);
}

/* All that is to come from one node of the host against what it has. */
static int check_host_node(const struct vm_config *config, const struct numa_node *node,
			   const struct vm_plan *plan, struct pt_error *err)
{
	char size[SIZE_TEXT_SIZE], text[SIZE_TEXT_SIZE];
	uint64_t need = 0;

	for (size_t i = 0; i < config->node_count; i++) {
		if (config->nodes[i].has_host_node && config->nodes[i].host_node == node->id)
			need += config->nodes[i].memory;
	}
	if (need > node->total) {
		(void)pt_error_set(err, -ENOMEM,
				   "memory of %s is more than the host's NUMA node %u has: %s",
				   size_text(need, size), node->id,
				   size_text(node->total & ~(MEMORY_STEP - 1), text));
		return pt_error_remedy(err, -ENOMEM, "smaller nodes, or another host-node");
	}
	for (unsigned i = 0; plan->hugepages && i < HUGEPAGES_SIZES; i++) {
		const struct hugepages *pool = &node->hugepages[i];

		if (pool->size != plan->hugepages || need / pool->size <= pool->free)
			continue;
		(void)pt_error_set(err, -ENOMEM,
				   "memory of %s takes %" PRIu64 " huge pages of %s: %" PRIu64
				   " of NUMA node %u's %" PRIu64 " are free",
				   size_text(need, size), need / pool->size,
				   size_text(pool->size, text), pool->free, node->id, pool->total);
		return pt_error_remedy(err, -ENOMEM,
				       "as root: echo %" PRIu64 " > " NUMA_NODES
				       "/node%u/hugepages/hugepages-%" PRIu64 "kB/nr_hugepages",
				       pool->total + (need / pool->size - pool->free), node->id,
				       pool->size / 1024);
	}
	return 0;
}

static int plan_distances(const struct vm_config_node *from, unsigned count, unsigned i,
			  struct plan_node *node, struct pt_error *err)
{
	memset(node->distances, DISTANCE_OTHERS, sizeof(node->distances));
	node->distances[i] = DISTANCE_SELF;
	if (!from->distance_count)
		return 0;
	if (from->distance_count != count) {
		(void)pt_error_set(err, -EINVAL,
				   "NUMA node %u: %u distances, and there are %u nodes", i,
				   from->distance_count, count);
		return pt_error_remedy(err, -EINVAL, "one for each node");
	}
	if (from->distances[i] != DISTANCE_SELF) {
		(void)pt_error_set(err, -EINVAL, "NUMA node %u: its distance to itself is %u", i,
				   from->distances[i]);
		return pt_error_remedy(err, -EINVAL, "it is 10, always");
	}
	memcpy(node->distances, from->distances, count);
	return 0;
}

int plan_nodes(const struct vm_config *config, const struct host_facts *facts, struct vm_plan *plan,
	       struct pt_error *err)
{
	unsigned count = (unsigned)config->node_count;
	int ret = count ? check_sizes(config, plan, err) : 0;

	if (ret == 0 && count)
		ret = check_cpus(config, plan, err);
	for (unsigned i = 0; i < count && ret == 0; i++) {
		const struct vm_config_node *from = &config->nodes[i];
		struct plan_node *node = &plan->nodes[i];

		node->memory = from->memory;
		node->cpus = from->cpus;
		node->host_node = from->has_host_node ? (int)from->host_node : plan->numa_node;
		if (from->has_host_node)
			ret = facts->nodes[i].exists
				      ? check_host_node(config, &facts->nodes[i], plan, err)
				      : no_host_node(&facts->nodes[i], i, err);
		if (ret == 0)
			ret = plan_distances(from, count, i, node, err);
	}
	plan->node_count = count;
	return ret;
}

static int node_near(const struct vm_plan *plan, const struct device_facts *device)
{
	for (unsigned i = 0; i < plan->node_count; i++) {
		if (plan->nodes[i].host_node >= 0 &&
		    plan->nodes[i].host_node == device->details.numa_node)
			return (int)i;
	}
	return -1;
}

void plan_near(const struct host_facts *facts, struct vm_plan *plan)
{
	for (unsigned i = 0; i < plan->port_count; i++)
		plan->ports[i].node = -1;
	for (unsigned i = 0; i < plan->device_count; i++) {
		for (size_t j = 0; j < facts->device_count; j++) {
			if (strcmp(plan->devices[i].bdf, facts->devices[j].host.name) == 0)
				plan->ports[plan->devices[i].port].node =
					node_near(plan, &facts->devices[j]);
		}
	}
}
