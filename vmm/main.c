/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <passthrough/error.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cmd.h"
#include "config/nearest.h"
#include "report.h"

static int cmd_help(int argc, char **argv);

/* Both dispatch and help read this table. */
static const struct subcommand {
	const char *name;
	const char *summary;
	int (*run)(int argc, char **argv);
	bool has_help; /* of its own: it takes --help */
} subcommands[] = {
	{"run", "run a guest: tenon run [FILE.yaml] [OPTION...]", cmd_run, true},
	{"plan", "print what a run would do: tenon plan [FILE.yaml] [OPTION...]", cmd_plan, true},
	{"devices", "list this host's PCI devices, and whether a guest can have them", cmd_devices,
	 true},
	{"check", "say what is in the way, and what to type: tenon check [FILE.yaml] [DEVICE...]",
	 cmd_check, true},
	{"bind", "take devices from their drivers: tenon bind BDF...", cmd_bind, true},
	{"unbind", "give them back: tenon unbind BDF...", cmd_unbind, true},
	{"recover", "give back what a tenon took that was killed", cmd_recover, true},
	{"list", "list the guests that run", cmd_list, true},
	{"ctl", "control one: tenon ctl GUEST status|pause|resume|shutdown|reset|...", cmd_ctl,
	 true},
	{"version", "print the version", cmd_version, false},
	{"help", "print this, or the options of a command: tenon help run", cmd_help, false},
};

#define SUBCOMMANDS (sizeof(subcommands) / sizeof(subcommands[0]))

static const struct subcommand *find(const char *name)
{
	/* What people type without thinking about it. */
	if (strcmp(name, "--version") == 0)
		name = "version";
	else if (strcmp(name, "--help") == 0 || strcmp(name, "-h") == 0)
		name = "help";
	for (size_t i = 0; i < SUBCOMMANDS; i++) {
		if (strcmp(subcommands[i].name, name) == 0)
			return &subcommands[i];
	}
	return NULL;
}

static int unknown_command(const char *name)
{
	struct pt_error err = PT_ERROR_INIT;
	const char *names[SUBCOMMANDS];
	const char *nearest;

	for (size_t i = 0; i < SUBCOMMANDS; i++)
		names[i] = subcommands[i].name;
	nearest = nearest_name(name + strspn(name, "-"), names, SUBCOMMANDS);
	if (nearest) {
		(void)pt_error_set(&err, -1, "unknown command \"%s\"; did you mean \"%s\"?", name,
				   nearest);
	} else {
		(void)pt_error_set(&err, -1, "unknown command \"%s\"", name);
		(void)pt_error_remedy(&err, -1, "tenon help lists the commands");
	}
	report_error(&err, stderr);
	return EXIT_USAGE;
}

static void print_help(FILE *out)
{
	(void)fprintf(out, "Usage: tenon COMMAND [ARGUMENT...]\n\n"
			   "Runs virtual machines that own PCI devices of this host.\n\n"
			   "Commands:\n");
	for (size_t i = 0; i < SUBCOMMANDS; i++)
		(void)fprintf(out, "  %-10s %s\n", subcommands[i].name, subcommands[i].summary);
	(void)fprintf(out,
		      "\nWhich devices there are, and what to do where a guest cannot have one:\n"
		      "  tenon devices\n"
		      "  tenon check 0000:02:00.0\n"
		      "A first guest with it:\n"
		      "  tenon run --kernel bzImage --memory 1G --device 0000:02:00.0\n"
		      "What that would do, without doing it: the same with plan instead of run.\n");
}

static int cmd_help(int argc, char **argv)
{
	const struct subcommand *command = argc > 1 ? find(argv[1]) : NULL;
	char help[] = "--help";

	if (argc > 1 && !command)
		return unknown_command(argv[1]);
	if (command && command->has_help)
		return command->run(2, (char *[]){argv[1], help, NULL});
	print_help(stdout);
	return EXIT_OK;
}

/* A device's descriptor must never become 0, 1 or 2: what is printed would go to it. */
static bool ensure_standard_descriptors(void)
{
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		/* The lowest that is free is the next one that is opened. */
		if (fcntl(fd, F_GETFD) < 0 && open("/dev/null", O_RDWR) != fd)
			return false;
	}
	return true;
}

/* By this name the program is what libvirt calls an emulator. */
static bool is_qemu(const char *path)
{
	const char *slash = strrchr(path, '/');

	return strcmp(slash ? slash + 1 : path, "tenon-qemu") == 0;
}

int main(int argc, char **argv)
{
	const struct subcommand *command;

	if (!ensure_standard_descriptors()) {
		(void)dprintf(STDERR_FILENO, "tenon: error: /dev/null: %m\n");
		return EXIT_FAILED;
	}
	if (is_qemu(argv[0]))
		return cmd_qemu(argc, argv);
	if (argc < 2) {
		print_help(stdout);
		return EXIT_USAGE;
	}
	command = find(argv[1]);
	if (!command)
		return unknown_command(argv[1]);
	return command->run(argc - 1, argv + 1);
}
