/* SPDX-License-Identifier: MIT */
#include "sysfs.h"

#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>

int pt_read_file(const struct pt_sys *sys, const char *path, char *buf, size_t size)
{
	const bool whole = !strncmp(path, "/sys/", 5);
	int fd = sys->open(sys->ctx, path, O_RDONLY);
	size_t used = 0;
	int64_t n = 0;

	if (fd < 0)
		return fd;
	while (used < size - 1) {
		n = sys->pread(sys->ctx, fd, buf + used, size - 1 - used, used);
		if (n <= 0)
			break;
		used += (size_t)n;
		/* What a file of sysfs has is read whole; Documentation/filesystems/sysfs.rst. */
		if (whole)
			break;
	}
	pt_close_fd(sys, &fd);
	if (n < 0)
		return (int)n;
	while (used > 0 && isspace((unsigned char)buf[used - 1]))
		used--;
	buf[used] = '\0';
	return (int)used;
}

const char *pt_last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

bool pt_is_mediated(const char *name)
{
	return !strchr(name, ':');
}

void pt_sysfs_path(const char *name, const char *file, char *ret_path)
{
	(void)snprintf(ret_path, PT_PATH_SIZE, "%s%s/%s",
		       pt_is_mediated(name) ? PT_SYSFS_MDEV : PT_SYSFS_PCI, name, file);
}

int pt_sysfs_hex(const struct pt_sys *sys, const char *name, const char *file,
		 unsigned long *ret_value, struct pt_error *err)
{
	char path[PT_PATH_SIZE], buf[32], *end;
	int r;

	pt_sysfs_path(name, file, path);
	r = pt_read_file(sys, path, buf, sizeof(buf));
	if (r == -ENOENT)
		return pt_error_set(err, -ENODEV, "%s: no such PCI device on this host", name);
	if (r < 0)
		return pt_error_set(err, r, "%s: %s", path, strerror(-r));
	*ret_value = strtoul(buf, &end, 16);
	if (end == buf || *end)
		return pt_error_set(err, -EIO, "%s: \"%s\" is not a number", path, buf);
	return 0;
}

int pt_sysfs_link(const struct pt_sys *sys, const char *name, const char *link, char *buf,
		  size_t size)
{
	char path[PT_PATH_SIZE], target[PT_PATH_SIZE];
	int r;

	buf[0] = '\0';
	pt_sysfs_path(name, link, path);
	r = sys->readlink(sys->ctx, path, target, sizeof(target));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if ((size_t)snprintf(buf, size, "%s", pt_last_part(target)) >= size)
		return -ENAMETOOLONG;
	return 0;
}

int pt_host_driver(const struct pt_sys *sys, const char *bdf, char ret_driver[PT_DRIVER_SIZE])
{
	return pt_sysfs_link(sys, bdf, "driver", ret_driver, PT_DRIVER_SIZE);
}

bool pt_is_noiommu_node(const char *node)
{
	return !strncmp(node, PT_NOIOMMU_PREFIX, strlen(PT_NOIOMMU_PREFIX));
}

static int first_vfio_node(void *arg, const char *name)
{
	const char *plain = pt_is_noiommu_node(name) ? name + strlen(PT_NOIOMMU_PREFIX) : name;
	char *node = arg;

	if (strncmp(plain, "vfio", 4) || strlen(name) >= PT_NODE_SIZE)
		return 0;
	(void)snprintf(node, PT_NODE_SIZE, "%s", name);
	return 1;
}

void pt_node_number_path(const char *name, const char *node, char *ret_path)
{
	char file[PT_NODE_SIZE + 16];

	(void)snprintf(file, sizeof(file), "vfio-dev/%s/dev", node);
	pt_sysfs_path(name, file, ret_path);
}

/* Without CONFIG_VFIO_DEVICE_CDEV there is a vfio-dev/vfioN as well, but no device number in it. */
int pt_sysfs_node(const struct pt_sys *sys, const char *name, char *ret_node)
{
	char path[PT_PATH_SIZE], node[PT_NODE_SIZE] = "", number[32];
	int r;

	ret_node[0] = '\0';
	pt_sysfs_path(name, "vfio-dev", path);
	r = sys->list(sys->ctx, path, first_vfio_node, node);
	if (r < 0 || node[0] == '\0')
		return r == -ENOENT ? 0 : r;
	pt_node_number_path(name, node, path);
	r = pt_read_file(sys, path, number, sizeof(number));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	memcpy(ret_node, node, sizeof(node));
	return 0;
}
