/* SPDX-License-Identifier: MIT */
/* The PCI functions of a host. */
#include <stdlib.h>

#include "sysfs.h"

struct list_walk {
	struct pt_host_name *names;
	size_t count;
	size_t max;
};

static int count_name(void *arg, const char *name)
{
	char bdf[PT_NAME_SIZE];

	*(size_t *)arg += pt_bdf_parse(name, bdf) == 0;
	return 0;
}

/* One that was plugged in since they were counted does not count. */
static int add_name(void *arg, const char *name)
{
	struct list_walk *walk = arg;

	if (walk->count == walk->max)
		return 1;
	if (pt_bdf_parse(name, walk->names[walk->count].name) == 0)
		walk->count++;
	return 0;
}

/* All fields of a canonical address but the first are as wide as another's. */
static int compare(const void *a, const void *b)
{
	const struct pt_host_name *one = a, *two = b;
	size_t one_size = strlen(one->name), two_size = strlen(two->name);

	if (one_size != two_size)
		return one_size < two_size ? -1 : 1;
	return strcmp(one->name, two->name);
}

PT_PUBLIC int pt_host_list(const struct pt_sys *sys, struct pt_host_name **ret_names,
			   size_t *ret_count, struct pt_error *err)
{
	struct list_walk walk = {0};
	int r = sys->list(sys->ctx, PT_SYSFS_PCI, count_name, &walk.max);

	if (r == -ENOENT)
		return pt_error_set(err, r, PT_SYSFS_PCI ": there is none; this host has no PCI");
	if (r < 0)
		return pt_error_set(err, r, PT_SYSFS_PCI ": %s", strerror(-r));
	if (walk.max > 0) {
		walk.names = pt_alloc(sys, walk.max * sizeof(*walk.names));
		if (!walk.names)
			return pt_no_memory(err, PT_SYSFS_PCI);
		r = sys->list(sys->ctx, PT_SYSFS_PCI, add_name, &walk);
	}
	if (r < 0) {
		pt_free(sys, walk.names);
		return pt_error_set(err, r, PT_SYSFS_PCI ": %s", strerror(-r));
	}
	if (walk.count > 0)
		qsort(walk.names, walk.count, sizeof(*walk.names), compare);
	*ret_names = walk.names;
	*ret_count = walk.count;
	return 0;
}

PT_PUBLIC void pt_host_list_free(const struct pt_sys *sys, struct pt_host_name *names)
{
	pt_free(sys, names);
}
