/* SPDX-License-Identifier: MIT */
/*
 * The command line of `tenon run` and of `tenon plan`, and the file it names, made into one config.
 */
#ifndef TENON_CONFIG_RUN_ARGS_H
#define TENON_CONFIG_RUN_ARGS_H

#include <stdbool.h>
#include <stdio.h>

#include "config/config_error.h"
#include "config/vm_config.h"

/**
 * struct run_verb - a command that takes a guest
 * @name: "tenon run"
 * @about: what help says before the options
 * @ending: and after them
 * @runs: it has the options of a run
 */
struct run_verb {
	const char *name;
	const char *about;
	const char *ending;
	bool runs;
};

extern const struct run_verb run_verb;
extern const struct run_verb plan_verb;

/**
 * struct run_args - what was asked
 * @config: the file, then the options on top of it. A device of the options is added to the file's, or takes the place of
 *	the same device there.
 * @help: print help and do nothing; the rest is not filled in
 */
struct run_args {
	struct vm_config config;
	bool timing;
	bool help;
};

/**
 * run_args_parse() - read the command line, and the file
 * @argv: argv[0] is the verb
 *
 * Errors: -EINVAL and others, see config_yaml_read(). Inverse: run_args_done().
 */
int run_args_parse(const struct run_verb *verb, int argc, char **argv, struct run_args *ret_args,
		   struct config_error *err);

/** run_args_need_kernel() - a guest has a kernel to boot. Errors: -EINVAL. */
int run_args_need_kernel(const struct run_args *args, struct pt_error *err);

/** run_args_done() - free what it owns; accepts one that was only zeroed */
void run_args_done(struct run_args *args);

/** run_args_help() - all options, for people */
void run_args_help(const struct run_verb *verb, FILE *out);

#endif
