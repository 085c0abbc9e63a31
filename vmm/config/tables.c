/* SPDX-License-Identifier: MIT */
/*
 * A program of the build: writes what is installed for editors and shells, and what tests ask for, from tables.
 *
 *   tables schema              the JSON schema of a guest's file, in draft 7, which is what editors know
 *   tables calls               the sandbox's table of system calls, for the lab
 *   tables completion FILE     the bash completion FILE, with what options take in place of the line @VALUES@
 */
#include <inttypes.h>
#include <jansson.h>
#include <regex.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/device_kind.h"
#include "config/duration.h"
#include "config/guest_setting.h"
#include "config/size.h"
#include "sandbox/calls.h"

#define VARIABLE "\\$(\\$|\\{[A-Za-z_][A-Za-z0-9_]*(:-[^$}]*)?\\})"

/* A value with a variable in it can be anything. */
static json_t *or_variable(json_t *value)
{
	return json_pack("{s:[o, {s:s}]}", "anyOf", value, "$ref", "#/definitions/variable");
}

static json_t *text_like(const char *pattern)
{
	return json_pack("{s:s, s:s}", "type", "string", "pattern", pattern);
}

static bool is_like(const char *pattern, const char *text)
{
	regex_t regex;
	bool like;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		return false;
	like = regexec(&regex, text, 0, NULL, 0) == 0;
	regfree(&regex);
	return like;
}

/* What is written like a number is one in YAML, and no text to which a pattern applies. */
static json_t *other_schema(const struct setting *setting)
{
	json_t *types = json_pack("[s]", "string"), *schema;

	if (is_like(setting->pattern, "1.1"))
		(void)json_array_append_new(types, json_string("number"));
	else if (is_like(setting->pattern, "1"))
		(void)json_array_append_new(types, json_string("integer"));
	schema = json_pack("{s:o, s:s}", "type", types, "pattern", setting->pattern);
	if (setting->max) {
		(void)json_object_set_new(schema, "minimum", json_integer(setting->min));
		(void)json_object_set_new(schema, "exclusiveMaximum",
					  json_integer((json_int_t)setting->max + 1));
	}
	return schema;
}

static json_t *choices_schema(const char *const *choices)
{
	json_t *names = json_array();

	for (; *choices; choices++)
		(void)json_array_append_new(names, json_string(*choices));
	return json_pack("{s:o}", "enum", names);
}

static json_t *text_schema(const struct setting *setting)
{
	json_t *schema = json_pack("{s:s, s:i, s:i}", "type", "string", "minLength",
				   (int)setting->min, "maxLength", (int)setting->max);

	if (setting->pattern)
		(void)json_object_set_new(schema, "pattern", json_string(setting->pattern));
	return schema;
}

static json_t *value_schema(const struct setting *setting)
{
	switch (setting->kind) {
	case SETTING_NUMBER:
		return json_pack("{s:s, s:I, s:I}", "type", "integer", "minimum",
				 (json_int_t)setting->min, "maximum", (json_int_t)setting->max);
	case SETTING_SIZE:
		return text_like(SIZE_PATTERN);
	case SETTING_TIME:
		return text_like(DURATION_PATTERN);
	case SETTING_BOOL:
		return json_pack("{s:[b, b, s, s, s, s]}", "enum", 1, 0, "yes", "no", "on", "off");
	case SETTING_CHOICE:
		return choices_schema(setting->choices);
	case SETTING_TEXT:
		return text_schema(setting);
	case SETTING_PATH:
		return json_pack("{s:s, s:i}", "type", "string", "minLength", 1);
	case SETTING_OTHER:
		break;
	}
	return setting->pattern ? other_schema(setting) : choices_schema(setting->choices);
}

static json_t *parts_schema(const struct setting_table *parts);

static json_t *setting_schema(const struct setting *setting)
{
	json_t *schema = or_variable(value_schema(setting));

	if (setting->parts)
		(void)json_array_append_new(json_object_get(schema, "anyOf"),
					    parts_schema(setting->parts));
	(void)json_object_set_new(schema, "description", json_string(setting->help));
	if (setting->standard)
		(void)json_object_set_new(schema, "default",
					  setting->kind == SETTING_NUMBER
						  ? json_integer(atoll(setting->standard))
						  : json_string(setting->standard));
	return schema;
}

static json_t *table_schema(const struct setting_table *table)
{
	json_t *properties = json_object();

	for (size_t i = 0; i < table->count; i++)
		(void)json_object_set_new(properties, table->rows[i].name,
					  setting_schema(&table->rows[i]));
	return properties;
}

static json_t *parts_schema(const struct setting_table *parts)
{
	return json_pack("{s:s, s:b, s:i, s:o}", "type", "object", "additionalProperties", 0,
			 "minProperties", 1, "properties", table_schema(parts));
}

