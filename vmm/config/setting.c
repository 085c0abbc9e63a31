/* SPDX-License-Identifier: MIT */
#include "config/setting.h"

#include <ctype.h>
#include <errno.h>
#include <regex.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/duration.h"
#include "config/nearest.h"
#include "config/setting_text.h"
#include "config/size.h"

#define PARTS_MAX 8 /* of a setting */

_Static_assert(sizeof(enum setting_kind) == sizeof(unsigned), "an enum is kept like an unsigned");

static bool only_digits(const char *text)
{
	return *text && strspn(text, "0123456789") == strlen(text);
}

static size_t count_names(const char *const *names)
{
	size_t count = 0;

	while (names[count])
		count++;
	return count;
}

const char *setting_names(const char *const *names, size_t count, const char *between, char *buf)
{
	size_t used = 0;

	*buf = '\0';
	for (size_t i = 0; i < count && used < SETTING_NAMES_SIZE; i++)
		used += (size_t)snprintf(buf + used, SETTING_NAMES_SIZE - used, "%s%s",
					 i == 0		  ? ""
					 : i == count - 1 ? between
							  : ", ",
					 names[i]);
	return buf;
}

int setting_choose(const char *const *names, const char *value, const char *what, const char *form,
		   size_t *ret_index, struct pt_error *err)
{
	size_t count = count_names(names);
	char text[SETTING_NAMES_SIZE];
	const char *nearest;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(value, names[i]) == 0) {
			*ret_index = i;
			return 0;
		}
	}
	nearest = nearest_name(value, names, count);
	(void)pt_error_set(err, -EINVAL, "\"%s\" is not %s%s%s%s", value, what,
			   nearest ? "; did you mean \"" : "", nearest ? nearest : "",
			   nearest ? "\"?" : "");
	return pt_error_remedy(err, -EINVAL, "write %s",
			       form ? form : setting_names(names, count, " or ", text));
}

static int set_number(const struct setting *setting, unsigned *field, const char *value,
		      struct pt_error *err)
{
	unsigned long number;
	int ret = 0;

	errno = 0;
	number = strtoul(value, NULL, 10);
	if (!only_digits(value))
		ret = pt_error_set(err, -EINVAL, "\"%s\" is not a number", value);
	else if (errno || number < setting->min || number > setting->max)
		ret = pt_error_set(err, -ERANGE, "%s is out of range", value);
	if (ret < 0)
		return pt_error_remedy(err, ret, "write a number from %u to %u", setting->min,
				       setting->max);
	*field = (unsigned)number;
	return 0;
}

static int set_size(uint64_t *field, const char *value, struct pt_error *err)
{
	uint64_t bytes;
	int ret = size_parse(value, &bytes);

	if (ret == -ERANGE)
		ret = pt_error_set(err, ret, "%s is more than any machine has", value);
	else if (ret < 0 && only_digits(value))
		ret = pt_error_set(err, ret, "%s has no unit", value);
	else if (ret < 0)
		ret = pt_error_set(err, ret, "\"%s\" is not a size", value);
	else if (bytes == 0)
		ret = pt_error_set(err, -ERANGE, "%s is nothing at all", value);
	if (ret < 0)
		return pt_error_remedy(err, ret, SIZE_FORMS_TEXT);
	*field = bytes;
	return 0;
}

static int set_time(unsigned *field, const char *value, struct pt_error *err)
{
	int ret = duration_parse(value, field);

	if (ret == -ERANGE)
		ret = pt_error_set(err, ret, "%s is out of range", value);
	else if (ret < 0 && only_digits(value))
		ret = pt_error_set(err, ret, "%s has no unit", value);
	else if (ret < 0)
		ret = pt_error_set(err, ret, "\"%s\" is not a time", value);
	return ret < 0 ? pt_error_remedy(err, ret, DURATION_FORMS_TEXT) : 0;
}

/* As YAML 1.1 has them, and 1.2. */
static int set_bool(bool *field, const char *value, struct pt_error *err)
{
	static const char *const names[] = {"yes", "no", "true", "false", "on", "off", NULL};
	size_t i = 0;
	int ret = setting_choose(names, value, "yes or no", "yes or no", &i, err);

	if (ret < 0)
		return ret;
	*field = i % 2 == 0;
	return 0;
}

static int set_choice(const struct setting *setting, unsigned *field, const char *value,
		      struct pt_error *err)
{
	size_t i = 0;
	int ret = setting_choose(setting->choices, value, setting->what, setting->form, &i, err);

	if (ret < 0)
		return ret;
	*field = (unsigned)i;
	return 0;
}

