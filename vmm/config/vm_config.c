/* SPDX-License-Identifier: MIT */
#include "config/vm_config.h"

#include <errno.h>
#include <stdlib.h>

#define DEFAULT_MEMORY (UINT64_C(512) << 20)
#define DEFAULT_UNPLUG 30 /* s: Linux waits 5 before it begins */
#define DEFAULT_STOP \
	60 /* s: what stops a service that the guest runs may take half a minute by itself */

void vm_config_init(struct vm_config *config)
{
	*config = (struct vm_config){
		.cpus = 1,
		.memory = DEFAULT_MEMORY,
		.serial = SERIAL_STDIO,
		.unplug_limit = DEFAULT_UNPLUG,
		.stop_limit = DEFAULT_STOP,
	};
}

void vm_config_next_layer(struct vm_config *config)
{
	config->layer++;
}

int vm_config_room(const struct vm_config *config, struct pt_error *err)
{
	size_t count = config->device_count + config->disk_count + config->has_rng;

	if (count < VM_DEVICES_MAX)
		return 0;
	return pt_error_remedy(
		err,
		pt_error_set(err, -E2BIG, "more than %d devices, which is all a guest has room for",
			     VM_DEVICES_MAX),
		"divide them among guests");
}

void vm_config_device_done(struct vm_config_device *device)
{
	free(device->name);
	free(device->id);
	free(device->fd);
	free(device->vf_token);
	free(device->rom_file);
	*device = (struct vm_config_device){0};
}

void vm_config_disk_done(struct vm_config_disk *disk)
{
	free(disk->path);
	free(disk->id);
	free(disk->serial);
	*disk = (struct vm_config_disk){0};
}

void vm_config_rng_done(struct vm_config_rng *rng)
{
	free(rng->id);
	*rng = (struct vm_config_rng){0};
}

void vm_config_done(struct vm_config *config)
{
	for (size_t i = 0; i < config->device_count; i++)
		vm_config_device_done(&config->devices[i]);
	free(config->devices);
	for (size_t i = 0; i < config->disk_count; i++)
		vm_config_disk_done(&config->disks[i]);
	free(config->disks);
	vm_config_rng_done(&config->rng);
	free(config->name);
	free(config->kernel);
	free(config->initrd);
	free(config->cmdline);
	free(config->serial_path);
	free(config->libvirt);
	free(config->control);
	free(config->iommufd);
	*config = (struct vm_config){0};
}
