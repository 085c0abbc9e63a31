/* SPDX-License-Identifier: MIT */
/*
 * The guest's NUMA nodes: items of a list of their own, `numa:`, and the option --numa.
 */
#ifndef TENON_CONFIG_NUMA_SETTING_H
#define TENON_CONFIG_NUMA_SETTING_H

#include "config/device_kind.h"

extern const struct device_kind numa_kind;

#endif
