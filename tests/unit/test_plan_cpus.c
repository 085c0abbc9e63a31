/* SPDX-License-Identifier: MIT */
/* Topologies of virtual CPUs, and their APIC ids. */
#include <criterion/criterion.h>

#include "plan/plan.h"
#include "plan_facts.h"

static void topology(unsigned count, unsigned sockets, unsigned cores, unsigned threads,
		     const struct plan_topology *is)
{
	struct test_host host;
	struct pt_error err = PT_ERROR_INIT;
	struct vm_plan plan;

	test_host_init(&host);
	host.config.cpus = count;
	host.config.sockets = sockets;
	host.config.cores = cores;
	host.config.threads = threads;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), 0, "%s", err.message);
	cr_assert_eq(memcmp(&plan.topology, is, sizeof(*is)), 0, "%u, %u, %u",
		     plan.topology.sockets, plan.topology.cores, plan.topology.threads);
	cr_assert_eq(plan.cpus, is->sockets * is->cores * is->threads);
}

/* What is not given follows: cores first, then sockets, then threads. */
Test(plan_cpus, topologies)
{
	topology(7, 0, 0, 0, &(struct plan_topology){1, 7, 1});
	topology(8, 2, 0, 2, &(struct plan_topology){2, 2, 2});
	topology(8, 0, 2, 0, &(struct plan_topology){4, 2, 1});
	topology(8, 2, 2, 0, &(struct plan_topology){2, 2, 2});
	topology(8, 2, 2, 2, &(struct plan_topology){2, 2, 2});
	topology(0, 2, 4, 0, &(struct plan_topology){2, 4, 1});
	topology(0, 0, 0, 2, &(struct plan_topology){1, 1, 2});
}

/* Numbers that are no powers of two leave ids out. */
Test(plan_cpus, apic_ids)
{
	const struct plan_topology topology = {2, 3, 2};
	static const uint32_t ids[] = {0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13};

	for (unsigned i = 0; i < 12; i++)
		cr_assert_eq(plan_apic_id(&topology, i), ids[i]);
	cr_assert_eq(plan_apic_id(&(struct plan_topology){1, 255, 1}, 254), 254);
}
