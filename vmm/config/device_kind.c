/* SPDX-License-Identifier: MIT */
#include "config/device_kind.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/console_device.h"
#include "config/disk_device.h"
#include "config/nearest.h"
#include "config/net_device.h"
#include "config/numa_setting.h"
#include "config/passthrough_device.h"
#include "config/rng_device.h"
#include "config/setting_text.h"
#include "config/vsock_device.h"

#define KEYS_MAX 32 /* of a kind */

const struct device_kind *const device_kinds[DEVICE_KINDS] = {
	&passthrough_kind, &disk_kind, &net_kind,   &console_kind,
	&channel_kind,	   &rng_kind,  &vsock_kind, &numa_kind,
};

const struct device_list device_lists[DEVICE_LISTS] = {
	{
		.key = "devices",
		.noun = "device",
		.what = "Its devices, each of a kind",
		.adds = "adds to the file's devices",
		.group = SETTING_DEVICES,
		.max = VM_DEVICES_MAX,
		.kinds = device_kinds,
		.count = DEVICE_KINDS - 1,
	},
	{
		.key = "numa",
		.noun = "node",
		.what = "Its NUMA nodes",
		.adds = "replaces the file's nodes",
		.group = SETTING_GUEST,
		.max = VM_NODES_MAX,
		.kinds = device_kinds + DEVICE_KINDS - 1,
		.count = 1,
	},
};

const struct device_list *device_list_find(const char *key)
{
	for (size_t i = 0; i < DEVICE_LISTS; i++) {
		if (strcmp(device_lists[i].key, key) == 0)
			return &device_lists[i];
	}
	return NULL;
}

const struct device_list *device_list_of(const struct device_kind *kind)
{
	return &device_lists[kind == &numa_kind];
}

const char *device_kind_name(const struct device_kind *kind)
{
	return kind->settings.rows[0].name;
}

const struct device_kind *device_kind_find(const struct device_list *list, const char *name)
{
	for (size_t i = 0; i < list->count; i++) {
		if (strcmp(device_kind_name(list->kinds[i]), name) == 0)
			return list->kinds[i];
	}
	return NULL;
}

void *device_kind_create(const struct device_kind *kind)
{
	return calloc(1, kind->size);
}

void device_kind_destroy(const struct device_kind *kind, void *object)
{
	if (object)
		kind->done(object);
	free(object);
}

const struct setting *device_kind_setting(const struct device_kind *kind, const char *name,
					  struct pt_error *err)
{
	const struct setting_table keys = {kind->settings.rows + 1, kind->settings.count - 1};
	const struct setting *setting = setting_find(&keys, name);
	const char *names[KEYS_MAX];
	char text[SETTING_NAMES_SIZE];
	const char *nearest;
	size_t count;

	if (setting)
		return setting;
	for (count = 0; count < keys.count && count < KEYS_MAX; count++)
		names[count] = keys.rows[count].name;
	nearest = nearest_name(name, names, count);
	if (nearest) {
		(void)pt_error_set(err, -EINVAL, "unknown %s key \"%s\"; did you mean \"%s\"?",
				   kind->noun, name, nearest);
	} else {
		(void)pt_error_set(err, -EINVAL, "unknown %s key \"%s\"", kind->noun, name);
		(void)pt_error_remedy(err, -EINVAL, "the keys of a %s are %s", kind->noun,
				      setting_names(names, count, " and ", text));
	}
	return NULL;
}

const char *device_kind_form(const struct device_kind *kind, char *buf, size_t size)
{
	(void)snprintf(buf, size, "- %s: %s", device_kind_name(kind), kind->example);
	return buf;
}

/* One "key=value". */
static int set_key(const struct device_kind *kind, void *object, char *piece, struct pt_error *err)
{
	const struct setting *setting;
	char *value = strchr(piece, '=');
	int ret;

	if (value)
		*value++ = '\0';
	setting = device_kind_setting(kind, piece, err);
	if (!setting)
		return -EINVAL;
	if (!value)
		return pt_error_remedy(err, pt_error_set(err, -EINVAL, "%s: no value given", piece),
				       "write %s=%s", piece, setting->arg);
	ret = setting_set(setting, object, value, NULL, err);
	return ret < 0 ? pt_error_prefix(err, ret, "%s", piece) : 0;
}

int device_kind_option(const struct device_kind *kind, const char *text, struct vm_config *config,
		       struct pt_error *err)
{
	CLEANUP_FREE char *copy = strdup(text);
	void *object = device_kind_create(kind);
	char *rest = copy;
	int ret;

	if (copy && object) {
		ret = setting_set(&kind->settings.rows[0], object, setting_next_piece(&rest), NULL,
				  err);
		while (ret == 0 && rest)
			ret = set_key(kind, object, setting_next_piece(&rest), err);
		if (ret == 0)
			ret = kind->add(config, object, err);
	} else {
		ret = pt_error_set(err, -ENOMEM, "out of memory");
	}
	device_kind_destroy(kind, object);
	return ret;
}
