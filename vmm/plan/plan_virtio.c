/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/plan_steps.h"

_Static_assert(PLAN_SERIAL_SIZE == VM_DISK_SERIAL_MAX + 1, "config and plan disagree");

#define QUEUES_MAX 16u /* more than that share nothing that would be worth it */

/* Return: NULL when there is no room. */
static struct plan_virtio *next(struct vm_plan *plan, enum plan_virtio_kind kind, const char *id,
				unsigned slot, struct pt_error *err)
{
	struct plan_virtio *virtio = &plan->virtio[plan->virtio_count];

	if (plan->virtio_count == PLAN_VIRTIO_MAX) {
		(void)pt_error_set(err, -E2BIG, "more than %d virtio devices", PLAN_VIRTIO_MAX);
		return NULL;
	}
	plan->virtio_count++;
	*virtio = (struct plan_virtio){.kind = kind, .slot = slot};
	(void)snprintf(virtio->id, sizeof(virtio->id), "%s", id ? id : "");
	return virtio;
}

static int plan_disk(const struct vm_config_disk *config, struct vm_plan *plan,
		     struct pt_error *err)
{
	struct plan_virtio *virtio = next(plan, PLAN_VIRTIO_DISK, config->id, config->slot, err);
	struct plan_disk *disk;

	if (!virtio)
		return -E2BIG;
	disk = &virtio->disk;
	if (strlen(config->path) >= sizeof(disk->path))
		return pt_error_set(err, -ENAMETOOLONG, "disk %s: the path is too long",
				    config->path);
	(void)snprintf(disk->path, sizeof(disk->path), "%s", config->path);
	(void)snprintf(disk->serial, sizeof(disk->serial), "%s",
		       config->serial ? config->serial : "");
	disk->readonly = config->readonly;
	disk->direct = config->direct;
	disk->queues = plan->cpus < QUEUES_MAX ? plan->cpus : QUEUES_MAX;
	return 0;
}

int plan_virtio(const struct vm_config *config, struct vm_plan *plan, struct pt_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < config->disk_count && ret == 0; i++)
		ret = plan_disk(&config->disks[i], plan, err);
	if (ret == 0 && config->has_rng &&
	    !next(plan, PLAN_VIRTIO_RNG, config->rng.id, config->rng.slot, err))
		ret = -E2BIG;
	return ret;
}
