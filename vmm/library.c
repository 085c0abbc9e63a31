/* SPDX-License-Identifier: MIT */
#include "library.h"

#include <dlfcn.h>
#include <errno.h>
#include <string.h>

int library_load(const char *file, const struct library_function *functions, void *ret_functions,
		 struct pt_error *err)
{
	void *library = dlopen(file, RTLD_NOW | RTLD_LOCAL);

	if (!library)
		return pt_error_set(err, -ENOENT, "%s", dlerror());
	for (; functions->name; functions++) {
		void *function = dlsym(library, functions->name);

		if (!function)
			return pt_error_set(err, -ENOENT, "%s", dlerror());
		memcpy((char *)ret_functions + functions->offset, &function, sizeof(function));
	}
	return 0;
}
