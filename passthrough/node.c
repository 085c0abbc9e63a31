/* SPDX-License-Identifier: MIT */
/*
 * Device nodes are numbered, and numbers are given again: what a node is called does not say what it is. sysfs does, by its
 * device number.
 */
#include "sysfs.h"

static int read_number(const struct pt_sys *sys, const char *path, unsigned *ret_major,
		       unsigned *ret_minor)
{
	char buf[32];
	int r = pt_read_file(sys, path, buf, sizeof(buf));

	if (r < 0)
		return r;
	return sscanf(buf, "%u:%u", ret_major, ret_minor) == 2 ? 0 : -EIO;
}

int pt_node_check(const struct pt_sys *sys, int fd, const char *node, const char *number_path,
		  const char *name, struct pt_error *err)
{
	unsigned want_major, want_minor, major, minor;
	int r = read_number(sys, number_path, &want_major, &want_minor);

	if (r == 0)
		r = sys->rdev(sys->ctx, fd, &major, &minor);
	if (r < 0)
		return pt_error_set(err, r, "%s: finding the device number of %s: %s", name, node,
				    strerror(-r));
	if (major == want_major && minor == want_minor)
		return 0;
	pt_error_set(err, -EINVAL,
		     "%s: %s has device number %u:%u, not %u:%u: it is another device", name, node,
		     major, minor, want_major, want_minor);
	return pt_error_remedy(
		err, -EINVAL,
		"nodes may be being renumbered: try again; else look for a stale node in /dev/vfio");
}

static int not_ours(int fd, int code, const char *what, struct pt_error *err)
{
	pt_error_set(err, code,
		     "descriptor %d: is neither VFIO's node of a device or group nor " PT_IOMMU_NODE
		     ": %s",
		     fd, what);
	return pt_error_remedy(err, code,
			       "hand in an open " PT_VFIO_NODES "vfioN, " PT_GROUP_NODES
			       "N or " PT_IOMMU_NODE);
}

/* Where sysfs has the node, such as .../0000:02:00.0/vfio-dev/vfio3. */
static int sysfs_place(const struct pt_sys *sys, int fd, char *real, size_t size,
		       struct pt_error *err)
{
	char link[PT_PATH_SIZE];
	unsigned major, minor;
	int r = sys->rdev(sys->ctx, fd, &major, &minor);

	if (r < 0)
		return not_ours(fd, r, strerror(-r), err);
	(void)snprintf(link, sizeof(link), "/sys/dev/char/%u:%u", major, minor);
	r = sys->realpath(sys->ctx, link, real, size);
	return r < 0 ? pt_error_set(err, r, "descriptor %d: %s: %s", fd, link, strerror(-r)) : 0;
}

static int identify_device(const struct pt_sys *sys, int fd, const char *node,
			   struct pt_node *ret_node, struct pt_error *err)
{
	char path[PT_PATH_SIZE];
	int r;

	ret_node->kind = PT_NODE_DEVICE;
	(void)snprintf(path, sizeof(path), PT_VFIO_NODES "%s", node);
	r = pt_host_resolve(sys, path, ret_node->name, err);
	return r < 0 ? pt_error_prefix(err, r, "descriptor %d", fd) : 0;
}

static bool parse_group(const char *name, int *ret_group)
{
	char end;

	return sscanf(name, "%d%c", ret_group, &end) == 1 ||
	       sscanf(name, PT_NOIOMMU_PREFIX "%d%c", ret_group, &end) == 1;
}

PT_PUBLIC int pt_host_identify(const struct pt_sys *sys, int fd, struct pt_node *ret_node,
			       struct pt_error *err)
{
	static const struct {
		const char *place;
		enum pt_node_kind kind;
	} single[] = {{"/misc/iommu", PT_NODE_IOMMUFD}, {"/misc/vfio", PT_NODE_CONTAINER}};
	struct pt_node node = {.group = -1};
	char real[PT_PATH_SIZE];
	const char *at;
	int r = sysfs_place(sys, fd, real, sizeof(real), err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < PT_ARRAY_SIZE(single); i++) {
		at = strstr(real, single[i].place);
		if (at && !at[strlen(single[i].place)]) {
			node.kind = single[i].kind;
			*ret_node = node;
			return 0;
		}
	}
	at = strstr(real, "/vfio-dev/");
	if (at) {
		r = identify_device(sys, fd, at + strlen("/vfio-dev/"), &node, err);
	} else {
		at = strstr(real, "/vfio/");
		node.kind = PT_NODE_GROUP;
		if (!at || !parse_group(at + strlen("/vfio/"), &node.group))
			r = not_ours(fd, -ENOTTY, real, err);
	}
	if (r == 0)
		*ret_node = node;
	return r;
}
