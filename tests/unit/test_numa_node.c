/* SPDX-License-Identifier: MIT */
/* A NUMA node, and what a guest finds there. */
#include <errno.h>

#include "check.h"
#include "host/numa_node.h"
#include "plan/plan.h"
#include "plan_facts.h"

#define MEMINFO                                  \
	"\nNode 1 MemTotal:        2097152 kB\n" \
	"Node 1 MemFree:         1993932 kB\n"   \
	"Node 1 MemUsed:          103220 kB\n"

Test(numa_node, what_sysfs_shows)
{
	struct model *model = model_new();
	struct numa_node node;

	model_put_file(model, NUMA_NODES "/has_memory", "0-1\n");
	model_put_file(model, NUMA_NODES "/node1/meminfo", MEMINFO);
	model_put_file(model, NUMA_NODES "/node1/hugepages/hugepages-2048kB/nr_hugepages", "8\n");
	model_put_file(model, NUMA_NODES "/node1/hugepages/hugepages-2048kB/free_hugepages", "5\n");
	node = numa_node_read(model_sys(model), 1);
	cr_assert(node.exists);
	cr_assert_eq(node.id, 1);
	cr_assert_eq(node.total, UINT64_C(2) << 30);
	cr_assert_str_eq(node.all, "0-1");
	cr_assert(node.hugepages[0].exists && node.hugepages[0].total == 8 &&
		  node.hugepages[0].free == 5);
	cr_assert_not(node.hugepages[1].exists);
	node = numa_node_read(model_sys(model), 2);
	cr_assert_not(node.exists);
	cr_assert_str_eq(node.all, "0-1");
	check_clean(model);
	model_free(model);
}

/* A node of processors only. */
Test(numa_node, without_memory)
{
	struct model *model = model_new();

	model_put_file(model, NUMA_NODES "/node3/meminfo", "Node 3 MemTotal:              0 kB\n");
	cr_assert_not(numa_node_read(model_sys(model), 3).exists);
	model_put_file(model, NUMA_NODES "/node3/meminfo", "nonsense");
	cr_assert_not(numa_node_read(model_sys(model), 3).exists);
	check_clean(model);
	model_free(model);
}

static void two_gib(struct test_host *host)
{
	test_host_init(host);
	host->config.has_numa_node = true;
	host->config.numa_node = 1;
	host->facts.node = (struct numa_node){
		.id = 1,
		.exists = 1,
		.total = 2 * GIB,
		.hugepages = {{.size = 2 * MIB, .exists = 1, .total = 600, .free = 512}},
		.all = "0-1",
	};
	host->facts.hugepages[0] =
		(struct hugepages){.size = 2 * MIB, .exists = 1, .total = 2000, .free = 2000};
}

Test(numa_node, a_plan)
{
	struct test_host host;
	struct vm_plan plan;
	struct pt_error err = PT_ERROR_INIT;

	two_gib(&host);
	host.config.hugepages = 2 * MIB;
	host.config.prefault_threads = 4;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), 0, "%s", err.message);
	cr_assert_eq(plan.numa_node, 1);
	cr_assert_eq(plan.prefault_threads, 4);
	host.config.has_numa_node = false;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), 0, "%s", err.message);
	cr_assert_eq(plan.numa_node, -1);
}

static void must_fail(const struct test_host *host, int code, const char *message,
		      const char *remedy)
{
	struct vm_plan plan;
	struct pt_error err = PT_ERROR_INIT;

	cr_assert_eq(plan_make(&host->config, &host->facts, &plan, &err), code);
	cr_assert_str_eq(err.message, message, "%s", err.message);
	cr_assert_str_eq(err.remedy, remedy, "%s", err.remedy);
}

Test(numa_node, what_does_not_fit)
{
	struct test_host host;

	two_gib(&host);
	host.config.memory = 4 * GIB;
	must_fail(&host, -ENOMEM, "memory of 4 GiB is more than NUMA node 1 has: 2 GiB",
		  "--memory 2G or less, or leave --numa-node out");
	two_gib(&host);
	host.config.memory = 2 * GIB;
	host.config.hugepages = 2 * MIB;
	must_fail(
		&host, -ENOMEM,
		"memory of 2 GiB takes 1024 huge pages of 2 MiB: 512 of NUMA node 1's 600 are free",
		"as root: echo 1112 > "
		"/sys/devices/system/node/node1/hugepages/hugepages-2048kB/nr_hugepages; or "
		"leave --numa-node out");
	two_gib(&host);
	host.facts.node.exists = 0;
	must_fail(
		&host, -ENODEV, "this host has no NUMA node 1 with memory",
		"--numa-node N with N one of 0-1; `ls -d /sys/devices/system/node/node*` lists them");
	host.facts.node.all[0] = '\0';
	must_fail(&host, -ENODEV, "this host has no NUMA node 1 with memory",
		  "leave --numa-node out");
}
