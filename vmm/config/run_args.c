/* SPDX-License-Identifier: MIT */
/*
 * argp parses and prints help. What it would say of a wrong option is not what we want to say, so the spelling of options
 * is checked before it runs; and because options win over the file whatever their order, their values are collected first
 * and applied after the file was read.
 */
#include "config/run_args.h"

#include <argp.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/config_yaml.h"
#include "config/device_setting.h"
#include "config/nearest.h"
#include "config/vm_setting.h"

enum {
	KEY_SETTING = 0x100, /* and following: vm_settings[key - KEY_SETTING] */
	KEY_DEVICE = 0x200,
	KEY_DRY_RUN,
	KEY_TIMING,
	KEY_HELP,
};

enum { GROUP_GUEST = 1, GROUP_RUN };

static const struct argp_option other_options[] = {
	{"device", KEY_DEVICE, "DEVICE", 0,
	 "Pass a PCI device through. DEVICE is BDF|UUID|PATH[,KEY=VALUE...]: its address, such as "
	 "0000:02:00.0, its path below /sys, or /dev/vfio/devices/vfioN, or a mediated device's UUID. Keys: slot=N, the slot "
	 "that it is in; rom=FILE|off, its expansion ROM; gpudirect-clique=N; vf-token=UUID; noiommu=unsafe. Can be given several "
	 "times; adds to the file's devices",
	 GROUP_GUEST},
	{"dry-run", KEY_DRY_RUN, NULL, 0, "Print what would be done, and touch nothing", GROUP_RUN},
	{"timing", KEY_TIMING, NULL, 0, "Print at the end how long each phase of the launch took",
	 GROUP_RUN},
	{"help", KEY_HELP, NULL, 0, "Print this", GROUP_RUN},
};

#define OTHER_OPTIONS (sizeof(other_options) / sizeof(other_options[0]))
#define OPTIONS	      (VM_SETTINGS + OTHER_OPTIONS)

struct use {
	int key;
	const char *value;
};

struct parse {
	const char *file;
	bool dry_run;
	bool timing;
	struct use *uses;
	size_t use_count;
	struct pt_error *err;
};

/* A row of vm_settings[] is an option without further ado. @options has room for OPTIONS + 1. */
static void fill_options(struct argp_option *options)
{
	for (size_t i = 0; i < VM_SETTINGS; i++)
		options[i] = (struct argp_option){
			.name = vm_settings[i].name,
			.key = KEY_SETTING + (int)i,
			.arg = vm_settings[i].arg,
			.doc = vm_settings[i].help,
			.group = GROUP_GUEST,
		};
	memcpy(options + VM_SETTINGS, other_options, sizeof(other_options));
	options[OPTIONS] = (struct argp_option){0};
}

static int unknown_option(const struct argp_option *options, const char *typed,
			  struct pt_error *err)
{
	const char *names[OPTIONS];
	const char *bare = typed + strspn(typed, "-");
	const char *nearest;
	int len = (int)strcspn(typed, "=");
	CLEANUP_FREE char *name = strndup(bare, strcspn(bare, "="));

	if (!name)
		return pt_error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < OPTIONS; i++)
		names[i] = options[i].name;
	nearest = nearest_name(name, names, OPTIONS);
	if (nearest)
		return pt_error_set(err, -EINVAL, "unknown option \"%.*s\"; did you mean \"--%s\"?",
				    len, typed, nearest);
	return pt_error_remedy(err,
			       pt_error_set(err, -EINVAL, "unknown option \"%.*s\"", len, typed),
			       "tenon help run lists the options");
}

static const struct argp_option *find_option(const struct argp_option *options, const char *typed)
{
	size_t len = strcspn(typed, "=");

	for (; options->name; options++) {
		if (strlen(options->name) == len && strncmp(options->name, typed, len) == 0)
			return options;
	}
	return NULL;
}

/*
 * Options are written out: an abbreviation that works today would become ambiguous with an option of tomorrow.
 */
static int check_spelling(const struct argp_option *options, int argc, char **argv, bool *ret_help,
			  struct pt_error *err)
{
	for (int i = 1; i < argc && strcmp(argv[i], "--") != 0; i++) {
		const struct argp_option *option;
		const char *value = strchr(argv[i], '=');

		if (argv[i][0] != '-' || !argv[i][1])
			continue;
		if (strcmp(argv[i], "-h") == 0 || strcmp(argv[i], "--help") == 0) {
			*ret_help = true;
			return 0;
		}
		option = argv[i][1] == '-' ? find_option(options, argv[i] + 2) : NULL;
		if (!option)
			return unknown_option(options, argv[i], err);
		if (!option->arg && value)
			return pt_error_remedy(
				err,
				pt_error_set(err, -EINVAL, "--%s takes no value", option->name),
				"write --%s alone", option->name);
		if (option->arg && !value && ++i == argc)
			return pt_error_remedy(
				err,
				pt_error_set(err, -EINVAL, "--%s: no value given", option->name),
				"write --%s %s", option->name, option->arg);
	}
	return 0;
}

