/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <unistd.h>

#include "machine/prefault.h"
#include "machine/ram.h"

#define MIB ((size_t)1 << 20)

static size_t pages_present(void *base, size_t size)
{
	size_t pages = size / (size_t)sysconf(_SC_PAGESIZE), present = 0;
	unsigned char *map = calloc(pages, 1);

	cr_assert_eq(mincore(base, size, map), 0);
	for (size_t i = 0; i < pages; i++)
		present += map[i] & 1;
	free(map);
	return present;
}

/* Sizes that the pieces do not divide, and more threads than there is to do. */
Test(prefault, all_of_it)
{
	static const struct {
		size_t size;
		unsigned threads;
	} cases[] = {{2 * MIB, 1}, {2 * MIB, 9}, {34 * MIB, 1}, {34 * MIB, 2}, {98 * MIB, 5}};

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pt_error err = PT_ERROR_INIT;
		size_t size = cases[i].size;
		void *base =
			mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

		cr_assert_neq(base, MAP_FAILED);
		cr_assert_eq(pages_present(base, size), 0);
		cr_assert_eq(prefault(base, size, cases[i].threads, NULL, &err), 0, "%s",
			     err.message);
		cr_assert_eq(pages_present(base, size), size / (size_t)sysconf(_SC_PAGESIZE));
		(void)munmap(base, size);
	}
}

struct told {
	unsigned times;
	size_t present;
};

static void count(void *ctx, size_t present, size_t size)
{
	struct told *told = ctx;

	cr_assert_eq(size, 64 * MIB);
	cr_assert_gt(present, told->present);
	told->present = present;
	told->times++;
}

Test(prefault, how_far_it_is)
{
	struct pt_error err = PT_ERROR_INIT;
	struct told told = {0};
	struct prefault_progress progress = {.told = count, .ctx = &told};
	void *base =
		mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);

	cr_assert_neq(base, MAP_FAILED);
	cr_assert_eq(prefault(base, 64 * MIB, 1, &progress, &err), 0, "%s", err.message);
	cr_assert_eq(told.times, 4);
	cr_assert_eq(told.present, 64 * MIB);
	told = (struct told){0};
	progress.interval_ms = 3600000;
	cr_assert_eq(prefault(base, 64 * MIB, 1, &progress, &err), 0, "%s", err.message);
	cr_assert_eq(told.times, 0, "it was quick");
	(void)munmap(base, 64 * MIB);
}

/* A hole: the threads stop, and the failure is told. */
Test(prefault, what_cannot_be_made_present)
{
	struct pt_error err = PT_ERROR_INIT;
	unsigned char *base = mmap(NULL, 64 * MIB, PROT_READ | PROT_WRITE,
				   MAP_SHARED | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);

	cr_assert_neq(base, MAP_FAILED);
	(void)munmap(base + 40 * MIB, 4096);
	cr_assert_eq(prefault(base, 64 * MIB, 3, NULL, &err), -ENOMEM);
	cr_assert_str_eq(err.message,
			 "guest memory: 64 MiB cannot be made present: Cannot allocate memory");
	(void)munmap(base, 64 * MIB);
}

static struct vm_plan plan_of(uint64_t size)
{
	return (struct vm_plan){
		.numa_node = -1, .ram = {{.gpa = 0, .size = size, .offset = 0}}, .ram_count = 1};
}

/* Every machine has node 0. */
Test(prefault, memory_of_a_node)
{
	struct vm_plan plan = plan_of(32 * MIB);
	struct ram ram = RAM_CLOSED;
	struct pt_error err = PT_ERROR_INIT;
	int ret;

	plan.numa_node = 0;
	plan.prefault_threads = 2;
	ret = ram_open(&ram, &plan, &err);
	if (ret == -ENOSYS || ret == -EPERM) { /* a kernel without NUMA, or a sandbox */
		ram_done(&ram);
		cr_skip_test("mbind(2): %s", err.message);
	}
	cr_assert_eq(ret, 0, "%s", err.message);
	cr_assert_eq(pages_present(ram.base, 32 * MIB), 32 * MIB / 4096);
	ram_done(&ram);
}

Test(prefault, memory_of_a_node_that_is_not_there)
{
	struct vm_plan plan = plan_of(32 * MIB);
	struct ram ram = RAM_CLOSED;
	struct pt_error err = PT_ERROR_INIT;

	plan.numa_node = 1000;
	cr_assert_lt(ram_open(&ram, &plan, &err), 0);
	cr_assert_eq(strncmp(err.message, "guest memory: NUMA node 1000: ", 30), 0, "%s",
		     err.message);
	cr_assert_str_neq(err.remedy, "");
	ram_done(&ram);
	plan.numa_node = 5000;
	cr_assert_eq(ram_open(&ram, &plan, &err), -EINVAL);
	ram_done(&ram);
}
