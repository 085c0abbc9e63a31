/* SPDX-License-Identifier: MIT */
#include "host/numa_node.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "host/read_text.h"

static int read_count(const struct pt_sys *sys, unsigned id, uint64_t page, const char *name,
		      uint64_t *ret_count)
{
	char path[160], text[32];
	int ret;

	(void)snprintf(path, sizeof(path),
		       NUMA_NODES "/node%u/hugepages/hugepages-%" PRIu64 "kB/%s", id, page / 1024,
		       name);
	ret = read_text(sys, path, text, sizeof(text));
	if (ret < 0)
		return ret;
	return sscanf(text, "%" SCNu64, ret_count) == 1 ? 0 : -1;
}

/* A node does not say what of its free pages is promised. */
static struct hugepages read_pool(const struct pt_sys *sys, unsigned id, uint64_t size)
{
	struct hugepages pool = {.size = size};

	pool.exists = read_count(sys, id, size, "nr_hugepages", &pool.total) == 0 &&
		      read_count(sys, id, size, "free_hugepages", &pool.free) == 0;
	return pool;
}

struct numa_node numa_node_read(const struct pt_sys *sys, unsigned id)
{
	struct numa_node node = {.id = id};
	char path[64], text[4096];
	const char *line;
	uint64_t kib = 0;

	if (read_text(sys, NUMA_NODES "/has_memory", node.all, sizeof(node.all)) == 0)
		node.all[strcspn(node.all, "\n")] = '\0';
	(void)snprintf(path, sizeof(path), NUMA_NODES "/node%u/meminfo", id);
	if (read_text(sys, path, text, sizeof(text)) < 0)
		return node;
	line = strstr(text, "MemTotal:");
	if (line && sscanf(line, "MemTotal: %" SCNu64 " kB", &kib) == 1)
		node.total = kib << 10;
	node.exists = node.total > 0;
	node.hugepages[0] = read_pool(sys, id, UINT64_C(2) << 20);
	node.hugepages[1] = read_pool(sys, id, UINT64_C(1) << 30);
	return node;
}