static int is_like(const char *value, const char *pattern)
{
	regex_t regex;
	int ret;

	if (regcomp(&regex, pattern, REG_EXTENDED | REG_NOSUB))
		return -ENOMEM; /* the tables' patterns are right, which a test sees to */
	ret = regexec(&regex, value, 0, NULL, 0);
	regfree(&regex);
	return ret == 0;
}

static int set_text(const struct setting *setting, char **field, const char *value,
		    struct pt_error *err)
{
	int ret = setting->pattern && *value ? is_like(value, setting->pattern) : 1;
	char *empty;

	if (ret < 0)
		return pt_error_set(err, ret, "out of memory");
	if (ret == 0)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "\"%s\" is not %s", value, setting->what),
			"%s", setting->form);
	if (*value || setting->min)
		return setting_text(field, value, setting->max + 1, err);
	empty = strdup("");
	if (!empty)
		return pt_error_set(err, -ENOMEM, "out of memory");
	free(*field);
	*field = empty;
	return 0;
}

static int set_field(const struct setting *setting, void *object, const char *value,
		     const char *dir, struct pt_error *err)
{
	void *field = (char *)object + setting->field;

	switch (setting->kind) {
	case SETTING_NUMBER:
		return set_number(setting, field, value, err);
	case SETTING_SIZE:
		return set_size(field, value, err);
	case SETTING_TIME:
		return set_time(field, value, err);
	case SETTING_BOOL:
		return set_bool(field, value, err);
	case SETTING_CHOICE:
		return set_choice(setting, field, value, err);
	case SETTING_TEXT:
		return set_text(setting, field, value, err);
	case SETTING_PATH:
		return setting_path(field, value, dir, err);
	case SETTING_OTHER:
		break;
	}
	return setting->set(object, value, dir, err);
}

void setting_clear_parts(const struct setting *setting, void *object)
{
	for (size_t i = 0; i < setting->parts->count; i++)
		*((unsigned *)((char *)object + setting->parts->rows[i].field)) = 0;
}

const struct setting *setting_part(const struct setting *setting, const char *name,
				   struct pt_error *err)
{
	const struct setting *part = setting_find(setting->parts, name);
	const char *names[PARTS_MAX];
	char text[SETTING_NAMES_SIZE];
	const char *nearest;
	size_t count;

	if (part)
		return part;
	for (count = 0; count < setting->parts->count && count < PARTS_MAX; count++)
		names[count] = setting->parts->rows[count].name;
	nearest = nearest_name(name, names, count);
	if (nearest) {
		(void)pt_error_set(err, -EINVAL, "unknown part \"%s\"; did you mean \"%s\"?", name,
				   nearest);
	} else {
		(void)pt_error_set(err, -EINVAL, "unknown part \"%s\"", name);
		(void)pt_error_remedy(err, -EINVAL, "its parts are %s",
				      setting_names(names, count, " and ", text));
	}
	return NULL;
}

/* One "part=value", or the value itself. */
static int set_part(const struct setting *setting, void *object, char *piece, bool first,
		    struct pt_error *err)
{
	const struct setting *part = &setting->parts->rows[0];
	char *value = strchr(piece, '=');
	int ret;

	if (first && !value)
		return set_field(part, object, piece, NULL, err);
	if (value)
		*value++ = '\0';
	part = setting_part(setting, piece, err);
	if (!part)
		return -EINVAL;
	if (!value)
		return pt_error_remedy(err, pt_error_set(err, -EINVAL, "%s: no value given", piece),
				       "write %s=%s", piece, part->arg);
	ret = set_field(part, object, value, NULL, err);
	return ret < 0 ? pt_error_prefix(err, ret, "%s", piece) : 0;
}

static int set_parts(const struct setting *setting, void *object, const char *text,
		     struct pt_error *err)
{
	CLEANUP_FREE char *copy = strdup(text);
	char *rest = copy;
	int ret;

	if (!copy)
		return pt_error_set(err, -ENOMEM, "out of memory");
	setting_clear_parts(setting, object);
	ret = set_part(setting, object, setting_next_piece(&rest), true, err);
	while (ret == 0 && rest)
		ret = set_part(setting, object, setting_next_piece(&rest), false, err);
	return ret;
}

int setting_set(const struct setting *setting, void *object, const char *value, const char *dir,
		struct pt_error *err)
{
	int ret = setting->parts ? set_parts(setting, object, value, err)
				 : set_field(setting, object, value, dir, err);

	if (ret == 0 && setting->given)
		*((bool *)((char *)object + setting->given)) = true;
	return ret;
}

const struct setting *setting_find(const struct setting_table *table, const char *name)
{
	for (size_t i = 0; i < table->count; i++) {
		if (strcmp(table->rows[i].name, name) == 0)
			return &table->rows[i];
	}
	return NULL;
}
