/* SPDX-License-Identifier: MIT */
/*
 * What can be said of a device that is passed through: `- passthrough: ...` in the file's `devices:` list, and `--device`.
 */
#ifndef TENON_CONFIG_PASSTHROUGH_DEVICE_H
#define TENON_CONFIG_PASSTHROUGH_DEVICE_H

#include "config/device_kind.h"

/** passthrough_kind - fills in struct vm_config_device */
extern const struct device_kind passthrough_kind;

#endif
