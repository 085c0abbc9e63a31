/* SPDX-License-Identifier: MIT */
#include "host/disk_files.h"

#include <errno.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static int check(const struct vm_config_disk *disk, struct pt_error *err)
{
	struct stat st;

	if (stat(disk->path, &st))
		return pt_error_remedy(err, pt_error_set(err, -errno, "disk %s: %m", disk->path),
				       "make one, such as of 10 GiB: truncate -s 10G %s",
				       disk->path);
	if (!S_ISREG(st.st_mode) && !S_ISBLK(st.st_mode))
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL, "disk %s: neither a file nor a block device",
				     disk->path),
			"name a raw image, or a block device such as /dev/vg0/guest");
	if (access(disk->path, disk->readonly ? R_OK : R_OK | W_OK))
		return pt_error_remedy(
			err, pt_error_set(err, -errno, "disk %s: %m", disk->path),
			disk->readonly ? "give this user the right to read it"
				       : "give this user the right to write to it, or let the "
					 "guest read alone: readonly=yes");
	return 0;
}

int disk_files_check(const struct vm_config *config, struct pt_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < config->disk_count && ret == 0; i++)
		ret = check(&config->disks[i], err);
	return ret;
}
