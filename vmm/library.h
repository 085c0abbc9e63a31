/* SPDX-License-Identifier: MIT */
/*
 * A library that is loaded when it is used: a guest is run without it and without what it brings along, and it need not be installed.
 */
#ifndef TENON_LIBRARY_H
#define TENON_LIBRARY_H

#include <passthrough/error.h>
#include <stddef.h>

/** struct library_function - one that is used; @offset: of the pointer to it in the caller's struct */
struct library_function {
	const char *name;
	size_t offset;
};

/**
 * library_load() - it stays until the process ends, since a thread of its own may be in it
 * @functions: end with a zeroed one
 *
 * Errors: -ENOENT it is not there, or lacks one of these.
 */
int library_load(const char *file, const struct library_function *functions, void *ret_functions,
		 struct pt_error *err);

#endif
