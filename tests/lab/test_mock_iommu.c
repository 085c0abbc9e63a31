/* SPDX-License-Identifier: MIT */
/* Page tables and dirty bits of the real iommufd; run by the lab's case mock-iommu. See mock_iommu.h. */
#include "check.h"
#include "mock_iommu.h"

#include <linux/iommufd.h>
#include <sys/mman.h>
#include <unistd.h>

#define MIB	(1ull << 20)
#define PAGE	4096ull
#define BASE	(64 * MIB)
#define RAM	(130 * MIB) /* so that its bitmap is longer than a page */
#define DEVICES 4

struct host {
	const struct pt_sys *sys;
	struct mock_device *hw;
	struct pt_space *space;
	struct pt_device *devices[DEVICES];
	int memfd;
	char *ram;
	uint64_t bitmap[RAM / PAGE / 64];
	struct pt_error err;
};

static struct host *host_open(unsigned no_dirty, unsigned second)
{
	static const char *const names[] = {"0000:01:00.0", "0000:02:00.0", "0000:03:00.0",
					    "0000:04:00.0"};
	static struct host host;

	host.hw = mock_new(DEVICES, &host.sys);
	check_ok(pt_space_open(host.sys, NULL, &host.space, &host.err), host.err);
	for (unsigned i = 0; i < DEVICES; i++) {
		host.hw[i].no_dirty = no_dirty & 1u << i;
		host.hw[i].iommu = second & 1u << i ? 1 : 0;
		check_ok(pt_device_open(host.space, names[i], NULL, &host.devices[i], &host.err),
			 host.err);
	}
	host.memfd = memfd_create("ram", MFD_CLOEXEC);
	cr_assert_eq(ftruncate(host.memfd, RAM), 0);
	host.ram = mmap(NULL, RAM, PROT_READ | PROT_WRITE, MAP_SHARED, host.memfd, 0);
	cr_assert_neq(host.ram, MAP_FAILED);
	return &host;
}

static void map(struct host *host, uint64_t offset, uint64_t size)
{
	const struct pt_memory memory = {
		.hva = host->ram + offset, .fd = host->memfd, .offset = offset};

	check_ok(pt_space_map(host->space, BASE + offset, size, &memory, PT_MAP_READ | PT_MAP_WRITE,
			      &host->err),
		 host->err);
}

static void attach(struct host *host, unsigned i)
{
	check_ok(pt_device_attach(host->devices[i], &host->err), host->err);
}

static void host_close(struct host *host)
{
	for (unsigned i = 0; i < DEVICES; i++)
		pt_device_close(host->devices[i]);
	pt_space_close(host->space);
	(void)munmap(host->ram, RAM);
	(void)close(host->memfd);
	mock_done();
}

static bool translates(const struct host *host, unsigned i, uint64_t offset, uint64_t size)
{
	return mock_translates(host->hw[i].pt, BASE + offset, size, host->ram + offset) == 0;
}

/* Return: how many bits are set. */
static unsigned read_dirty(struct host *host)
{
	unsigned count = 0;

	memset(host->bitmap, 0, sizeof(host->bitmap));
	check_ok(pt_space_dirty_read(host->space, BASE, RAM, PAGE, host->bitmap, &host->err),
		 host->err);
	for (size_t i = 0; i < RAM / PAGE / 64; i++)
		count += (unsigned)__builtin_popcountll(host->bitmap[i]);
	return count;
}

static bool is_dirty(const struct host *host, uint64_t offset)
{
	return host->bitmap[offset / PAGE / 64] >> (offset / PAGE % 64) & 1;
}

/* All four attached, the last one behind another kind of IOMMU, and tracking on. */
static struct host *host_tracking(void)
{
	struct host *host = host_open(0, 1u << 3);

	for (unsigned i = 0; i < DEVICES; i++)
		attach(host, i);
	map(host, 0, RAM);
	check_ok(pt_space_dirty_start(host->space, &host->err), host->err);
	return host;
}

Test(mock, a_page_table_with_dirty_bits_where_the_iommu_has_them)
{
	struct host *host = host_open(1u << 2 | 1u << 3, 0);

	for (unsigned i = 0; i < DEVICES; i++)
		attach(host, i);
	map(host, 0, MIB);
	cr_assert_eq(host->hw[0].pt, host->hw[1].pt, "two that can share one");
	cr_assert_neq(host->hw[0].pt, host->hw[2].pt);
	cr_assert_eq(host->hw[2].pt, host->hw[3].pt, "and two that cannot");
	for (unsigned i = 0; i < DEVICES; i++)
		cr_assert(translates(host, i, 0, MIB), "device %u", i);
	host_close(host);
}

Test(mock, the_kernel_does_not_mix_them)
{
	struct host *host = host_open(1u << 1, 0);
	uint32_t own;

	attach(host, 0);
	attach(host, 1);
	own = host->hw[1].pt;
	cr_assert_eq(mock_attach(&host->hw[1], host->hw[0].pt), -EINVAL);
	cr_assert_eq(host->hw[1].pt, own);
	host_close(host);
}

Test(mock, iommus_that_do_not_agree_have_the_same_memory)
{
	struct host *host = host_open(0, 0xa);

	map(host, 0, MIB);
	for (unsigned i = 0; i < DEVICES; i++)
		attach(host, i);
	map(host, MIB, MIB);
	cr_assert_eq(host->hw[0].pt, host->hw[2].pt);
	cr_assert_eq(host->hw[1].pt, host->hw[3].pt);
	cr_assert_neq(host->hw[0].pt, host->hw[1].pt);
	for (unsigned i = 0; i < 2; i++)
		cr_assert(translates(host, i, 0, 2 * MIB), "device %u", i);
	check_ok(pt_space_unmap(host->space, BASE, MIB, &host->err), host->err);
	for (unsigned i = 0; i < 2; i++)
		cr_assert(!translates(host, i, 0, PAGE) && translates(host, i, MIB, MIB),
			  "device %u", i);
	host_close(host);
}

