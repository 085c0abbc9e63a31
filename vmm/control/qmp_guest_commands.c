/* SPDX-License-Identifier: MIT */
#include "control/qmp_guest_commands.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "control/qmp_session.h"

#define PERIPHERALS "/machine/peripheral"
#define CPU	    "/machine/cpu["

static const char *argument(json_t *arguments, const char *name)
{
	return json_string_value(json_object_get(arguments, name));
}

static json_t *not_found(const char *path, struct qmp_error *err)
{
	err->class = "DeviceNotFound";
	(void)pt_error_set(&err->error, -ENODEV, "Device '%s' not found", path);
	return NULL;
}

/* Return: whether @path is a processor of the guest's. */
static bool is_cpu(const struct target *target, const char *path)
{
	char *end;
	unsigned long index;

	if (strncmp(path, CPU, strlen(CPU)) != 0)
		return false;
	index = strtoul(path + strlen(CPU), &end, 10);
	return strcmp(end, "]") == 0 && index < target->ops->cpus(target->ctx);
}

static json_t *peripherals(const struct target *target)
{
	struct target_peripheral peripheral;
	json_t *list = json_array();

	for (unsigned i = 0; target->ops->peripheral(target->ctx, i, &peripheral); i++) {
		char type[96];

		if (!peripheral.id)
			continue;
		(void)snprintf(type, sizeof(type), "child<%s>", peripheral.type);
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s}", "name", peripheral.id, "type", type));
	}
	return list;
}

/* Return: whether the guest has a thing of this type, or of this name. */
static bool has_peripheral(const struct target *target, const char *type, const char *id)
{
	struct target_peripheral peripheral;

	for (unsigned i = 0; target->ops->peripheral(target->ctx, i, &peripheral); i++) {
		if (peripheral.id && ((type && strcmp(peripheral.type, type) == 0) ||
				      (id && strcmp(peripheral.id, id) == 0)))
			return true;
	}
	return false;
}

json_t *qmp_qom_list(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const char *path = argument(arguments, "path");

	if (strcmp(path, PERIPHERALS) == 0)
		return peripherals(session->target);
	if (is_cpu(session->target, path))
		return json_pack("[{s:s, s:s}]", "name", "type", "type", "string");
	if (strncmp(path, PERIPHERALS "/", strlen(PERIPHERALS "/")) == 0 &&
	    has_peripheral(session->target, NULL, path + strlen(PERIPHERALS "/")))
		return json_pack("[{s:s, s:s}]", "name", "type", "type", "string");
	return not_found(path, err);
}

json_t *qmp_qom_get(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const char *path = argument(arguments, "path"), *name = argument(arguments, "property");

	if (!is_cpu(session->target, path))
		return not_found(path, err);
	if (strcmp(name, "type") == 0)
		return json_string("host-x86_64-cpu");
	if (strcmp(name, "migratable") == 0)
		return json_false();
	(void)pt_error_set(&err->error, -ENOENT, "Property 'host-x86_64-cpu.%s' not found", name);
	return NULL;
}

json_t *qmp_query_nothing(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)session, (void)arguments, (void)err;
	return json_array();
}

/* Return: whether there is one; else @err says so. */
static bool has_balloon(const struct target *target, struct qmp_error *err)
{
	if (has_peripheral(target, "virtio-balloon-pci", NULL))
		return true;
	err->class = "DeviceNotActive";
	(void)pt_error_set(&err->error, -ENODEV, "No balloon device has been activated");
	return false;
}

json_t *qmp_query_balloon(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;

	(void)arguments;
	if (!has_balloon(target, err))
		return NULL;
	return json_pack("{s:I}", "actual", (json_int_t)target->ops->memory(target->ctx));
}

json_t *qmp_balloon(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;
	json_int_t value = json_integer_value(json_object_get(arguments, "value"));

	if (has_balloon(target, err) && value != (json_int_t)target->ops->memory(target->ctx))
		(void)pt_error_set(&err->error, -EOPNOTSUPP,
				   "The guest keeps its memory, all of which devices may reach by "
				   "DMA; start it with less");
	return NULL;
}

/* Those of migration, of which there are none: each that is to be turned on is refused but "events", which is about progress. */
json_t *qmp_set_capabilities(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	json_t *list = json_object_get(arguments, "capabilities"), *capability;
	size_t i;

	(void)session;
	json_array_foreach(list, i, capability)
	{
		const char *name = argument(capability, "capability");

		if (json_is_true(json_object_get(capability, "state")) &&
		    strcmp(name, "events") != 0)
			(void)pt_error_set(&err->error, -EINVAL,
					   "Guests do not migrate, so there is no '%s'", name);
	}
	return NULL;
}

static enum target_panic panic_action(const char *name)
{
	if (strcmp(name, "none") == 0)
		return TARGET_PANIC_NONE;
	return strcmp(name, "pause") == 0 ? TARGET_PANIC_PAUSE : TARGET_PANIC_END;
}

/* That of a watchdog is for one that is not there. */
json_t *qmp_set_action(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;
	const char *reboot = argument(arguments, "reboot");
	const char *shutdown = argument(arguments, "shutdown");
	const char *panic = argument(arguments, "panic");

	(void)err;
	if (reboot)
		target->ops->set_on_reboot(target->ctx, strcmp(reboot, "shutdown") == 0);
	if (shutdown)
		target->ops->set_on_power_off(target->ctx, strcmp(shutdown, "pause") == 0);
	if (panic)
		target->ops->set_on_panic(target->ctx, panic_action(panic));
	return NULL;
}
