/* SPDX-License-Identifier: MIT */
/*
 * What can be said of a guest as a whole.
 */
#ifndef TENON_CONFIG_GUEST_SETTING_H
#define TENON_CONFIG_GUEST_SETTING_H

#include "config/setting.h"

/** guest_settings - fill in struct vm_config */
extern const struct setting_table guest_settings;

#endif
