/* SPDX-License-Identifier: MIT */
/*
 * struct device_filter: which devices a list is to show, as people name them.
 */
#ifndef TENON_INVENTORY_DEVICE_FILTER_H
#define TENON_INVENTORY_DEVICE_FILTER_H

#include <passthrough/host.h>
#include <stdbool.h>

/**
 * struct device_filter - devices by name and by class; none of both: all
 * @names: canonical, @name_count of them
 * @words: of class_word(), the caller's memory; @word_count of them
 * @bridges: bridges as well, where neither names nor words say what
 */
struct device_filter {
	struct pt_host_name *names;
	size_t name_count;
	const char **words;
	size_t word_count;
	bool bridges;
};

/**
 * device_filter_parse() - read what was typed
 * @args: @count of "02:00.0", "net", or another form of pt_host_resolve(); kept
 *
 * Inverse: device_filter_done(). Errors: -EINVAL neither a device nor a class; -ENODEV no such device; -ENOMEM.
 */
int device_filter_parse(const struct pt_sys *sys, char *const *args, size_t count,
			struct device_filter *ret_filter, struct pt_error *err);
void device_filter_done(struct device_filter *filter);

/** device_filter_by_name() - whether devices are asked for by name only, so that others need not be read */
bool device_filter_by_name(const struct device_filter *filter);

/** device_filter_fits() - whether it is asked for. @bridge: it was left out only for being one. */
bool device_filter_fits(const struct device_filter *filter, const char *name, uint32_t class_code,
			bool *ret_bridge);

#endif
