/* SPDX-License-Identifier: MIT */
#include "config/rng_device.h"

#include <errno.h>
#include <stdlib.h>

#include "config/device_id.h"

static const char *const sources[] = {"host", NULL};

static const struct setting rows[] = {
	{
		.name = "rng",
		.arg = "host",
		.help = "random numbers of the host's kernel",
		.kind = SETTING_CHOICE,
		.field = offsetof(struct vm_config_rng, source),
		.choices = sources,
		.what = "a source of random numbers",
	},
	DEVICE_ID_ROW(struct vm_config_rng),
	VIRTIO_SLOT_ROW(struct vm_config_rng),
};

/* One is enough; what is said last counts. */
static int add(struct vm_config *config, void *object, struct pt_error *err)
{
	struct vm_config_rng *rng = object;
	int ret = 0;

	rng->layer = config->layer;
	if (config->has_rng && config->rng.layer == rng->layer)
		return pt_error_remedy(
			err, pt_error_set(err, -EEXIST, "the guest has a source of random numbers"),
			"one is enough: leave the other out");
	if (!config->has_rng)
		ret = vm_config_room(config, err);
	if (ret < 0)
		return ret;
	vm_config_rng_done(&config->rng);
	config->rng = *rng;
	config->has_rng = true;
	*rng = (struct vm_config_rng){0};
	return 0;
}

static void done(void *object)
{
	vm_config_rng_done(object);
}

const struct device_kind rng_kind = {
	.option = "rng",
	.noun = "rng",
	.example = "host",
	.help = "Random numbers, by virtio-rng",
	.settings = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct vm_config_rng),
	.add = add,
	.done = done,
};
