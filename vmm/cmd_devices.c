/* SPDX-License-Identifier: MIT */
/*
 * tenon devices: what this host has, and whether a guest can have it.
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include "cleanup.h"
#include "cmd.h"
#include "config/nearest.h"
#include "inventory/class_word.h"
#include "inventory/device_json.h"
#include "inventory/device_table.h"
#include "report.h"

struct devices_args {
	bool all;
	bool json;
	bool mdev;
	bool verbose;
	bool help;
	char **names; /* of argv */
	size_t name_count;
};

static const struct {
	const char *name;
	size_t flag;
	const char *help;
} options[] = {
	{"all", offsetof(struct devices_args, all), "Bridges as well"},
	{"json", offsetof(struct devices_args, json),
	 "Everything, for programs; the schema is in tenon(1)"},
	{"mdev", offsetof(struct devices_args, mdev),
	 "Mediated devices: the types that can be made, and those that there are"},
	{"verbose", offsetof(struct devices_args, verbose),
	 "All of each device, and who holds it; also -v"},
	{"help", offsetof(struct devices_args, help), "Print this; also -h"},
};

#define OPTIONS (sizeof(options) / sizeof(options[0]))

/* Completion reads it too: vmm/tenon.bash.in. */
static void print_classes(FILE *out)
{
	const char *words[CLASS_WORDS_MAX];
	size_t count = class_words(words);

	(void)fputs("\nClasses:", out);
	for (size_t i = 0; i < count; i++)
		(void)fprintf(out, "%s %s", i == count / 2 ? "\n " : "", words[i]);
	(void)fputs(" other\n", out);
}

static void print_help(FILE *out)
{
	(void)fputs("Usage: tenon devices [OPTION...] [DEVICE|CLASS...]\n"
		    "List the PCI devices of this host, and whether a guest can have them.\n\n",
		    out);
	for (size_t i = 0; i < OPTIONS; i++)
		(void)fprintf(out, "  --%-9s %s\n", options[i].name, options[i].help);
	(void)fputs(
		"\nDEVICE is an address such as 02:00.0, or another name that `tenon run --device` takes. "
		"Of the\nclasses, storage is all disks, and gpu is display. Without either, all but bridges "
		"are listed.\n",
		out);
	print_classes(out);
	(void)fputs(
		"\nASSIGN says \"yes\" of a device that a guest can have now, unless a process has it already "
		"(-v says\nwhich); \"bind ...\" where it, or others of its group, must be given to vfio-pci "
		"first (tenon bind);\nand \"no\", and why, of what cannot be had on this host as it is.\n\n"
		"Exit code: 0; 1 the host cannot be read, or has no such device; 2 wrong options.\n",
		out);
}

static int unknown_option(const char *typed, struct pt_error *err)
{
	const char *names[OPTIONS];
	const char *nearest;

	for (size_t i = 0; i < OPTIONS; i++)
		names[i] = options[i].name;
	nearest = nearest_name(typed + strspn(typed, "-"), names, OPTIONS);
	if (nearest)
		return pt_error_set(err, -EINVAL, "unknown option \"%s\"; did you mean \"--%s\"?",
				    typed, nearest);
	pt_error_set(err, -EINVAL, "unknown option \"%s\"", typed);
	return pt_error_remedy(err, -EINVAL, "tenon help devices lists the options");
}

static int take_option(const char *typed, struct devices_args *args, struct pt_error *err)
{
	const char *name = !strcmp(typed, "-v")	  ? "verbose"
			   : !strcmp(typed, "-h") ? "help"
			   : typed[1] == '-'	  ? typed + 2
						  : "";

	for (size_t i = 0; i < OPTIONS; i++) {
		if (!strcmp(options[i].name, name)) {
			*(bool *)((char *)args + options[i].flag) = true;
			return 0;
		}
	}
	return unknown_option(typed, err);
}

/* Options may stand anywhere; what is no option moves to the front of @argv. */
static int parse(int argc, char **argv, struct devices_args *args, struct pt_error *err)
{
	bool options_end = false;
	int ret = 0;

	args->names = argv;
	for (int i = 1; i < argc && ret == 0; i++) {
		if (!options_end && !strcmp(argv[i], "--"))
			options_end = true;
		else if (!options_end && argv[i][0] == '-' && argv[i][1])
			ret = take_option(argv[i], args, err);
		else
			args->names[args->name_count++] = argv[i];
	}
	if (ret == 0 && args->mdev && args->name_count > 0 && !args->help) {
		pt_error_set(err, -EINVAL, "--mdev lists all; it takes no names");
		ret = pt_error_remedy(err, -EINVAL, "name a mediated device without --mdev");
	}
	return ret;
}

