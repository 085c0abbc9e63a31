/* SPDX-License-Identifier: MIT */
#include "config/vsock_device.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>

#include "config/device_id.h"

static const struct setting rows[] = {
	{
		.name = "vsock",
		.arg = "CID",
		.help = "the guest's address, 3 or more, which no other guest of this host has",
		.kind = SETTING_NUMBER,
		.field = offsetof(struct vm_config_vsock, cid),
		.min = VM_CID_MIN,
		.max = INT32_MAX,
	},
	DEVICE_ID_ROW(struct vm_config_vsock),
	VIRTIO_SLOT_ROW(struct vm_config_vsock),
};

/* There is one; what is said last counts. */
static int add(struct vm_config *config, void *object, struct pt_error *err)
{
	struct vm_config_vsock *vsock = object;
	int ret = 0;

	vsock->layer = config->layer;
	if (config->has_vsock && config->vsock.layer == vsock->layer)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EEXIST, "the guest has an address for sockets already"),
			"a guest has one: leave the other out");
	if (!config->has_vsock)
		ret = vm_config_room(config, err);
	if (ret < 0)
		return ret;
	vm_config_vsock_done(&config->vsock);
	config->vsock = *vsock;
	config->has_vsock = true;
	*vsock = (struct vm_config_vsock){0};
	return 0;
}

static void done(void *object)
{
	vm_config_vsock_done(object);
}

const struct device_kind vsock_kind = {
	.option = "vsock",
	.noun = "vsock",
	.example = "3",
	.help = "Sockets between guest and host, by vhost-vsock",
	.settings = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct vm_config_vsock),
	.add = add,
	.done = done,
};
