/* SPDX-License-Identifier: MIT */
#include "config/yaml_devices.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "config/device_kind.h"
#include "config/nearest.h"
#include "config/yaml_node.h"

#define FORM_SIZE 96

/* What items are written like; of all kinds the first is the example. */
static int device_form(struct yaml_file *file, const struct device_list *list, const char *before)
{
	char form[FORM_SIZE];

	return pt_error_remedy(&file->err->error, -EINVAL, "%s \"%s\"", before,
			       device_kind_form(list->kinds[0], form, sizeof(form)));
}

struct device_item {
	const struct device_kind *kind;
	void *object;
};

static int device_key(struct yaml_file *file, const char *key, struct fy_node *key_node,
		      struct fy_node *value, void *arg)
{
	struct device_item *item = arg;
	struct pt_error *err = &file->err->error;
	const struct setting *setting = &item->kind->settings.rows[0];
	CLEANUP_FREE char *text = NULL;
	int ret;

	if (strcmp(key, setting->name) != 0)
		setting = device_kind_setting(item->kind, key, err);
	if (!setting)
		return yaml_blame(file, key_node, NULL);
	ret = yaml_value_text(file, key, key_node, value, &text);
	if (ret < 0)
		return ret;
	ret = setting_set(setting, item->object, text, file->dir, err);
	if (ret < 0) {
		(void)pt_error_prefix(err, ret, "%s", key);
		return yaml_blame(file, value, key_node);
	}
	return 0;
}

struct kind_search {
	const struct device_list *list;
	const struct device_kind *kind;
	struct fy_node *unknown; /* the first key that names none */
	char name[64];
};

static int look_for_kind(struct yaml_file *file, const char *key, struct fy_node *key_node,
			 struct fy_node *value, void *arg)
{
	struct kind_search *search = arg;
	const struct device_kind *kind = device_kind_find(search->list, key);

	(void)value;
	if (kind && search->kind) {
		(void)pt_error_set(&file->err->error, -EINVAL, "both a %s and a %s",
				   device_kind_name(search->kind), key);
		(void)pt_error_remedy(&file->err->error, -EINVAL,
				      "begin an item of its own, with \"-\", for each device");
		return yaml_blame(file, key_node, NULL);
	}
	if (kind) {
		search->kind = kind;
	} else if (!search->unknown) {
		search->unknown = key_node;
		(void)snprintf(search->name, sizeof(search->name), "%s", key);
	}
	return 0;
}

static int no_kind(struct yaml_file *file, const struct kind_search *search, struct fy_node *item,
		   struct fy_node *list_key)
{
	struct pt_error *err = &file->err->error;
	const struct device_list *list = search->list;
	const char *names[DEVICE_KINDS];
	const char *nearest;

	for (size_t i = 0; i < list->count; i++)
		names[i] = device_kind_name(list->kinds[i]);
	nearest = search->unknown ? nearest_name(search->name, names, list->count) : NULL;
	if (nearest) {
		(void)pt_error_set(err, -EINVAL, "unknown %s key \"%s\"; did you mean \"%s\"?",
				   list->noun, search->name, nearest);
		return yaml_blame(file, search->unknown, NULL);
	}
	(void)pt_error_set(err, -EINVAL,
			   list->count > 1 ? "does not say which %s"
					   : "does not say what the %s has",
			   list->noun);
	(void)device_form(file, list, "write it as");
	return yaml_blame(file, item, list_key);
}

/* The kind's key may stand anywhere among the others, and most people begin with it. */
static int read_device(struct yaml_file *file, const struct device_list *list,
		       struct vm_config *config, struct fy_node *item, struct fy_node *list_key)
{
	struct pt_error *err = &file->err->error;
	struct kind_search search = {.list = list};
	struct device_item device;
	int ret;

	if (!fy_node_is_mapping(item)) {
		(void)pt_error_set(err, -EINVAL, "not a %s", list->noun);
		(void)device_form(file, list, "write it as");
		return yaml_blame(file, item, list_key);
	}
	ret = yaml_each_key(file, item, look_for_kind, &search);
	if (ret < 0)
		return ret;
	if (!search.kind)
		return no_kind(file, &search, item, list_key);
	device = (struct device_item){search.kind, device_kind_create(search.kind)};
	if (!device.object)
		return pt_error_set(err, -ENOMEM, "out of memory");
	ret = yaml_each_key(file, item, device_key, &device);
	if (ret == 0) {
		ret = search.kind->add(config, device.object, err);
		if (ret < 0)
			(void)yaml_blame(file, item, list_key);
	}
	device_kind_destroy(search.kind, device.object);
	return ret;
}

int yaml_devices_read(struct yaml_file *file, const struct device_list *list,
		      struct vm_config *config, struct fy_node *key_node, struct fy_node *value)
{
	struct fy_node *item;
	void *iterator = NULL;

	if (!value || fy_node_is_null(value))
		return 0; /* a list whose items are all commented out */
	if (!fy_node_is_sequence(value)) {
		char before[FORM_SIZE];

		(void)pt_error_set(&file->err->error, -EINVAL, "%s: takes a list", list->key);
		(void)snprintf(before, sizeof(before), "below it, for each %s, write", list->noun);
		(void)device_form(file, list, before);
		return yaml_blame(file, key_node, NULL);
	}
	while ((item = fy_node_sequence_iterate(value, &iterator))) {
		int ret = read_device(file, list, config, item, key_node);

		if (ret < 0)
			return ret;
	}
	return 0;
}
