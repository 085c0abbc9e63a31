/* SPDX-License-Identifier: MIT */
/*
 * tenon ctl: what a person wants of a running guest, by its control socket.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cmd.h"
#include "config/device_kind.h"
#include "config/nearest.h"
#include "console.h"
#include "control/control_place.h"
#include "control/qmp_client.h"
#include "report.h"

/* @kind: of a device that is added, as an option without its dashes */
struct ctl {
	struct qmp_client client;
	const char *kind;
	const char *argument;
};

static void ctl_done(struct ctl *ctl)
{
	qmp_client_close(&ctl->client);
}

static int plain(struct ctl *ctl, const char *command, struct pt_error *err)
{
	return qmp_client_call(&ctl->client, command, NULL, NULL, err);
}

static int ask(struct ctl *ctl, const char *command, json_t **ret_result, struct pt_error *err)
{
	return qmp_client_call(&ctl->client, command, NULL, ret_result, err);
}

static const char *text_of(const json_t *object, const char *key)
{
	const char *text = json_string_value(json_object_get(object, key));

	return text ? text : "";
}

static int print_status(struct ctl *ctl, struct pt_error *err)
{
	json_t *status = NULL;
	int r = ask(ctl, "query-status", &status, err);

	if (!r)
		(void)printf("%s\n", text_of(status, "status"));
	json_decref(status);
	return r;
}

static int pause_guest(struct ctl *ctl, struct pt_error *err)
{
	return plain(ctl, "stop", err);
}

static int resume_guest(struct ctl *ctl, struct pt_error *err)
{
	return plain(ctl, "cont", err);
}

static int shutdown_guest(struct ctl *ctl, struct pt_error *err)
{
	return plain(ctl, "system_powerdown", err);
}

static int reset_guest(struct ctl *ctl, struct pt_error *err)
{
	return plain(ctl, "system_reset", err);
}

static int kill_guest(struct ctl *ctl, struct pt_error *err)
{
	return plain(ctl, "quit", err);
}

/* Where a relative path begins in what is said of the device; NULL: there is none. */
static const char *relative_path(const struct ctl *ctl)
{
	const char *value = ctl->argument;

	if (strcmp(ctl->kind, "channel") == 0) {
		value = strstr(value, ",socket=");
		value = value ? value + strlen(",socket=") : "/";
	} else if (strcmp(ctl->kind, "console") == 0) {
		if (strncmp(value, "pty", 3) == 0 || strncmp(value, "stdio", 5) == 0)
			return NULL;
	} else if (strcmp(ctl->kind, "disk") != 0) {
		return NULL;
	}
	return value[0] == '/' ? NULL : value;
}

/* A path is relative to where it was said, and tenon runs elsewhere. */
static json_t *value_of(const struct ctl *ctl, struct pt_error *err)
{
	const char *path = relative_path(ctl);
	char folder[PT_PATH_SIZE];

	if (!path)
		return json_string(ctl->argument);
	if (!getcwd(folder, sizeof(folder))) {
		(void)pt_error_set(err, -errno, "the current folder: %m");
		return NULL;
	}
	return json_sprintf("%.*s%s/%s", (int)(path - ctl->argument), ctl->argument, folder, path);
}

static int add_device(struct ctl *ctl, struct pt_error *err)
{
	json_t *value = value_of(ctl, err);

	if (!value)
		return err->code ? err->code : pt_error_set(err, -ENOMEM, "out of memory");
	qmp_client_patient(&ctl->client);
	return qmp_client_call(&ctl->client, "x-tenon-device-add",
			       json_pack("{s:s, s:o}", "kind", ctl->kind, "value", value), NULL,
			       err);
}

static int remove_device(struct ctl *ctl, struct pt_error *err)
{
	return qmp_client_call(&ctl->client, "device_del", json_pack("{s:s}", "id", ctl->argument),
			       NULL, err);
}

static void print_device(const json_t *device)
{
	const json_t *msi = json_object_get(device, "msi-vectors");
	const json_t *msix = json_object_get(device, "msix-vectors");
	const char *health = text_of(device, "health");

	(void)printf("  %-14s %s", text_of(device, "host"), text_of(device, "state"));
	if (json_integer_value(msix))
		(void)printf(", %" JSON_INTEGER_FORMAT " MSI-X vectors", json_integer_value(msix));
	else if (json_integer_value(msi))
		(void)printf(", %" JSON_INTEGER_FORMAT " MSI vectors", json_integer_value(msi));
	else if (json_is_true(json_object_get(device, "intx")))
		(void)printf(", INTx");
	if (msi)
		(void)printf(", %" JSON_INTEGER_FORMAT " accesses handled here",
			     json_integer_value(json_object_get(device, "config-exits")) +
				     json_integer_value(json_object_get(device, "bar-exits")));
	(void)printf("%s%s\n", *health ? "; " : "", health);
}

