/* SPDX-License-Identifier: MIT */
#include "config/yaml_node.h"

#include <errno.h>
#include <string.h>

#include "cleanup.h"
#include "config/variables.h"

static void place(struct yaml_file *file, const struct fy_mark *start, const struct fy_mark *end)
{
	unsigned width = 1;

	if (end->line == start->line && end->column > start->column)
		width = (unsigned)(end->column - start->column);
	config_error_place(file->err, file->path, file->text, file->size, (unsigned)start->line + 1,
			   (unsigned)start->column + 1, width);
}

/* The first scalar of a node, the node itself included; NULL when there is none. */
static struct fy_token *first_token(struct fy_node *node)
{
	void *iterator = NULL;

	while (node && !fy_node_is_scalar(node)) {
		if (fy_node_is_mapping(node)) {
			struct fy_node_pair *pair = fy_node_mapping_iterate(node, &iterator);

			node = pair ? fy_node_pair_key(pair) : NULL;
		} else {
			node = fy_node_sequence_iterate(node, &iterator);
		}
		iterator = NULL;
	}
	return node ? fy_node_get_scalar_token(node) : NULL;
}

int yaml_blame(struct yaml_file *file, struct fy_node *node, struct fy_node *fallback)
{
	struct fy_token *token = first_token(node);
	const struct fy_mark *start, *end;

	if (!token)
		token = first_token(fallback);
	start = token ? fy_token_start_mark(token) : NULL;
	end = token ? fy_token_end_mark(token) : NULL;
	if (start && end)
		place(file, start, end);
	else
		config_error_place(file->err, file->path, file->text, file->size, 1, 1, 1);
	return file->err->error.code;
}

static int scalar_text(struct yaml_file *file, struct fy_node *node, struct fy_node *fallback,
		       char **ret_text)
{
	struct pt_error *err = &file->err->error;
	size_t len = 0;
	const char *text = fy_node_get_scalar(node, &len);
	char *copy;

	if (text && memchr(text, '\0', len)) {
		(void)pt_error_set(err, -EINVAL, "a NUL character");
		(void)pt_error_remedy(err, -EINVAL, "leave the \\0 out");
		return yaml_blame(file, node, fallback);
	}
	copy = strndup(text ? text : "", len);
	if (!copy) {
		(void)pt_error_set(err, -ENOMEM, "out of memory");
		return yaml_blame(file, node, fallback);
	}
	*ret_text = copy;
	return 0;
}

static bool is_null(struct fy_node *node, const char *text)
{
	return fy_node_get_style(node) == FYNS_PLAIN &&
	       (!*text || strcmp(text, "~") == 0 || strcmp(text, "null") == 0);
}

/* Where the value's dollar sign at @at is in the file, as long as it is written there as one. Return: 0 it is not. */
static size_t find_dollar(const struct yaml_file *file, struct fy_node *value, const char *text,
			  size_t at)
{
	struct fy_token *token = fy_node_get_scalar_token(value);
	const struct fy_mark *start = token ? fy_token_start_mark(token) : NULL;
	const struct fy_mark *end = token ? fy_token_end_mark(token) : NULL;
	size_t dollars = 0;

	for (size_t i = 0; i <= at; i++)
		dollars += text[i] == '$';
	for (size_t i = start && end ? start->input_pos : file->size;
	     i < file->size && i < end->input_pos; i++) {
		if (file->text[i] == '$' && --dollars == 0)
			return i;
	}
	return 0;
}

static int expand(struct yaml_file *file, const char *key, struct fy_node *value, const char *text,
		  char **ret_text)
{
	struct pt_error *err = &file->err->error;
	size_t at, len, offset;
	int ret = variables_expand(text, ret_text, &at, &len, err);

	if (ret == 0)
		return 0;
	(void)pt_error_prefix(err, ret, "%s", key);
	offset = text[at] == '$' ? find_dollar(file, value, text, at) : 0;
	if (!offset)
		return yaml_blame(file, value, NULL);
	yaml_file_place(file, offset, len);
	return ret;
}

int yaml_value_text(struct yaml_file *file, const char *key, struct fy_node *key_node,
		    struct fy_node *value, char **ret_text)
{
	struct pt_error *err = &file->err->error;
	CLEANUP_FREE char *text = NULL;
	int ret;

	if (value && fy_node_is_alias(value)) {
		(void)pt_error_set(err, -EINVAL, "%s: aliases (*name) are not supported", key);
		(void)pt_error_remedy(err, -EINVAL, "write the value itself");
		return yaml_blame(file, value, key_node);
	}
	if (value && !fy_node_is_scalar(value)) {
		(void)pt_error_set(err, -EINVAL, "%s: takes a single value, not a %s", key,
				   fy_node_is_mapping(value) ? "mapping" : "list");
		(void)pt_error_remedy(err, -EINVAL, "write it as \"%s: VALUE\"", key);
		return yaml_blame(file, key_node, NULL);
	}
	if (value) {
		ret = scalar_text(file, value, key_node, &text);
		if (ret < 0)
			return ret;
	}
	if (!value || is_null(value, text)) {
		(void)pt_error_set(err, -EINVAL, "%s: no value given", key);
		(void)pt_error_remedy(err, -EINVAL, "give one, or leave %s out", key);
		return yaml_blame(file, key_node, NULL);
	}
	return expand(file, key, value, text, ret_text);
}

static bool same_key(struct fy_node *a, const char *text)
{
	size_t len = 0;
	const char *a_text;

	if (!a || !fy_node_is_scalar(a))
		return false;
	a_text = fy_node_get_scalar(a, &len);
	return len == strlen(text) && (!len || memcmp(a_text, text, len) == 0);
}

/* Whether the key already stood above @pair in its mapping. */
static bool is_duplicate(struct fy_node *mapping, struct fy_node_pair *pair, const char *key)
{
	struct fy_node_pair *earlier;
	void *iterator = NULL;

	while ((earlier = fy_node_mapping_iterate(mapping, &iterator)) && earlier != pair) {
		if (same_key(fy_node_pair_key(earlier), key))
			return true;
	}
	return false;
}

int yaml_each_key(struct yaml_file *file, struct fy_node *mapping,
		  int (*function)(struct yaml_file *file, const char *key, struct fy_node *key_node,
				  struct fy_node *value, void *arg),
		  void *arg)
{
	struct pt_error *err = &file->err->error;
	struct fy_node_pair *pair;
	void *iterator = NULL;

	while ((pair = fy_node_mapping_iterate(mapping, &iterator))) {
		struct fy_node *node = fy_node_pair_key(pair);
		CLEANUP_FREE char *key = NULL;
		int ret;

		if (!node || !fy_node_is_scalar(node) || fy_node_is_alias(node)) {
			(void)pt_error_set(err, -EINVAL, "a key must be a word");
			(void)pt_error_remedy(err, -EINVAL,
					      "write keys and values, such as \"memory: 2G\"");
			return yaml_blame(file, node, mapping);
		}
		ret = scalar_text(file, node, mapping, &key);
		if (ret < 0)
			return ret;
		if (is_duplicate(mapping, pair, key)) {
			(void)pt_error_set(err, -EEXIST, "\"%s\" is given twice", key);
			(void)pt_error_remedy(err, -EEXIST, "leave one of the two out");
			return yaml_blame(file, node, mapping);
		}
		ret = function(file, key, node, fy_node_pair_value(pair), arg);
		if (ret < 0)
			return ret;
	}
	return 0;
}
