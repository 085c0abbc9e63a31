/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>

#include "config/duration.h"

Test(duration, what_people_write)
{
	static const struct {
		const char *text;
		unsigned seconds;
	} cases[] = {{"1s", 1},	  {"30s", 30},	 {"090s", 90},
		     {"2m", 120}, {"60m", 3600}, {"3600s", 3600}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		unsigned seconds = 0;

		cr_assert_eq(duration_parse(cases[i].text, &seconds), 0, "%s", cases[i].text);
		cr_assert_eq(seconds, cases[i].seconds, "%s", cases[i].text);
	}
}

Test(duration, what_is_none)
{
	static const char *const bad[] = {"",	  "s",	"30",	"30 s", "-1s",
					  "1.5m", "1h", "10ms", "30ss"};
	static const char *const out_of_range[] = {
		"0s", "0m", "3601s", "61m", "99999999999999999999s", "4294967297m"};
	unsigned seconds = 7;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++)
		cr_assert_eq(duration_parse(bad[i], &seconds), -EINVAL, "%s", bad[i]);
	for (size_t i = 0; i < sizeof(out_of_range) / sizeof(out_of_range[0]); i++)
		cr_assert_eq(duration_parse(out_of_range[i], &seconds), -ERANGE, "%s",
			     out_of_range[i]);
	cr_assert_eq(seconds, 7, "nothing is written on failure");
}
