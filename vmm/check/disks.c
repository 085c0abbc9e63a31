/* SPDX-License-Identifier: MIT */
/* The files and block devices of the guest's disks: whether they are there, and whether they can be had now. */
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>

#include "check/rules.h"
#include "host/disk_files.h"
#include "virtio/image.h"

#define WHY_DISK    "the guest has it as a disk"
#define MOUNTS	    "/proc/self/mounts"
#define MOUNTS_SIZE 65536

void check_disks(struct check_run *check)
{
	struct pt_error err = PT_ERROR_INIT;

	if (disk_files_check(check->config, &err) < 0)
		finding_error(findings_add(check->findings, FINDING_BLOCKS, "disk", SUBJECT_GUEST,
					   WHY_DISK),
			      &err);
}

/** struct disk_user - who has a disk open */
struct disk_user {
	const char *path; /* as the kernel says it */
	struct pt_holder holder;
};

static int find_user(void *arg, const struct pt_holder *holder)
{
	struct disk_user *user = arg;

	if (strcmp(holder->path, user->path) != 0)
		return 0;
	user->holder = *holder;
	return 1;
}

static bool user_of(const struct check_run *check, const char *path, struct pt_holder *ret_holder)
{
	char real[PT_PATH_SIZE];
	struct disk_user user = {.path = real};

	if (check->sys->realpath(check->sys->ctx, path, real, sizeof(real)) < 0 ||
	    pt_host_holders(check->sys, real, find_user, &user) != 1)
		return false;
	*ret_holder = user.holder;
	return true;
}

/* What of a block device is mounted: all of it, or a partition, whose name goes on with its number. */
static bool is_mounted(const struct check_run *check, const char *path, char *ret_source,
		       size_t size)
{
	char real[PT_PATH_SIZE], text[MOUNTS_SIZE], *line, *next;
	size_t len;

	if (check->sys->realpath(check->sys->ctx, path, real, sizeof(real)) < 0)
		return false;
	len = strlen(real);
	(void)check_read(check, MOUNTS, text, sizeof(text));
	for (line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		const size_t source = strcspn(line, " ");

		if (strncmp(line, real, len) != 0 ||
		    len + strspn(line + len, "p0123456789") != source)
			continue;
		(void)snprintf(ret_source, size, "%.*s", (int)source, line);
		return true;
	}
	return false;
}

static void how_to_get_it(const struct check_run *check, const struct plan_disk *disk,
			  struct finding *finding)
{
	char source[FINDING_VALUE_SIZE];
	struct pt_holder holder;

	if (is_mounted(check, disk->path, source, sizeof(source))) {
		finding_what(finding, "disk %s: %s is mounted", disk->path, source);
		finding_seen(finding, MOUNTS, "%s", source);
		finding_root_command(finding, check_is_root(check), "umount %s", source);
		finding_hint(finding, "the host does without it as long as the guest has it");
	} else if (user_of(check, disk->path, &holder)) {
		check_in_use(check, "disk", disk->path, &holder, finding);
	}
}

static void check_image(struct check_run *check, const struct plan_disk *disk)
{
	struct pt_error err = PT_ERROR_INIT;
	struct finding *finding;

	if (image_look(check->sys, disk, &err) == 0)
		return;
	finding = findings_add(check->findings, FINDING_BLOCKS, "disk", SUBJECT_GUEST, WHY_DISK);
	finding_error(finding, &err);
	if (err.code == -EBUSY)
		how_to_get_it(check, disk, finding);
}

static bool is_same_file(const char *one, const char *other)
{
	struct stat a, b;

	return !stat(one, &a) && !stat(other, &b) && a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

/* Both disks would be locked at once, which one look after the other does not show. */
static bool is_named_twice(struct check_run *check, const struct vm_plan *plan, unsigned index)
{
	const struct plan_disk *disk = &plan->virtio[index].disk;
	struct finding *finding;

	for (unsigned i = 0; i < index; i++) {
		const struct plan_disk *other = &plan->virtio[i].disk;

		if (plan->virtio[i].kind != PLAN_VIRTIO_DISK ||
		    (disk->readonly && other->readonly) || !is_same_file(disk->path, other->path))
			continue;
		finding = findings_add(check->findings, FINDING_BLOCKS, "disk", SUBJECT_GUEST,
				       WHY_DISK);
		finding_what(finding, "disk %s: the guest has it twice, as %s too", disk->path,
			     other->path);
		finding_hint(finding, "name it once; or give both readonly=yes");
		return true;
	}
	return false;
}

void check_images(struct check_run *check, const struct vm_plan *plan)
{
	/* One that is not there, or is no disk at all, was said already. */
	if (findings_has(check->findings, "disk", SUBJECT_GUEST))
		return;
	for (unsigned i = 0; i < plan->virtio_count; i++) {
		if (plan->virtio[i].kind == PLAN_VIRTIO_DISK && !is_named_twice(check, plan, i))
			check_image(check, &plan->virtio[i].disk);
	}
}
