/* SPDX-License-Identifier: MIT */
/*
 * What can be said of a console: `- console: pty` in the file's `devices:` list, and `--console pty`.
 */
#ifndef TENON_CONFIG_CONSOLE_DEVICE_H
#define TENON_CONFIG_CONSOLE_DEVICE_H

#include "config/device_kind.h"

/** console_kind - fills in struct vm_config_console */
extern const struct device_kind console_kind;

#endif