static void print_chardev(size_t index, const json_t *chardev)
{
	const char *channel = json_string_value(json_object_get(chardev, "x-tenon-channel"));

	if (!channel)
		(void)printf("%-8s %s\n",
			     index ? "console:" : "serial:", text_of(chardev, "filename"));
	else
		(void)printf("channel: %s %s, %s in the guest\n", channel,
			     text_of(chardev, "filename"),
			     json_is_true(json_object_get(chardev, "frontend-open")) ? "open"
										     : "closed");
}

static int print_info(struct ctl *ctl, struct pt_error *err)
{
	json_t *name = NULL, *status = NULL, *cpus = NULL, *serial = NULL, *devices = NULL;
	size_t i;
	json_t *device;
	int r = ask(ctl, "query-name", &name, err);

	if (!r)
		r = ask(ctl, "query-status", &status, err);
	if (!r)
		r = ask(ctl, "query-cpus-fast", &cpus, err);
	if (!r)
		r = ask(ctl, "query-chardev", &serial, err);
	if (!r)
		r = ask(ctl, "x-tenon-query-passthrough", &devices, err);
	if (!r) {
		(void)printf("name:    %s\nprocess: %d\nstatus:  %s\ncpus:    %zu\n",
			     text_of(name, "name"), (int)ctl->client.pid, text_of(status, "status"),
			     json_array_size(cpus));
		json_array_foreach(serial, i, device) print_chardev(i, device);
		(void)printf("devices: %s\n",
			     json_array_size(json_object_get(devices, "devices")) ? "" : "none");
		json_array_foreach(json_object_get(devices, "devices"), i, device)
			print_device(device);
	}
	json_decref(name);
	json_decref(status);
	json_decref(cpus);
	json_decref(serial);
	json_decref(devices);
	return r;
}

/* Where a person can be the other side, NULL for nowhere: a pseudo terminal or a socket. */
static const char *place_of(const json_t *chardev, char *path, size_t size)
{
	const char *where = text_of(chardev, "filename");
	bool pty = strncmp(where, "pty:", 4) == 0, socket = strncmp(where, "unix:", 5) == 0;

	if (!pty && !socket)
		return NULL;
	(void)snprintf(path, size, "%s", where + (pty ? 4 : 5));
	if (socket && strstr(path, ",server=on"))
		*strstr(path, ",server=on") = '\0';
	return path;
}

/* The one that is named, a channel too; else the first that can be had: the serial line, then consoles. */
static int console(struct ctl *ctl, struct pt_error *err)
{
	char path[PT_PATH_SIZE];
	json_t *list = NULL, *each;
	const char *place = NULL, *where = NULL;
	size_t i;
	int r = ask(ctl, "query-chardev", &list, err);

	if (r)
		return r;
	json_array_foreach(list, i, each)
	{
		if (place || (ctl->argument ? strcmp(text_of(each, "label"), ctl->argument) != 0
					    : json_object_get(each, "x-tenon-channel") != NULL))
			continue;
		place = place_of(each, path, sizeof(path));
		where = where ? where : text_of(each, "filename");
	}
	if (!where)
		r = pt_error_remedy(
			err, pt_error_set(err, -ENOENT, "it has no console %s", ctl->argument),
			"tenon ctl GUEST info lists them");
	else if (!place)
		r = pt_error_remedy(err,
				    pt_error_set(err, -ENOTTY, "its serial line goes to %s", where),
				    "start the guest with --serial pty, or with --console pty");
	json_decref(list);
	return r ? r : console_run(path, err);
}

