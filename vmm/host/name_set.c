/* SPDX-License-Identifier: MIT */
#include "host/name_set.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

bool name_set_has(const struct name_set *set, const char *name)
{
	for (unsigned i = 0; i < set->count; i++) {
		if (strcmp(set->names[i], name) == 0)
			return true;
	}
	return false;
}

int name_set_add(struct name_set *set, const char *name)
{
	if (name_set_has(set, name))
		return 0;
	if (set->count == NAME_SET_MAX || strlen(name) >= sizeof(set->names[0]))
		return -E2BIG;
	(void)snprintf(set->names[set->count++], sizeof(set->names[0]), "%s", name);
	return 0;
}

struct below {
	struct name_set *set;
	const struct pt_sys *sys;
	const char *class_name;
	char place[PT_PATH_SIZE]; /* "/sys/devices/.../0000:02:00.0/" */
};

static int add_below(void *arg, const char *name)
{
	struct below *below = arg;
	char path[PT_PATH_SIZE], real[PT_PATH_SIZE];

	if (snprintf(path, sizeof(path), "/sys/class/%s/%s", below->class_name, name) >=
	    (int)sizeof(path))
		return 0;
	/* One that is gone meanwhile. */
	if (below->sys->realpath(below->sys->ctx, path, real, sizeof(real)) < 0 ||
	    strncmp(real, below->place, strlen(below->place)) != 0)
		return 0;
	return name_set_add(below->set, name);
}

int name_set_below(struct name_set *set, const struct pt_sys *sys, const char *class_name,
		   const char *bdf)
{
	struct below below = {.set = set, .sys = sys, .class_name = class_name};
	char path[PT_PATH_SIZE];
	int ret;

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bdf);
	ret = sys->realpath(sys->ctx, path, below.place, sizeof(below.place) - 1);
	if (ret < 0)
		return ret;
	memcpy(below.place + strlen(below.place), "/", sizeof("/"));
	(void)snprintf(path, sizeof(path), "/sys/class/%s", class_name);
	ret = sys->list(sys->ctx, path, add_below, &below);
	return ret == -ENOENT ? 0 : ret;
}
