/* SPDX-License-Identifier: MIT */
/*
 * A set of CPUs, of the host or of the guest, written as the kernel does: "0-3,8".
 */
#ifndef TENON_CPU_LIST_H
#define TENON_CPU_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPU_LIST_MAX	   1024 /* what sched_setaffinity(2)'s cpu_set_t holds */
#define CPU_LIST_PATTERN   "[0-9]+(-[0-9]+)?(,[0-9]+(-[0-9]+)?)*"
#define CPU_LIST_TEXT_SIZE 256

struct cpu_list {
	uint64_t words[CPU_LIST_MAX / 64];
};

/** cpu_list_parse() - read @len characters. Errors: -EINVAL that is none; -ERANGE it has a CPU of CPU_LIST_MAX or more. */
int cpu_list_parse(const char *text, size_t len, struct cpu_list *ret_list);

bool cpu_list_has(const struct cpu_list *list, unsigned cpu);
unsigned cpu_list_count(const struct cpu_list *list);

/** cpu_list_nth() - the CPU that has @n others before it in the list; CPU_LIST_MAX when there is none */
unsigned cpu_list_nth(const struct cpu_list *list, unsigned n);

void cpu_list_add(struct cpu_list *list, unsigned cpu);

/** cpu_list_text() - as it is written, into @buf of CPU_LIST_TEXT_SIZE bytes; a longer one is cut off. Return: @buf. */
const char *cpu_list_text(const struct cpu_list *list, char *buf);

#endif
