/* SPDX-License-Identifier: MIT */
#include "config/numa_setting.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/pin_setting.h"

#define FIELD(member) .field = offsetof(struct vm_config_node, member)

#define DISTANCE_MIN 10 /* of a node to itself: ACPI 6.5, 5.2.17 */
#define DISTANCE_MAX 254

static int set_cpus(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config_node *node = object;

	(void)dir;
	return setting_cpu_list(value, &node->cpus, err);
}

static int set_distances(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config_node *node = object;
	unsigned char distances[VM_NODES_MAX];
	unsigned count = 0;

	(void)dir;
	for (const char *at = value;;) {
		char *end;
		unsigned long distance = strtoul(at, &end, 10);

		if (end == at || *at < '0' || *at > '9' || (*end && *end != ' ') ||
		    count == VM_NODES_MAX || distance < DISTANCE_MIN || distance > DISTANCE_MAX) {
			(void)pt_error_set(err, -EINVAL, "\"%s\" are not distances", value);
			return pt_error_remedy(err, -EINVAL,
					       "write a number from %d to %d for each node, up to "
					       "%d, such as \"10 20\"",
					       DISTANCE_MIN, DISTANCE_MAX, VM_NODES_MAX);
		}
		distances[count++] = (unsigned char)distance;
		if (!*end)
			break;
		at = end + 1;
	}
	memcpy(node->distances, distances, count);
	node->distance_count = count;
	return 0;
}

static const struct setting rows[] = {
	{
		.name = "memory",
		.arg = "SIZE",
		.help = "how much of the guest's memory it has",
		.kind = SETTING_SIZE,
		FIELD(memory),
	},
	{
		.name = "cpus",
		.arg = "CPUS",
		.help = "its virtual CPUs, such as 0-3,8; none if it is not said",
		.kind = SETTING_OTHER,
		.pattern = "^" CPU_LIST_PATTERN "$",
		.max = VM_CPUS_MAX - 1,
		.set = set_cpus,
	},
	{
		.name = "host-node",
		.arg = "N",
		.help = "the host's NUMA node that its memory comes from, and no other",
		.kind = SETTING_NUMBER,
		FIELD(host_node),
		.given = offsetof(struct vm_config_node, has_host_node),
		.max = VM_NODE_MAX,
	},
	{
		.name = "distances",
		.arg = "LIST",
		.help = "to each node, its own being 10, such as \"10 21\"; 20 to the others if it is not "
			"said",
		.kind = SETTING_OTHER,
		.pattern = "^[0-9]+( [0-9]+)*$",
		.min = DISTANCE_MIN,
		.max = DISTANCE_MAX,
		.set = set_distances,
	},
};

/* Nodes have an order and no names, so what is said later of them replaces all that was said before. */
static int add(struct vm_config *config, void *object, struct pt_error *err)
{
	struct vm_config_node *node = object;

	node->layer = config->layer;
	if (config->node_count && config->nodes[0].layer != config->layer)
		config->node_count = 0;
	if (config->node_count == VM_NODES_MAX)
		return pt_error_remedy(
			err, pt_error_set(err, -E2BIG, "more than %d NUMA nodes", VM_NODES_MAX),
			"divide the guest into fewer");
	config->nodes[config->node_count++] = *node;
	return 0;
}

static void done(void *object)
{
	(void)object;
}

const struct device_kind numa_kind = {
	.option = "numa",
	.noun = "NUMA node",
	.example = "4G",
	.help = "A NUMA node of the guest, with a part of its memory and of its CPUs",
	.settings = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct vm_config_node),
	.add = add,
	.done = done,
};
