/* SPDX-License-Identifier: MIT */
#include "sandbox/keeper_rules.h"

#include <stdio.h>
#include <string.h>

/*
 * A '#' stands for digits, as of a process, and a path that ends with '/' for all below it. sysfs is not written to: devices are
 * taken and given back by the keeper itself. Of /proc little is read, and nothing opened that leads elsewhere (fd, root, cwd).
 */
static const struct {
	const char *path;
	unsigned uses;
} rows[] = {
	{"/dev/iommu", KEEPER_LOOK | KEEPER_READ | KEEPER_WRITE},
	{"/dev/kvm", KEEPER_LOOK | KEEPER_READ | KEEPER_WRITE},
	{"/dev/net/tun", KEEPER_LOOK | KEEPER_READ | KEEPER_WRITE},
	{"/dev/vfio/", KEEPER_LOOK | KEEPER_READ | KEEPER_WRITE},
	{"/dev/vhost-net", KEEPER_LOOK | KEEPER_READ | KEEPER_WRITE},
	{"/dev/vhost-vsock", KEEPER_LOOK | KEEPER_READ | KEEPER_WRITE},
	{"/proc", KEEPER_LOOK},
	{"/proc/self", KEEPER_LOOK},
	{"/proc/#/fd", KEEPER_LOOK},
	{"/proc/#/fd/#", KEEPER_LOOK},
	{"/proc/#/comm", KEEPER_LOOK | KEEPER_READ},
	{"/proc/#/status", KEEPER_LOOK | KEEPER_READ},
	{"/proc/meminfo", KEEPER_LOOK | KEEPER_READ},
	{"/sys/", KEEPER_LOOK | KEEPER_READ},
};

static bool is_digit(char c)
{
	return c >= '0' && c <= '9';
}

static bool fits(const char *row, const char *path)
{
	while (*row && *path) {
		if (*row == '#' && is_digit(*path)) {
			row++;
			path += strspn(path, "0123456789");
		} else if (*row == *path) {
			row++;
			path++;
		} else {
			return false;
		}
		if (!*row && *path)
			return row[-1] == '/';
	}
	return !*row && !*path;
}

/* Whether it is in one of the folders. */
static bool is_in(const char *path, const char *files)
{
	while (files && *files) {
		size_t len = strcspn(files, ":"), end = len;

		while (end > 1 && files[end - 1] == '/')
			end--;
		if (end > 0 && *files == '/' && strncmp(path, files, end) == 0 &&
		    (path[end] == '/' || end == 1))
			return true;
		files += len + (files[len] == ':');
	}
	return false;
}

bool keeper_path(const char *path, int vmm, char *ret_path, size_t size)
{
	static const char self[] = "/proc/self/";
	int len;

	if (*path != '/')
		return false;
	for (const char *at = path; at; at = strchr(at + 1, '/')) {
		if (strncmp(at, "/./", 3) == 0 || strncmp(at, "/../", 4) == 0 ||
		    strcmp(at, "/.") == 0 || strcmp(at, "/..") == 0)
			return false;
	}
	if (strncmp(path, self, strlen(self)) == 0)
		len = snprintf(ret_path, size, "/proc/%d/%s", vmm, path + strlen(self));
	else
		len = snprintf(ret_path, size, "%s", path);
	return len >= 0 && (size_t)len < size;
}

bool keeper_may(const char *path, enum keeper_use use, const char *files)
{
	for (size_t i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		if (fits(rows[i].path, path))
			return rows[i].uses & use;
	}
	return is_in(path, files);
}
