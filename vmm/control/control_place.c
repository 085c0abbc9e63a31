/* SPDX-License-Identifier: MIT */
#include "control/control_place.h"

#include <errno.h>
#include <limits.h>
#include <passthrough/host.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "host/run_dir.h"

/* Room for the directory, a guest's name, a pid and the suffix. */
#define PLACE_SIZE (PT_PATH_SIZE + NAME_MAX + 32)

int control_place_open(const char *name, bool own_name, struct control *control,
		       struct pt_error *err)
{
	char directory[PT_PATH_SIZE], path[PLACE_SIZE];
	int r;

	r = run_dir_make(directory, sizeof(directory), err);
	if (r == -ENOENT) {
		if (err)
			*err = (struct pt_error)PT_ERROR_INIT;
		return 0;
	}
	if (r)
		return r;
	(void)snprintf(path, sizeof(path), "%s/%s.sock", directory, name);
	r = control_open(control, path, err);
	if (r != -EADDRINUSE || own_name)
		return r;
	(void)snprintf(path, sizeof(path), "%s/%s-%d.sock", directory, name, (int)getpid());
	if (err)
		*err = (struct pt_error)PT_ERROR_INIT;
	return control_open(control, path, err);
}

int control_place_look(const char *name, struct pt_error *err)
{
	char directory[PT_PATH_SIZE], path[PLACE_SIZE];

	/* Then there is no socket, and nobody else's either. */
	if (run_dir_path(directory, sizeof(directory), NULL) < 0)
		return 0;
	(void)snprintf(path, sizeof(path), "%s/%s.sock", directory, name);
	return control_look(path, err);
}

static int find_by_name(const char *name, char *path, size_t size, struct pt_error *err)
{
	char directory[PT_PATH_SIZE];
	int r, length;

	r = run_dir_path(directory, sizeof(directory), err);
	if (r)
		return r;
	length = snprintf(path, size, "%s/%s.sock", directory, name);
	if (geteuid() == 0 && access(path, F_OK) < 0) {
		char service[PLACE_SIZE];

		(void)snprintf(service, sizeof(service),
			       CONTROL_SERVICES "/%s/" CONTROL_SERVICE_NAME, name);
		if (access(service, F_OK) == 0)
			length = snprintf(path, size, "%s", service);
	}
	return length;
}

int control_place_find(const char *name, char *path, size_t size, struct pt_error *err)
{
	int length;

	if (strchr(name, '/'))
		length = snprintf(path, size, "%s", name);
	else
		length = find_by_name(name, path, size, err);
	if (length < 0)
		return length;
	if ((size_t)length >= size)
		return pt_error_set(err, -ENAMETOOLONG, "%s: too long", name);
	return 0;
}
