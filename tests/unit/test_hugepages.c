/* SPDX-License-Identifier: MIT */
/* The host's pools of huge pages. */
#include "check.h"
#include "host/hugepages.h"

#define POOLS "/sys/kernel/mm/hugepages/"

static void put(struct model *model, const char *pool, const char *total, const char *free,
		const char *promised)
{
	char path[128];

	(void)snprintf(path, sizeof(path), POOLS "%s/nr_hugepages", pool);
	model_put_file(model, path, total);
	(void)snprintf(path, sizeof(path), POOLS "%s/free_hugepages", pool);
	model_put_file(model, path, free);
	(void)snprintf(path, sizeof(path), POOLS "%s/resv_hugepages", pool);
	model_put_file(model, path, promised);
}

Test(hugepages, what_is_promised_is_not_free)
{
	struct model *model = model_new();
	struct hugepages pools[HUGEPAGES_SIZES];

	put(model, "hugepages-2048kB", "512\n", "300\n", "44\n");
	put(model, "hugepages-1048576kB", "4\n", "1\n", "2\n");
	hugepages_read(model_sys(model), pools);
	cr_assert_eq(pools[0].size, 2ull << 20);
	cr_assert(pools[0].exists && pools[0].total == 512 && pools[0].free == 256);
	cr_assert_eq(pools[1].size, 1ull << 30);
	cr_assert(pools[1].exists && pools[1].total == 4 && pools[1].free == 0);
	check_clean(model);
	model_free(model);
}

Test(hugepages, a_pool_that_is_not_there)
{
	struct model *model = model_new();
	struct hugepages pools[HUGEPAGES_SIZES];

	put(model, "hugepages-2048kB", "512\n", "nonsense\n", "44\n");
	hugepages_read(model_sys(model), pools);
	cr_assert(!pools[0].exists && !pools[1].exists);
	check_clean(model);
	model_free(model);
}
