/* SPDX-License-Identifier: MIT */
#include "config/config_yaml.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "config/guest_setting.h"
#include "config/nearest.h"
#include "config/setting_text.h"
#include "config/yaml_devices.h"
#include "config/yaml_node.h"

#define INCLUDE_KEY   "include"
#define INCLUDE_DEPTH 16
#define KEYS_MAX      64 /* of a guest */

/**
 * struct reading - a file while it is read
 * @by: the one that includes it, NULL for the guest's own
 */
struct reading {
	struct yaml_file file;
	struct vm_config *config;
	const struct reading *by;
	unsigned depth;
};

static int read_guest(struct yaml_file *file, struct fy_node *root, void *arg);

static int unknown_key(struct yaml_file *file, const char *key, struct fy_node *key_node)
{
	const char *names[KEYS_MAX];
	const char *nearest;
	size_t count;

	for (count = 0; count < guest_settings.count && count < KEYS_MAX - DEVICE_LISTS - 1;
	     count++)
		names[count] = guest_settings.rows[count].name;
	for (size_t i = 0; i < DEVICE_LISTS; i++)
		names[count++] = device_lists[i].key;
	names[count++] = INCLUDE_KEY;
	nearest = nearest_name(key, names, count);
	if (nearest) {
		(void)pt_error_set(&file->err->error, -EINVAL,
				   "unknown key \"%s\"; did you mean \"%s\"?", key, nearest);
	} else {
		(void)pt_error_set(&file->err->error, -EINVAL, "unknown key \"%s\"", key);
		(void)pt_error_remedy(&file->err->error, -EINVAL,
				      "tenon help run and tenon.yaml(5) list the keys");
	}
	return yaml_blame(file, key_node, NULL);
}

struct parts {
	const struct setting *setting;
	struct vm_config *config;
};

static int part_key(struct yaml_file *file, const char *key, struct fy_node *key_node,
		    struct fy_node *value, void *arg)
{
	const struct parts *parts = arg;
	struct pt_error *err = &file->err->error;
	const struct setting *part = setting_part(parts->setting, key, err);
	CLEANUP_FREE char *text = NULL;
	int ret;

	if (!part) {
		(void)pt_error_prefix(err, -EINVAL, "%s", parts->setting->name);
		return yaml_blame(file, key_node, NULL);
	}
	ret = yaml_value_text(file, key, key_node, value, &text);
	if (ret < 0)
		return ret;
	ret = setting_set(part, parts->config, text, file->dir, err);
	if (ret < 0) {
		(void)pt_error_prefix(err, ret, "%s: %s", parts->setting->name, key);
		return yaml_blame(file, value, key_node);
	}
	return 0;
}

static int guest_key(struct yaml_file *file, const char *key, struct fy_node *key_node,
		     struct fy_node *value, void *arg)
{
	const struct reading *reading = arg;
	struct vm_config *config = reading->config;
	struct pt_error *err = &file->err->error;
	const struct setting *setting = setting_find(&guest_settings, key);
	const struct device_list *list = device_list_find(key);
	CLEANUP_FREE char *text = NULL;
	int ret;

	if (list)
		return yaml_devices_read(file, list, config, key_node, value);
	if (strcmp(key, INCLUDE_KEY) == 0)
		return 0; /* it was there before */
	if (!setting)
		return unknown_key(file, key, key_node);
	if (setting->parts && value && fy_node_is_mapping(value)) {
		struct parts parts = {setting, config};

		if (fy_node_mapping_is_empty(value)) {
			(void)pt_error_set(err, -EINVAL, "%s: no value given", key);
			(void)pt_error_remedy(err, -EINVAL, "give one, or leave %s out", key);
			return yaml_blame(file, key_node, NULL);
		}
		setting_clear_parts(setting, config);
		return yaml_each_key(file, value, part_key, &parts);
	}
	ret = yaml_value_text(file, key, key_node, value, &text);
	if (ret < 0)
		return ret;
	ret = setting_set(setting, config, text, file->dir, err);
	if (ret < 0) {
		(void)pt_error_prefix(err, ret, "%s", key);
		return yaml_blame(file, value, key_node);
	}
	return 0;
}

static bool reads_already(const struct reading *reading, const struct yaml_file *file)
{
	for (; reading; reading = reading->by) {
		if (file->inode && reading->file.inode == file->inode &&
		    reading->file.device == file->device)
			return true;
	}
	return false;
}

