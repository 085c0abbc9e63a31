/* SPDX-License-Identifier: MIT */
/*
 * The kinds of devices that a guest can have. In the file they are items of one list, `devices:`, and the key that is the
 * kind's name says which it is; on the command line each kind has an option, "--OPTION VALUE[,KEY=VALUE...]".
 *
 * A kind has an array of its own in struct vm_config. What all have in common are the slots of the guest's root bus.
 *
 * The guest's NUMA nodes are written in the same way, in a list of their own and without slots.
 */
#ifndef TENON_CONFIG_DEVICE_KIND_H
#define TENON_CONFIG_DEVICE_KIND_H

#include <passthrough/error.h>
#include <stddef.h>

#include "config/setting.h"
#include "config/vm_config.h"

/**
 * struct device_kind - a kind
 * @option: "device" for `--device`
 * @noun: what messages call one
 * @example: a value, for remedies
 * @help: what the option does, one sentence
 * @settings: the first row is the kind's own key and the option's own value, which must be given; the others are keys. Their
 *	help begins in lower case: it follows the name
 * @size: of the object that the settings fill in, zeroed before
 * @add: put one into the config, which takes over what it owns on success, and leaves @object zeroed then. The same one in an
 *	earlier layer is replaced (see vm_config_next_layer()). Errors: -EEXIST it is named twice in this layer; -E2BIG; -ENOMEM.
 * @done: free what an object owns; accepts one that was only zeroed
 */
struct device_kind {
	const char *option;
	const char *noun;
	const char *example;
	const char *help;
	struct setting_table settings;
	size_t size;
	int (*add)(struct vm_config *config, void *object, struct pt_error *err);
	void (*done)(void *object);
};

#define DEVICE_KINDS 8

/** device_kinds[] - all, in the order in which help has them */
extern const struct device_kind *const device_kinds[DEVICE_KINDS];

/**
 * struct device_list - kinds whose items are in one list of the file
 * @key: of the list; @noun: what messages call an item; @what: the list's description
 * @adds: what an option does with what the file says
 * @max: items
 */
struct device_list {
	const char *key;
	const char *noun;
	const char *what;
	const char *adds;
	enum setting_group group;
	unsigned max;
	const struct device_kind *const *kinds;
	size_t count;
};

#define DEVICE_LISTS 2

extern const struct device_list device_lists[DEVICE_LISTS];

/** device_list_find() - the list of this key, NULL when there is none */
const struct device_list *device_list_find(const char *key);

/** device_list_of() - the list of a kind */
const struct device_list *device_list_of(const struct device_kind *kind);

/** device_kind_name() - the key in the file that says it */
const char *device_kind_name(const struct device_kind *kind);

/** device_kind_find() - the kind with this key in an item of the list, NULL when there is none */
const struct device_kind *device_kind_find(const struct device_list *list, const char *name);

/** device_kind_create() - an object, zeroed. Inverse: device_kind_destroy(). Return: NULL out of memory. */
void *device_kind_create(const struct device_kind *kind);

/** device_kind_destroy() - NULL is accepted */
void device_kind_destroy(const struct device_kind *kind, void *object);

/**
 * device_kind_setting() - the row of a key beside the kind's own
 *
 * Return: NULL when there is none; the error (-EINVAL) names the nearest, or all.
 */
const struct setting *device_kind_setting(const struct device_kind *kind, const char *name,
					  struct pt_error *err);

/** device_kind_form() - "- passthrough: 0000:02:00.0", for remedies, into @buf. Return: @buf. */
const char *device_kind_form(const struct device_kind *kind, char *buf, size_t size);

/**
 * device_kind_option() - read "VALUE[,KEY=VALUE...]" and add what it says to @config
 *
 * A comma that belongs to a value is written twice. Errors: of setting_set() and @add.
 */
int device_kind_option(const struct device_kind *kind, const char *text, struct vm_config *config,
		       struct pt_error *err);

#endif
