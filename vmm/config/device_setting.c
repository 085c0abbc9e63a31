/* SPDX-License-Identifier: MIT */
#include "config/device_setting.h"

#include <ctype.h>
#include <errno.h>
#include <passthrough/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/nearest.h"
#include "config/setting_text.h"

#define SLOT_FORM "write a number from 1 to 31"
_Static_assert(VM_SLOT_MAX == 31, "SLOT_FORM says it");

#define CLIQUE_FORM "write a number from 0 to 15"
_Static_assert(VM_CLIQUE_MAX == 15, "CLIQUE_FORM says it");

static int set_slot(struct vm_config_device *device, const char *value, const char *dir,
		    struct pt_error *err)
{
	char *end;
	unsigned long slot = strtoul(value, &end, 10);

	(void)dir;
	if (!isdigit((unsigned char)*value) || *end)
		return pt_error_remedy(err,
				       pt_error_set(err, -EINVAL, "\"%s\" is not a number", value),
				       SLOT_FORM);
	if (slot == 0 || slot > VM_SLOT_MAX)
		return pt_error_remedy(err, pt_error_set(err, -ERANGE, "%s is out of range", value),
				       SLOT_FORM);
	device->slot = (unsigned)slot;
	return 0;
}

static int out_of_memory(struct pt_error *err)
{
	return pt_error_set(err, -ENOMEM, "out of memory");
}

static int set_vf_token(struct vm_config_device *device, const char *value, const char *dir,
			struct pt_error *err)
{
	char uuid[PT_NAME_SIZE];
	char *token;

	(void)dir;
	if (pt_uuid_canonical(value, uuid) < 0)
		return pt_error_remedy(err,
				       pt_error_set(err, -EINVAL, "\"%s\" is not a UUID", value),
				       "write the UUID that the physical function's user has set, "
				       "such as 2ab74924-c335-45f4-9b16-8569e5b08258");
	token = strdup(uuid);
	if (!token)
		return out_of_memory(err);
	free(device->vf_token);
	device->vf_token = token;
	return 0;
}

static int set_noiommu(struct vm_config_device *device, const char *value, const char *dir,
		       struct pt_error *err)
{
	(void)dir;
	if (strcmp(value, "unsafe") != 0)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL, "\"%s\" is not a way to do without an IOMMU",
				     value),
			"write unsafe: the guest gets the device without its DMA; or leave it out");
	device->unsafe_noiommu = 1;
	return 0;
}

static int set_rom(struct vm_config_device *device, const char *value, const char *dir,
		   struct pt_error *err)
{
	int ret;

	if (strcmp(value, "off") == 0) {
		device->rom = VM_ROM_OFF;
		return 0;
	}
	ret = setting_path(&device->rom_file, value, dir, err);
	if (ret == 0)
		device->rom = VM_ROM_FILE;
	return ret;
}

static int set_clique(struct vm_config_device *device, const char *value, const char *dir,
		      struct pt_error *err)
{
	char *end;
	unsigned long clique = strtoul(value, &end, 10);

	(void)dir;
	if (!isdigit((unsigned char)*value) || *end)
		return pt_error_remedy(err,
				       pt_error_set(err, -EINVAL, "\"%s\" is not a number", value),
				       CLIQUE_FORM);
	if (clique > VM_CLIQUE_MAX)
		return pt_error_remedy(err, pt_error_set(err, -ERANGE, "%s is out of range", value),
				       CLIQUE_FORM);
	device->has_gpudirect_clique = true;
	device->gpudirect_clique = (unsigned)clique;
	return 0;
}

static const struct device_setting device_settings[] = {
	{"slot", set_slot},	    {"rom", set_rom},	      {"gpudirect-clique", set_clique},
	{"vf-token", set_vf_token}, {"noiommu", set_noiommu},
};

#define SETTINGS (sizeof(device_settings) / sizeof(device_settings[0]))

/* "slot, vf-token and noiommu" */
static int name_all(const char *what, struct pt_error *err)
{
	char text[128] = "";

	for (size_t i = 0; i < SETTINGS; i++) {
		const char *between = i == 0 ? "" : i == SETTINGS - 1 ? " and " : ", ";
		size_t used = strlen(text);

		(void)snprintf(text + used, sizeof(text) - used, "%s%s", between,
			       device_settings[i].name);
	}
	return pt_error_remedy(err, -EINVAL, "%s %s", what, text);
}

