/* SPDX-License-Identifier: MIT */
#include "config/vm_config.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define DEFAULT_MEMORY	      (UINT64_C(512) << 20)
#define DEFAULT_RESERVE_32BIT (UINT64_C(16) << 20) /* a network card and its ROM */
#define DEFAULT_RESERVE_64BIT (UINT64_C(1) << 30)
#define DEFAULT_UNPLUG	      30 /* s: Linux waits 5 before it begins */
#define DEFAULT_STOP \
	60 /* s: what stops a service that the guest runs may take half a minute by itself */

void vm_config_init(struct vm_config *config)
{
	*config = (struct vm_config){
		.cpus = 1,
		.memory = DEFAULT_MEMORY,
		.serial = SERIAL_STDIO,
		.reserve_32bit = DEFAULT_RESERVE_32BIT,
		.reserve_64bit = DEFAULT_RESERVE_64BIT,
		.unplug_limit = DEFAULT_UNPLUG,
		.stop_limit = DEFAULT_STOP,
	};
}

void vm_config_next_layer(struct vm_config *config)
{
	config->layer++;
}

size_t vm_config_slots(const struct vm_config *config)
{
	size_t count = config->device_count + config->disk_count + config->net_count +
		       config->controller_count + config->has_rng + config->has_vsock +
		       config->has_balloon;

	for (size_t i = 0; i < config->console_count; i++)
		count += !config->consoles[i].controller;
	return count;
}

int vm_config_room(const struct vm_config *config, struct pt_error *err)
{
	if (vm_config_slots(config) < VM_DEVICES_MAX)
		return 0;
	return pt_error_remedy(
		err,
		pt_error_set(err, -E2BIG, "more than %d devices, which is all a guest has room for",
			     VM_DEVICES_MAX),
		"divide them among guests");
}

static int copy_text(char **text)
{
	*text = *text ? strdup(*text) : NULL;
	return *text ? 0 : -ENOMEM;
}

static int copy_device(const struct vm_config_device *from, struct vm_config_device *ret_to)
{
	struct vm_config_device to = *from;
	bool whole = true;

	/* Each is a copy or NULL then, so that what there is can be freed. */
	whole &= copy_text(&to.name) == 0 || !from->name;
	whole &= copy_text(&to.id) == 0 || !from->id;
	whole &= copy_text(&to.vf_token) == 0 || !from->vf_token;
	whole &= copy_text(&to.rom_file) == 0 || !from->rom_file;
	if (!whole) {
		vm_config_device_done(&to);
		return -ENOMEM;
	}
	*ret_to = to;
	return 0;
}

static int out_of_memory(struct pt_error *err)
{
	return pt_error_set(err, -ENOMEM, "out of memory");
}

static int check_multiply(const struct vm_config *config, size_t index, unsigned count,
			  struct pt_error *err)
{
	const struct vm_config_device *device = &config->devices[index];

	if (count > 1 && (device->slot || device->id))
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL, "%s: its %s is for one device, not for %u",
				     device->name, device->slot ? "slot" : "id", count),
			"leave %s out, or write vfs=1", device->slot ? "slot" : "id");
	if (config->device_count + config->disk_count + config->has_rng - 1 + count >
	    VM_DEVICES_MAX)
		return pt_error_remedy(
			err,
			pt_error_set(err, -E2BIG,
				     "%s: with %u of it the guest has more than %d devices",
				     device->name, count, VM_DEVICES_MAX),
			"divide them among guests");
	return 0;
}

int vm_config_multiply_device(struct vm_config *config, size_t index, unsigned count,
			      struct pt_error *err)
{
	const size_t old_count = config->device_count;
	struct vm_config_device *devices;
	int ret = check_multiply(config, index, count, err);

