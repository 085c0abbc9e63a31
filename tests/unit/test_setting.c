/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <regex.h>
#include <stdint.h>
#include <stdlib.h>

#include "config/device_kind.h"
#include "config/guest_setting.h"
#include "config/setting.h"

struct object {
	unsigned number;
	uint64_t size;
	unsigned time;
	bool flag;
	bool has_number;
	enum { RED, GREEN } colour;
	char *text;
	char *path;
};

static const char *const colours[] = {"red", "green", NULL};

#define FIELD(member) .field = offsetof(struct object, member)

static const struct setting rows[] = {
	{.name = "number",
	 .kind = SETTING_NUMBER,
	 FIELD(number),
	 .given = offsetof(struct object, has_number),
	 .min = 3,
	 .max = 4000000000u},
	{.name = "size", .kind = SETTING_SIZE, FIELD(size)},
	{.name = "time", .kind = SETTING_TIME, FIELD(time)},
	{.name = "flag", .kind = SETTING_BOOL, FIELD(flag)},
	{.name = "colour",
	 .kind = SETTING_CHOICE,
	 FIELD(colour),
	 .choices = colours,
	 .what = "a colour"},
	{.name = "text",
	 .kind = SETTING_TEXT,
	 FIELD(text),
	 .max = 5,
	 .pattern = "^[a-z]*$",
	 .what = "a word",
	 .form = "use letters"},
	{.name = "path", .kind = SETTING_PATH, FIELD(path)},
};

static const struct setting_table table = {rows, sizeof(rows) / sizeof(rows[0])};

static int set(struct object *object, const char *name, const char *value, struct pt_error *err)
{
	*err = (struct pt_error)PT_ERROR_INIT;
	return setting_set(setting_find(&table, name), object, value, "dir", err);
}

Test(setting, values)
{
	struct object object = {.flag = true};
	struct pt_error err;

	cr_assert_eq(set(&object, "number", "4000000000", &err), 0);
	cr_assert_eq(object.number, 4000000000u);
	cr_assert(object.has_number);
	cr_assert_eq(set(&object, "size", "2G", &err), 0);
	cr_assert_eq(object.size, UINT64_C(2) << 30);
	cr_assert_eq(set(&object, "time", "2m", &err), 0);
	cr_assert_eq(object.time, 120);
	cr_assert_eq(set(&object, "colour", "green", &err), 0);
	cr_assert_eq(object.colour, GREEN);
	cr_assert_eq(set(&object, "text", "abcde", &err), 0);
	cr_assert_str_eq(object.text, "abcde");
	cr_assert_eq(set(&object, "text", "", &err), 0);
	cr_assert_str_eq(object.text, "");
	cr_assert_eq(set(&object, "path", "a/b", &err), 0);
	cr_assert_str_eq(object.path, "dir/a/b");
	free(object.text);
	free(object.path);
}

Test(setting, yes_and_no)
{
	static const char *const yes[] = {"yes", "true", "on"}, *const no[] = {"no", "false",
									       "off"};
	struct object object = {0};
	struct pt_error err;

	for (size_t i = 0; i < 3; i++) {
		cr_assert_eq(set(&object, "flag", yes[i], &err), 0);
		cr_assert(object.flag);
		cr_assert_eq(set(&object, "flag", no[i], &err), 0);
		cr_assert_not(object.flag);
	}
}

