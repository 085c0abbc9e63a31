/* SPDX-License-Identifier: MIT */
/*
 * What can be said of a console and of a channel: `- console: pty` and `- channel: NAME` in the file's `devices:` list, and
 * `--console pty`, `--channel NAME,socket=PATH`. Each is a device of its own there. A manager may put several on one, which
 * is a controller then.
 */
#ifndef TENON_CONFIG_CONSOLE_DEVICE_H
#define TENON_CONFIG_CONSOLE_DEVICE_H

#include "config/device_kind.h"

/** console_kind, channel_kind - fill in struct vm_config_console */
extern const struct device_kind console_kind;
extern const struct device_kind channel_kind;

/** controller_kind - fills in struct vm_config_controller; no list of the file has it */
extern const struct device_kind controller_kind;

#endif
