/* SPDX-License-Identifier: MIT */
#include "inventory/device_filter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/nearest.h"
#include "inventory/class_word.h"

static bool is_class(const char *word)
{
	const char *words[CLASS_WORDS_MAX];
	size_t count = class_words(words);

	for (size_t i = 0; i < count; i++) {
		if (!strcmp(words[i], word))
			return true;
	}
	return !strcmp(word, "other");
}

/* A word that could be no device is taken for a class. */
static int unknown_class(const char *typed, struct pt_error *err)
{
	const char *words[CLASS_WORDS_MAX];
	char list[256] = "";
	size_t count = class_words(words);
	const char *nearest = nearest_name(typed, words, count);

	if (nearest)
		return pt_error_set(err, -EINVAL,
				    "\"%s\" is neither a device nor a class; did you mean \"%s\"?",
				    typed, nearest);
	for (size_t i = 0; i < count; i++) {
		size_t used = strlen(list);

		(void)snprintf(list + used, sizeof(list) - used, "%s%s", i ? ", " : "", words[i]);
	}
	pt_error_set(err, -EINVAL, "\"%s\" is neither a device nor a class", typed);
	return pt_error_remedy(err, -EINVAL,
			       "give an address such as 02:00.0, or one of: %s, other", list);
}

static int add(const struct pt_sys *sys, struct device_filter *filter, const char *arg,
	       struct pt_error *err)
{
	int ret;

	if (is_class(arg)) {
		filter->words[filter->word_count++] = arg;
		return 0;
	}
	ret = pt_host_resolve(sys, arg, filter->names[filter->name_count].name, err);
	if (ret == -EINVAL && !strpbrk(arg, "/:."))
		return unknown_class(arg, err);
	if (ret == 0)
		filter->name_count++;
	return ret;
}

int device_filter_parse(const struct pt_sys *sys, char *const *args, size_t count,
			struct device_filter *ret_filter, struct pt_error *err)
{
	struct device_filter filter = {
		.names = calloc(count + 1, sizeof(*filter.names)),
		.words = calloc(count + 1, sizeof(*filter.words)),
	};
	int ret = filter.names && filter.words ? 0 : -ENOMEM;

	if (ret < 0)
		pt_error_set(err, ret, "out of memory");
	for (size_t i = 0; i < count && ret == 0; i++)
		ret = add(sys, &filter, args[i], err);
	if (ret < 0)
		device_filter_done(&filter);
	else
		*ret_filter = filter;
	return ret;
}

void device_filter_done(struct device_filter *filter)
{
	free(filter->names);
	free(filter->words);
	*filter = (struct device_filter){0};
}

bool device_filter_by_name(const struct device_filter *filter)
{
	return filter->name_count > 0 && filter->word_count == 0;
}

bool device_filter_fits(const struct device_filter *filter, const char *name, uint32_t class_code,
			bool *ret_bridge)
{
	*ret_bridge = false;
	for (size_t i = 0; i < filter->name_count; i++) {
		if (!strcmp(filter->names[i].name, name))
			return true;
	}
	for (size_t i = 0; i < filter->word_count; i++) {
		if (class_word_fits(filter->words[i], class_code))
			return true;
	}
	if (filter->name_count + filter->word_count > 0)
		return false;
	*ret_bridge = class_is_plumbing(class_code) && !filter->bridges;
	return !*ret_bridge;
}
