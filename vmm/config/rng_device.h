/* SPDX-License-Identifier: MIT */
/*
 * What can be said of a source of random numbers: `- rng: host` in the file's `devices:` list, and `--rng host`.
 */
#ifndef TENON_CONFIG_RNG_DEVICE_H
#define TENON_CONFIG_RNG_DEVICE_H

#include "config/device_kind.h"

/** rng_kind - fills in struct vm_config_rng */
extern const struct device_kind rng_kind;

#endif
