/* SPDX-License-Identifier: MIT */
#include "control/qmp_schema.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define TYPE_NAME_SIZE 64

/* The names as QMP has them, and their JSON types. */
static const struct builtin {
	const char *name;
	const char *json;
} builtins[] = {
	{"str", "string"},
	{"int", "int"},
	{"bool", "boolean"},
	{"any", "value"},
};

#define BUILTINS (sizeof(builtins) / sizeof(builtins[0]))

const struct qmp_command *qmp_command_find(const char *name)
{
	for (const struct qmp_command *command = qmp_commands; command->name; command++) {
		if (strcmp(command->name, name) == 0)
			return command;
	}
	return NULL;
}

static const struct qmp_type *type_find(const char *name)
{
	for (const struct qmp_type *type = qmp_types; type->name; type++) {
		if (strcmp(type->name, name) == 0)
			return type;
	}
	return NULL;
}

static int wrong(const char *what, const char *wanted, struct pt_error *err)
{
	return pt_error_set(err, -EINVAL, "Invalid parameter type for '%s', expected: %s", what,
			    wanted);
}

static const struct qmp_member *member_find(const struct qmp_type *type, const char *name)
{
	for (const struct qmp_member *member = type->members; member->name; member++) {
		if (strcmp(member->name, name) == 0)
			return member;
	}
	return NULL;
}

static int check_enum(json_t *value, const struct qmp_type *type, const char *what,
		      struct pt_error *err)
{
	if (!json_is_string(value))
		return wrong(what, "string", err);
	for (const char *const *known = type->values; *known; known++) {
		if (strcmp(*known, json_string_value(value)) == 0)
			return 0;
	}
	return pt_error_set(err, -EINVAL, "Parameter '%s' does not accept value '%s'", what,
			    json_string_value(value));
}

static int check_object(json_t *value, const struct qmp_type *type, const char *what, bool open,
			struct pt_error *err)
{
	const char *name;
	json_t *item;

	if (!json_is_object(value))
		return wrong(what, "object", err);
	json_object_foreach(value, name, item)
	{
		const struct qmp_member *member = member_find(type, name);
		int ret;

		if (!member && open)
			continue;
		if (!member)
			return pt_error_set(err, -EINVAL, "Parameter '%s' is unexpected", name);
		ret = qmp_check(item, member->type, name, false, err);
		if (ret < 0)
			return ret;
	}
	for (const struct qmp_member *member = type->members; member->name; member++) {
		if (!member->optional && !json_object_get(value, member->name))
			return pt_error_set(err, -EINVAL, "Parameter '%s' is missing",
					    member->name);
	}
	return 0;
}

static int check_list(json_t *value, const char *type, const char *what, struct pt_error *err)
{
	char element[TYPE_NAME_SIZE];
	size_t size = strlen(type);
	int ret = 0;

	if (!json_is_array(value))
		return wrong(what, "array", err);
	(void)snprintf(element, sizeof(element), "%.*s", (int)(size - 2), type + 1);
	for (size_t i = 0; i < json_array_size(value) && ret == 0; i++)
		ret = qmp_check(json_array_get(value, i), element, what, false, err);
	return ret;
}

int qmp_check(json_t *value, const char *type, const char *what, bool open, struct pt_error *err)
{
	const struct qmp_type *known;

	if (*type == '[')
		return check_list(value, type, what, err);
	if (strcmp(type, "any") == 0)
		return 0;
	if (strcmp(type, "str") == 0)
		return json_is_string(value) ? 0 : wrong(what, "string", err);
	if (strcmp(type, "int") == 0)
		return json_is_integer(value) ? 0 : wrong(what, "integer", err);
	if (strcmp(type, "bool") == 0)
		return json_is_boolean(value) ? 0 : wrong(what, "boolean", err);
	known = type_find(type);
	if (!known)
		return pt_error_set(err, -EINVAL, "there is no type %s", type);
	return known->meta == QMP_ENUM ? check_enum(value, known, what, err)
				       : check_object(value, known, what, open, err);
}

/* Of lists, which have no row of their own: each is printed once. */
static void add_list(json_t *schema, json_t *lists, const char *type)
{
	char element[TYPE_NAME_SIZE];

	if (*type != '[' || json_object_get(lists, type))
		return;
	(void)snprintf(element, sizeof(element), "%.*s", (int)(strlen(type) - 2), type + 1);
	(void)json_object_set_new(lists, type, json_true());
	(void)json_array_append_new(schema, json_pack("{s:s, s:s, s:s}", "name", type, "meta-type",
						      "array", "element-type", element));
}

static json_t *members_of(json_t *schema, json_t *lists, const struct qmp_type *type)
{
	json_t *members = json_array();

	for (const struct qmp_member *member = type->members; member->name; member++) {
		json_t *row = json_pack("{s:s, s:s}", "name", member->name, "type", member->type);

		add_list(schema, lists, member->type);
		if (member->optional)
			(void)json_object_set_new(row, "default", json_null());
		(void)json_array_append_new(members, row);
	}
	return members;
}

static void add_variants(json_t *object, const struct qmp_type *type)
{
	json_t *list = json_array();

	for (const struct qmp_variant *variant = type->variants; variant->value; variant++)
		(void)json_array_append_new(list, json_pack("{s:s, s:s}", "case", variant->value,
							    "type", variant->type));
	(void)json_object_set_new(object, "tag", json_string(type->tag));
	(void)json_object_set_new(object, "variants", list);
}

static void add_type(json_t *schema, json_t *lists, const struct qmp_type *type)
{
	json_t *values;

	if (type->meta == QMP_OBJECT) {
		json_t *object = json_pack("{s:s, s:s, s:o}", "name", type->name, "meta-type",
					   "object", "members", members_of(schema, lists, type));

		if (type->tag)
			add_variants(object, type);
		(void)json_array_append_new(schema, object);
		return;
	}
	values = json_array();
	for (const char *const *value = type->values; *value; value++)
		(void)json_array_append_new(values, json_string(*value));
	(void)json_array_append_new(schema, json_pack("{s:s, s:s, s:o}", "name", type->name,
						      "meta-type", "enum", "values", values));
}

static const char *or_empty(const char *type)
{
	return type ? type : QMP_EMPTY_TYPE;
}

json_t *qmp_schema(void)
{
	json_t *schema = json_array();
	json_t *lists = json_object();

	for (size_t i = 0; i < BUILTINS; i++)
		(void)json_array_append_new(
			schema, json_pack("{s:s, s:s, s:s}", "name", builtins[i].name, "meta-type",
					  "builtin", "json-type", builtins[i].json));
	for (const struct qmp_type *type = qmp_types; type->name; type++)
		add_type(schema, lists, type);
	for (const struct qmp_command *command = qmp_commands; command->name; command++) {
		const char *returns = or_empty(command->returns);

		add_list(schema, lists, returns);
		(void)json_array_append_new(schema,
					    json_pack("{s:s, s:s, s:s, s:s, s:b}", "name",
						      command->name, "meta-type", "command",
						      "arg-type", or_empty(command->arguments),
						      "ret-type", returns, "allow-oob", 0));
	}
	for (const struct qmp_event *event = qmp_events; event->name; event++)
		(void)json_array_append_new(schema, json_pack("{s:s, s:s, s:s}", "name",
							      event->name, "meta-type", "event",
							      "arg-type", or_empty(event->data)));
	json_decref(lists);
	return schema;
}