static int loops(const char *path, struct pt_error *err)
{
	(void)pt_error_set(err, -ELOOP, "%s: %s includes itself", INCLUDE_KEY, path);
	return pt_error_remedy(err, -ELOOP, "leave one of the includes out");
}

/* Files within files: an error in one says who wanted it. */
static void note_includer(struct config_error *err, const struct yaml_file *file,
			  struct fy_node *value)
{
	struct fy_token *token = fy_node_get_scalar_token(value);
	const struct fy_mark *mark = token ? fy_token_start_mark(token) : NULL;
	size_t used = strlen(err->included);

	(void)snprintf(err->included + used, sizeof(err->included) - used, "%s%s:%d",
		       used ? ", and that by " : "", file->path, mark ? mark->line + 1 : 1);
}

static int read_included(const struct reading *by, const char *path, struct fy_node *value,
			 struct config_error *err)
{
	struct reading reading = {.config = by->config, .by = by, .depth = by->depth + 1};
	int ret = yaml_file_read(&reading.file, path, err);

	if (ret < 0)
		return pt_error_prefix(&err->error, ret, "%s", INCLUDE_KEY);
	if (reads_already(by, &reading.file) || reading.depth > INCLUDE_DEPTH)
		ret = loops(path, &err->error);
	else
		ret = yaml_file_walk(&reading.file, read_guest, &reading);
	if (ret < 0 && err->line)
		note_includer(err, &by->file, value);
	yaml_file_done(&reading.file);
	return ret;
}

static int include(struct yaml_file *file, const struct reading *reading, struct fy_node *key_node,
		   struct fy_node *value)
{
	CLEANUP_FREE char *text = NULL;
	CLEANUP_FREE char *path = NULL;
	int ret = yaml_value_text(file, INCLUDE_KEY, key_node, value, &text);

	if (ret < 0)
		return ret;
	ret = setting_path(&path, text, file->dir, &file->err->error);
	if (ret < 0)
		(void)pt_error_prefix(&file->err->error, ret, "%s", INCLUDE_KEY);
	else
		ret = read_included(reading, path, value, file->err);
	return ret < 0 && !file->err->line ? yaml_blame(file, value, key_node) : ret;
}

/* A file, or a list of files, each on top of those before it. */
static int include_key(struct yaml_file *file, const char *key, struct fy_node *key_node,
		       struct fy_node *value, void *arg)
{
	struct fy_node *item;
	void *iterator = NULL;

	if (strcmp(key, INCLUDE_KEY) != 0)
		return 0;
	if (!value || !fy_node_is_sequence(value))
		return include(file, arg, key_node, value);
	while ((item = fy_node_sequence_iterate(value, &iterator))) {
		int ret = include(file, arg, key_node, item);

		if (ret < 0)
			return ret;
	}
	return 0;
}

/* What is included comes first, wherever it stands, so that the file itself has the last word. */
static int read_guest(struct yaml_file *file, struct fy_node *root, void *arg)
{
	struct reading *reading = arg;
	int ret;

	if (!fy_node_is_mapping(root)) {
		(void)pt_error_set(&file->err->error, -EINVAL, "not a guest");
		(void)pt_error_remedy(&file->err->error, -EINVAL,
				      "write keys and values, such as \"memory: 2G\"");
		return yaml_blame(file, root, NULL);
	}
	ret = yaml_each_key(file, root, include_key, reading);
	if (ret < 0)
		return ret;
	vm_config_next_layer(reading->config);
	return yaml_each_key(file, root, guest_key, reading);
}

int config_yaml_parse(const char *path, const char *text, size_t size, struct vm_config *config,
		      struct config_error *err)
{
	struct reading reading = {.config = config};
	int ret = yaml_file_set(&reading.file, path, text, size, err);

	if (ret < 0)
		return ret;
	ret = yaml_file_walk(&reading.file, read_guest, &reading);
	yaml_file_done(&reading.file);
	return ret;
}

int config_yaml_read(const char *path, struct vm_config *config, struct config_error *err)
{
	struct reading reading = {.config = config};
	int ret = yaml_file_read(&reading.file, path, err);

	if (ret < 0)
		return ret;
	ret = yaml_file_walk(&reading.file, read_guest, &reading);
	yaml_file_done(&reading.file);
	return ret;
}