static const struct ctl_verb {
	const char *name;
	const char *argument;
	const char *summary;
	int (*run)(struct ctl *ctl, struct pt_error *err);
} verbs[] = {
	{"status", NULL, "print running or paused", print_status},
	{"info", NULL, "print what the guest has, and how its devices are", print_info},
	{"pause", NULL, "stop its processors", pause_guest},
	{"resume", NULL, "let them go on", resume_guest},
	{"shutdown", NULL, "press its power button", shutdown_guest},
	{"reset", NULL, "reset it, without asking it", reset_guest},
	{"kill", NULL, "end it at once, without asking it", kill_guest},
	{"add", "DEVICE",
	 "give it a device, said as for --device, or, behind --disk, --net, --console, --channel, --rng or "
	 "--vsock, as for that",
	 add_device},
	{"remove", "DEVICE",
	 "ask it to let go of a device, named by its id or its address on the host", remove_device},
	{"console", "[ID]",
	 "be the terminal of its serial line, or of a console, if that is a pty or a socket",
	 console},
};

#define VERBS (sizeof(verbs) / sizeof(verbs[0]))

static void print_help(FILE *out)
{
	(void)fprintf(
		out,
		"Usage: tenon ctl GUEST COMMAND [[--KIND] DEVICE]\n\n"
		"Controls a running guest. GUEST is its name, or the path of its control socket.\n\n"
		"Commands:\n");
	for (size_t i = 0; i < VERBS; i++)
		(void)fprintf(out, "  %-8s %-7s %s\n", verbs[i].name,
			      verbs[i].argument ? verbs[i].argument : "", verbs[i].summary);
}

static int usage(struct pt_error *err)
{
	(void)pt_error_remedy(err, err->code, "tenon help ctl lists the commands");
	report_error(err, stderr);
	return EXIT_USAGE;
}

static const struct ctl_verb *find(const char *name, struct pt_error *err)
{
	const char *names[VERBS], *nearest;

	for (size_t i = 0; i < VERBS; i++) {
		if (strcmp(verbs[i].name, name) == 0)
			return &verbs[i];
		names[i] = verbs[i].name;
	}
	nearest = nearest_name(name, names, VERBS);
	(void)pt_error_set(err, -EINVAL, "ctl: unknown command \"%s\"%s%s%s", name,
			   nearest ? "; did you mean \"" : "", nearest ? nearest : "",
			   nearest ? "\"?" : "");
	return NULL;
}

/* "--disk": what it is without its dashes, NULL when there is no such kind. */
static const char *kind_of(const char *option)
{
	const struct device_list *devices = &device_lists[0];

	for (size_t i = 0; i < devices->count && strncmp(option, "--", 2) == 0; i++) {
		if (strcmp(devices->kinds[i]->option, option + 2) == 0)
			return devices->kinds[i]->option;
	}
	return NULL;
}

static int fail(struct pt_error *err, const char *guest)
{
	if (err->code == -ENOENT || err->code == -ECONNREFUSED)
		(void)pt_error_remedy(
			err, pt_error_set(err, err->code, "no guest \"%s\" is running", guest),
			"see which are: tenon list");
	report_error(err, stderr);
	return EXIT_FAILED;
}

int cmd_ctl(int argc, char **argv)
{
	CLEANUP(ctl_done) struct ctl ctl = {.client = QMP_CLIENT_CLOSED};
	struct pt_error err = PT_ERROR_INIT;
	const struct ctl_verb *verb;
	char path[PT_PATH_SIZE];
	const char *kind;

	if (argc > 1 && strcmp(argv[1], "--help") == 0) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (argc < 3) {
		(void)pt_error_set(&err, -EINVAL, "ctl: %s",
				   argc < 2 ? "no guest is named" : "no command is given");
		return usage(&err);
	}
	verb = find(argv[2], &err);
	if (!verb)
		return usage(&err);
	kind = verb->run == add_device && argc == 5 ? kind_of(argv[3]) : NULL;
	if (verb->run == add_device && argc == 5 && !kind) {
		(void)pt_error_set(&err, -EINVAL, "ctl: %s is not a kind of device", argv[3]);
		return usage(&err);
	}
	if (argc != (verb->argument ? 4 : 3) + (kind != NULL) &&
	    !(verb->run == console && argc == 3)) {
		(void)pt_error_set(&err, -EINVAL, "ctl: %s takes %s", verb->name,
				   verb->argument ? "one device" : "no argument");
		return usage(&err);
	}
	if (control_place_find(argv[1], path, sizeof(path), &err) < 0 ||
	    qmp_client_open(&ctl.client, path, &err) < 0)
		return fail(&err, argv[1]);
	ctl.kind = kind ? kind : "device";
	ctl.argument = argc > 3 ? argv[argc - 1] : NULL;
	if (verb->run(&ctl, &err) < 0) {
		(void)pt_error_prefix(&err, err.code, "%s", argv[1]);
		report_error(&err, stderr);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}
