/* SPDX-License-Identifier: MIT */
/*
 * argp parses and prints help. What it would say of a wrong option is not what we want to say, so the spelling of options
 * is checked before it runs; and because options win over the file whatever their order, their values are collected first
 * and applied after the file was read.
 */
#include "config/run_args.h"

#include <argp.h>
#include <errno.h>
#include <passthrough/host.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/config_yaml.h"
#include "config/device_kind.h"
#include "config/nearest.h"
#include "config/option_table.h"
#include "config/setting.h"
#include "qemu/qemu_domain.h"

#define OPTIONS_MAX 128

enum {
	KEY_TIMING = 0x100,
	KEY_DOMAIN,
	KEY_CONNECT,
	KEY_HELP,
};

_Static_assert(KEY_HELP < OPTION_KEY_FIRST, "keys differ");

/* The first is of a run alone. */
static const struct argp_option other_options[] = {
	{"timing", KEY_TIMING, NULL, 0, "Print at the end how long each phase of the launch took",
	 0},
	{"libvirt-domain", KEY_DOMAIN, "NAME", 0,
	 "The guest is described by this domain of libvirt's, in FILE.yaml's place", 0},
	{"connect", KEY_CONNECT, "URI", 0,
	 "The libvirt that knows the domain (default: qemu:///system)", 0},
	{"help", KEY_HELP, NULL, 0, "Print this", 0},
};

static int make_options(const struct run_verb *verb, struct option_table *table,
			struct pt_error *err)
{
	const size_t count = sizeof(other_options) / sizeof(other_options[0]);
	const size_t first = verb->runs ? 0 : 1;

	return option_table_init(table, other_options + first, count - first, err);
}

struct use {
	int key;
	const char *value;
};

struct parse {
	const char *file;
	const char *domain;
	const char *connect;
	bool timing;
	struct use *uses;
	size_t use_count;
	struct pt_error *err;
};

static int unknown_option(const struct run_verb *verb, const struct option_table *options,
			  const char *typed, struct pt_error *err)
{
	const char *names[OPTIONS_MAX];
	const char *bare = typed + strspn(typed, "-");
	const char *nearest;
	size_t count = 0;
	int len = (int)strcspn(typed, "=");
	CLEANUP_FREE char *name = strndup(bare, strcspn(bare, "="));

	if (!name)
		return pt_error_set(err, -ENOMEM, "out of memory");
	for (size_t i = 0; i < options->count && count < OPTIONS_MAX; i++) {
		if (options->list[i].name)
			names[count++] = options->list[i].name;
	}
	nearest = nearest_name(name, names, count);
	if (nearest)
		return pt_error_set(err, -EINVAL, "unknown option \"%.*s\"; did you mean \"--%s\"?",
				    len, typed, nearest);
	return pt_error_remedy(err,
			       pt_error_set(err, -EINVAL, "unknown option \"%.*s\"", len, typed),
			       "%s --help lists the options", verb->name);
}

/*
 * Options are written out: an abbreviation that works today would become ambiguous with an option of tomorrow.
 */
static int check_spelling(const struct run_verb *verb, const struct option_table *options, int argc,
			  char **argv, bool *ret_help, struct pt_error *err)
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
		option = argv[i][1] == '-' ? option_table_find(options, argv[i] + 2) : NULL;
		if (!option)
			return unknown_option(verb, options, argv[i], err);
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
	char device[PT_NAME_SIZE];

	switch (key) {
	case ARGP_KEY_ARG:
		if (pt_bdf_parse(arg, device) == 0)
			return -pt_error_remedy(
				parse->err,
				pt_error_set(parse->err, -EINVAL,
					     "\"%s\" is a device, and the guest's file goes there",
					     arg),
				"to pass it through: --device %s", arg);
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
	case KEY_TIMING:
		parse->timing = true;
		return 0;
	case KEY_DOMAIN:
		parse->domain = arg;
		return 0;
	case KEY_CONNECT:
		parse->connect = arg;
		return 0;
	default:
		if (!option_setting(key) && !option_kind(key))
			return ARGP_ERR_UNKNOWN;
		parse->uses[parse->use_count++] = (struct use){.key = key, .value = arg};
		return 0;
	}
}

static const char args_doc[] = "[FILE.yaml]";

#define KEYS_TEXT                                                                             \
	"Keys of FILE.yaml are named like the guest's options, but for devices, a list of "   \
	"\"- passthrough: 0000:02:00.0\"; tenon.yaml(5) says more. Relative paths in it are " \
	"relative to the file.\n\n"

const struct run_verb run_verb = {
	.name = "tenon run",
	.about = "Run a guest.\n\n"
		 "The guest is described by FILE.yaml or a domain of libvirt's, by options, or by "
		 "both; options win.",
	.ending = KEYS_TEXT
	"Exit code: 0 the guest powered off; 1 it could not be launched or run; 2 wrong options or "
	"file; 3 the guest crashed; 128 + N tenon was ended by signal N.",
	.runs = true,
};

