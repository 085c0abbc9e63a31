/* SPDX-License-Identifier: MIT */
#include "cpu_list.h"

#include <ctype.h>
#include <errno.h>
#include <stdio.h>

bool cpu_list_has(const struct cpu_list *list, unsigned cpu)
{
	return cpu < CPU_LIST_MAX && list->words[cpu / 64] >> cpu % 64 & 1;
}

void cpu_list_add(struct cpu_list *list, unsigned cpu)
{
	if (cpu < CPU_LIST_MAX)
		list->words[cpu / 64] |= UINT64_C(1) << cpu % 64;
}

unsigned cpu_list_count(const struct cpu_list *list)
{
	unsigned count = 0;

	for (size_t i = 0; i < CPU_LIST_MAX / 64; i++)
		count += (unsigned)__builtin_popcountll(list->words[i]);
	return count;
}

unsigned cpu_list_nth(const struct cpu_list *list, unsigned n)
{
	for (unsigned cpu = 0; cpu < CPU_LIST_MAX; cpu++) {
		if (cpu_list_has(list, cpu) && n-- == 0)
			return cpu;
	}
	return CPU_LIST_MAX;
}

/* Return: behind the number, NULL when there is none. One that is too large stays so. */
static const char *number(const char *at, const char *end, unsigned *ret_number)
{
	unsigned value = 0;

	if (at == end || !isdigit((unsigned char)*at))
		return NULL;
	for (; at < end && isdigit((unsigned char)*at); at++) {
		if (value < CPU_LIST_MAX)
			value = value * 10 + (unsigned)(*at - '0');
	}
	*ret_number = value;
	return at;
}

/* "3" or "3-7". */
static const char *range(const char *at, const char *end, unsigned *ret_first, unsigned *ret_last)
{
	at = number(at, end, ret_first);
	*ret_last = *ret_first;
	if (at && at < end && *at == '-')
		at = number(at + 1, end, ret_last);
	return at;
}

int cpu_list_parse(const char *text, size_t len, struct cpu_list *ret_list)
{
	const char *at = text, *end = text + len;
	struct cpu_list list = {0};
	int ret = 0;

	for (;;) {
		unsigned first = 0, last = 0;

		at = range(at, end, &first, &last);
		if (!at || first > last)
			return -EINVAL;
		if (last >= CPU_LIST_MAX)
			ret = -ERANGE;
		for (unsigned cpu = first; cpu <= last && cpu < CPU_LIST_MAX; cpu++)
			cpu_list_add(&list, cpu);
		if (at == end)
			break;
		if (*at++ != ',')
			return -EINVAL;
	}
	if (ret == 0)
		*ret_list = list;
	return ret;
}

const char *cpu_list_text(const struct cpu_list *list, char *buf)
{
	size_t used = 0;

	*buf = '\0';
	for (unsigned cpu = 0; cpu < CPU_LIST_MAX && used < CPU_LIST_TEXT_SIZE; cpu++) {
		unsigned last = cpu;

		if (!cpu_list_has(list, cpu))
			continue;
		while (cpu_list_has(list, last + 1))
			last++;
		used += (size_t)snprintf(buf + used, CPU_LIST_TEXT_SIZE - used,
					 last > cpu ? "%s%u-%u" : "%s%u", used ? "," : "", cpu,
					 last);
		cpu = last;
	}
	return buf;
}
