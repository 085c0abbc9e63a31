/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>

#include "config/nearest.h"

static const char *const names[] = {"name",   "cpus",	 "memory", "kernel",
				    "initrd", "cmdline", "serial", "devices"};

static const char *nearest(const char *typed)
{
	return nearest_name(typed, names, sizeof(names) / sizeof(names[0]));
}

Test(nearest, what_was_probably_meant)
{
	cr_assert_str_eq(nearest("memroy"), "memory");
	cr_assert_str_eq(nearest("memory"), "memory");
	cr_assert_str_eq(nearest("Memory"), "memory");
	cr_assert_str_eq(nearest("mem"), "memory");
	cr_assert_str_eq(nearest("kernal"), "kernel");
	cr_assert_str_eq(nearest("cpu"), "cpus");
	cr_assert_str_eq(nearest("vcpus"), "cpus");
	cr_assert_str_eq(nearest("device"), "devices");
}

Test(nearest, nothing_is_near)
{
	cr_assert_null(nearest(""));
	cr_assert_null(nearest("x-y-z"));
	cr_assert_null(nearest("boot"));
	cr_assert_null(nearest("a_word_that_is_longer_than_any_name_there_can_be"));
	cr_assert_null(nearest_name("name", names, 0));
}

Test(nearest, dash_and_underscore_are_the_same)
{
	static const char *const options[] = {"dry-run"};

	cr_assert_str_eq(nearest_name("dry_run", options, 1), "dry-run");
	cr_assert_str_eq(nearest_name("dryrun", options, 1), "dry-run");
}