static json_t *kind_schema(const struct device_kind *kind)
{
	json_t *properties = table_schema(&kind->settings);

	(void)json_object_set_new(json_object_get(properties, device_kind_name(kind)), "examples",
				  json_pack("[s]", kind->example));
	return json_pack("{s:s, s:s, s:[s], s:b, s:o}", "type", "object", "description", kind->help,
			 "required", device_kind_name(kind), "additionalProperties", 0,
			 "properties", properties);
}

static json_t *list_schema(const struct device_list *list)
{
	json_t *kinds = json_array();

	for (size_t i = 0; i < list->count; i++)
		(void)json_array_append_new(kinds, kind_schema(list->kinds[i]));
	return json_pack("{s:[s, s], s:s, s:i, s:{s:o}}", "type", "array", "null", "description",
			 list->what, "maxItems", (int)list->max, "items", "oneOf", kinds);
}

static json_t *include_schema(void)
{
	return json_pack("{s:s, s:[{s:s, s:i}, {s:s, s:{s:s, s:i}}]}", "description",
			 "A file, or files, that guests share; read before the rest", "anyOf",
			 "type", "string", "minLength", 1, "type", "array", "items", "type",
			 "string", "minLength", 1);
}

static int print_schema(void)
{
	json_t *properties = table_schema(&guest_settings);
	json_t *schema;
	int ret;

	(void)json_object_set_new(properties, "include", include_schema());
	for (size_t i = 0; i < DEVICE_LISTS; i++)
		(void)json_object_set_new(properties, device_lists[i].key,
					  list_schema(&device_lists[i]));
	schema = json_pack("{s:s, s:s, s:[s, s], s:b, s:o, s:{s:o}}", "$schema",
			   "http://json-schema.org/draft-07/schema#", "title", "A guest of tenon",
			   "type", "object", "null", "additionalProperties", 0, "properties",
			   properties, "definitions", "variable", text_like(VARIABLE));
	ret = schema ? json_dumpf(schema, stdout, JSON_INDENT(2)) : -1;
	json_decref(schema);
	return ret < 0 || putchar('\n') < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* What completion offers: words, files, or nothing that is known here. */
static void print_value(const struct setting *setting)
{
	if (setting->choices) {
		for (const char *const *choice = setting->choices; *choice; choice++)
			printf("%s%s", choice == setting->choices ? "" : " ", *choice);
	} else if (setting->kind == SETTING_PATH) {
		printf("@file");
	} else if (setting->kind == SETTING_BOOL) {
		printf("yes no");
	} else if (setting->standard) {
		printf("%s", setting->standard);
	}
}

static void print_values(void)
{
	for (size_t i = 0; i < guest_settings.count; i++) {
		printf("\t[--%s]=\"", guest_settings.rows[i].name);
		print_value(&guest_settings.rows[i]);
		printf("\"\n");
	}
	for (size_t i = 0; i < DEVICE_KINDS; i++) {
		const struct device_kind *kind = device_kinds[i];

		printf("\t[--%s]=\"@%s", kind->option,
		       kind->settings.rows[0].kind == SETTING_PATH ? "file"
								   : device_kind_name(kind));
		for (size_t j = 1; j < kind->settings.count; j++)
			printf(" %s=", kind->settings.rows[j].name);
		printf("\"\n");
		for (size_t j = 1; j < kind->settings.count; j++) {
			printf("\t[--%s,%s]=\"", kind->option, kind->settings.rows[j].name);
			print_value(&kind->settings.rows[j]);
			printf("\"\n");
		}
	}
}

static int print_completion(const char *path)
{
	CLEANUP_FILE FILE *file = fopen(path, "re");
	char line[1024];

	if (!file) {
		perror(path);
		return EXIT_FAILURE;
	}
	while (fgets(line, sizeof(line), file)) {
		if (strcmp(line, "@VALUES@\n") == 0)
			print_values();
		else
			printf("%s", line);
	}
	return ferror(file) ? EXIT_FAILURE : EXIT_SUCCESS;
}

/* For tests/lab/sandbox-calls: name, threads, command where it is told apart by one, value, whether it is seldom made. */
static int print_calls(void)
{
	for (size_t i = 0; i < sandbox_call_count; i++) {
		const struct sandbox_call *call = &sandbox_calls[i];
		const bool command = call->compare && call->mask == UINT32_MAX;

		printf("%s %u %s %" PRIu64 " %d\n", call->name, call->threads,
		       command ? call->what : "-", command ? call->value : 0,
		       call->seldom || call->error);
	}
	return EXIT_SUCCESS;
}

int main(int argc, char **argv)
{
	if (argc == 2 && strcmp(argv[1], "schema") == 0)
		return print_schema();
	if (argc == 3 && strcmp(argv[1], "completion") == 0)
		return print_completion(argv[2]);
	if (argc == 2 && strcmp(argv[1], "calls") == 0)
		return print_calls();
	(void)fprintf(stderr, "usage: tables schema | calls | completion FILE\n");
	return EXIT_FAILURE;
}
