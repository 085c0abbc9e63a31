/* SPDX-License-Identifier: MIT */
#include "config/option_table.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/device_kind.h"
#include "config/guest_setting.h"

#define KEY_KIND    OPTION_KEY_FIRST /* and following: device_kinds[key - KEY_KIND] */
#define KEY_SETTING (KEY_KIND + DEVICE_KINDS)

#define GROUP(group) ((int)(group) + 1)
#define GROUP_OTHERS GROUP(SETTING_GROUPS)

static void describe_setting(const struct setting *setting, FILE *out)
{
	(void)fputs(setting->help, out);
	if (setting->standard)
		(void)fprintf(out, " (default: %s)", setting->standard);
}

/* "Pass a PCI device through, .... DEVICE is ....", and a line for each key. */
static void describe_kind(const struct device_kind *kind, FILE *out)
{
	const struct setting *rows = kind->settings.rows;

	(void)fprintf(out, "%s; can be given several times, and %s. %s is %s", kind->help,
		      device_list_of(kind)->adds, rows[0].arg, rows[0].help);
	for (size_t i = 1; i < kind->settings.count; i++) {
		(void)fprintf(out, "\n,%s=%s: ", rows[i].name, rows[i].arg);
		describe_setting(&rows[i], out);
	}
}

static char *text_of(const struct setting *setting, const struct device_kind *kind)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	if (!out)
		return NULL;
	if (setting)
		describe_setting(setting, out);
	else
		describe_kind(kind, out);
	return fclose(out) == 0 ? text : NULL;
}

static char *arg_of(const struct device_kind *kind)
{
	char *text = NULL;

	if (asprintf(&text, "%s%s", kind->settings.rows[0].arg,
		     kind->settings.count > 1 ? "[,KEY=VALUE...]" : "") < 0)
		return NULL;
	return text;
}

static const char *const group_names[SETTING_GROUPS] = {
	[SETTING_GUEST] = "The guest:",
	[SETTING_BOOT] = "What it boots:",
	[SETTING_DEVICES] = "Its devices:",
	[SETTING_EVENTS] = "What is done when:",
};

static int add_setting(struct option_table *table, size_t i)
{
	const struct setting *setting = &guest_settings.rows[i];
	char *text = text_of(setting, NULL);

	if (!text)
		return -ENOMEM;
	table->texts[table->count * 2] = text;
	table->list[table->count++] = (struct argp_option){
		.name = setting->name,
		.key = KEY_SETTING + (int)i,
		.arg = setting->arg,
		.doc = text,
		.group = GROUP(setting->group),
	};
	return 0;
}

static int add_kind(struct option_table *table, size_t i)
{
	const struct device_kind *kind = device_kinds[i];
	char **texts = table->texts + table->count * 2;

	texts[0] = text_of(NULL, kind);
	texts[1] = arg_of(kind);
	table->list[table->count++] = (struct argp_option){
		.name = kind->option,
		.key = KEY_KIND + (int)i,
		.arg = texts[1],
		.doc = texts[0],
		.group = GROUP(device_list_of(kind)->group),
	};
	return texts[0] && texts[1] ? 0 : -ENOMEM;
}

int option_table_init(struct option_table *table, const struct argp_option *others, size_t count,
		      struct pt_error *err)
{
	const size_t total = SETTING_GROUPS + 1 + guest_settings.count + DEVICE_KINDS + count;
	int ret = 0;

	*table = (struct option_table){0};
	table->list = calloc(total + 1, sizeof(*table->list));
	table->texts = calloc(total * 2, sizeof(*table->texts));
	if (!table->list || !table->texts)
		ret = -ENOMEM;
	for (int i = 0; i < SETTING_GROUPS && ret == 0; i++)
		table->list[table->count++] =
			(struct argp_option){.doc = group_names[i], .group = GROUP(i)};
	for (size_t i = 0; i < guest_settings.count && ret == 0; i++)
		ret = add_setting(table, i);
	for (size_t i = 0; i < DEVICE_KINDS && ret == 0; i++)
		ret = add_kind(table, i);
	if (ret == 0)
		table->list[table->count++] =
			(struct argp_option){.doc = "Besides:", .group = GROUP_OTHERS};
	for (size_t i = 0; i < count && ret == 0; i++) {
		table->list[table->count] = others[i];
		table->list[table->count++].group = GROUP_OTHERS;
	}
	if (ret == 0)
		return 0;
	option_table_done(table);
	return pt_error_set(err, ret, "out of memory");
}

void option_table_done(struct option_table *table)
{
	for (size_t i = 0; table->texts && i < table->count * 2; i++)
		free(table->texts[i]);
	free(table->texts);
	free(table->list);
	*table = (struct option_table){0};
}

const struct argp_option *option_table_find(const struct option_table *table, const char *typed)
{
	size_t len = strcspn(typed, "=");

	for (size_t i = 0; i < table->count; i++) {
		const struct argp_option *option = &table->list[i];

		if (option->name && strlen(option->name) == len &&
		    strncmp(option->name, typed, len) == 0)
			return option;
	}
	return NULL;
}

const struct setting *option_setting(int key)
{
	size_t i = (size_t)(key - KEY_SETTING);

	return key >= KEY_SETTING && i < guest_settings.count ? &guest_settings.rows[i] : NULL;
}

const struct device_kind *option_kind(int key)
{
	return key >= KEY_KIND && key < KEY_SETTING ? device_kinds[key - KEY_KIND] : NULL;
}
