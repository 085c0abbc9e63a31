/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "config/variables.h"

static void set_up(void)
{
	(void)setenv("TENON_A", "value", 1);
	(void)setenv("TENON_EMPTY", "", 1);
	(void)setenv("TENON_TRAP", "${TENON_A} $$ }", 1);
	(void)unsetenv("TENON_UNSET");
}

Test(variables, values, .init = set_up)
{
	static const struct {
		const char *text, *value;
	} cases[] = {
		{"", ""},
		{"nothing", "nothing"},
		{"${TENON_A}", "value"},
		{"a${TENON_A}b${TENON_A}", "avaluebvalue"},
		{"[${TENON_EMPTY}]", "[]"},
		{"${TENON_A:-other}", "value"},
		{"${TENON_EMPTY:-other}", "other"},
		{"${TENON_UNSET:-a b:-c}", "a b:-c"},
		{"${TENON_UNSET:-}", ""},
		{"$$", "$"},
		{"$${TENON_A}", "${TENON_A}"},
		{"$$$$ }", "$$ }"},
		{"${TENON_TRAP}", "${TENON_A} $$ }"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pt_error err = PT_ERROR_INIT;
		char *text = NULL;
		size_t at, len;

		cr_assert_eq(variables_expand(cases[i].text, &text, &at, &len, &err), 0, "%s: %s",
			     cases[i].text, err.message);
		cr_assert_str_eq(text, cases[i].value, "%s: %s", cases[i].text, text);
		free(text);
	}
}

Test(variables, what_is_none, .init = set_up)
{
	static const struct {
		const char *text;
		int code;
		size_t at, len;
		const char *message;
	} cases[] = {
		{"a $TENON_A b", -EINVAL, 2, 8, "\"$TENON_A\" is not a variable"},
		{"costs 5$", -EINVAL, 7, 1, "\"$\" is not a variable"},
		{"$$$", -EINVAL, 2, 1, "\"$\" is not a variable"},
		{"${", -EINVAL, 0, 2, "\"${\" is not a variable"},
		{"${}", -EINVAL, 0, 3, "\"${}\" is not a variable"},
		{"x ${A", -EINVAL, 2, 3, "\"${A\" is not a variable"},
		{"${1}", -EINVAL, 0, 4, "\"${1}\" is not a variable"},
		{"${TENON_A-b}", -EINVAL, 0, 12, "\"${TENON_A-b}\" is not a variable"},
		{"${TENON_A:b}", -EINVAL, 0, 12, "\"${TENON_A:b}\" is not a variable"},
		{"${TENON_A:-${B}}", -EINVAL, 0, 15, "\"${TENON_A:-${B}\" is not a variable"},
		{"a ${TENON_UNSET}", -ENOENT, 2, 14, "the variable TENON_UNSET is not set"},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pt_error err = PT_ERROR_INIT;
		char *text = NULL;
		size_t at, len;

		cr_assert_eq(variables_expand(cases[i].text, &text, &at, &len, &err), cases[i].code,
			     "%s", cases[i].text);
		cr_assert_null(text);
		cr_assert_str_eq(err.message, cases[i].message, "%s", err.message);
		cr_assert_str_neq(err.remedy, "");
		cr_assert_eq(at, cases[i].at, "%s: %zu", cases[i].text, at);
		cr_assert_eq(len, cases[i].len, "%s: %zu", cases[i].text, len);
	}
}

Test(variables, what_grows_too_long, .init = set_up)
{
	struct pt_error err = PT_ERROR_INIT;
	char *value = calloc(1, VARIABLES_MAX + 1), *text = NULL;
	size_t at, len;

	memset(value, 'x', VARIABLES_MAX);
	(void)setenv("TENON_LONG", value, 1);
	cr_assert_eq(variables_expand("${TENON_LONG}", &text, &at, &len, &err), 0);
	free(text);
	cr_assert_eq(variables_expand("${TENON_LONG}.", &text, &at, &len, &err), -EFBIG);
	cr_assert_leq(at, strlen("${TENON_LONG}."));
	free(value);
}