Test(setting, what_is_wrong)
{
	static const struct {
		const char *name, *value;
		int code;
		const char *message, *remedy;
	} cases[] = {
		{"number", "2", -ERANGE, "2 is out of range",
		 "write a number from 3 to 4000000000"},
		{"number", "4000000001", -ERANGE, "4000000001 is out of range",
		 "write a number from 3 to 4000000000"},
		{"number", "99999999999999999999999", -ERANGE,
		 "99999999999999999999999 is out of range", "write a number from 3 to 4000000000"},
		{"number", " 7", -EINVAL, "\" 7\" is not a number",
		 "write a number from 3 to 4000000000"},
		{"number", "", -EINVAL, "\"\" is not a number",
		 "write a number from 3 to 4000000000"},
		{"flag", "maybe", -EINVAL, "\"maybe\" is not yes or no", "write yes or no"},
		{"colour", "gren", -EINVAL, "\"gren\" is not a colour; did you mean \"green\"?",
		 "write red or green"},
		{"text", "A", -EINVAL, "\"A\" is not a word", "use letters"},
		{"text", "abcdef", -ENAMETOOLONG, "longer than 5 characters", "shorten it"},
		{"path", "", -EINVAL, "no value given", "give one, or leave it out"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct object object = {0}, before = object;
		struct pt_error err;

		cr_assert_eq(set(&object, cases[i].name, cases[i].value, &err), cases[i].code,
			     "%s: %s", cases[i].name, cases[i].value);
		cr_assert_str_eq(err.message, cases[i].message, "%s", err.message);
		cr_assert_str_eq(err.remedy, cases[i].remedy, "%s", err.remedy);
		cr_assert_eq(memcmp(&object, &before, sizeof(object)), 0, "%s: written",
			     cases[i].name);
	}
}

static void check_table(const struct setting_table *checked, void *object)
{
	for (size_t i = 0; i < checked->count; i++) {
		const struct setting *row = &checked->rows[i];
		struct pt_error err = PT_ERROR_INIT;
		regex_t regex;

		cr_assert_not_null(row->name);
		cr_assert_not_null(row->arg, "%s", row->name);
		cr_assert_not_null(row->help, "%s", row->name);
		cr_assert_eq(setting_find(checked, row->name), row, "%s is there twice", row->name);
		if (row->kind == SETTING_CHOICE)
			cr_assert(row->choices && row->what, "%s", row->name);
		if (row->kind == SETTING_OTHER)
			cr_assert(row->set && (row->choices || row->pattern), "%s", row->name);
		if (row->kind == SETTING_NUMBER || row->kind == SETTING_TEXT)
			cr_assert_gt(row->max, row->min, "%s", row->name);
		if (row->kind == SETTING_TEXT && row->pattern)
			cr_assert(row->what && row->form, "%s", row->name);
		if (row->pattern) {
			cr_assert_eq(regcomp(&regex, row->pattern, REG_EXTENDED), 0, "%s",
				     row->name);
			regfree(&regex);
		}
		if (row->standard)
			cr_assert_eq(setting_set(row, object, row->standard, NULL, &err), 0,
				     "%s: %s", row->name, err.message);
	}
}

/* What is wrong in a table is found here, and not by a user. */
Test(setting, the_tables_are_whole)
{
	struct vm_config config;

	vm_config_init(&config);
	check_table(&guest_settings, &config);
	vm_config_done(&config);
	for (size_t i = 0; i < DEVICE_KINDS; i++) {
		void *object = device_kind_create(device_kinds[i]);

		check_table(&device_kinds[i]->settings, object);
		cr_assert_eq(device_kind_find(device_list_of(device_kinds[i]),
					      device_kind_name(device_kinds[i])),
			     device_kinds[i]);
		cr_assert_null(setting_find(&guest_settings, device_kinds[i]->option));
		device_kind_destroy(device_kinds[i], object);
	}
}

/* What a row says is standard is what vm_config_init() does, wherever that is more than "not given". */
Test(setting, what_is_standard_is_so)
{
	struct vm_config said, unsaid;
	struct pt_error err = PT_ERROR_INIT;

	vm_config_init(&said);
	vm_config_init(&unsaid);
	for (size_t i = 0; i < guest_settings.count; i++) {
		const struct setting *row = &guest_settings.rows[i];

		if (row->standard && row->kind != SETTING_TEXT && row->kind != SETTING_PATH)
			cr_assert_eq(setting_set(row, &said, row->standard, NULL, &err), 0);
	}
	cr_assert_eq(memcmp(&said, &unsaid, sizeof(said)), 0);
}
