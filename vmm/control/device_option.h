/* SPDX-License-Identifier: MIT */
/*
 * struct device_option: a device as an option of the command line takes it, "VALUE,KEY=VALUE...", made from what QMP says.
 */
#ifndef TENON_CONTROL_DEVICE_OPTION_H
#define TENON_CONTROL_DEVICE_OPTION_H

#include <jansson.h>
#include <passthrough/error.h>
#include <passthrough/host.h>
#include <stdbool.h>

/** struct device_option - @full: not all of it is in @text */
struct device_option {
	char text[2 * PT_PATH_SIZE];
	bool full;
};

/** device_option_init() - @value is the option's own */
void device_option_init(struct device_option *option, const char *value);

/** device_option_key() - and a key of it; NULL for an empty value */
void device_option_key(struct device_option *option, const char *key, const char *value);

/** device_option_value() - the same of a JSON value: a text, a number, or a boolean for yes and no. Errors: -EINVAL another. */
int device_option_value(struct device_option *option, const char *key, const json_t *value,
			struct pt_error *err);

/** device_option_check() - errors: -E2BIG there was no room for something */
int device_option_check(const struct device_option *option, struct pt_error *err);

#endif
