/* SPDX-License-Identifier: MIT */
/* Lists of CPUs: what is one, what is in it, how it is written. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "cpu_list.h"

static int parse(const char *text, struct cpu_list *list)
{
	return cpu_list_parse(text, strlen(text), list);
}

Test(cpu_list, what_is_one)
{
	char text[CPU_LIST_TEXT_SIZE];
	struct cpu_list list;

	cr_assert_eq(parse("8,0-3,2,5", &list), 0);
	cr_assert_eq(cpu_list_count(&list), 6);
	cr_assert(cpu_list_has(&list, 3));
	cr_assert_not(cpu_list_has(&list, 4));
	cr_assert_str_eq(cpu_list_text(&list, text), "0-3,5,8");
	cr_assert_eq(cpu_list_nth(&list, 0), 0);
	cr_assert_eq(cpu_list_nth(&list, 4), 5);
	cr_assert_eq(cpu_list_nth(&list, 6), CPU_LIST_MAX);
	cr_assert_eq(parse("0-1023", &list), 0);
	cr_assert_eq(cpu_list_count(&list), CPU_LIST_MAX);
	cr_assert_str_eq(cpu_list_text(&list, text), "0-1023");
	cr_assert_not(cpu_list_has(&list, CPU_LIST_MAX));
}

Test(cpu_list, what_is_none)
{
	static const char *const wrong[] = {"",	   ",",	  "0,",	 ",0",	  "a",	"0-",  "-1",
					    "3-0", "0 1", "0:1", "0-1-2", "+1", "0x1", "0,,1"};
	struct cpu_list list;

	for (size_t i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		memset(&list, 0x5a, sizeof(list));
		cr_assert_eq(parse(wrong[i], &list), -EINVAL, "%s", wrong[i]);
		cr_assert_eq(list.words[0], 0x5a5a5a5a5a5a5a5a);
	}
	cr_assert_eq(parse("1024", &list), -ERANGE);
	cr_assert_eq(parse("0-99999999999999999999", &list), -ERANGE);
}

Test(cpu_list, a_long_one_is_cut_off)
{
	char text[CPU_LIST_TEXT_SIZE];
	struct cpu_list list = {0};

	for (unsigned cpu = 0; cpu < CPU_LIST_MAX; cpu += 2)
		cpu_list_add(&list, cpu);
	cr_assert_lt(strlen(cpu_list_text(&list, text)), sizeof(text));
}
