/* SPDX-License-Identifier: MIT */
/*
 * The list `devices:` of a guest's file.
 */
#ifndef TENON_CONFIG_YAML_DEVICES_H
#define TENON_CONFIG_YAML_DEVICES_H

#include "config/vm_config.h"
#include "config/yaml_file.h"

#define YAML_DEVICES_KEY "devices"

/** yaml_devices_read() - add what the list says to a config. Errors: -EINVAL and those of the kinds, with their place. */
int yaml_devices_read(struct yaml_file *file, struct vm_config *config, struct fy_node *key_node,
		      struct fy_node *value);

#endif
