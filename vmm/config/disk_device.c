/* SPDX-License-Identifier: MIT */
#include "config/disk_device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/device_id.h"

static const struct setting rows[] = {
	{
		.name = "disk",
		.arg = "PATH",
		.help = "a raw image or a block device of the host",
		.kind = SETTING_PATH,
		.field = offsetof(struct vm_config_disk, path),
	},
	DEVICE_ID_ROW(struct vm_config_disk),
	VIRTIO_SLOT_ROW(struct vm_config_disk),
	{
		.name = "readonly",
		.arg = "yes|no",
		.help = "it cannot be written, and other guests may have it too",
		.kind = SETTING_BOOL,
		.field = offsetof(struct vm_config_disk, readonly),
	},
	{
		.name = "direct",
		.arg = "yes|no",
		.help = "past the host's page cache",
		.kind = SETTING_BOOL,
		.field = offsetof(struct vm_config_disk, direct),
	},
	{
		.name = "serial",
		.arg = "TEXT",
		.help = "its serial number, which the guest has in /dev/disk/by-id",
		.kind = SETTING_TEXT,
		.field = offsetof(struct vm_config_disk, serial),
		.min = 1,
		.max = VM_DISK_SERIAL_MAX,
		.pattern = "^[A-Za-z0-9._-]+$",
		.what = "a serial number",
		.form = "up to 20 letters, digits, '.', '_' and '-'",
	},
};

static int named_twice(const struct vm_config_disk *disk, struct pt_error *err)
{
	return pt_error_remedy(err, pt_error_set(err, -EEXIST, "%s is named twice", disk->path),
			       "name each disk once");
}

static int add(struct vm_config *config, void *object, struct pt_error *err)
{
	struct vm_config_disk *disk = object, *disks;
	int ret;

	disk->layer = config->layer;
	for (size_t i = 0; i < config->disk_count; i++) {
		if (strcmp(config->disks[i].path, disk->path) != 0)
			continue;
		if (config->disks[i].layer == config->layer)
			return named_twice(disk, err);
		vm_config_disk_done(&config->disks[i]);
		config->disks[i] = *disk;
		*disk = (struct vm_config_disk){0};
		return 0;
	}
	ret = vm_config_room(config, err);
	if (ret < 0)
		return ret;
	disks = reallocarray(config->disks, config->disk_count + 1, sizeof(*disks));
	if (!disks)
		return pt_error_set(err, -ENOMEM, "out of memory");
	config->disks = disks;
	disks[config->disk_count++] = *disk;
	*disk = (struct vm_config_disk){0};
	return 0;
}

static void done(void *object)
{
	vm_config_disk_done(object);
}

const struct device_kind disk_kind = {
	.option = "disk",
	.noun = "disk",
	.example = "/var/lib/tenon/root.img",
	.help = "A disk, by virtio-blk",
	.settings = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct vm_config_disk),
	.add = add,
	.done = done,
};
