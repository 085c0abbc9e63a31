/* SPDX-License-Identifier: MIT */
/*
 * What can be said of a network card: `- net: TAP` in the file's `devices:` list, and `--net`.
 */
#ifndef TENON_CONFIG_NET_DEVICE_H
#define TENON_CONFIG_NET_DEVICE_H

#include "config/device_kind.h"

/** net_kind - fills in struct vm_config_net */
extern const struct device_kind net_kind;

#endif
