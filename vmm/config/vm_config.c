/* SPDX-License-Identifier: MIT */
#include "config/vm_config.h"

#include <stdlib.h>

#include "config/device_setting.h"

#define DEFAULT_MEMORY (UINT64_C(512) << 20)
#define DEFAULT_UNPLUG 30 /* s: Linux waits 5 before it begins */

void vm_config_init(struct vm_config *config)
{
	*config = (struct vm_config){
		.cpus = 1,
		.memory = DEFAULT_MEMORY,
		.serial = SERIAL_STDIO,
		.unplug_limit = DEFAULT_UNPLUG,
	};
}

void vm_config_done(struct vm_config *config)
{
	for (size_t i = 0; i < config->device_count; i++)
		vm_config_device_done(&config->devices[i]);
	free(config->devices);
	free(config->name);
	free(config->kernel);
	free(config->initrd);
	free(config->cmdline);
	free(config->serial_path);
	*config = (struct vm_config){0};
}