	if (ret < 0)
		return ret;
	devices = reallocarray(config->devices, old_count - 1 + count, sizeof(*devices));
	if (!devices)
		return out_of_memory(err);
	config->devices = devices;
	memmove(&devices[index + count], &devices[index + 1],
		(old_count - index - 1) * sizeof(*devices));
	memset(&devices[index + 1], 0, (count - 1) * sizeof(*devices));
	config->device_count = old_count - 1 + count;
	devices[index].managed = false;
	devices[index].vfs = 0;
	for (unsigned i = 1; i < count && ret == 0; i++)
		ret = copy_device(&devices[index], &devices[index + i]);
	return ret < 0 ? out_of_memory(err) : 0;
}

int vm_config_rename_device(struct vm_config_device *device, const char *name, struct pt_error *err)
{
	char *copy = strdup(name);

	if (!copy)
		return out_of_memory(err);
	free(device->name);
	device->name = copy;
	return 0;
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

void vm_config_net_done(struct vm_config_net *net)
{
	free(net->tap);
	free(net->id);
	*net = (struct vm_config_net){0};
}

void vm_config_console_done(struct vm_config_console *console)
{
	free(console->name);
	free(console->path);
	free(console->controller);
	free(console->label);
	free(console->id);
	*console = (struct vm_config_console){0};
}

void vm_config_controller_done(struct vm_config_controller *controller)
{
	free(controller->id);
	*controller = (struct vm_config_controller){0};
}

void vm_config_rng_done(struct vm_config_rng *rng)
{
	free(rng->id);
	*rng = (struct vm_config_rng){0};
}

void vm_config_vsock_done(struct vm_config_vsock *vsock)
{
	free(vsock->id);
	*vsock = (struct vm_config_vsock){0};
}

void vm_config_balloon_done(struct vm_config_balloon *balloon)
{
	free(balloon->id);
	*balloon = (struct vm_config_balloon){0};
}

static void backend_done(struct vm_config_backend *backend)
{
	free(backend->name);
	free(backend->device);
	free(backend->path);
	free(backend->below);
	*backend = (struct vm_config_backend){0};
}

int vm_config_add_backend(struct vm_config *config, const struct vm_config_backend *backend,
			  struct pt_error *err)
{
	struct vm_config_backend *backends, *copy;
	bool whole = true;

	backends = reallocarray(config->backends, config->backend_count + 1, sizeof(*backends));
	if (!backends)
		return out_of_memory(err);
	config->backends = backends;
	copy = &backends[config->backend_count];
	*copy = *backend;
	whole &= copy_text(&copy->name) == 0 || !backend->name;
	whole &= copy_text(&copy->device) == 0 || !backend->device;
	whole &= copy_text(&copy->path) == 0 || !backend->path;
	whole &= copy_text(&copy->below) == 0 || !backend->below;
	if (!whole) {
		backend_done(copy);
		return out_of_memory(err);
	}
	config->backend_count++;
	return 0;
}

void vm_config_done(struct vm_config *config)
{
	for (size_t i = 0; i < config->device_count; i++)
		vm_config_device_done(&config->devices[i]);
	free(config->devices);
	for (size_t i = 0; i < config->disk_count; i++)
		vm_config_disk_done(&config->disks[i]);
	free(config->disks);
	for (size_t i = 0; i < config->net_count; i++)
		vm_config_net_done(&config->nets[i]);
	free(config->nets);
	for (size_t i = 0; i < config->console_count; i++)
		vm_config_console_done(&config->consoles[i]);
	free(config->consoles);
	for (size_t i = 0; i < config->controller_count; i++)
		vm_config_controller_done(&config->controllers[i]);
	free(config->controllers);
	for (size_t i = 0; i < config->backend_count; i++)
		backend_done(&config->backends[i]);
	free(config->backends);
	vm_config_rng_done(&config->rng);
	vm_config_vsock_done(&config->vsock);
	vm_config_balloon_done(&config->balloon);
	free(config->name);
	free(config->kernel);
	free(config->initrd);
	free(config->cmdline);
	free(config->pin);
	free(config->serial_path);
	free(config->serial_label);
	free(config->libvirt);
	free(config->control);
	free(config->iommufd);
	free(config->hotplug_files);
	*config = (struct vm_config){0};
}
