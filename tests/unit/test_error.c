/* SPDX-License-Identifier: MIT */
#include "check.h"

Test(error, set_returns_the_code_and_clears_the_remedy)
{
	struct pt_error err = PT_ERROR_INIT;

	cr_assert_eq(pt_error_set(&err, -EIO, "%s: %d", "thing", 7), -EIO);
	cr_assert_eq(err.code, -EIO);
	cr_assert_str_eq(err.message, "thing: 7");
	cr_assert_eq(pt_error_remedy(&err, -EIO, "do %d", 1), -EIO);
	cr_assert_str_eq(err.remedy, "do 1");
	pt_error_set(&err, -ENOENT, "other");
	cr_assert_str_eq(err.message, "other");
	cr_assert_str_eq(err.remedy, "");
}

Test(error, prefix_goes_before_the_message_and_keeps_the_remedy)
{
	struct pt_error err = PT_ERROR_INIT;

	pt_error_set(&err, -EIO, "inner");
	pt_error_remedy(&err, -EIO, "remedy");
	cr_assert_eq(pt_error_prefix(&err, -EIO, "device %d", 3), -EIO);
	cr_assert_str_eq(err.message, "device 3: inner");
	cr_assert_str_eq(err.remedy, "remedy");
}

Test(error, null_is_accepted)
{
	cr_assert_eq(pt_error_set(NULL, -EIO, "x"), -EIO);
	cr_assert_eq(pt_error_remedy(NULL, -EIO, "x"), -EIO);
	cr_assert_eq(pt_error_prefix(NULL, -EIO, "x"), -EIO);
}

Test(error, overlong_text_is_cut_and_terminated)
{
	char text[2 * PT_ERROR_MESSAGE_SIZE];
	struct pt_error err = PT_ERROR_INIT;

	memset(text, 'a', sizeof(text) - 1);
	text[sizeof(text) - 1] = '\0';
	pt_error_set(&err, -EIO, "%s", text);
	cr_assert_eq(strlen(err.message), PT_ERROR_MESSAGE_SIZE - 1);
	pt_error_remedy(&err, -EIO, "%s", text);
	cr_assert_eq(strlen(err.remedy), PT_ERROR_REMEDY_SIZE - 1);
	pt_error_prefix(&err, -EIO, "%s", text);
	cr_assert_eq(strlen(err.message), PT_ERROR_MESSAGE_SIZE - 1);
	pt_error_set(&err, -EIO, "message");
	pt_error_prefix(&err, -EIO, "%.*s", PT_ERROR_MESSAGE_SIZE - 5, text);
	cr_assert_eq(strlen(err.message), PT_ERROR_MESSAGE_SIZE - 1);
}

Test(error, a_success_leaves_it_alone)
{
	struct pt_error err = {-EIO, "untouched", "untouched too"};
	struct model *model = model_new();
	struct pt_space *space;

	cr_assert_eq(pt_space_open(model_sys(model), NULL, &space, &err), 0);
	cr_assert_str_eq(err.message, "untouched");
	cr_assert_str_eq(err.remedy, "untouched too");
	cr_assert_eq(err.code, -EIO);
	pt_space_close(space);
	check_clean(model);
	model_free(model);
}
