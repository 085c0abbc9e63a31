/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdint.h>

#include "config/size.h"

#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

Test(size, what_people_write)
{
	static const struct {
		const char *text;
		uint64_t bytes;
	} cases[] = {
		{"512M", 512 * MIB},   {"512m", 512 * MIB},    {"512MB", 512 * MIB},
		{"512MiB", 512 * MIB}, {"512 MiB", 512 * MIB}, {"2G", 2 * GIB},
		{"1.5G", 1536 * MIB},  {"1.5gib", 1536 * MIB}, {"0.25G", 256 * MIB},
		{"64K", 65536},	       {"1T", 1024 * GIB},     {"0M", 0},
		{"0.001K", 1},
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = 1;

		cr_assert_eq(size_parse(cases[i].text, &bytes), 0, "%s", cases[i].text);
		cr_assert_eq(bytes, cases[i].bytes, "%s gives %llu", cases[i].text,
			     (unsigned long long)bytes);
	}
}

Test(size, what_is_no_size)
{
	static const char *const cases[] = {
		"",    "M",   "G2",  "512", "512X",    "512MBs", "512Mi", "-1G",  "+1G",
		" 1G", "1G ", "1.G", ".5G", "1.2345G", "1,5G",	 "0x10M", "1e3M", "1 G B",
	};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		uint64_t bytes = 42;

		cr_assert_eq(size_parse(cases[i], &bytes), -EINVAL, "\"%s\"", cases[i]);
		cr_assert_eq(bytes, 42, "\"%s\" was written", cases[i]);
	}
}

Test(size, the_largest_and_what_is_larger)
{
	uint64_t bytes;

	cr_assert_eq(size_parse("16777215T", &bytes), 0);
	cr_assert_eq(bytes, UINT64_C(16777215) << 40);
	cr_assert_eq(size_parse("16777216T", &bytes), -ERANGE);
	cr_assert_eq(size_parse("18446744073709551615K", &bytes), -ERANGE);
	cr_assert_eq(size_parse("18446744073709551616K", &bytes), -ERANGE);
}

Test(size, text_is_exact_and_can_be_typed)
{
	char buf[SIZE_TEXT_SIZE];

	cr_assert_str_eq(size_text(0, buf), "0 bytes");
	cr_assert_str_eq(size_text(128, buf), "128 bytes");
	cr_assert_str_eq(size_text(4096, buf), "4 KiB");
	cr_assert_str_eq(size_text(1536 * MIB, buf), "1536 MiB");
	cr_assert_str_eq(size_text(2 * GIB, buf), "2 GiB");
	cr_assert_str_eq(size_text(1024 * GIB, buf), "1 TiB");
	cr_assert_str_eq(size_option_text(1536 * MIB, buf), "1536M");
	cr_assert_str_eq(size_option_text(2 * GIB, buf), "2G");
	cr_assert_str_eq(size_option_text(2 * GIB + 1, buf), "2097152K");
	cr_assert_str_eq(size_option_text(5, buf), "0K");
}
