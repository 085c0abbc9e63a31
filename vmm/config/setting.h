/* SPDX-License-Identifier: MIT */
/*
 * One value that people set: a row of a table is a key of the file, an option of the command line, a line of the help and
 * an entry of the schema, all of them from the same words.
 *
 * There is a table for the guest (guest_setting.c) and one for each kind of device (device_kind.c lists them). A row fills in
 * a field of the table's object, struct vm_config or a device of it.
 */
#ifndef TENON_CONFIG_SETTING_H
#define TENON_CONFIG_SETTING_H

#include <passthrough/error.h>
#include <stdbool.h>
#include <stddef.h>

/** enum setting_kind - how a value is written, and the type of the field that keeps it */
enum setting_kind {
	SETTING_NUMBER, /* unsigned: @min to @max */
	SETTING_SIZE,	/* uint64_t: bytes, not 0 */
	SETTING_TIME,	/* unsigned: seconds */
	SETTING_BOOL,	/* bool: yes, true or on; no, false or off */
	SETTING_CHOICE, /* an enum: the index in @choices */
	SETTING_TEXT,	/* char *: @min to @max characters, like @pattern */
	SETTING_PATH,	/* char *: a relative one in a file is relative to the file */
	SETTING_OTHER,	/* what @set makes of it; like @pattern or, without one, one of @choices */
};

/** enum setting_group - where help and man page have it */
enum setting_group {
	SETTING_GUEST,
	SETTING_BOOT,
	SETTING_DEVICES,
	SETTING_EVENTS,
	SETTING_GROUPS,
};

struct setting_table;

/**
 * struct setting - a row
 * @name: "memory" for `memory: VALUE` in the file and `--memory VALUE` on the command line
 * @arg: what help calls the value
 * @help: one sentence, without what follows from the rest of the row
 * @standard: what it is when nothing is said, as it would be written; NULL when that is nothing
 * @field: its offset in the object
 * @given: the offset of a bool that is set with it; 0 for none
 * @min, @max: of SETTING_NUMBER and, in characters, of SETTING_TEXT; of SETTING_OTHER the whole part, where @pattern is that of
 *	numbers
 * @choices: words that it can be; ends with NULL
 * @pattern: a regular expression of the whole value, in the forms that POSIX and ECMA share; NULL for any
 * @what: what a wrong value is not, such as "a backend"; for SETTING_CHOICE and for @pattern
 * @form: what to type, where the rest of the row does not say it
 * @parts: what the value can say in parts: as a mapping in the file, as "VALUE,PART=VALUE..." in an option. The first is the
 *	value itself by its name. All are SETTING_NUMBER; those that are not given become 0. NULL for a value without
 * @set: for SETTING_OTHER: read @value into @object; a relative path is relative to @dir, or left as it is when @dir is NULL.
 *	Return: 0 or -errno; the message does not name the setting.
 */
struct setting {
	const char *name;
	const char *arg;
	const char *help;
	const char *standard;
	enum setting_group group;
	enum setting_kind kind;
	size_t field;
	size_t given;
	unsigned min;
	unsigned max;
	const char *const *choices;
	const char *pattern;
	const char *what;
	const char *form;
	const struct setting_table *parts;
	int (*set)(void *object, const char *value, const char *dir, struct pt_error *err);
};

/** struct setting_table - rows of one object, in the order in which people read them */
struct setting_table {
	const struct setting *rows;
	size_t count;
};

/** setting_set() - read @value into @object by a row. Errors: -EINVAL, -ERANGE, -ENAMETOOLONG, -ENOMEM; without the name. */
int setting_set(const struct setting *setting, void *object, const char *value, const char *dir,
		struct pt_error *err);

/** setting_clear_parts() - none of a setting's @parts is given */
void setting_clear_parts(const struct setting *setting, void *object);

/** setting_part() - one of its @parts. Return: NULL when there is none; the error (-EINVAL) names the nearest, or all. */
const struct setting *setting_part(const struct setting *setting, const char *name,
				   struct pt_error *err);

/** setting_find() - the row of a name, NULL when there is none */
const struct setting *setting_find(const struct setting_table *table, const char *name);

/**
 * setting_choose() - which of @names a value is
 * @names: ends with NULL
 * @what: what one that is none of them is not
 * @form: what to type; NULL to list the names
 *
 * Errors: -EINVAL, naming the nearest.
 */
int setting_choose(const char *const *names, const char *value, const char *what, const char *form,
		   size_t *ret_index, struct pt_error *err);

#define SETTING_NAMES_SIZE 512

/** setting_names() - "a, b and c" into @buf of SETTING_NAMES_SIZE bytes; @between is " and " or " or ". Return: @buf. */
const char *setting_names(const char *const *names, size_t count, const char *between, char *buf);

#endif
