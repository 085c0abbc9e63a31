/* SPDX-License-Identifier: MIT */
#include "host/hugepages.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "host/read_text.h"

static int read_count(const struct pt_sys *sys, const struct hugepages *pool, const char *name,
		      uint64_t *ret_count)
{
	char path[128], text[32];
	int ret;

	(void)snprintf(path, sizeof(path), HUGEPAGES_POOL "/%s", pool->size / 1024, name);
	ret = read_text(sys, path, text, sizeof(text));
	if (ret < 0)
		return ret;
	return sscanf(text, "%" SCNu64, ret_count) == 1 ? 0 : -EIO;
}

static struct hugepages read_pool(const struct pt_sys *sys, uint64_t size)
{
	struct hugepages pool = {.size = size};
	uint64_t promised;

	if (read_count(sys, &pool, "nr_hugepages", &pool.total) == 0 &&
	    read_count(sys, &pool, "free_hugepages", &pool.free) == 0 &&
	    read_count(sys, &pool, "resv_hugepages", &promised) == 0) {
		pool.exists = 1;
		pool.free -= promised < pool.free ? promised : pool.free;
	}
	return pool;
}

void hugepages_read(const struct pt_sys *sys, struct hugepages ret_pools[HUGEPAGES_SIZES])
{
	ret_pools[0] = read_pool(sys, UINT64_C(2) << 20);
	ret_pools[1] = read_pool(sys, UINT64_C(1) << 30);
}
