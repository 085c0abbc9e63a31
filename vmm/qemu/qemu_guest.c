/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_guest.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/guest_setting.h"
#include "config/nearest.h"
#include "qemu/qemu_layout.h"
#include "qemu/qemu_options.h"

#define NAMES_MAX 128

/* How messages name what is being read: "-device vfio-pci", or "-m". */
struct spelling {
	const char *option;
	const char *type;
};

static void item_done(struct qemu_item *item)
{
	device_kind_destroy(item->kind, item->object);
	qemu_value_done(&item->value);
}

static int out_of_memory(struct pt_error *err)
{
	return pt_error_set(err, -ENOMEM, "out of memory");
}

static int set_by_name(const struct qemu_row *row, struct qemu_guest *guest, struct qemu_item *item,
		       const char *text, struct pt_error *err)
{
	const struct setting_table *table = item->kind ? &item->kind->settings : &guest_settings;
	const struct setting *setting = setting_find(table, row->becomes);

	/* "cpus" has parts, which are options' own keys here. */
	if (!setting && !item->kind)
		setting = setting_find(setting_find(table, "cpus")->parts, row->becomes);
	if (!setting)
		return pt_error_set(err, -EINVAL, "there is no setting %s", row->becomes);
	return setting_set(setting, item->kind ? item->object : (void *)&guest->config, text, NULL,
			   err);
}

/* What a row makes of a value. */
static int apply(const struct qemu_row *row, struct qemu_guest *guest, struct qemu_item *item,
		 const char *text, struct pt_error *err)
{
	if (row->becomes)
		return set_by_name(row, guest, item, text, err);
	if (row->set)
		return row->set(guest, item, text, err);
	return qemu_row_allows(row, text ? text : "", err);
}

static int unknown_key(const char *option, const char *type, const char *key, struct pt_error *err)
{
	const char *names[NAMES_MAX];
	const char *nearest;
	size_t count = 0;

	for (const struct qemu_row *row = qemu_rows; row->option && count < NAMES_MAX; row++) {
		if (row->key && strcmp(row->option, option) == 0 && !row->type == !type &&
		    (!type || strcmp(row->type, type) == 0))
			names[count++] = row->key;
	}
	nearest = nearest_name(key, names, count);
	(void)pt_error_set(err, -EOPNOTSUPP, "\"%s\" is not known here%s%s%s", key,
			   nearest ? "; did you mean \"" : "", nearest ? nearest : "",
			   nearest ? "\"?" : "");
	return pt_error_remedy(err, -EOPNOTSUPP,
			       "leave what asks for it out of the domain's XML; docs/libvirt.md "
			       "lists what can be said");
}

static int apply_pair(struct qemu_guest *guest, struct qemu_item *item, const char *type,
		      const struct qemu_pair *pair, struct pt_error *err)
{
	const char *option = item->row->option;
	const struct qemu_row *row = qemu_row_find(option, type, pair->key);
	int ret;

	item->key = pair->key;
	ret = row ? apply(row, guest, item, pair->value, err)
		  : unknown_key(option, type, pair->key, err);

	return ret < 0 ? pt_error_prefix(err, ret, "%s=%s", pair->key, pair->value) : 0;
}

static int unknown_type(const char *option, const char *type, struct pt_error *err)
{
	const char *names[NAMES_MAX];
	size_t count = 0;
	char text[SETTING_NAMES_SIZE];

	for (const struct qemu_row *row = qemu_rows; row->option && count < NAMES_MAX; row++) {
		if (row->type && !row->key && strcmp(row->option, option) == 0 &&
		    !qemu_row_refused(row))
			names[count++] = row->type;
	}
	(void)pt_error_set(err, -EOPNOTSUPP, "there is no \"%s\" here", type);
	return pt_error_remedy(
		err, -EOPNOTSUPP,
		"leave what asks for it out of the domain's XML; of -%s there are %s", option,
		setting_names(names, count, " and ", text));
}

static bool has_types(const char *option)
{
	for (const struct qemu_row *row = qemu_rows; row->option; row++) {
		if (row->type && strcmp(row->option, option) == 0)
			return true;
	}
	return false;
}

/* An option with types: the first key says which. */
static int find_type(struct qemu_item *item, const char **ret_type, struct pt_error *err)
{
	const struct qemu_row *option = item->row;
	const char *type = qemu_value_get(&item->value, option->first);

	if (!type)
		return pt_error_set(err, -EINVAL, "%s= is missing", option->first);
	*ret_type = type;
	item->row = qemu_row_find(option->option, type, NULL);
	if (!item->row)
		return unknown_type(option->option, type, err);
	if (qemu_row_refused(item->row))
		return qemu_row_allows(item->row, "", err);
	item->kind = item->row->device;
	item->object = item->kind ? device_kind_create(item->kind) : NULL;
	if (item->kind && !item->object)
		return out_of_memory(err);
	return 0;
}

