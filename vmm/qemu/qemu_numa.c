/* SPDX-License-Identifier: MIT */
/*
 * The guest's NUMA nodes: "-numa node,nodeid=0,cpus=0-1,memdev=ram-node0", and the distances between them.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/pin_setting.h"
#include "qemu/qemu_layout.h"
#include "qemu/qemu_setters.h"

uint64_t qemu_bytes(const char *text, uint64_t unit)
{
	static const char units[] = "bkmgt";
	char *end;
	uint64_t number = strtoull(text, &end, 10), bytes;
	const char *suffix = *end ? strchr(units, *end | 0x20) : NULL;

	if (end == text || (*end && (!suffix || end[1])))
		return 0;
	if (suffix)
		unit = UINT64_C(1) << 10 * (suffix - units);
	return __builtin_mul_overflow(number, unit, &bytes) ? 0 : bytes;
}

static const char *get(const struct qemu_item *item, const char *key)
{
	const char *text = qemu_value_get(&item->value, key);

	return text ? text : "";
}

/* Return: whether @text is a number up to @max. */
static bool number(const char *text, unsigned max, unsigned *ret_number)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	if (end == text || *end || value > max)
		return false;
	*ret_number = (unsigned)value;
	return true;
}

/* Nodes have the memory of an object each, which says too which node of the host's it is of. */
static int take_memory(struct qemu_guest *guest, const char *id, struct vm_config_node *node,
		       struct pt_error *err)
{
	const struct qemu_value *memory = qemu_guest_backend(guest, "object", id);
	const char *size = memory ? qemu_value_get(memory, "size") : NULL;
	const char *host = memory ? qemu_value_get(memory, "host-nodes") : NULL;

	if (memory && !host)
		host = qemu_value_get(memory, "host-nodes.0");
	node->memory = size ? qemu_bytes(size, 1) : 0;
	if (!node->memory)
		return pt_error_set(err, -EINVAL, "memdev=%s is no -object with memory", id);
	node->has_host_node = host;
	if (!host || number(host, VM_NODE_MAX, &node->host_node))
		return 0;
	return pt_error_remedy(
		err,
		pt_error_set(err, -EINVAL,
			     "a node's memory is of one node of the host's, not of %s", host),
		"in the domain's XML: <numatune><memnode cellid= mode='strict' nodeset='N'/>, of one "
		"node each");
}

int qemu_add_node(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		  struct pt_error *err)
{
	struct vm_config *config = &guest->config;
	struct vm_config_node node = {0};
	unsigned id;
	int ret;

	(void)text;
	if (config->node_count == VM_NODES_MAX)
		return pt_error_set(err, -E2BIG, "more than %d nodes", VM_NODES_MAX);
	if (!number(get(item, "nodeid"), VM_NODES_MAX, &id) || id != config->node_count)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "nodes are numbered from 0 on, in order"),
			"in the domain's XML: <cell id='%zu'> for the next", config->node_count);
	ret = take_memory(guest, get(item, "memdev"), &node, err);
	if (ret == 0)
		ret = setting_cpu_list(get(item, "cpus"), &node.cpus, err);
	if (ret == 0)
		config->nodes[config->node_count++] = node;
	return ret;
}

int qemu_add_distance(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		      struct pt_error *err)
{
	struct vm_config *config = &guest->config;
	struct vm_config_node *node;
	unsigned from, to, value;

	(void)text;
	if (!number(get(item, "src"), VM_NODES_MAX - 1, &from) || from >= config->node_count ||
	    !number(get(item, "dst"), VM_NODES_MAX - 1, &to) || to >= config->node_count)
		return pt_error_set(err, -EINVAL, "src= and dst= are nodes that are there");
	if (!number(get(item, "val"), 255, &value))
		return pt_error_set(err, -EINVAL, "val= is 10 to 255");
	node = &config->nodes[from];
	/* What is not said is as far as others are (ACPI 6.4, 5.2.17: 10 is the node itself). */
	if (!node->distance_count) {
		memset(node->distances, 20, sizeof(node->distances));
		node->distances[from] = 10;
		node->distance_count = (unsigned)config->node_count;
	}
	node->distances[to] = (unsigned char)value;
	return 0;
}
