/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <string.h>

#include "control/json_frame.h"

/* Feeds @text byte by byte and all at once; both must find the same. */
static size_t end_of(const char *text)
{
	struct json_frame slow = {0}, fast = {0};
	size_t size = strlen(text), found = 0, once = json_frame_end(&fast, text, size);

	for (size_t i = 1; i <= size && !found; i++)
		found = json_frame_end(&slow, text, i);
	cr_assert_eq(found, once, "\"%s\": %zu in pieces, %zu at once", text, found, once);
	return found;
}

Test(json_frame, ends_an_object_with_its_last_bracket)
{
	cr_assert_eq(end_of("{}"), 2);
	cr_assert_eq(end_of("{}{}"), 2);
	cr_assert_eq(end_of(" \r\n{\"a\": [1, {}]} x"), 17);
	cr_assert_eq(end_of("[1]"), 3);
}

Test(json_frame, waits_for_what_is_not_complete)
{
	cr_assert_eq(end_of(""), 0);
	cr_assert_eq(end_of(" \n\n"), 0);
	cr_assert_eq(end_of("{\"a\": {}"), 0);
	cr_assert_eq(end_of("{\"a}"), 0);
}

Test(json_frame, brackets_in_strings_do_not_count)
{
	cr_assert_eq(end_of("{\"}\"}"), 5);
	cr_assert_eq(end_of("{\"\\\"}\"}"), 7);
	cr_assert_eq(end_of("{\"\\\\\"}"), 6);
}

Test(json_frame, garbage_ends_with_its_line)
{
	cr_assert_eq(end_of("hello\n{}"), 6);
	cr_assert_eq(end_of("}\n"), 2);
	cr_assert_eq(end_of("12 {\"a\n"), 7);
	cr_assert_eq(end_of("hello"), 0);
}

Test(json_frame, a_nul_is_garbage_too)
{
	struct json_frame frame = {0};

	cr_assert_eq(json_frame_end(&frame, "\0\n{}", 4), 2);
}