static int apply_pairs(struct qemu_guest *guest, struct qemu_item *item, struct pt_error *err)
{
	const char *first = item->row->first, *type = NULL;
	int ret = 0;

	if (has_types(item->row->option))
		ret = find_type(item, &type, err);
	for (size_t i = 0; i < item->value.count && ret == 0; i++) {
		const struct qemu_pair *pair = &item->value.pairs[i];

		if (!type || strcmp(pair->key, first) != 0)
			ret = apply_pair(guest, item, type, pair, err);
	}
	if (ret == 0 && item->row->set)
		ret = item->row->set(guest, item, type, err);
	return ret < 0 && type ? pt_error_prefix(err, ret, "%s", type) : ret;
}

static int apply_option(const struct qemu_row *row, const char *text, struct qemu_guest *guest,
			struct pt_error *err)
{
	CLEANUP(item_done) struct qemu_item item = {.row = row};
	int ret;

	if (row->style != QEMU_PAIRS)
		return apply(row, guest, &item, text, err);
	ret = qemu_value_parse(text, row->first, &item.value, err);
	return ret < 0 ? ret : apply_pairs(guest, &item, err);
}

static int unknown_option(const char *word, struct pt_error *err)
{
	(void)pt_error_set(err, -EOPNOTSUPP, "\"%s\" is not an option that is known here", word);
	return pt_error_remedy(err, -EOPNOTSUPP,
			       "leave what asks for it out of the domain's XML; docs/libvirt.md "
			       "lists what can be said");
}

/* "-name" and "--name" are the same. */
static const char *option_name(const char *word)
{
	if (word[0] != '-')
		return NULL;
	return word[1] == '-' ? word + 2 : word + 1;
}

static int parse_options(int argc, char **argv, struct qemu_guest *guest, struct pt_error *err)
{
	int ret = 0;

	for (int i = 1; i < argc && ret == 0; i++) {
		const char *word = argv[i], *name = option_name(word), *text = NULL;
		const struct qemu_row *row = name ? qemu_row_find(name, NULL, NULL) : NULL;

		if (!row)
			return unknown_option(word, err);
		if (row->style != QEMU_FLAG) {
			if (++i == argc)
				return pt_error_set(err, -EINVAL, "%s: no value given", word);
			text = argv[i];
		}
		ret = apply_option(row, text, guest, err);
		if (ret < 0)
			ret = pt_error_prefix(err, ret, "-%s", name);
	}
	return ret;
}

static int check_whole(struct qemu_guest *guest, struct pt_error *err)
{
	int ret;

	if (guest->machine == QEMU_MACHINE_NONE)
		return 0;
	ret = qemu_layout_rest(guest, err);
	if (ret < 0)
		return ret;
	if (guest->config.kernel)
		return 0;
	return pt_error_remedy(err, pt_error_set(err, -EINVAL, "no kernel to boot"),
			       "in the domain's XML: <os><kernel>FILE</kernel></os>, a Linux "
			       "bzImage");
}

int qemu_guest_parse(int argc, char **argv, struct qemu_guest *guest, struct pt_error *err)
{
	int ret = parse_options(argc, argv, guest, err);

	return ret < 0 ? ret : check_whole(guest, err);
}

void qemu_guest_init(struct qemu_guest *guest)
{
	*guest = (struct qemu_guest){0};
	vm_config_init(&guest->config);
	guest->config.serial = SERIAL_NONE;
	/* Who manages the guest asks it to power off by QMP; SIGTERM is its way to end it. */
	guest->config.stop_limit = 0;
	guest->config.on_panic = VM_PANIC_PAUSE;
}

void qemu_guest_done(struct qemu_guest *guest)
{
	vm_config_done(&guest->config);
	free(guest->pidfile);
	for (size_t i = 0; i < guest->backend_count; i++)
		qemu_value_done(&guest->backends[i].value);
	guest->pidfile = NULL;
	guest->backend_count = 0;
}

const struct qemu_value *qemu_guest_backend(struct qemu_guest *guest, const char *option,
					    const char *id)
{
	const char *key = strcmp(option, "blockdev") == 0 ? "node-name" : "id";

	for (size_t i = 0; i < guest->backend_count; i++) {
		struct qemu_backend *backend = &guest->backends[i];
		const char *name = qemu_value_get(&backend->value, key);

		if (strcmp(backend->option, option) != 0 || !name || strcmp(name, id) != 0)
			continue;
		backend->used = true;
		return &backend->value;
	}
	return NULL;
}
