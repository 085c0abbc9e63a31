/* SPDX-License-Identifier: MIT */
/*
 * tenon list: the guests of this user that run; for root, services as well.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "cleanup.h"
#include "cmd.h"
#include "control/control_place.h"
#include "control/qmp_client.h"
#include "host/run_dir.h"
#include "report.h"

#define SUFFIX	    ".sock"
#define NAME_COLUMN 20

/* One line, nothing for a socket that nobody listens on. */
static void print_guest(const char *name, int name_length, const char *path)
{
	CLEANUP(qmp_client_close) struct qmp_client client = QMP_CLIENT_CLOSED;
	struct pt_error err = PT_ERROR_INIT;
	json_t *status = NULL, *devices = NULL, *device;
	const char *between = "";
	size_t i;

	if (qmp_client_open(&client, path, &err) < 0) {
		if (err.code != -ECONNREFUSED && err.code != -ENOENT)
			report_error(&err, stderr);
		return;
	}
	if (qmp_client_call(&client, "query-status", NULL, &status, &err) == 0 &&
	    qmp_client_call(&client, "x-tenon-query-passthrough", NULL, &devices, &err) == 0) {
		(void)printf("%-*.*s %7d  %-8s ", NAME_COLUMN, name_length, name, (int)client.pid,
			     json_string_value(json_object_get(status, "status")));
		json_array_foreach(json_object_get(devices, "devices"), i, device)
		{
			const char *state = json_string_value(json_object_get(device, "state"));

			if (strcmp(state, "gone") == 0)
				continue;
			(void)printf("%s%s", between,
				     json_string_value(json_object_get(device, "host")));
			between = ", ";
		}
		(void)printf("\n");
	} else {
		report_error(&err, stderr);
	}
	json_decref(status);
	json_decref(devices);
}

static int is_socket_name(const struct dirent *entry)
{
	size_t length = strlen(entry->d_name);

	return length > strlen(SUFFIX) &&
	       strcmp(entry->d_name + length - strlen(SUFFIX), SUFFIX) == 0;
}

static int is_name(const struct dirent *entry)
{
	return entry->d_name[0] != '.';
}

/* Those of a directory that may not be there. */
static int print_all(const char *directory, int (*filter)(const struct dirent *),
		     void (*print)(const char *directory, const char *name), struct pt_error *err)
{
	struct dirent **entries;
	int count = scandir(directory, &entries, filter, alphasort);

	if (count < 0 && errno == ENOENT)
		return 0;
	if (count < 0)
		return pt_error_set(err, -errno, "%s: %s", directory, strerror(errno));
	for (int i = 0; i < count; i++) {
		print(directory, entries[i]->d_name);
		free(entries[i]);
	}
	free(entries);
	return 0;
}

static void print_named(const char *directory, const char *file)
{
	char path[PT_PATH_SIZE + 256];

	(void)snprintf(path, sizeof(path), "%s/%s", directory, file);
	print_guest(file, (int)(strlen(file) - strlen(SUFFIX)), path);
}

static void print_service(const char *directory, const char *name)
{
	char path[PT_PATH_SIZE + 256];

	(void)snprintf(path, sizeof(path), "%s/%s/" CONTROL_SERVICE_NAME, directory, name);
	print_guest(name, (int)strlen(name), path);
}

int cmd_list(int argc, char **argv)
{
	struct pt_error err = PT_ERROR_INIT;
	char directory[PT_PATH_SIZE];

	if (argc > 1 && (strcmp(argv[1], "--help") == 0 || strcmp(argv[1], "-h") == 0)) {
		(void)printf(
			"Usage: tenon list\n\n"
			"Lists the guests of this user that run, with the devices that each has; for root,\n"
			"services as well. Their names are those that tenon ctl takes.\n\n"
			"Exit code: 0; 1 they cannot be looked for; 2 wrong options.\n");
		return EXIT_OK;
	}
	if (argc > 1) {
		(void)pt_error_set(&err, -EINVAL, "list takes no arguments; \"%s\" is one",
				   argv[1]);
		report_error(&err, stderr);
		return EXIT_USAGE;
	}
	if (run_dir_path(directory, sizeof(directory), &err) < 0) {
		report_error(&err, stderr);
		return EXIT_FAILED;
	}
	(void)printf("%-*s %7s  %-8s %s\n", NAME_COLUMN, "NAME", "PID", "STATUS", "DEVICES");
	if (print_all(directory, is_socket_name, print_named, &err) < 0 ||
	    (geteuid() == 0 && print_all(CONTROL_SERVICES, is_name, print_service, &err) < 0)) {
		report_error(&err, stderr);
		return EXIT_FAILED;
	}
	return EXIT_OK;
}
