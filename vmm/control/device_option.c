/* SPDX-License-Identifier: MIT */
#include "control/device_option.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

/* Commas of a value are doubled. */
static void append(struct device_option *option, const char *value)
{
	size_t used = strlen(option->text);

	for (; *value; value++) {
		if (used + 2 >= sizeof(option->text)) {
			option->full = true;
			break;
		}
		option->text[used++] = *value;
		if (*value == ',')
			option->text[used++] = ',';
	}
	option->text[used] = '\0';
}

void device_option_init(struct device_option *option, const char *value)
{
	option->full = false;
	option->text[0] = '\0';
	append(option, value);
}

void device_option_key(struct device_option *option, const char *key, const char *value)
{
	size_t used = strlen(option->text), room = sizeof(option->text) - used;
	int n = snprintf(option->text + used, room, ",%s=", key);

	if (n < 0 || (size_t)n >= room) {
		option->text[used] = '\0';
		option->full = true;
		return;
	}
	append(option, value ? value : "");
}

int device_option_value(struct device_option *option, const char *key, const json_t *value,
			struct pt_error *err)
{
	char number[32];

	(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	if (json_is_string(value))
		device_option_key(option, key, json_string_value(value));
	else if (json_is_boolean(value))
		device_option_key(option, key, json_is_true(value) ? "yes" : "no");
	else if (json_is_integer(value))
		device_option_key(option, key, number);
	else
		return pt_error_set(err, -EINVAL, "Parameter '%s' expects a text or a number", key);
	return 0;
}

int device_option_check(const struct device_option *option, struct pt_error *err)
{
	return option->full ? pt_error_set(err, -E2BIG, "The device's parameters are too long") : 0;
}
