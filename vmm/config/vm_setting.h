/* SPDX-License-Identifier: MIT */
/*
 * What can be said of a guest, once: a row is a key of the file and the option of the same name on the command line.
 */
#ifndef TENON_CONFIG_VM_SETTING_H
#define TENON_CONFIG_VM_SETTING_H

#include <passthrough/error.h>
#include <stddef.h>

#include "config/vm_config.h"

/**
 * struct vm_setting - one value of a guest
 * @name: "memory" for `memory: VALUE` in the file and `--memory VALUE` on the command line
 * @arg: what help calls the value
 * @help: one sentence for help
 * @set: read @value into the config; a relative path is taken relative to @dir, or left as it is when @dir is NULL.
 *	Return: 0 or -errno; the message does not name the setting.
 */
struct vm_setting {
	const char *name;
	const char *arg;
	const char *help;
	int (*set)(struct vm_config *config, const char *value, const char *dir,
		   struct pt_error *err);
};

#define VM_SETTINGS 10

/* Every setting, in the order in which people read them. */
extern const struct vm_setting vm_settings[VM_SETTINGS];

#endif