const struct run_verb plan_verb = {
	.name = "tenon plan",
	.about = "Print what tenon run would do with the same file and options, and touch nothing: "
		 "the guest's addresses, slots and interrupts, what will be pinned and what bound.",
	.ending = KEYS_TEXT
	"Exit code: 0 here is the plan; 1 the guest could not be launched; 2 wrong "
	"options or file.",
};

static int apply(struct run_args *args, const struct parse *parse)
{
	vm_config_next_layer(&args->config);
	for (size_t i = 0; i < parse->use_count; i++) {
		const struct use *use = &parse->uses[i];
		const struct device_kind *kind = option_kind(use->key);
		const struct setting *setting = option_setting(use->key);
		int ret;

		if (kind)
			ret = device_kind_option(kind, use->value, &args->config, parse->err);
		else
			ret = setting_set(setting, &args->config, use->value, NULL, parse->err);
		if (ret < 0)
			return pt_error_prefix(parse->err, ret, "--%s",
					       kind ? kind->option : setting->name);
	}
	return 0;
}

static int read_domain(const struct run_verb *verb, const struct parse *parse,
		       struct vm_config *config, struct pt_error *err)
{
	if (parse->file)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL,
				     "--libvirt-domain and %s: one of them describes the guest",
				     parse->file),
			"leave one out");
	vm_config_done(config);
	return qemu_domain_read(parse->connect, parse->domain, verb->runs, config, err);
}

/* What the options go on top of. */
static int read_guest(const struct run_verb *verb, const struct parse *parse,
		      struct vm_config *config, struct config_error *err)
{
	if (parse->domain)
		return read_domain(verb, parse, config, &err->error);
	if (parse->connect)
		return pt_error_remedy(
			&err->error,
			pt_error_set(&err->error, -EINVAL, "--connect without a domain"),
			"add --libvirt-domain NAME");
	return parse->file ? config_yaml_read(parse->file, config, err) : 0;
}

/* The caller frees it. */
static char *join_help(const struct run_verb *verb)
{
	char *text = NULL;

	return asprintf(&text, "%s\v%s", verb->about, verb->ending) < 0 ? NULL : text;
}

static int read_arguments(const struct run_verb *verb, const struct option_table *options, int argc,
			  char **argv, struct run_args *args, struct config_error *err)
{
	CLEANUP_FREE struct use *uses = calloc((size_t)argc, sizeof(*uses));
	const struct argp argp = {options->list, parse_option, args_doc, NULL, NULL, NULL, NULL};
	struct parse parse = {.uses = uses, .err = &err->error};
	int ret;

	if (!uses)
		return pt_error_set(&err->error, -ENOMEM, "out of memory");
	ret = -argp_parse(&argp, argc, argv, ARGP_SILENT, NULL, &parse);
	if (ret < 0 && !err->error.code)
		return pt_error_set(&err->error, ret, "the options cannot be read");
	if (ret == 0)
		ret = read_guest(verb, &parse, &args->config, err);
	if (ret == 0)
		ret = apply(args, &parse);
	args->timing = parse.timing;
	return ret;
}

int run_args_parse(const struct run_verb *verb, int argc, char **argv, struct run_args *ret_args,
		   struct config_error *err)
{
	CLEANUP(run_args_done) struct run_args args = {0};
	CLEANUP(option_table_done) struct option_table options = {0};
	int ret = make_options(verb, &options, &err->error);

	if (ret < 0)
		return ret;
	vm_config_init(&args.config);
	ret = check_spelling(verb, &options, argc, argv, &args.help, &err->error);
	if (ret == 0 && !args.help)
		ret = read_arguments(verb, &options, argc, argv, &args, err);
	if (ret < 0)
		return ret;
	*ret_args = args;
	args = (struct run_args){0};
	return 0;
}

int run_args_need_kernel(const struct run_args *args, struct pt_error *err)
{
	if (args->config.kernel)
		return 0;
	return pt_error_remedy(err, pt_error_set(err, -EINVAL, "no kernel to boot"),
			       "name a Linux bzImage or vmlinux: --kernel FILE, or "
			       "\"kernel: FILE\" in the guest's file");
}

void run_args_done(struct run_args *args)
{
	vm_config_done(&args->config);
}

void run_args_help(const struct run_verb *verb, FILE *out)
{
	CLEANUP(option_table_done) struct option_table options = {0};
	CLEANUP_FREE char *name = strdup(verb->name);
	CLEANUP_FREE char *text = join_help(verb);
	struct pt_error err = PT_ERROR_INIT;
	struct argp argp = {NULL, parse_option, args_doc, text, NULL, NULL, NULL};

	if (!name || !text || make_options(verb, &options, &err) < 0)
		return;
	argp.options = options.list;
	/* An option on a line of its own: they are too long for a column, and argp then writes some beside it. */
	(void)setenv("ARGP_HELP_FMT", "long-opt-col=2,opt-doc-col=6", 0);
	argp_help(&argp, out, ARGP_HELP_STD_HELP, name);
}
