/* SPDX-License-Identifier: MIT */
/*
 * Device nodes are numbered, and numbers are given again: what a node is called does not say what it is. sysfs does, by its
 * device number.
 */
#include "internal.h"

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
