/* SPDX-License-Identifier: MIT */
#include "host/run_dir.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

const char *run_dir_parent(void)
{
	const char *parent = geteuid() == 0 ? "/run" : getenv("XDG_RUNTIME_DIR");

	return parent && *parent == '/' ? parent : NULL;
}

int run_dir_path(char *path, size_t size, struct pt_error *err)
{
	const char *parent = run_dir_parent();

	if (!parent)
		return pt_error_remedy(
			err,
			pt_error_set(err, -ENOENT,
				     "no run-time directory: XDG_RUNTIME_DIR is not set"),
			"log in with a session of your own (not by su), or set XDG_RUNTIME_DIR");
	if ((size_t)snprintf(path, size, "%s/" RUN_DIR_NAME, parent) >= size)
		return pt_error_set(err, -ENAMETOOLONG, "%s: too long", parent);
	return 0;
}

int run_dir_make(char *path, size_t size, struct pt_error *err)
{
	struct stat st;
	int r = run_dir_path(path, size, err);

	if (r)
		return r;
	if (mkdir(path, 0755) && errno != EEXIST)
		return pt_error_set(err, -errno, "%s: cannot make the run-time directory: %s", path,
				    strerror(errno));
	if (lstat(path, &st))
		return pt_error_set(err, -errno, "%s: %s", path, strerror(errno));
	if (!S_ISDIR(st.st_mode) || st.st_uid != geteuid() || st.st_mode & 022)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EPERM,
				     "%s: not a directory that only this user can write to", path),
			"see what it is with: ls -ld %s; remove it, or chmod 755 it", path);
	return 0;
}
