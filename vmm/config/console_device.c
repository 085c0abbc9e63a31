/* SPDX-License-Identifier: MIT */
#include "config/console_device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/device_id.h"
#include "config/setting_text.h"

static const char *const places[] = {"pty", "stdio", NULL};

/* What is neither is a path. */
static int set_where(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config_console *console = object;
	char *where;

	for (size_t i = 0; places[i]; i++) {
		if (strcmp(value, places[i]) != 0)
			continue;
		where = strdup(value);
		if (!where)
			return pt_error_set(err, -ENOMEM, "out of memory");
		free(console->where);
		console->where = where;
		return 0;
	}
	return setting_path(&console->where, value, dir, err);
}

static const struct setting rows[] = {
	{
		.name = "console",
		.arg = "pty|stdio|PATH",
		.help = "a new pseudo terminal, standard input and output, or a UNIX socket to connect to",
		.kind = SETTING_OTHER,
		.choices = places,
		.pattern = "^.+$",
		.set = set_where,
	},
	DEVICE_ID_ROW(struct vm_config_console),
	VIRTIO_SLOT_ROW(struct vm_config_console),
};

/* Pseudo terminals are as many as are asked for; each of the others is one thing. */
static int add(struct vm_config *config, void *object, struct pt_error *err)
{
	struct vm_config_console *console = object, *consoles;
	int ret;

	console->layer = config->layer;
	for (size_t i = 0; i < config->console_count; i++) {
		struct vm_config_console *other = &config->consoles[i];

		if (strcmp(console->where, "pty") == 0 || strcmp(other->where, console->where) != 0)
			continue;
		if (other->layer == config->layer)
			return pt_error_remedy(
				err,
				pt_error_set(err, -EEXIST, "%s is named twice", console->where),
				"give each console a place of its own");
		vm_config_console_done(other);
		*other = *console;
		*console = (struct vm_config_console){0};
		return 0;
	}
	ret = vm_config_room(config, err);
	if (ret < 0)
		return ret;
	consoles = reallocarray(config->consoles, config->console_count + 1, sizeof(*consoles));
	if (!consoles)
		return pt_error_set(err, -ENOMEM, "out of memory");
	config->consoles = consoles;
	consoles[config->console_count++] = *console;
	*console = (struct vm_config_console){0};
	return 0;
}

static void done(void *object)
{
	vm_config_console_done(object);
}

const struct device_kind console_kind = {
	.option = "console",
	.noun = "console",
	.example = "pty",
	.help = "A console, by virtio-console",
	.settings = {rows, sizeof(rows) / sizeof(rows[0])},
	.size = sizeof(struct vm_config_console),
	.add = add,
	.done = done,
};
