/* SPDX-License-Identifier: MIT */
/* The guest's NUMA nodes, and which of the host's CPUs run what. */
#include <criterion/criterion.h>
#include <errno.h>

#include "plan/plan.h"
#include "plan_facts.h"

static struct test_host host;
static struct vm_plan plan;

static struct cpu_list cpus(const char *text)
{
	struct cpu_list list;

	cr_assert_eq(cpu_list_parse(text, strlen(text), &list), 0);
	return list;
}

/* Two nodes of a guest with 4 CPUs and 3 GiB, from the host's nodes 0 and 1; a device of the host's node 1. */
static void up(void)
{
	test_host_init(&host);
	host.config.cpus = 4;
	host.config.memory = 3 * GIB;
	host.config.node_count = 2;
	host.config.nodes[0] = (struct vm_config_node){.memory = GIB,
						       .cpus = cpus("0,2"),
						       .has_host_node = true,
						       .distances = {10, 21},
						       .distance_count = 2};
	host.config.nodes[1] = (struct vm_config_node){
		.memory = 2 * GIB, .cpus = cpus("1,3"), .has_host_node = true, .host_node = 1};
	host.facts.nodes[0] =
		(struct numa_node){.id = 0, .exists = 1, .total = 4 * GIB, .all = "0-1"};
	host.facts.nodes[1] =
		(struct numa_node){.id = 1, .exists = 1, .total = 4 * GIB, .all = "0-1"};
	host.facts.cpus = cpus("0-7");
	test_host_add(&host)->details.numa_node = 1;
}

TestSuite(plan_nodes, .init = up);

static void must_fail(int code, const char *message, const char *remedy)
{
	struct pt_error err = PT_ERROR_INIT;

	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), code, "%s", err.message);
	cr_assert_str_eq(err.message, message, "%s", err.message);
	cr_assert_str_eq(err.remedy, remedy, "%s", err.remedy);
}

static void must_work(void)
{
	struct pt_error err = PT_ERROR_INIT;

	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), 0, "%s", err.message);
}

Test(plan_nodes, two)
{
	must_work();
	cr_assert_eq(plan.node_count, 2);
	cr_assert_eq(plan.nodes[0].memory, GIB);
	cr_assert_eq(plan.nodes[1].host_node, 1);
	cr_assert_eq(plan.nodes[0].distances[1], 21);
	cr_assert_eq(plan.nodes[1].distances[0], 20);
	cr_assert_eq(plan.nodes[1].distances[1], 10);
	cr_assert_eq(plan.ports[plan.devices[0].port].node, 1);
}

Test(plan_nodes, a_device_of_another_node_is_near_none)
{
	host.devices[0].details.numa_node = 3;
	must_work();
	cr_assert_eq(plan.ports[plan.devices[0].port].node, -1);
}

Test(plan_nodes, without_a_host_node)
{
	host.config.nodes[0].has_host_node = false;
	must_work();
	cr_assert_eq(plan.nodes[0].host_node, -1);
	host.config.has_numa_node = true;
	host.config.numa_node = 5;
	host.facts.node = (struct numa_node){.id = 5, .exists = 1, .total = 8 * GIB};
	must_work();
	cr_assert_eq(plan.nodes[0].host_node, 5);
	cr_assert_eq(plan.nodes[1].host_node, 1);
}

Test(plan_nodes, memory_that_does_not_add_up)
{
	host.config.nodes[0].memory = 2 * GIB;
	must_fail(-EINVAL, "the NUMA nodes have 4 GiB of memory together, the guest has 3 GiB",
		  "--memory 4G, or other sizes for the nodes");
	host.config.nodes[0].memory = GIB + 4096;
	must_fail(-EINVAL, "NUMA node 0: memory of 1048580 KiB is not a multiple of 2 MiB",
		  "another size for it");
	host.config.nodes[0].memory = host.config.nodes[1].memory = UINT64_C(1) << 63;
	must_fail(
		-EINVAL,
		"the NUMA nodes have 18446744073709551615 bytes of memory together, the guest has 3 GiB",
		"--memory 18014398509481983K, or other sizes for the nodes");
}

