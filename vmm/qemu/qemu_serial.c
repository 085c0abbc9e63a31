/* SPDX-License-Identifier: MIT */
/*
 * What the command line says of the serial line, and of consoles and channels, which are ports of a controller. Where one ends is a
 * -chardev of its own.
 */
#include <errno.h>
#include <limits.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/console_device.h"
#include "config/guest_setting.h"
#include "qemu/qemu_setters.h"

static int out_of_memory(struct pt_error *err)
{
	return pt_error_set(err, -ENOMEM, "out of memory");
}

static int keep_text(char **field, const char *text, struct pt_error *err)
{
	free(*field);
	*field = strdup(text);
	return *field ? 0 : out_of_memory(err);
}

/* Return: NULL when there is none, or it says not of what kind. */
static const struct qemu_value *find_chardev(struct qemu_guest *guest, const char *id,
					     const char **ret_backend, struct pt_error *err)
{
	const struct qemu_value *chardev = qemu_guest_backend(guest, "chardev", id);

	*ret_backend = chardev ? qemu_value_get(chardev, "backend") : NULL;
	if (*ret_backend)
		return chardev;
	(void)pt_error_set(err, -EINVAL, "there is no -chardev of this id");
	return NULL;
}

static int check_free(const struct qemu_guest *guest, const char *id, struct pt_error *err)
{
	const struct vm_config *config = &guest->config;
	bool taken = config->serial_label && strcmp(config->serial_label, id) == 0;

	for (size_t i = 0; i < config->console_count && !taken; i++)
		taken = config->consoles[i].label && strcmp(config->consoles[i].label, id) == 0;
	return taken ? pt_error_set(err, -EBUSY, "the -chardev is another device's") : 0;
}

int qemu_set_serial(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		    struct pt_error *err)
{
	const char *backend, *path;
	const struct qemu_value *chardev = find_chardev(guest, text, &backend, err);
	CLEANUP_FREE char *where = NULL;
	int ret;

	(void)item;
	if (!chardev)
		return -EINVAL;
	path = qemu_value_get(chardev, "path");
	if (strcmp(backend, "socket") == 0)
		return pt_error_remedy(err,
				       pt_error_set(err, -EOPNOTSUPP, "a serial line is no socket"),
				       "in the domain's XML: <serial type='pty'>");
	if (strcmp(backend, "file") == 0 ? asprintf(&where, "file:%s", path ? path : "") < 0
					 : !(where = strdup(backend)))
		return out_of_memory(err);
	ret = check_free(guest, text, err);
	if (ret == 0)
		ret = keep_text(&guest->config.serial_label, text, err);
	return ret < 0 ? ret
		       : setting_set(setting_find(&guest_settings, "serial"), &guest->config,
				     strcmp(where, "null") == 0 ? "none" : where, NULL, err);
}

static int set_socket(struct vm_config_console *console, const struct qemu_value *chardev,
		      struct pt_error *err)
{
	const char *fd = qemu_value_get(chardev, "fd"), *path = qemu_value_get(chardev, "path"),
		   *server = qemu_value_get(chardev, "server");
	long number;
	char *end;

	if (!server) /* what else it can be, its row refuses */
		return pt_error_remedy(
			err,
			pt_error_set(err, -EOPNOTSUPP, "a socket is listened on, not connected to"),
			"in the domain's XML: <source mode='bind' path='...'/>");
	if (path)
		return keep_text(&console->path, path, err);
	number = fd ? strtol(fd, &end, 10) : 0;
	if (!fd || *end || number <= 2 || number > INT_MAX)
		return pt_error_set(err, -EINVAL,
				    "the -chardev has neither a path nor a descriptor");
	console->fd = (int)number;
	return 0;
}