static error_t parse_option(int key, char *arg, struct argp_state *state)
{
	struct parse *parse = state->input;

	switch (key) {
	case ARGP_KEY_ARG:
		if (parse->file)
			return -pt_error_remedy(
				parse->err,
				pt_error_set(
					parse->err, -EINVAL,
					"\"%s\" is one too many: one file describes the guest, and that is %s",
					arg, parse->file),
				"leave one out; a value with spaces needs quotes");
		parse->file = arg;
		return 0;
	case KEY_DRY_RUN:
		parse->dry_run = true;
		return 0;
	case KEY_TIMING:
		parse->timing = true;
		return 0;
	default:
		if (key < KEY_SETTING || key > KEY_DEVICE)
			return ARGP_ERR_UNKNOWN;
		parse->uses[parse->use_count++] = (struct use){.key = key, .value = arg};
		return 0;
	}
}

static const char args_doc[] = "[FILE.yaml]";

static const char doc[] =
	"Run a guest.\n\n"
	"The guest is described by FILE.yaml, by options, or by both; options win.\v"
	"Keys of FILE.yaml are named like the guest's options, but for devices, a list of "
	"\"- passthrough: 0000:02:00.0\". Relative paths in it are "
	"relative to the file.\n\n"
	"Exit code: 0 the guest powered off; 1 it could not be launched or run; 2 wrong options or "
	"file; 3 the guest crashed; 128 + N tenon was ended by signal N.";

static int apply_device(struct run_args *args, const char *text, size_t file_devices,
			struct pt_error *err)
{
	CLEANUP(vm_config_device_done) struct vm_config_device device = {0};
	int ret = device_option_parse(text, &device, err);

	if (ret < 0)
		return ret;
	return vm_config_put_device(&args->config, &device, file_devices, err);
}

static int apply(struct run_args *args, const struct parse *parse)
{
	size_t file_devices = args->config.device_count;

	for (size_t i = 0; i < parse->use_count; i++) {
		const struct use *use = &parse->uses[i];
		const char *name = "device";
		int ret;

		if (use->key == KEY_DEVICE) {
			ret = apply_device(args, use->value, file_devices, parse->err);
		} else {
			const struct vm_setting *setting = &vm_settings[use->key - KEY_SETTING];

			name = setting->name;
			ret = setting->set(&args->config, use->value, NULL, parse->err);
		}
		if (ret < 0)
			return pt_error_prefix(parse->err, ret, "--%s", name);
	}
	if (args->config.kernel)
		return 0;
	return pt_error_remedy(parse->err, pt_error_set(parse->err, -EINVAL, "no kernel to boot"),
			       "name a Linux bzImage: --kernel FILE, or "
			       "\"kernel: FILE\" in the guest's file");
}

int run_args_parse(int argc, char **argv, struct run_args *ret_args, struct config_error *err)
{
	CLEANUP(run_args_done) struct run_args args = {0};
	CLEANUP_FREE struct use *uses = NULL;
	struct argp_option options[OPTIONS + 1];
	struct argp argp = {options, parse_option, args_doc, doc, NULL, NULL, NULL};
	struct parse parse = {.err = &err->error};
	int ret;

	vm_config_init(&args.config);
	fill_options(options);
	ret = check_spelling(options, argc, argv, &args.help, &err->error);
	if (ret < 0)
		return ret;
	uses = calloc((size_t)argc, sizeof(*uses));
	if (!uses)
		return pt_error_set(&err->error, -ENOMEM, "out of memory");
	parse.uses = uses;
	if (!args.help) {
		ret = -argp_parse(&argp, argc, argv, ARGP_SILENT, NULL, &parse);
		if (ret < 0 && !err->error.code)
			return pt_error_set(&err->error, ret, "the options cannot be read");
		if (ret == 0 && parse.file)
			ret = config_yaml_read(parse.file, &args.config, err);
		if (ret == 0)
			ret = apply(&args, &parse);
		if (ret < 0)
			return ret;
	}
	args.dry_run = parse.dry_run;
	args.timing = parse.timing;
	*ret_args = args;
	args = (struct run_args){0};
	return 0;
}

void run_args_done(struct run_args *args)
{
	vm_config_done(&args->config);
}

void run_args_help(FILE *out)
{
	char name[] = "tenon run";
	struct argp_option options[OPTIONS + 1];
	struct argp argp = {options, parse_option, args_doc, doc, NULL, NULL, NULL};

	fill_options(options);
	argp_help(&argp, out, ARGP_HELP_STD_HELP, name);
}
