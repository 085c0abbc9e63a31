/* SPDX-License-Identifier: MIT */
/*
 * The options of tenon bind, unbind and recover.
 */
#ifndef TENON_BIND_ARGS_H
#define TENON_BIND_ARGS_H

#include <passthrough/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

/**
 * struct bind_args - what to do
 * @names: @count devices, as they were written; they are argv's
 * @driver: to give them to
 * @libvirt: URI of the libvirt that is to do it, NULL for none
 * @group: and all of their IOMMU groups
 * @force: and what the host itself lives on
 * @limit: seconds that a driver may take to let go of a device, or to take it
 */
struct bind_args {
	char **names;
	size_t count;
	const char *driver;
	const char *libvirt;
	bool group;
	bool force;
	bool help;
	unsigned limit;
};

/**
 * bind_args_parse() - read them
 * @argv: of one of the three verbs, which is @argv[0]; put in order: devices first
 *
 * Errors: -EINVAL.
 */
int bind_args_parse(int argc, char **argv, struct bind_args *ret_args, struct pt_error *err);

/** bind_args_help() - the options of @verb, one of the three, for people */
void bind_args_help(const char *verb, FILE *out);

#endif
