/* SPDX-License-Identifier: MIT */
#include "config/balloon_device.h"

#include <errno.h>

#include "config/device_id.h"

static const struct setting rows[] = {
	DEVICE_ID_ROW(struct vm_config_balloon),
	VIRTIO_SLOT_ROW(struct vm_config_balloon),
};

static int add(struct vm_config *config, void *object, struct pt_error *err)
{
	struct vm_config_balloon *balloon = object;
	int ret = vm_config_room(config, err);

	if (ret < 0)
		return ret;
	if (config->has_balloon)
		return pt_error_set(err, -EEXIST, "the guest has a balloon");
	config->balloon = *balloon;
	config->has_balloon = true;
	*balloon = (struct vm_config_balloon){0};
	return 0;
}

static void done(void *object)
{
	vm_config_balloon_done(object);
}

const struct device_kind balloon_kind = {
	.option = "balloon",
	.noun = "balloon",
	.example = "yes",
	.help = "A memory balloon, which is never inflated, by virtio-balloon",
	.settings = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct vm_config_balloon),
	.add = add,
	.done = done,
};
