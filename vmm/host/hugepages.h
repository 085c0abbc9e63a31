/* SPDX-License-Identifier: MIT */
/*
 * The host's pools of huge pages, one for each size, as /sys/kernel/mm/hugepages shows them.
 */
#ifndef TENON_HOST_HUGEPAGES_H
#define TENON_HOST_HUGEPAGES_H

#include <passthrough/sys.h>
#include <stdint.h>

#define HUGEPAGES_POOL	"/sys/kernel/mm/hugepages/hugepages-%" PRIu64 "kB" /* by the size in KiB */
#define HUGEPAGES_SIZES 2

/**
 * struct hugepages - a pool
 * @size: bytes of a page
 * @exists: the kernel has such a pool; it may be empty
 * @total: pages in it
 * @free: of these, what is neither used nor promised
 */
struct hugepages {
	uint64_t size;
	int exists;
	uint64_t total;
	uint64_t free;
};

/** hugepages_read() - the pools of 2 MiB and of 1 GiB pages; one that cannot be read does not exist */
void hugepages_read(const struct pt_sys *sys, struct hugepages ret_pools[HUGEPAGES_SIZES]);

#endif
