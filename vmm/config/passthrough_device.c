/* SPDX-License-Identifier: MIT */
#include "config/passthrough_device.h"

#include <ctype.h>
#include <errno.h>
#include <passthrough/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/device_id.h"
#include "config/setting_text.h"

static int out_of_memory(struct pt_error *err)
{
	return pt_error_set(err, -ENOMEM, "out of memory");
}

/* The one way to write an address or a UUID. Return: -EINVAL it is neither. */
static int canonical(const char *text, char *ret_name)
{
	return pt_bdf_parse(text, ret_name) == 0 ? 0 : pt_uuid_canonical(text, ret_name);
}

static int set_name(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config_device *device = object;
	char bdf[PT_NAME_SIZE];
	char *name;

	(void)dir;
	if (strncmp(value, "fd=", 3) == 0
		    ? !value[3]
		    : strncmp(value, "/sys/", 5) != 0 && strncmp(value, "/dev/", 5) != 0 &&
			      canonical(value, bdf) < 0)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "\"%s\" is not a device", value),
			"write a PCI address such as 0000:02:00.0, the UUID of a mediated device, "
			"a path of either below /sys, /dev/vfio/devices/vfioN, or fd=N");
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

#define SLOT_FORM                                                      \
	"write a slot from 1 to 31, and for one of several functions " \
	"in it the number from 0 to 7 that it has there: 3, or 3.1"
_Static_assert(VM_SLOT_MAX == 31 && VM_FUNCTION_MAX == 7, "SLOT_FORM says it");

/* "3", or "3.1": text, so that a file's 3.1 is no fraction. */
static int set_slot(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config_device *device = object;
	char *end;
	unsigned long slot = strtoul(value, &end, 10), function = 0;
	bool well = isdigit((unsigned char)*value);

	(void)dir;
	if (well && *end == '.') {
		well = isdigit((unsigned char)end[1]);
		function = strtoul(end + 1, &end, 10);
	}
	if (!well || *end)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "\"%s\" is not a slot", value), SLOT_FORM);
	if (slot == 0 || slot > VM_SLOT_MAX || function > VM_FUNCTION_MAX)
		return pt_error_remedy(err, pt_error_set(err, -ERANGE, "%s is out of range", value),
				       SLOT_FORM);
	device->slot = (unsigned)slot;
	device->function = (unsigned)function;
	return 0;
}