Test(mock, what_is_written_is_read_once)
{
	struct host *host = host_tracking();
	const uint64_t written[] = {0, 17 * PAGE, 128 * MIB - PAGE, 128 * MIB, RAM - PAGE};
	const unsigned count = sizeof(written) / sizeof(written[0]);

	cr_assert_eq(read_dirty(host), 0);
	for (unsigned i = 0; i < count; i++)
		cr_assert_eq(mock_write(&host->hw[i % 3], BASE + written[i]), 0);
	cr_assert_eq(read_dirty(host), count);
	for (unsigned i = 0; i < count; i++)
		cr_assert(is_dirty(host, written[i]), "0x%llx", (unsigned long long)written[i]);
	cr_assert_eq(read_dirty(host), 0);
	host_close(host);
}

Test(mock, bits_of_several_page_tables_are_one_answer)
{
	struct host *host = host_tracking();

	cr_assert_neq(host->hw[0].pt, host->hw[3].pt);
	cr_assert_eq(mock_write(&host->hw[0], BASE), 0);
	cr_assert_eq(mock_write(&host->hw[3], BASE), 0);
	cr_assert_eq(mock_write(&host->hw[3], BASE + 5 * MIB), 0);
	cr_assert_eq(read_dirty(host), 2);
	cr_assert(is_dirty(host, 0) && is_dirty(host, 5 * MIB));
	cr_assert_eq(read_dirty(host), 0);
	host_close(host);
}

Test(mock, larger_pages)
{
	struct host *host = host_tracking();

	cr_assert_eq(mock_write(&host->hw[0], BASE + 3 * MIB), 0);
	cr_assert_eq(mock_write(&host->hw[3], BASE + 9 * MIB), 0);
	check_ok(pt_space_dirty_read(host->space, BASE + 2 * MIB, 8 * MIB, 2 * MIB, host->bitmap,
				     &host->err),
		 host->err);
	cr_assert_eq(host->bitmap[0], 0x9);
	host_close(host);
}

Test(mock, stopping_forgets)
{
	struct host *host = host_tracking();

	cr_assert_eq(mock_write(&host->hw[0], BASE), 0);
	pt_space_dirty_stop(host->space);
	cr_assert_eq(mock_write(&host->hw[0], BASE), -EINVAL, "it is off");
	check_ok(pt_space_dirty_start(host->space, &host->err), host->err);
	cr_assert_eq(read_dirty(host), 0);
	host_close(host);
}

Test(mock, a_device_that_left_has_left_its_bits)
{
	struct host *host = host_tracking();
	const uint32_t pt = host->hw[3].pt;

	cr_assert_eq(mock_write(&host->hw[3], BASE + MIB), 0);
	pt_device_close(host->devices[3]);
	host->devices[3] = NULL;
	cr_assert(mock_translates(pt, BASE, PAGE, host->ram) == 0, "its page table is there");
	cr_assert_eq(read_dirty(host), 1);
	pt_space_dirty_stop(host->space);
	cr_assert_eq(mock_translates(pt, BASE, PAGE, host->ram), -ENOENT, "and goes with the end");
	host_close(host);
}

Test(mock, a_device_that_comes_is_tracked)
{
	struct host *host = host_open(1u << 2, 1u << 1);

	attach(host, 0);
	map(host, 0, RAM);
	check_ok(pt_space_dirty_start(host->space, &host->err), host->err);
	attach(host, 1);
	cr_assert_neq(host->hw[0].pt, host->hw[1].pt);
	cr_assert_eq(mock_write(&host->hw[1], BASE + MIB), 0);
	cr_assert_eq(read_dirty(host), 1);
	check_error(pt_device_attach(host->devices[2], &host->err), -EOPNOTSUPP, host->err,
		    "0000:03:00.0: what it writes cannot be tracked");
	pt_space_dirty_stop(host->space);
	attach(host, 2);
	check_error(pt_space_dirty_start(host->space, &host->err), -EOPNOTSUPP, host->err,
		    "0000:03:00.0: what it writes cannot be tracked");
	host_close(host);
}

/* What the library does not ask, since the kernel's answer would look complete. */
Test(mock, the_kernel_says_nothing_of_what_is_behind_a_hole)
{
	struct host *host = host_open(0, 0);
	uint64_t bitmap[12] = {0};
	struct iommu_hwpt_get_dirty_bitmap arg = {.size = sizeof(arg),
						  .iova = BASE,
						  .length = 3 * MIB,
						  .page_size = PAGE,
						  .data = (uintptr_t)bitmap};

	attach(host, 0);
	map(host, 0, MIB);
	map(host, 2 * MIB, MIB);
	check_ok(pt_space_dirty_start(host->space, &host->err), host->err);
	cr_assert_eq(mock_write(&host->hw[0], BASE + 2 * MIB), 0);
	arg.hwpt_id = host->hw[0].pt;
	cr_assert_eq(mock_ioctl(IOMMU_HWPT_GET_DIRTY_BITMAP, &arg), 0);
	cr_assert_eq(bitmap[2 * MIB / PAGE / 64], 0, "read on behind the hole");
	check_error(pt_space_dirty_read(host->space, BASE, 3 * MIB, PAGE, bitmap, &host->err),
		    -ENOENT, host->err, "0x4100000 is not mapped");
	check_ok(pt_space_dirty_read(host->space, BASE + 2 * MIB, MIB, PAGE, bitmap, &host->err),
		 host->err);
	cr_assert_eq(bitmap[0], 1);
	host_close(host);
}
