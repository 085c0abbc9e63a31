/* SPDX-License-Identifier: MIT */
#include "bind_args.h"

#include <errno.h>
#include <string.h>

#include "config/duration.h"
#include "config/nearest.h"
#include "host/binding.h"

#define LIMIT_DEFAULT 60 /* seconds; longer than a guest has, at first, to let go of a device */

enum { BIND = 1, UNBIND = 2, RECOVER = 4 };

static const struct verb {
	const char *name;
	unsigned bit;
	const char *usage;
	const char *text;
} verbs[] = {
	{"bind", BIND, "tenon bind [OPTION...] BDF...",
	 "Take PCI devices from their drivers and give them to vfio-pci, until tenon unbind.\n"
	 "What was is written down first; if one cannot be taken, none is."},
	{"unbind", UNBIND, "tenon unbind [OPTION...] BDF...",
	 "Give devices back as they were before they were taken; what nothing is written down of, to\n"
	 "the driver that the kernel chooses. A guest that has one is asked for it."},
	{"recover", RECOVER, "tenon recover [OPTION...]",
	 "Give back all devices that a tenon took which was killed before it could."},
};

static const struct option {
	const char *name;
	const char *value; /* NULL: takes none */
	unsigned verbs;
	const char *text;
} options[] = {
	{"--driver", "NAME", BIND, "give them to this driver, such as mlx5-vfio-pci"},
	{"--group", NULL, BIND, "take all functions of their IOMMU groups"},
	{"--force", NULL, BIND, "take also what the host's own disks and network are on"},
	{"--libvirt", "URI", BIND, "have this libvirt take them, such as qemu:///system"},
	{"--limit", "TIME", BIND | UNBIND | RECOVER,
	 "how long a driver may take to let go of a device or to take it; default 60s"},
	{"--help", NULL, BIND | UNBIND | RECOVER, "print this"},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static const struct verb *find_verb(const char *name)
{
	for (size_t i = 0; i < COUNT(verbs); i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
	}
	return NULL;
}

void bind_args_help(const char *name, FILE *out)
{
	const struct verb *verb = find_verb(name);

	(void)fprintf(out, "Usage: %s\n%s\n\n", verb->usage, verb->text);
	for (size_t i = 0; i < COUNT(options); i++) {
		if (options[i].verbs & verb->bit)
			(void)fprintf(out, "  %-9s %-5s  %s\n", options[i].name,
				      options[i].value ? options[i].value : "", options[i].text);
	}
	(void)fprintf(out, "\nExit code: 0 all done; 1 something could not be; 2 wrong options.\n");
}

static int unknown(const struct verb *verb, const char *typed, struct pt_error *err)
{
	const char *names[COUNT(options)], *nearest;
	size_t count = 0;

	for (size_t i = 0; i < COUNT(options); i++) {
		if (options[i].verbs & verb->bit)
			names[count++] = options[i].name;
	}
	nearest = nearest_name(typed, names, count);
	if (nearest)
		return pt_error_set(err, -EINVAL, "unknown option \"%s\"; did you mean \"%s\"?",
				    typed, nearest);
	return pt_error_remedy(err, pt_error_set(err, -EINVAL, "unknown option \"%s\"", typed),
			       "tenon help %s lists the options", verb->name);
}

static const struct option *find_option(const struct verb *verb, const char *typed)
{
	const size_t len = strcspn(typed, "=");

	for (size_t i = 0; i < COUNT(options); i++) {
		if ((options[i].verbs & verb->bit) && strlen(options[i].name) == len &&
		    strncmp(options[i].name, typed, len) == 0)
			return &options[i];
	}
	return NULL;
}

/* It becomes a part of a path. */
static int set_driver(struct bind_args *args, const char *value, struct pt_error *err)
{
	if (!*value || *value == '.' || strchr(value, '/') || strlen(value) >= PT_DRIVER_SIZE)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "--driver: \"%s\" is not a driver", value),
			"`ls /sys/bus/pci/drivers` lists those there are");
	args->driver = value;
	return 0;
}

static int set_libvirt(struct bind_args *args, const char *value, struct pt_error *err)
{
	if (!strchr(value, ':') || strchr(value, '\n') || strlen(value) >= JOURNAL_URI_SIZE)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "--libvirt: \"%s\" is not a URI", value),
			"write one such as qemu:///system");
	args->libvirt = value;
	return 0;
}

static int set_limit(struct bind_args *args, const char *value, struct pt_error *err)
{
	if (duration_parse(value, &args->limit) < 0)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "--limit: \"%s\" is not a time", value),
			DURATION_FORMS_TEXT);
	return 0;
}

/* @value: empty for an option that takes none. */
static int set(struct bind_args *args, const struct option *option, const char *value,
	       struct pt_error *err)
{
	if (strcmp(option->name, "--driver") == 0)
		return set_driver(args, value, err);
	if (strcmp(option->name, "--libvirt") == 0)
		return set_libvirt(args, value, err);
	if (strcmp(option->name, "--limit") == 0)
		return set_limit(args, value, err);
	if (strcmp(option->name, "--group") == 0)
		args->group = true;
	else if (strcmp(option->name, "--force") == 0)
		args->force = true;
	else
		args->help = true;
	return 0;
}

/* One option, and its value. Return: how many words it took, or -errno. */
static int parse_option(const struct verb *verb, int argc, char **argv, int at,
			struct bind_args *args, struct pt_error *err)
{
	const struct option *option =
		find_option(verb, strcmp(argv[at], "-h") == 0 ? "--help" : argv[at]);
	const char *value = strchr(argv[at], '=');
	int ret, words = 1;

	if (!option)
		return unknown(verb, argv[at], err);
	if (!option->value && value)
		return pt_error_set(err, -EINVAL, "%s takes no value", option->name);
	if (option->value && value) {
		value++;
	} else if (option->value) {
		if (at + 1 == argc)
			return pt_error_remedy(
				err, pt_error_set(err, -EINVAL, "%s: no value given", option->name),
				"write %s %s", option->name, option->value);
		value = argv[at + 1];
		words = 2;
	}
	ret = set(args, option, value ? value : "", err);
	return ret < 0 ? ret : words;
}

int bind_args_parse(int argc, char **argv, struct bind_args *ret_args, struct pt_error *err)
{
	struct bind_args args = {.names = argv + 1, .driver = VFIO_DRIVER, .limit = LIMIT_DEFAULT};
	const struct verb *verb = find_verb(argv[0]);

	for (int at = 1; at < argc;) {
		int words = 1;

		if (argv[at][0] == '-')
			words = parse_option(verb, argc, argv, at, &args, err);
		else
			args.names[args.count++] = argv[at];
		if (words < 0)
			return words;
		at += words;
	}
	if (!args.help && verb->bit == RECOVER && args.count > 0)
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "\"%s\" is one too many", args.names[0]),
			"to give back that device alone: tenon unbind %s", args.names[0]);
	if (!args.help && verb->bit != RECOVER && args.count == 0)
		return pt_error_remedy(err, pt_error_set(err, -EINVAL, "no device named"),
				       "tenon %s 0000:02:00.0; tenon devices lists those there are",
				       verb->name);
	*ret_args = args;
	return 0;
}