static int set_end(struct vm_config_console *console, const struct qemu_value *chardev,
		   const char *backend, struct pt_error *err)
{
	static const struct {
		const char *backend;
		enum vm_console_where where;
	} ends[] = {
		{"pty", VM_CONSOLE_PTY},       {"stdio", VM_CONSOLE_STDIO},
		{"socket", VM_CONSOLE_SOCKET}, {"file", VM_CONSOLE_FILE},
		{"null", VM_CONSOLE_NONE},
	};
	const char *path = qemu_value_get(chardev, "path");

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		if (strcmp(backend, ends[i].backend) == 0)
			console->where = ends[i].where;
	}
	if (console->where == VM_CONSOLE_SOCKET)
		return set_socket(console, chardev, err);
	if (console->where != VM_CONSOLE_FILE)
		return 0;
	return path ? keep_text(&console->path, path, err)
		    : pt_error_set(err, -EINVAL, "the -chardev has no path");
}

int qemu_set_chardev(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		     struct pt_error *err)
{
	struct vm_config_console *console = item->object;
	const char *backend;
	const struct qemu_value *chardev = find_chardev(guest, text, &backend, err);
	int ret = chardev ? check_free(guest, text, err) : -EINVAL;

	if (ret == 0)
		ret = set_end(console, chardev, backend, err);
	return ret < 0 ? ret : keep_text(&console->label, text, err);
}

/* "ID.0" is the bus of a controller; without a name it is the first one's. */
static const struct vm_config_controller *find_controller(const struct vm_config *config,
							  const char *bus, struct pt_error *err)
{
	for (size_t i = 0; i < config->controller_count; i++) {
		const struct vm_config_controller *controller = &config->controllers[i];
		size_t size = controller->id ? strlen(controller->id) : 0;

		if (size && (!bus || (strncmp(bus, controller->id, size) == 0 &&
				      strcmp(bus + size, ".0") == 0)))
			return controller;
	}
	(void)pt_error_remedy(err,
			      pt_error_set(err, -EINVAL,
					   "there is no virtio-serial-pci with the bus %s",
					   bus ? bus : "of a port"),
			      "in the domain's XML: <controller type='virtio-serial'>");
	return NULL;
}

static bool is_taken(const struct vm_config *config, const char *controller, unsigned number)
{
	for (size_t i = 0; i < config->console_count; i++) {
		const struct vm_config_console *other = &config->consoles[i];

		if (other->controller && strcmp(other->controller, controller) == 0 &&
		    other->number == number)
			return true;
	}
	return false;
}

static int check_number(const struct vm_config *config,
			const struct vm_config_controller *controller, bool channel,
			unsigned long number, struct pt_error *err)
{
	const unsigned ports = controller->ports ? controller->ports : VM_CONTROLLER_PORTS_MAX;

	if (number >= ports)
		return pt_error_set(err, -ERANGE, "%s has the ports 0 to %u", controller->id,
				    ports - 1);
	if (channel && number == 0)
		return pt_error_set(err, -EINVAL, "port 0 is a console's");
	if (is_taken(config, controller->id, (unsigned)number))
		return pt_error_set(err, -EEXIST, "port %lu of %s is another's", number,
				    controller->id);
	return 0;
}

/* The one that is said, or the first that is free. */
static int set_number(const struct vm_config *config, const struct vm_config_controller *controller,
		      const char *nr, struct vm_config_console *console, bool channel,
		      struct pt_error *err)
{
	unsigned long number = channel;
	char *end;
	int ret;

	if (nr) {
		number = strtoul(nr, &end, 10);
		if (*end || end == nr)
			return pt_error_set(err, -EINVAL, "nr=%s is no port's number", nr);
	}
	while (!nr && is_taken(config, controller->id, (unsigned)number))
		number++;
	ret = check_number(config, controller, channel, number, err);
	if (ret == 0)
		console->number = (unsigned)number;
	return ret;
}

int qemu_add_console(struct qemu_guest *guest, struct qemu_item *item, const char *text,
		     struct pt_error *err)
{
	const struct vm_config_controller *controller =
		find_controller(&guest->config, item->place.bus, err);
	struct vm_config_console *console = item->object;
	int ret;

	(void)text;
	if (!controller)
		return -EINVAL;
	if (!console->label)
		return pt_error_set(err, -EINVAL, "chardev= is missing");
	ret = keep_text(&console->controller, controller->id, err);
	if (ret == 0)
		ret = set_number(&guest->config, controller, qemu_value_get(&item->value, "nr"),
				 console, item->kind == &channel_kind, err);
	return ret < 0 ? ret : item->kind->add(&guest->config, console, err);
}
