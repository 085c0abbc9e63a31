/* SPDX-License-Identifier: MIT */
/*
 * What can be said of one device, in the file's `devices:` list and in `--device`.
 */
#ifndef TENON_CONFIG_DEVICE_SETTING_H
#define TENON_CONFIG_DEVICE_SETTING_H

#include <passthrough/error.h>
#include <stddef.h>

#include "config/vm_config.h"

/**
 * struct device_setting - one key of a device: `key: value` beside `passthrough:` in the file, `,key=value` in --device
 * @set: read @value into the device; paths in it are relative to @dir, NULL for the working directory. Return: 0 or -errno;
 *	the message does not name the key.
 */
struct device_setting {
	const char *name;
	int (*set)(struct vm_config_device *device, const char *value, const char *dir,
		   struct pt_error *err);
};

/**
 * device_setting_find() - the setting of a name
 *
 * Return: NULL when there is none; the error (-EINVAL) names the nearest, or all.
 */
const struct device_setting *device_setting_find(const char *name, struct pt_error *err);

/**
 * device_name_set() - which device: a PCI address, a UUID, or a path below /sys or /dev
 *
 * Errors: -EINVAL it is neither; -ENOMEM.
 */
int device_name_set(struct vm_config_device *device, const char *value, struct pt_error *err);

/**
 * device_option_parse() - read "NAME[,key=value...]"
 * @ret_device: the caller owns it. Inverse: vm_config_device_done().
 */
int device_option_parse(const char *text, struct vm_config_device *ret_device,
			struct pt_error *err);

/**
 * vm_config_put_device() - add a device to a guest
 * @replaceable: the first so many devices of @config may be replaced: one of them with the same name is
 * @device: the config takes over what it owns on success
 *
 * Errors: -E2BIG VM_DEVICES_MAX reached; -EEXIST the guest has the device already; -ENOMEM.
 */
int vm_config_put_device(struct vm_config *config, struct vm_config_device *device,
			 size_t replaceable, struct pt_error *err);

/** vm_config_device_done() - free what it owns; accepts one that was only zeroed */
void vm_config_device_done(struct vm_config_device *device);

#endif
