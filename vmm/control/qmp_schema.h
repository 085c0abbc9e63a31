/* SPDX-License-Identifier: MIT */
/*
 * What a command takes and what it answers, as tables: arguments are checked by them, and query-qmp-schema prints them, so
 * that the two cannot disagree.
 *
 * The form of what is printed is QEMU's: docs/interop/qemu-qmp-ref, "SchemaInfo".
 */
#ifndef TENON_CONTROL_QMP_SCHEMA_H
#define TENON_CONTROL_QMP_SCHEMA_H

#include <jansson.h>
#include <passthrough/error.h>
#include <stdbool.h>

struct qmp_session;

enum qmp_meta {
	QMP_OBJECT,
	QMP_ENUM,
};

/**
 * struct qmp_member - of an object
 * @type: "str", "int", "bool" or "any"; the name of a struct qmp_type; or one of these in brackets, for a list of it
 */
struct qmp_member {
	const char *name;
	const char *type;
	bool optional;
};

/** struct qmp_variant - what belongs to a value of the tag: @type is an object's name */
struct qmp_variant {
	const char *value;
	const char *type;
};

/**
 * struct qmp_type - @members end with one without a name, @values with NULL
 * @tag: the member that says which of @variants, which end with one without a value, its others are of; NULL for none. For
 *	readers of the schema: @members has them all, and is what is checked.
 */
struct qmp_type {
	const char *name;
	enum qmp_meta meta;
	const struct qmp_member *members;
	const char *const *values;
	const char *tag;
	const struct qmp_variant *variants;
};

/** struct qmp_error - @class: as QEMU has them: "GenericError", "CommandNotFound", "DeviceNotFound" */
struct qmp_error {
	const char *class;
	struct pt_error error;
};

#define QMP_ERROR_INIT                        \
	{                                     \
		"GenericError", PT_ERROR_INIT \
	}

/**
 * struct qmp_command - a command
 * @arguments: the name of an object type; NULL for none
 * @open: other arguments than those are passed on unchecked
 * @returns: a type, as of a member; NULL for an empty object
 * @run: @arguments were checked. Return: what is answered, a reference of the caller's, NULL when @returns is; on failure
 *	@err is set.
 */
struct qmp_command {
	const char *name;
	const char *arguments;
	bool open;
	const char *returns;
	json_t *(*run)(struct qmp_session *session, json_t *arguments, struct qmp_error *err);
};

/** struct qmp_event - an event; @data as of struct qmp_command.arguments */
struct qmp_event {
	const char *name;
	const char *data;
};

#define QMP_EMPTY_TYPE "q_empty"

extern const struct qmp_type qmp_types[];
extern const struct qmp_command qmp_commands[];
extern const struct qmp_event qmp_events[];

/** qmp_command_find() - NULL when there is none of the name */
const struct qmp_command *qmp_command_find(const char *name);

/**
 * qmp_check() - whether a value is of a type
 * @what: how the message names it
 * @open: members that the type does not know are allowed
 *
 * Errors: -EINVAL, as QEMU words it.
 */
int qmp_check(json_t *value, const char *type, const char *what, bool open, struct pt_error *err);

/** qmp_schema() - all of it as query-qmp-schema answers. Return: the caller's reference; NULL without memory. */
json_t *qmp_schema(void);

#endif
