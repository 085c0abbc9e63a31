/* SPDX-License-Identifier: MIT */
#include "machine/affinity.h"

#include <errno.h>
#include <string.h>

_Static_assert(CPU_LIST_MAX <= CPU_SETSIZE, "every list fits a set");

cpu_set_t affinity_set(const struct cpu_list *list)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	for (unsigned cpu = 0; cpu < CPU_LIST_MAX; cpu++) {
		if (cpu_list_has(list, cpu))
			CPU_SET(cpu, &set);
	}
	return set;
}

int affinity_enter(const struct cpu_list *list, struct cpu_list *ret_before, struct pt_error *err)
{
	char text[CPU_LIST_TEXT_SIZE];
	struct cpu_list before = {0};
	cpu_set_t set;
	int r;

	*ret_before = before;
	if (!cpu_list_count(list))
		return 0;
	/* Fails on a host with more CPUs than a set holds: then those of the set. */
	if (sched_getaffinity(0, sizeof(set), &set) < 0)
		memset(&set, 0xff, sizeof(set));
	for (unsigned cpu = 0; cpu < CPU_LIST_MAX; cpu++) {
		if (CPU_ISSET(cpu, &set))
			cpu_list_add(&before, cpu);
	}
	set = affinity_set(list);
	if (sched_setaffinity(0, sizeof(set), &set) < 0) {
		r = -errno;
		(void)pt_error_set(err, r, "emulator-pin: the host's CPUs %s: %s",
				   cpu_list_text(list, text), strerror(-r));
		return pt_error_remedy(err, r,
				       "a control group's cpuset.cpus may leave them out: see "
				       "/proc/self/status, Cpus_allowed_list");
	}
	*ret_before = before;
	return 0;
}
