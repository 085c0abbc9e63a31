/* SPDX-License-Identifier: MIT */
#include "config/console_device.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/device_id.h"
#include "config/setting_text.h"

static const char *const places[] = {"pty", "stdio", NULL};

static int set_socket(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config_console *console = object;
	int ret = setting_path(&console->path, value, dir, err);

	if (ret == 0)
		console->where = VM_CONSOLE_SOCKET;
	return ret;
}

/* What is neither is a path. */
static int set_where(void *object, const char *value, const char *dir, struct pt_error *err)
{
	static const enum vm_console_where wheres[] = {VM_CONSOLE_PTY, VM_CONSOLE_STDIO};
	struct vm_config_console *console = object;

	for (size_t i = 0; places[i]; i++) {
		if (strcmp(value, places[i]) != 0)
			continue;
		console->where = wheres[i];
		return 0;
	}
	return set_socket(object, value, dir, err);
}

static const struct setting console_rows[] = {
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

static const struct setting channel_rows[] = {
	{
		.name = "channel",
		.arg = "NAME",
		.help = "what the guest finds it by, below /dev/virtio-ports",
		.kind = SETTING_TEXT,
		.field = offsetof(struct vm_config_console, name),
		.min = 1,
		.max = VM_CHANNEL_NAME_SIZE - 1,
		.pattern = "^[A-Za-z0-9][A-Za-z0-9._:-]*$",
		.what = "a channel's name",
		.form = "a letter or digit, and then letters, digits, '.', '_', ':' and '-'",
	},
	{
		.name = "socket",
		.arg = "PATH",
		.help = "a UNIX socket to connect to; else a new pseudo terminal",
		.kind = SETTING_OTHER,
		.pattern = "^.+$",
		.set = set_socket,
	},
	DEVICE_ID_ROW(struct vm_config_console),
	VIRTIO_SLOT_ROW(struct vm_config_console),
};

static const struct setting controller_rows[] = {
	DEVICE_ID_ROW(struct vm_config_controller),
	VIRTIO_SLOT_ROW(struct vm_config_controller),
	{
		.name = "ports",
		.arg = "N",
		.help = "as many ports as there can be",
		.kind = SETTING_NUMBER,
		.field = offsetof(struct vm_config_controller, ports),
		.min = 1,
		.max = VM_CONTROLLER_PORTS_MAX,
	},
};

/* Pseudo terminals, and what nobody hears, are as many as are asked for; each of the others is one thing, and so is a name. */
static bool is_same(const struct vm_config_console *a, const struct vm_config_console *b)
{
	if (a->channel != b->channel)
		return false;
	if (a->channel)
		return a->name && b->name && strcmp(a->name, b->name) == 0;
	if (a->where != b->where || a->where == VM_CONSOLE_PTY || a->where == VM_CONSOLE_NONE)
		return false;
	return a->where == VM_CONSOLE_STDIO ||
	       (a->path && b->path && strcmp(a->path, b->path) == 0);
}

static int named_twice(const struct vm_config_console *console, struct pt_error *err)
{
	const char *what = console->channel			? console->name
			   : console->where == VM_CONSOLE_STDIO ? "stdio"
								: console->path;

	return pt_error_remedy(err, pt_error_set(err, -EEXIST, "%s is named twice", what),
			       console->channel ? "give each channel a name of its own"
						: "give each console a place of its own");
}

static int append(struct vm_config *config, struct vm_config_console *console, struct pt_error *err)
{
	struct vm_config_console *consoles;

	consoles = reallocarray(config->consoles, config->console_count + 1, sizeof(*consoles));
	if (!consoles)
		return pt_error_set(err, -ENOMEM, "out of memory");
	config->consoles = consoles;
	consoles[config->console_count++] = *console;
	*console = (struct vm_config_console){0};
	return 0;
}

static int add(struct vm_config *config, struct vm_config_console *console, struct pt_error *err)
{
	int ret;

	console->layer = config->layer;
	for (size_t i = 0; i < config->console_count; i++) {
		struct vm_config_console *other = &config->consoles[i];

		if (!is_same(console, other))
			continue;
		if (other->layer == config->layer)
			return named_twice(console, err);
		vm_config_console_done(other);
		*other = *console;
		*console = (struct vm_config_console){0};
		return 0;
	}
	ret = console->controller ? 0 : vm_config_room(config, err);
	return ret < 0 ? ret : append(config, console, err);
}

static int add_console(struct vm_config *config, void *object, struct pt_error *err)
{
	return add(config, object, err);
}

static int add_channel(struct vm_config *config, void *object, struct pt_error *err)
{
	((struct vm_config_console *)object)->channel = true;
	return add(config, object, err);
}

static int add_controller(struct vm_config *config, void *object, struct pt_error *err)
{
	struct vm_config_controller *controller = object, *controllers;
	int ret = vm_config_room(config, err);

	if (ret < 0)
		return ret;
	controllers = reallocarray(config->controllers, config->controller_count + 1,
				   sizeof(*controllers));
	if (!controllers)
		return pt_error_set(err, -ENOMEM, "out of memory");
	config->controllers = controllers;
	controllers[config->controller_count++] = *controller;
	*controller = (struct vm_config_controller){0};
	return 0;
}

static void done(void *object)
{
	vm_config_console_done(object);
}

static void controller_done(void *object)
{
	vm_config_controller_done(object);
}

const struct device_kind console_kind = {
	.option = "console",
	.noun = "console",
	.example = "pty",
	.help = "A console, by virtio-console",
	.settings = {console_rows, sizeof(console_rows) / sizeof(console_rows[0])},
	.size = sizeof(struct vm_config_console),
	.add = add_console,
	.done = done,
};

const struct device_kind channel_kind = {
	.option = "channel",
	.noun = "channel",
	.example = "org.qemu.guest_agent.0",
	.help = "A channel between a program of the guest's, such as its agent, and one of the host's, by virtio-console",
	.settings = {channel_rows, sizeof(channel_rows) / sizeof(channel_rows[0])},
	.size = sizeof(struct vm_config_console),
	.add = add_channel,
	.done = done,
};

const struct device_kind controller_kind = {
	.option = "controller",
	.noun = "controller",
	.example = "serial0",
	.help = "A device for consoles and channels that say they are its ports",
	.settings = {controller_rows, sizeof(controller_rows) / sizeof(controller_rows[0])},
	.size = sizeof(struct vm_config_controller),
	.add = add_controller,
	.done = controller_done,
};
