/* SPDX-License-Identifier: MIT */
/*
 * tenon list: the guests of this user that run.
 */
#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "cleanup.h"
#include "cmd.h"
#include "control/control_place.h"
#include "control/qmp_client.h"
#include "host/run_dir.h"
#include "report.h"

#define SUFFIX	    ".sock"
#define NAME_COLUMN 20

/* One line, nothing for a socket that nobody listens on. */
static void print_guest(const char *directory, const char *file)
{
	CLEANUP(qmp_client_close) struct qmp_client client = QMP_CLIENT_CLOSED;
	struct pt_error err = PT_ERROR_INIT;
	json_t *status = NULL, *devices = NULL, *device;
	char path[PT_PATH_SIZE + 256];
	int length = (int)(strlen(file) - strlen(SUFFIX));
	const char *between = "";
	size_t i;

	(void)snprintf(path, sizeof(path), "%s/%s", directory, file);
	if (qmp_client_open(&client, path, &err) < 0) {
		if (err.code != -ECONNREFUSED && err.code != -ENOENT)
			report_error(&err, stderr);
		return;
	}
	if (qmp_client_call(&client, "query-status", NULL, &status, &err) == 0 &&
	    qmp_client_call(&client, "x-tenon-query-passthrough", NULL, &devices, &err) == 0) {
		(void)printf("%-*.*s %7d  %-8s ", NAME_COLUMN, length, file, (int)client.pid,
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

int cmd_list(int argc, char **argv)
{
	struct pt_error err = PT_ERROR_INIT;
	struct dirent **entries;
	char directory[PT_PATH_SIZE];
	int count;

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
	count = scandir(directory, &entries, is_socket_name, alphasort);
	if (count < 0 && errno != ENOENT) {
		(void)pt_error_set(&err, -errno, "%s: %s", directory, strerror(errno));
		report_error(&err, stderr);
		return EXIT_FAILED;
	}
	for (int i = 0; i < count; i++) {
		print_guest(directory, entries[i]->d_name);
		free(entries[i]);
	}
	if (count >= 0)
		free(entries);
	return EXIT_OK;
}