const struct device_setting *device_setting_find(const char *name, struct pt_error *err)
{
	const char *names[SETTINGS];
	const char *nearest;

	for (size_t i = 0; i < SETTINGS; i++) {
		if (strcmp(device_settings[i].name, name) == 0)
			return &device_settings[i];
		names[i] = device_settings[i].name;
	}
	nearest = nearest_name(name, names, SETTINGS);
	if (nearest) {
		(void)pt_error_set(err, -EINVAL, "unknown device key \"%s\"; did you mean \"%s\"?",
				   name, nearest);
	} else {
		(void)pt_error_set(err, -EINVAL, "unknown device key \"%s\"", name);
		(void)name_all("the keys of a device are", err);
	}
	return NULL;
}

/* The one way to write an address or a UUID. Return: -EINVAL it is neither. */
static int canonical(const char *text, char *ret_name)
{
	return pt_bdf_parse(text, ret_name) == 0 ? 0 : pt_uuid_canonical(text, ret_name);
}

int device_name_set(struct vm_config_device *device, const char *value, struct pt_error *err)
{
	char bdf[PT_NAME_SIZE];
	char *name;

	if (strncmp(value, "/sys/", 5) != 0 && strncmp(value, "/dev/", 5) != 0 &&
	    canonical(value, bdf) < 0)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "\"%s\" is not a device", value),
			"write a PCI address such as 0000:02:00.0, the UUID of a mediated device, "
			"a path of either below /sys, or /dev/vfio/devices/vfioN");
	if (strlen(value) >= PT_PATH_SIZE)
		return pt_error_remedy(err,
				       pt_error_set(err, -ENAMETOOLONG, "longer than %d characters",
						    PT_PATH_SIZE - 1),
				       "name it by its PCI address");
	name = strdup(value);
	if (!name)
		return out_of_memory(err);
	free(device->name);
	device->name = name;
	return 0;
}

/* One "key=value" of --device. */
static int set_option(struct vm_config_device *device, char *option, struct pt_error *err)
{
	const struct device_setting *setting;
	char *value = strchr(option, '=');
	int ret;

	if (value)
		*value++ = '\0';
	setting = device_setting_find(option, err);
	if (!setting)
		return -EINVAL;
	if (!value)
		return pt_error_remedy(err,
				       pt_error_set(err, -EINVAL, "%s: no value given", option),
				       "write %s=VALUE", option);
	ret = setting->set(device, value, NULL, err);
	return ret < 0 ? pt_error_prefix(err, ret, "%s", option) : 0;
}

int device_option_parse(const char *text, struct vm_config_device *ret_device, struct pt_error *err)
{
	CLEANUP(vm_config_device_done) struct vm_config_device device = {0};
	CLEANUP_FREE char *copy = strdup(text);
	char *rest = copy;
	int ret;

	if (!copy)
		return out_of_memory(err);
	ret = device_name_set(&device, strsep(&rest, ","), err);
	while (ret == 0 && rest)
		ret = set_option(&device, strsep(&rest, ","), err);
	if (ret < 0)
		return ret;
	*ret_device = device;
	device = (struct vm_config_device){0};
	return 0;
}

/* The same function can be written in several ways; those that need the host to tell are found by the host facts. */
static int same_device(const struct vm_config_device *a, const struct vm_config_device *b)
{
	char a_name[PT_NAME_SIZE], b_name[PT_NAME_SIZE];

	if (canonical(a->name, a_name) == 0 && canonical(b->name, b_name) == 0)
		return strcmp(a_name, b_name) == 0;
	return strcmp(a->name, b->name) == 0;
}

int vm_config_put_device(struct vm_config *config, struct vm_config_device *device,
			 size_t replaceable, struct pt_error *err)
{
	struct vm_config_device *devices;

	for (size_t i = 0; i < config->device_count; i++) {
		if (!same_device(&config->devices[i], device))
			continue;
		if (i >= replaceable)
			return pt_error_remedy(
				err, pt_error_set(err, -EEXIST, "%s is named twice", device->name),
				"name each device once");
		vm_config_device_done(&config->devices[i]);
		config->devices[i] = *device;
		*device = (struct vm_config_device){0};
		return 0;
	}
	if (config->device_count == VM_DEVICES_MAX)
		return pt_error_remedy(
			err,
			pt_error_set(err, -E2BIG,
				     "more than %d devices, which is all a guest has room for",
				     VM_DEVICES_MAX),
			"divide them among guests");
	devices = reallocarray(config->devices, config->device_count + 1, sizeof(*devices));
	if (!devices)
		return out_of_memory(err);
	config->devices = devices;
	devices[config->device_count++] = *device;
	*device = (struct vm_config_device){0};
	return 0;
}

void vm_config_device_done(struct vm_config_device *device)
{
	free(device->name);
	free(device->vf_token);
	free(device->rom_file);
	*device = (struct vm_config_device){0};
}