static int set_rom(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config_device *device = object;
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

static int set_vf_token(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config_device *device = object;
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

static int set_noiommu(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config_device *device = object;

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

#define HEX	     "[0-9a-fA-F]"
#define UUID_PATTERN HEX "{8}-" HEX "{4}-" HEX "{4}-" HEX "{4}-" HEX "{12}"
#define BDF_PATTERN  "(" HEX "{1,8}:)?" HEX "{1,2}:[01]?" HEX "\\.[0-7]"

static const char *const rom_choices[] = {"off", NULL};
static const char *const noiommu_choices[] = {"unsafe", NULL};

static const struct setting rows[] = {
	{
		.name = "passthrough",
		.arg = "DEVICE",
		.help = "its PCI address, such as 0000:02:00.0, its path below /sys, "
			"/dev/vfio/devices/vfioN, a mediated device's UUID, or fd=N, an open descriptor",
		.kind = SETTING_OTHER,
		.pattern = "^(" BDF_PATTERN "|" UUID_PATTERN "|/(sys|dev)/.+|fd=.+)$",
		.set = set_name,
	},
	DEVICE_ID_ROW(struct vm_config_device),
	{
		.name = "managed",
		.arg = "yes",
		.help = "take it from the host's driver for the guest, and give it back after it",
		.kind = SETTING_BOOL,
		.standard = "no",
		.field = offsetof(struct vm_config_device, managed),
	},
	{
		.name = "vfs",
		.arg = "N",
		.help = "give the guest N virtual functions of it instead, made for it and removed "
			"after it",
		.kind = SETTING_NUMBER,
		.field = offsetof(struct vm_config_device, vfs),
		.min = 1,
		.max = VM_DEVICES_MAX,
	},
	{
		.name = "slot",
		.arg = "N[.F]",
		.help = "the slot that it is in, 1 to 31, and its function number there, 0 to 7; else "
			"the next slot that is free",
		.kind = SETTING_OTHER,
		.pattern = "^([1-9]|[12][0-9]|3[01])(\\.[0-7])?$",
		.min = 1,
		.max = VM_SLOT_MAX,
		.set = set_slot,
	},
	{
		.name = "rom",
		.arg = "FILE|off",
		.help = "what the guest finds as its expansion ROM, instead of the device's own",
		.kind = SETTING_OTHER,
		.choices = rom_choices,
		.pattern = "^.+$",
		.set = set_rom,
	},
	{
		.name = "gpudirect-clique",
		.arg = "N",
		.help = "for NVIDIA GPUs: those with the same number, 0 to 15, reach each other by "
			"peer-to-peer DMA",
		.kind = SETTING_NUMBER,
		.field = offsetof(struct vm_config_device, gpudirect_clique),
		.given = offsetof(struct vm_config_device, has_gpudirect_clique),
		.max = VM_CLIQUE_MAX,
	},
	{
		.name = "low-power",
		.arg = "yes|no",
		.help = "while the guest has it asleep, let the host put it to a deeper sleep",
		.standard = "no",
		.kind = SETTING_BOOL,
		.field = offsetof(struct vm_config_device, low_power),
	},
	{
		.name = "vf-token",
		.arg = "UUID",
		.help = "the token that the user of its physical function has set",
		.kind = SETTING_OTHER,
		.pattern = "^" UUID_PATTERN "$",
		.set = set_vf_token,
	},
	{
		.name = "noiommu",
		.arg = "unsafe",
		.help = "take a device that no IOMMU stands before, without its DMA",
		.kind = SETTING_OTHER,
		.choices = noiommu_choices,
		.set = set_noiommu,
	},
	{
		.name = "fd",
		.arg = "N",
		.help = "open descriptor of its node, or of its group's, by number or by the service "
			"manager's name",
		.kind = SETTING_TEXT,
		.field = offsetof(struct vm_config_device, fd),
		.min = 1,
		.max = VM_FD_SIZE - 1,
	},
};

/* The same function can be written in several ways; those that need the host to tell are found by the host facts. */
static int same_device(const struct vm_config_device *a, const struct vm_config_device *b)
{
	char a_name[PT_NAME_SIZE], b_name[PT_NAME_SIZE];

	if (canonical(a->name, a_name) == 0 && canonical(b->name, b_name) == 0)
		return strcmp(a_name, b_name) == 0;
	return strcmp(a->name, b->name) == 0;
}

static void replace(struct vm_config_device *old, struct vm_config_device *device)
{
	vm_config_device_done(old);
	*old = *device;
	*device = (struct vm_config_device){0};
}

static int add(struct vm_config *config, void *object, struct pt_error *err)
{
	struct vm_config_device *device = object, *devices;
	int ret;

	device->layer = config->layer;
	for (size_t i = 0; i < config->device_count; i++) {
		if (!same_device(&config->devices[i], device))
			continue;
		if (config->devices[i].layer == config->layer)
			return pt_error_remedy(
				err, pt_error_set(err, -EEXIST, "%s is named twice", device->name),
				"name each device once");
		replace(&config->devices[i], device);
		return 0;
	}
	ret = vm_config_room(config, err);
	if (ret < 0)
		return ret;
	devices = reallocarray(config->devices, config->device_count + 1, sizeof(*devices));
	if (!devices)
		return out_of_memory(err);
	config->devices = devices;
	devices[config->device_count++] = *device;
	*device = (struct vm_config_device){0};
	return 0;
}

static void done(void *object)
{
	vm_config_device_done(object);
}

const struct device_kind passthrough_kind = {
	.option = "device",
	.noun = "device",
	.example = "0000:02:00.0",
	.help = "Pass a PCI device through",
	.settings = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct vm_config_device),
	.add = add,
	.done = done,
};
