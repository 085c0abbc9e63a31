/* SPDX-License-Identifier: MIT */
/*
 * A NUMA node of the host, as /sys/devices/system/node shows it.
 */
#ifndef TENON_HOST_NUMA_NODE_H
#define TENON_HOST_NUMA_NODE_H

#include <passthrough/sys.h>
#include <stdint.h>

#include "host/hugepages.h"

#define NUMA_NODES "/sys/devices/system/node"

/**
 * struct numa_node - what a guest's memory on it depends on
 * @id: its number
 * @exists: it is there, and has memory
 * @total: bytes of memory
 * @hugepages: its share of the pools
 * @all: the nodes with memory, such as "0-1"; empty when the kernel does not say
 */
struct numa_node {
	unsigned id;
	int exists;
	uint64_t total;
	struct hugepages hugepages[HUGEPAGES_SIZES];
	char all[64];
};

/** numa_node_read() - look at node @id; one that cannot be read does not exist */
struct numa_node numa_node_read(const struct pt_sys *sys, unsigned id);

#endif
