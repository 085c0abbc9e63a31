/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_answers.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "config/vm_config.h"
#include "qemu/qemu_machines.h"
#include "qemu/qemu_options.h"

#define CPU_TYPE "host-x86_64-cpu"

bool qemu_kvm_usable(void)
{
	return access("/dev/kvm", R_OK | W_OK) == 0;
}

json_t *qemu_query_target(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)session, (void)arguments, (void)err;
	return json_pack("{s:s}", "arch", "x86_64");
}

json_t *qemu_query_machines(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	json_t *list = json_array();

	(void)session, (void)arguments, (void)err;
	for (const struct qemu_machine_type *type = qemu_machine_types; type->name; type++) {
		json_t *row =
			json_pack("{s:s, s:s, s:i, s:b, s:b, s:b, s:s, s:s}", "name", type->name,
				  "alias", type->alias, "cpu-max", VM_CPUS_MAX, "hotpluggable-cpus",
				  0, "numa-mem-supported", 0, "deprecated", 0, "default-cpu-type",
				  CPU_TYPE, "default-ram-id", QEMU_RAM_ID);

		if (row && type == qemu_machine_types)
			(void)json_object_set_new(row, "is-default", json_true());
		(void)json_array_append_new(list, row);
	}
	return list;
}

json_t *qemu_query_accelerators(struct qmp_session *session, json_t *arguments,
				struct qmp_error *err)
{
	(void)session, (void)arguments, (void)err;
	return json_pack("{s:s, s:[s]}", "enabled", "kvm", "present", "kvm");
}

json_t *qemu_query_cpu_definitions(struct qmp_session *session, json_t *arguments,
				   struct qmp_error *err)
{
	(void)session, (void)arguments, (void)err;
	return json_pack("[{s:s, s:s, s:[], s:b, s:b}]", "name", "host", "typename", CPU_TYPE,
			 "unavailable-features", "static", 0, "migration-safe", 0);
}

/* Each key of an option without types; those of types are asked for by type. */
static json_t *keys_of(const char *option, const char *type)
{
	json_t *list = json_array();

	for (const struct qemu_row *row = qemu_rows; row->option; row++) {
		if (!row->key || strcmp(row->key, "*") == 0 || qemu_row_refused(row) ||
		    strcmp(row->option, option) != 0 || !row->type != !type ||
		    (type && strcmp(row->type, type) != 0))
			continue;
		(void)json_array_append_new(list,
					    json_pack("{s:s, s:s}", "name", row->key, "type",
						      option[0] == 'd' && type ? "str" : "string"));
	}
	return list;
}

json_t *qemu_query_options(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const char *wanted = json_string_value(json_object_get(arguments, "option"));
	json_t *list = json_array();

	(void)session;
	for (const struct qemu_row *row = qemu_rows; row->option; row++) {
		if (row->type || row->key || row->style != QEMU_PAIRS ||
		    (wanted && strcmp(row->option, wanted) != 0))
			continue;
		(void)json_array_append_new(list,
					    json_pack("{s:s, s:o}", "option", row->option,
						      "parameters", keys_of(row->option, NULL)));
	}
	if (wanted && json_array_size(list) == 0)
		(void)pt_error_set(&err->error, -EINVAL, "invalid option name: %s", wanted);
	return list;
}

/* Objects and devices are both types of QEMU's object model. */
static const struct qemu_row *type_find(const char *name)
{
	const struct qemu_row *row = qemu_row_find("device", name, NULL);

	if (!row)
		row = qemu_row_find("object", name, NULL);
	return row && !qemu_row_refused(row) ? row : NULL;
}

json_t *qemu_list_types(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	/* Those that no command line names, but libvirt asks for: KVM, and vsock by whatever bus. */
	static const char *const abstract[] = {"kvm-accel", "vhost-vsock-device"};
	json_t *list = json_array();

	(void)session, (void)arguments, (void)err;
	for (const struct qemu_row *row = qemu_rows; row->option; row++) {
		if (row->type && !row->key && type_find(row->type) == row)
			(void)json_array_append_new(list, json_pack("{s:s, s:s}", "name", row->type,
								    "parent", "object"));
	}
	for (size_t i = 0; i < sizeof(abstract) / sizeof(abstract[0]); i++)
		(void)json_array_append_new(
			list, json_pack("{s:s, s:s}", "name", abstract[i], "parent", "object"));
	return list;
}

/* "-global TYPE.KEY=": a part of a PC's board that is no device of its own. Return: its keys. */
static json_t *globals_of(const char *type)
{
	json_t *list = json_array();
	size_t size = strlen(type);

	for (const struct qemu_row *row = qemu_rows; row->option; row++) {
		if (row->key && strcmp(row->option, "global") == 0 &&
		    strncmp(row->key, type, size) == 0 && row->key[size] == '.')
			(void)json_array_append_new(list,
						    json_pack("{s:s, s:s}", "name",
							      row->key + size + 1, "type", "str"));
	}
	return list;
}

json_t *qemu_list_device_properties(struct qmp_session *session, json_t *arguments,
				    struct qmp_error *err)
{
	const char *name = json_string_value(json_object_get(arguments, "typename"));
	const struct qemu_row *row = qemu_row_find("device", name, NULL);
	json_t *globals;

	(void)session;
	if (row && !qemu_row_refused(row))
		return keys_of("device", name);
	globals = globals_of(name);
	if (json_array_size(globals))
		return globals;
	json_decref(globals);
	err->class = "DeviceNotFound";
	(void)pt_error_set(&err->error, -ENODEV, "Device '%s' not found", name);
	return NULL;
}

/* libvirt 9.0 takes no error here. What a type is not known to have, it has not. */
json_t *qemu_list_object_properties(struct qmp_session *session, json_t *arguments,
				    struct qmp_error *err)
{
	const char *name = json_string_value(json_object_get(arguments, "typename"));
	const struct qemu_row *row = type_find(name);

	(void)session, (void)err;
	return row ? keys_of(row->option, name) : json_array();
}

static const char *text_of(const json_t *value, char *buf, size_t size)
{
	if (json_is_string(value))
		return json_string_value(value);
	if (json_is_integer(value))
		(void)snprintf(buf, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	else
		(void)snprintf(buf, size, "%s", json_is_true(value) ? "on" : "off");
	return buf;
}

int qemu_property(const char *driver, const char *key, const json_t *value, struct pt_error *err)
{
	const struct qemu_row *row = qemu_row_find("device", driver, key);
	char buf[32];
	int ret;

	if (!row || row->becomes || row->set)
		return 0;
	ret = qemu_row_allows(row, text_of(value, buf, sizeof(buf)), err);
	return ret < 0 ? pt_error_prefix(err, ret, "%s", key) : 1;
}
