/* SPDX-License-Identifier: MIT */
/*
 * The lists of a guest's file, `devices:` and `numa:`.
 */
#ifndef TENON_CONFIG_YAML_DEVICES_H
#define TENON_CONFIG_YAML_DEVICES_H

#include "config/device_kind.h"
#include "config/vm_config.h"
#include "config/yaml_file.h"

/** yaml_devices_read() - add what the list says to a config. Errors: -EINVAL and those of the kinds, with their place. */
int yaml_devices_read(struct yaml_file *file, const struct device_list *list,
		      struct vm_config *config, struct fy_node *key_node, struct fy_node *value);

#endif
