/* SPDX-License-Identifier: MIT */
/*
 * The options that describe a guest, made from the tables of settings, and those that are not of the guest, as argp wants them.
 */
#ifndef TENON_CONFIG_OPTION_TABLE_H
#define TENON_CONFIG_OPTION_TABLE_H

#include <argp.h>
#include <passthrough/error.h>
#include <stddef.h>

struct device_kind;
struct setting;

/**
 * struct option_table - options
 * @list: @count of them, and a terminator; those without a name are headings
 * @texts: what help says of each
 */
struct option_table {
	struct argp_option *list;
	char **texts;
	size_t count;
};

/**
 * option_table_init() - make it
 * @others: @count options that are not of the guest; their keys are below OPTION_KEY_FIRST
 *
 * Errors: -ENOMEM. Inverse: option_table_done().
 */
int option_table_init(struct option_table *table, const struct argp_option *others, size_t count,
		      struct pt_error *err);

/** option_table_done() - accepts one that was only zeroed */
void option_table_done(struct option_table *table);

#define OPTION_KEY_FIRST 0x1000

/** option_table_find() - the option of a name, up to its end or a "="; NULL when there is none */
const struct argp_option *option_table_find(const struct option_table *table, const char *typed);

/** option_setting() - which of the guest's settings an option is, NULL when it is none */
const struct setting *option_setting(int key);

/** option_kind() - which kind of device an option is for, NULL when it is none */
const struct device_kind *option_kind(int key);

#endif
