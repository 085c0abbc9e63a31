/* SPDX-License-Identifier: MIT */
/*
 * What can be said of a disk: `- disk: PATH` in the file's `devices:` list, and `--disk`.
 */
#ifndef TENON_CONFIG_DISK_DEVICE_H
#define TENON_CONFIG_DISK_DEVICE_H

#include "config/device_kind.h"

/** disk_kind - fills in struct vm_config_disk */
extern const struct device_kind disk_kind;

#endif
