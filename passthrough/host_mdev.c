/* SPDX-License-Identifier: MIT */
/* Mediated devices: what parents can be divided into, and what they are. Source: Documentation/driver-api/vfio-mediated-device.rst. */
#include <stdlib.h>

#include "sysfs.h"

#define MDEV_PARENTS "/sys/class/mdev_bus"
#define MDEV_TYPES   MDEV_PARENTS "/%s/mdev_supported_types"

struct type_walk {
	const struct pt_sys *sys;
	int (*each)(void *arg, const struct pt_host_mdev_type *type);
	void *arg;
	const char *parent;
};

/* A file of a type's, cut where it does not fit; empty where there is none. */
static void read_text(const struct type_walk *walk, const char *type, const char *file, char *buf,
		      size_t size)
{
	char path[PT_PATH_SIZE];

	(void)snprintf(path, sizeof(path), MDEV_TYPES "/%s/%s", walk->parent, type, file);
	if (pt_read_file(walk->sys, path, buf, size) < 0)
		buf[0] = '\0';
}

static int count_one(void *arg, const char *name)
{
	(void)name;
	++*(unsigned *)arg;
	return 0;
}

static int walk_type(void *arg, const char *name)
{
	struct type_walk *walk = arg;
	struct pt_host_mdev_type type = {.available = PT_UNKNOWN};
	char path[PT_PATH_SIZE], number[32], *end;
	long available;

	if (strlen(name) >= sizeof(type.id))
		return 0;
	(void)snprintf(type.parent, sizeof(type.parent), "%s", walk->parent);
	(void)snprintf(type.id, sizeof(type.id), "%s", name);
	read_text(walk, name, "name", type.name, sizeof(type.name));
	read_text(walk, name, "description", type.description, sizeof(type.description));
	read_text(walk, name, "device_api", type.api, sizeof(type.api));
	read_text(walk, name, "available_instances", number, sizeof(number));
	available = strtol(number, &end, 10);
	if (end != number && available >= 0 && available <= INT_MAX)
		type.available = (int)available;
	(void)snprintf(path, sizeof(path), MDEV_TYPES "/%s/devices", walk->parent, name);
	(void)walk->sys->list(walk->sys->ctx, path, count_one, &type.instances);
	return walk->each(walk->arg, &type);
}

static int walk_parent(void *arg, const char *name)
{
	struct type_walk *walk = arg;
	char path[PT_PATH_SIZE];
	int r;

	if (strlen(name) >= PT_NAME_SIZE)
		return 0;
	walk->parent = name;
	(void)snprintf(path, sizeof(path), MDEV_TYPES, name);
	r = walk->sys->list(walk->sys->ctx, path, walk_type, walk);
	/* Gone since the parents were listed. */
	return r == -ENOENT ? 0 : r;
}

PT_PUBLIC int pt_host_mdev_types(const struct pt_sys *sys,
				 int (*each)(void *arg, const struct pt_host_mdev_type *type),
				 void *arg, struct pt_error *err)
{
	struct type_walk walk = {.sys = sys, .each = each, .arg = arg};
	int r = sys->list(sys->ctx, MDEV_PARENTS, walk_parent, &walk);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? pt_error_set(err, r, MDEV_PARENTS ": %s", strerror(-r)) : r;
}

struct mdev_walk {
	const struct pt_sys *sys;
	int (*each)(void *arg, const struct pt_host_mdev *mdev);
	void *arg;
};

static int walk_mdev(void *arg, const char *name)
{
	struct mdev_walk *walk = arg;
	struct pt_host_mdev mdev = {.uuid = ""};
	char path[PT_PATH_SIZE], real[PT_PATH_SIZE], *cut;

	if (pt_uuid_canonical(name, mdev.uuid) < 0)
		return 0;
	pt_sysfs_path(mdev.uuid, "", path);
	/* Removed since they were listed. */
	if (walk->sys->realpath(walk->sys->ctx, path, real, sizeof(real)) < 0)
		return 0;
	/* .../0000:00:02.0/83b8f4f2-509f-382f-3c1e-e6bfe0fa1001 */
	cut = strrchr(real, '/');
	if (cut)
		*cut = '\0';
	(void)snprintf(mdev.parent, sizeof(mdev.parent), "%.*s", PT_NAME_SIZE - 1,
		       pt_last_part(real));
	if (pt_sysfs_link(walk->sys, mdev.uuid, "mdev_type", mdev.type, sizeof(mdev.type)) < 0)
		mdev.type[0] = '\0';
	return walk->each(walk->arg, &mdev);
}

PT_PUBLIC int pt_host_mdevs(const struct pt_sys *sys,
			    int (*each)(void *arg, const struct pt_host_mdev *mdev), void *arg,
			    struct pt_error *err)
{
	struct mdev_walk walk = {.sys = sys, .each = each, .arg = arg};
	int r = sys->list(sys->ctx, PT_SYSFS_MDEV, walk_mdev, &walk);

	if (r == -ENOENT)
		return 0;
	return r < 0 ? pt_error_set(err, r, PT_SYSFS_MDEV ": %s", strerror(-r)) : r;
}
