/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_value.h"

#include <errno.h>
#include <jansson.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define KEY_SIZE  128
#define DEPTH_MAX 8

static int out_of_memory(struct pt_error *err)
{
	return pt_error_set(err, -ENOMEM, "out of memory");
}

/* Where a key can be there several times. */
static int add_to_list(struct qemu_value *value, const char *key, const char *text,
		       struct pt_error *err)
{
	struct qemu_pair *pair = value->pairs;
	char *list;

	while (strcmp(pair->key, key) != 0)
		pair++;
	if (asprintf(&list, "%s,%s", pair->value, text) < 0)
		return out_of_memory(err);
	free(pair->value);
	pair->value = list;
	return 0;
}

static int add(struct qemu_value *value, const char *key, const char *text, struct pt_error *err)
{
	struct qemu_pair *pair = &value->pairs[value->count];

	if (strcmp(key, "cpus") == 0 && qemu_value_get(value, key))
		return add_to_list(value, key, text, err);
	if (qemu_value_get(value, key))
		return pt_error_set(err, -EEXIST, "\"%s\" is said twice", key);
	if (value->count == QEMU_PAIRS_MAX)
		return pt_error_set(err, -E2BIG, "more than %d keys", QEMU_PAIRS_MAX);
	*pair = (struct qemu_pair){strdup(key), strdup(text)};
	value->count++;
	return pair->key && pair->value ? 0 : out_of_memory(err);
}

/* Cut a value off, up to a single comma; two of them become one. */
static char *next_value(char **rest)
{
	char *piece = *rest, *to = *rest, *from = *rest;

	while (*from && (*from != ',' || from[1] == ',')) {
		from += *from == ',';
		*to++ = *from++;
	}
	*rest = *from ? from + 1 : from;
	*to = '\0';
	return piece;
}

/* A key that stands alone. */
static int add_flag(struct qemu_value *value, char *word, struct pt_error *err)
{
	bool off = strncmp(word, "no", 2) == 0 && word[2];

	return add(value, off ? word + 2 : word, off ? "off" : "on", err);
}

static int parse_pairs(char *text, const char *implied, struct qemu_value *value,
		       struct pt_error *err)
{
	bool first = true;
	int ret = 0;

	for (char *rest = text; *rest && ret == 0; first = false) {
		size_t key = strcspn(rest, "=,");

		if (rest[key] == '=') {
			char *name = rest;

			name[key] = '\0';
			rest += key + 1;
			ret = *name ? add(value, name, next_value(&rest), err)
				    : pt_error_set(err, -EINVAL, "a value has no key");
		} else if (first && implied) {
			ret = add(value, implied, next_value(&rest), err);
		} else {
			char *word = next_value(&rest);

			ret = *word ? add_flag(value, word, err)
				    : pt_error_set(err, -EINVAL, "there is an empty word");
		}
	}
	return ret;
}

static int add_json(struct qemu_value *value, const char *key, json_t *item, unsigned depth,
		    struct pt_error *err);

static int add_member(struct qemu_value *value, const char *prefix, const char *name, json_t *item,
		      unsigned depth, struct pt_error *err)
{
	char key[KEY_SIZE];

	if (snprintf(key, sizeof(key), "%s%s%s", prefix, *prefix ? "." : "", name) >=
	    (int)sizeof(key))
		return pt_error_set(err, -E2BIG, "a key is longer than %d characters",
				    KEY_SIZE - 1);
	return add_json(value, key, item, depth + 1, err);
}

static int add_json(struct qemu_value *value, const char *key, json_t *item, unsigned depth,
		    struct pt_error *err)
{
	char number[32];
	const char *name;
	json_t *member;
	int ret = 0;

	if (depth > DEPTH_MAX)
		return pt_error_set(err, -E2BIG, "objects in objects, more than %d of them",
				    DEPTH_MAX);
	switch (json_typeof(item)) {
	case JSON_OBJECT:
		json_object_foreach(item, name, member)
		{
			ret = ret ? ret : add_member(value, key, name, member, depth, err);
		}
		return ret;
	case JSON_ARRAY:
		for (size_t i = 0; i < json_array_size(item) && ret == 0; i++) {
			(void)snprintf(number, sizeof(number), "%zu", i);
			ret = add_member(value, key, number, json_array_get(item, i), depth, err);
		}
		return ret;
	case JSON_INTEGER:
		(void)snprintf(number, sizeof(number), "%" JSON_INTEGER_FORMAT,
			       json_integer_value(item));
		return add(value, key, number, err);
	case JSON_TRUE:
	case JSON_FALSE:
		return add(value, key, json_is_true(item) ? "on" : "off", err);
	case JSON_STRING:
		return add(value, key, json_string_value(item), err);
	case JSON_REAL:
	case JSON_NULL:
		break;
	}
	return pt_error_set(err, -EINVAL, "\"%s\" is neither text nor a whole number", key);
}

static int parse_json(const char *text, struct qemu_value *value, struct pt_error *err)
{
	json_error_t where;
	json_t *object = json_loads(text, JSON_REJECT_DUPLICATES, &where);
	int ret;

	if (!object)
		return pt_error_set(err, -EINVAL, "no JSON: %s", where.text);
	ret = add_json(value, "", object, 0, err);
	json_decref(object);
	return ret;
}

int qemu_value_parse(const char *text, const char *implied, struct qemu_value *ret_value,
		     struct pt_error *err)
{
	CLEANUP(qemu_value_done) struct qemu_value value = {0};
	CLEANUP_FREE char *copy = strdup(text);
	int ret;

	if (!copy)
		return out_of_memory(err);
	ret = *text == '{' ? parse_json(text, &value, err)
			   : parse_pairs(copy, implied, &value, err);
	if (ret < 0)
		return ret;
	*ret_value = value;
	value.count = 0;
	return 0;
}

void qemu_value_done(struct qemu_value *value)
{
	for (size_t i = 0; i < value->count; i++) {
		free(value->pairs[i].key);
		free(value->pairs[i].value);
	}
	value->count = 0;
}

const char *qemu_value_get(const struct qemu_value *value, const char *key)
{
	for (size_t i = 0; i < value->count; i++) {
		if (strcmp(value->pairs[i].key, key) == 0)
			return value->pairs[i].value;
	}
	return NULL;
}
