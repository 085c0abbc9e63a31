/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "host/device_use.h"
#include "host/name_set.h"
#include "host/read_text.h"

#define MOUNTS_SIZE (1u << 20)
#define FORCE	    "; to take it all the same: tenon bind --force %s"

struct disks {
	const struct pt_sys *sys;
	const char *name; /* of the PCI function */
	struct name_set set;
};

static int add_holder(void *arg, const char *name)
{
	return name_set_add(arg, name);
}

/*
 * With more than one way to a disk the kernel shows one block device for all of them, nvme0n1, and keeps those of each
 * controller, nvme0c1n1, to itself.
 */
static int add_multipath(struct name_set *set, const char *name)
{
	unsigned subsystem, controller, space;
	char head[PT_NODE_SIZE];

	if (sscanf(name, "nvme%uc%un%u", &subsystem, &controller, &space) != 3)
		return 0;
	(void)snprintf(head, sizeof(head), "nvme%un%u", subsystem, space);
	return name_set_add(set, head);
}

/* The function's block devices, and all that is built on them. */
static int find_disks(struct disks *disks)
{
	struct name_set *set = &disks->set;
	int ret = name_set_below(set, disks->sys, "block", disks->name);

	for (unsigned i = 0; i < set->count && ret >= 0; i++) {
		char path[PT_PATH_SIZE];

		ret = add_multipath(set, set->names[i]);
		if (ret < 0)
			break;
		(void)snprintf(path, sizeof(path), "/sys/class/block/%s/holders", set->names[i]);
		ret = disks->sys->list(disks->sys->ctx, path, add_holder, set);
		if (ret == -ENOENT)
			ret = 0;
	}
	return ret;
}

/* What a path such as /dev/mapper/home is in truth; empty when it is no device of /dev. */
static void real_name(const struct disks *disks, const char *path, char *ret_name, size_t size)
{
	char real[PT_PATH_SIZE];

	ret_name[0] = '\0';
	if (strncmp(path, "/dev/", 5) == 0 &&
	    disks->sys->realpath(disks->sys->ctx, path, real, sizeof(real)) >= 0)
		(void)snprintf(ret_name, size, "%s", strrchr(real, '/') + 1);
}

/* By its number, "259:2", which is also right where the path is another namespace's. */
static const char *by_number(const struct disks *disks, const char *number)
{
	for (unsigned i = 0; i < disks->set.count; i++) {
		char path[PT_PATH_SIZE], text[32];

		(void)snprintf(path, sizeof(path), "/sys/class/block/%s/dev", disks->set.names[i]);
		if (read_text(disks->sys, path, text, sizeof(text)) < 0)
			continue;
		text[strcspn(text, "\n")] = '\0';
		if (strcmp(text, number) == 0)
			return disks->set.names[i];
	}
	return NULL;
}

static int mounted(const struct disks *disks, const char *disk, const char *where,
		   struct pt_error *err)
{
	pt_error_set(err, -EBUSY, "%s: the host uses it: %s is mounted on %s", disks->name, disk,
		     where);
	if (strcmp(where, "/") == 0)
		return pt_error_remedy(err, -EBUSY,
				       "pass another disk through: the host runs from this one");
	return pt_error_remedy(err, -EBUSY, "umount %s" FORCE, where, disks->name);
}

/* A line of mountinfo: "36 35 98:0 /root /mount options ... - type source options". Source: proc(5). */
static int check_mount(const struct disks *disks, char *line, struct pt_error *err)
{
	char number[32], where[PT_PATH_SIZE], source[PT_PATH_SIZE] = "", real[PT_NODE_SIZE];
	const char *disk, *rest = strstr(line, " - ");

	if (sscanf(line, "%*s %*s %31s %*s %511s", number, where) != 2)
		return 0;
	disk = by_number(disks, number);
	if (disk)
		return mounted(disks, disk, where, err);
	/* btrfs has a number of its own. */
	if (!rest || sscanf(rest, " - %*s %511s", source) != 1)
		return 0;
	real_name(disks, source, real, sizeof(real));
	return name_set_has(&disks->set, real) ? mounted(disks, real, where, err) : 0;
}

/* A line of /proc/swaps: "/dev/sda2 partition ...". */
static int check_swap(const struct disks *disks, char *line, struct pt_error *err)
{
	char path[PT_PATH_SIZE], real[PT_NODE_SIZE];

	if (sscanf(line, "%511s", path) != 1)
		return 0;
	real_name(disks, path, real, sizeof(real));
	if (!name_set_has(&disks->set, real))
		return 0;
	pt_error_set(err, -EBUSY, "%s: the host uses it: %s is swap", disks->name, real);
	return pt_error_remedy(err, -EBUSY, "swapoff /dev/%s" FORCE, real, disks->name);
}

static int each_line(const struct disks *disks, const char *path,
		     int (*check)(const struct disks *disks, char *line, struct pt_error *err),
		     struct pt_error *err)
{
	CLEANUP_FREE char *text = malloc(MOUNTS_SIZE);
	char *next = text, *line;
	int ret;

	if (!text)
		return pt_error_set(err, -ENOMEM, "out of memory");
	ret = read_text(disks->sys, path, text, MOUNTS_SIZE);
	/* A kernel without swap. */
	if (ret == -ENOENT)
		return 0;
	if (ret < 0)
		return pt_error_set(err, ret, "%s: %s", path, strerror(-ret));
	while (ret == 0 && (line = strsep(&next, "\n")) != NULL)
		ret = check(disks, line, err);
	return ret;
}

static int check_claims(const struct disks *disks, struct pt_error *err)
{
	for (unsigned i = 0; i < disks->set.count; i++) {
		char path[PT_PATH_SIZE];
		int fd;

		(void)snprintf(path, sizeof(path), "/dev/%s", disks->set.names[i]);
		fd = disks->sys->open(disks->sys->ctx, path, O_RDONLY | O_EXCL | O_NONBLOCK);
		if (fd >= 0)
			(void)disks->sys->close(disks->sys->ctx, fd);
		if (fd != -EBUSY)
			continue;
		pt_error_set(err, -EBUSY,
			     "%s: the host uses it: something has claimed %s for itself: RAID, "
			     "ZFS, a container, or another program",
			     disks->name, path);
		return pt_error_remedy(err, -EBUSY, "end that" FORCE, disks->name);
	}
	return 0;
}

int device_use_disks(const struct pt_sys *sys, const char *name, struct pt_error *err)
{
	CLEANUP_FREE struct disks *disks = calloc(1, sizeof(*disks));
	int ret;

	if (!disks)
		return pt_error_set(err, -ENOMEM, "out of memory");
	disks->sys = sys;
	disks->name = name;
	ret = find_disks(disks);
	if (ret < 0)
		return pt_error_set(err, ret, "%s: looking for its disks: %s", name,
				    strerror(-ret));
	if (disks->set.count == 0)
		return 0;
	ret = each_line(disks, "/proc/self/mountinfo", check_mount, err);
	if (ret == 0)
		ret = each_line(disks, "/proc/swaps", check_swap, err);
	return ret < 0 ? ret : check_claims(disks, err);
}
