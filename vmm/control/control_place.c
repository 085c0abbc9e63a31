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

int control_place_find(const char *name, char *path, size_t size, struct pt_error *err)
{
	char directory[PT_PATH_SIZE];
	int r = 0, length;

	if (strchr(name, '/')) {
		length = snprintf(path, size, "%s", name);
	} else {
		r = run_dir_path(directory, sizeof(directory), err);
		if (r)
			return r;
		length = snprintf(path, size, "%s/%s.sock", directory, name);
	}
	if (length < 0 || (size_t)length >= size)
		return pt_error_set(err, -ENAMETOOLONG, "%s: too long", name);
	return 0;
}
