/* SPDX-License-Identifier: MIT */
#ifndef TENON_CONFIG_BALLOON_DEVICE_H
#define TENON_CONFIG_BALLOON_DEVICE_H

#include "config/device_kind.h"

/** balloon_kind - a memory balloon; not in device_kinds[], as only managers want one */
extern const struct device_kind balloon_kind;

#endif