/* Columns of the terminal that is written to, 0 where it is none. */
static size_t terminal_width(void)
{
	const char *columns = getenv("COLUMNS");
	struct winsize size;

	if (!isatty(STDOUT_FILENO))
		return 0;
	if (columns && atoi(columns) > 0)
		return (size_t)atoi(columns);
	return ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) == 0 ? size.ws_col : 0;
}

static void report_reason(const struct pt_error *err)
{
	report_note(stderr, "not all could be read: %s", err->message);
}

/* What concerns the list as a whole goes beside it. */
static void print_notes(const struct inventory *inventory, const struct pci_names *names)
{
	const struct interrupts *interrupts = &inventory->interrupts;

	if (inventory->unreadable)
		report_reason(&inventory->reason);
	if (inventory->count == 0)
		report_note(stderr, "this host has no such device");
	for (unsigned i = 0; i < 2; i++) {
		if (interrupts->asked[i] && !interrupts->isolated[i]) {
			report_note(stderr,
				    "interrupts are not remapped on this host, so that its kernel "
				    "gives no device away; \"tenon check\" says more");
			break;
		}
	}
	if (!names)
		report_note(stderr,
			    "names of devices are not known without libpci (Debian's libpci3)");
	if (inventory->bridges_left_out)
		report_note(stderr, "bridges are left out: %zu; --all shows them",
			    inventory->bridges_left_out);
}

static int print_devices(const struct pt_sys *sys, const struct devices_args *args,
			 struct pci_names *names, const struct inventory *inventory,
			 struct pt_error *err)
{
	int ret = 0;

	if (args->json)
		return device_json_print(sys, inventory, NULL, args->verbose, stdout, err);
	for (size_t i = 0; i < inventory->count && args->verbose; i++) {
		if (i > 0)
			(void)fputc('\n', stdout);
		device_details_print(sys, names, &inventory->devices[i], stdout);
	}
	if (!args->verbose && inventory->count > 0)
		ret = device_table_print(inventory, terminal_width(), stdout, err);
	(void)fflush(stdout);
	print_notes(inventory, names);
	return ret;
}

static int list_devices(const struct pt_sys *sys, const struct devices_args *args,
			struct pt_error *err)
{
	CLEANUP(device_filter_done) struct device_filter filter = {0};
	CLEANUP(inventory_done) struct inventory inventory = {0};
	struct pci_names *names;
	int ret = device_filter_parse(sys, args->names, args->name_count, &filter, err);

	if (ret < 0)
		return ret;
	filter.bridges = args->all;
	names = pci_names_open(NULL);
	ret = inventory_read(sys, &filter, names, &inventory, err);
	if (ret == 0)
		ret = print_devices(sys, args, names, &inventory, err);
	pci_names_close(names);
	return ret;
}

static int list_mdevs(const struct pt_sys *sys, const struct devices_args *args,
		      struct pt_error *err)
{
	CLEANUP(mdevs_done) struct mdevs mdevs = {0};
	int ret = mdevs_read(sys, &mdevs, err);

	if (ret < 0)
		return ret;
	if (args->json)
		return device_json_print(sys, NULL, &mdevs, args->verbose, stdout, err);
	if (mdevs.type_count + mdevs.device_count > 0)
		return mdev_table_print(&mdevs, terminal_width(), stdout, err);
	report_note(stderr, "no device of this host has a driver that makes mediated devices");
	return 0;
}

int cmd_devices(int argc, char **argv)
{
	const struct pt_sys *sys = pt_sys_linux();
	struct devices_args args = {0};
	struct pt_error err = PT_ERROR_INIT;
	int ret;

	ret = parse(argc, argv, &args, &err);
	if (ret < 0) {
		report_error(&err, stderr);
		return EXIT_USAGE;
	}
	if (args.help) {
		print_help(stdout);
		return EXIT_OK;
	}
	ret = args.mdev ? list_mdevs(sys, &args, &err) : list_devices(sys, &args, &err);
	if (ret == 0 && fflush(stdout) != 0)
		ret = pt_error_set(&err, -errno, "standard output: %s", strerror(errno));
	if (ret == 0)
		return EXIT_OK;
	report_error(&err, stderr);
	return ret == -EINVAL ? EXIT_USAGE : EXIT_FAILED;
}