Test(plan_nodes, cpus_are_in_one_each)
{
	const char *remedy = "name each of the CPUs, 0 to 3, in the cpus of one node";

	host.config.nodes[0].cpus = cpus("0");
	must_fail(-EINVAL, "virtual CPU 2 is in no NUMA node", remedy);
	host.config.nodes[0].cpus = cpus("0-2");
	must_fail(-EINVAL, "virtual CPU 1 is in more than one NUMA node", remedy);
	host.config.nodes[0].cpus = cpus("0,2,4");
	must_fail(-EINVAL, "NUMA nodes: there is no virtual CPU 4", remedy);
}

Test(plan_nodes, what_the_host_has)
{
	host.facts.nodes[1].exists = 0;
	must_fail(-ENODEV, "NUMA node 1: this host has no NUMA node 1 with memory",
		  "host-node N with N one of 0-1");
	up();
	host.config.nodes[0].host_node = 1;
	host.facts.nodes[0] = host.facts.nodes[1];
	host.facts.nodes[0].total = host.facts.nodes[1].total = 2 * GIB;
	must_fail(-ENOMEM, "memory of 3 GiB is more than the host's NUMA node 1 has: 2 GiB",
		  "smaller nodes, or another host-node");
	up();
	host.config.hugepages = 2 * MIB;
	host.facts.hugepages[0] =
		(struct hugepages){.size = 2 * MIB, .exists = 1, .total = 9999, .free = 9999};
	host.facts.nodes[0].hugepages[0] =
		(struct hugepages){.size = 2 * MIB, .exists = 1, .total = 700, .free = 500};
	must_fail(
		-ENOMEM,
		"memory of 1 GiB takes 512 huge pages of 2 MiB: 500 of NUMA node 0's 700 are free",
		"as root: echo 712 > " NUMA_NODES "/node0/hugepages/hugepages-2048kB/nr_hugepages");
}

Test(plan_nodes, distances)
{
	host.config.nodes[0].distance_count = 1;
	must_fail(-EINVAL, "NUMA node 0: 1 distances, and there are 2 nodes", "one for each node");
	host.config.nodes[0].distance_count = 2;
	host.config.nodes[0].distances[0] = 11;
	must_fail(-EINVAL, "NUMA node 0: its distance to itself is 11", "it is 10, always");
}

Test(plan_nodes, pins)
{
	static char each[] = "4-6,1", some[] = "0-1:4-5 3:7";
	struct cpu_list list;

	host.config.pin = each;
	must_work();
	cr_assert(plan_pin(&plan, 0, &list));
	cr_assert_eq(memcmp(&list, &(struct cpu_list){{2}}, sizeof(list)), 0, "the first in order");
	cr_assert(plan_pin(&plan, 3, &list));
	cr_assert_eq(memcmp(&list, &(struct cpu_list){{64}}, sizeof(list)), 0);
	host.config.pin = some;
	host.config.emulator_cpus = cpus("0-1");
	must_work();
	cr_assert(plan_pin(&plan, 1, &list));
	cr_assert_eq(list.words[0], 0x30);
	cr_assert_not(plan_pin(&plan, 2, &list));
	cr_assert(plan_pin(&plan, 3, &list));
	cr_assert_eq(list.words[0], 0x80);
	cr_assert_eq(plan.emulator_cpus.words[0], 3);
}

Test(plan_nodes, pins_that_cannot_be)
{
	static char few[] = "1-3", beyond[] = "4:1", offline[] = "0:1 1:6-9", mixed[] = "0-3 1:2";

	host.config.pin = few;
	must_fail(-EINVAL, "pin: 3 of the host's CPUs for 4 virtual CPUs",
		  "name one for each; or write VCPUS:CPUS, such as 0-3:0");
	host.config.pin = mixed;
	must_fail(-EINVAL, "pin: 4 of the host's CPUs for 4 virtual CPUs",
		  "name one for each; or write VCPUS:CPUS, such as 0-3:0");
	host.config.pin = beyond;
	must_fail(-ERANGE, "pin: there is no virtual CPU 4", "they are 0 to 3");
	host.config.pin = offline;
	must_fail(-ENODEV, "pin: this host has no CPU 8 that is online", "take some of 0-7");
	host.config.pin = NULL;
	host.config.emulator_cpus = cpus("8");
	must_fail(-ENODEV, "emulator-pin: this host has no CPU 8 that is online",
		  "take some of 0-7");
}
