/* SPDX-License-Identifier: MIT */
/* Which pages devices have written. */
#include "check.h"

#define MIB	(1ull << 20)
#define GIB	(1ull << 30)
#define PAGE	4096ull
#define DEVICES 3
#define FIRST	"0000:01:00.0"

/*
 * Memory at 0 (4 MiB), right behind it (4 MiB) and at 1 GiB (2 MiB). Devices 0 and 1 are behind one IOMMU and device 2 behind
 * another; those that @dirty has a bit for have dirty bits.
 */
struct host {
	struct model *model;
	struct pt_space *space;
	struct pt_device *devices[DEVICES];
	struct model_device *hw[DEVICES];
	uint64_t bitmap[32]; /* of the 8 MiB at 0 */
	struct pt_error err;
};

static void map(struct host *host, uint64_t iova, uint64_t size)
{
	const struct pt_memory memory = {.hva = (char *)0x7f0000000000 + iova, .fd = -1};

	check_ok(pt_space_map(host->space, iova, size, &memory, PT_MAP_READ | PT_MAP_WRITE,
			      &host->err),
		 host->err);
}

static struct host host_open(unsigned dirty)
{
	static const char *const names[] = {FIRST, "0000:02:00.0", "0000:03:00.0"};
	struct host host = {.model = model_new()};

	check_ok(pt_space_open(model_sys(host.model), NULL, &host.space, &host.err), host.err);
	map(&host, 0, 4 * MIB);
	map(&host, 4 * MIB, 4 * MIB);
	map(&host, GIB, 2 * MIB);
	for (unsigned i = 0; i < DEVICES; i++) {
		struct model_pci pci = model_nvme(names[i], 20 + (int)i);

		host.hw[i] = model_add(host.model, &pci);
		host.hw[i]->tracks_dirty = dirty & 1u << i;
		host.hw[i]->iommu = i == 2 ? 2 : 1;
		check_ok(pt_device_open(host.space, names[i], NULL, &host.devices[i], &host.err),
			 host.err);
	}
	return host;
}

static void attach(struct host *host, unsigned i)
{
	check_ok(pt_device_attach(host->devices[i], &host->err), host->err);
}

static struct host host_tracking(void)
{
	struct host host = host_open(~0u);

	for (unsigned i = 0; i < DEVICES; i++)
		attach(&host, i);
	check_ok(pt_space_dirty_start(host.space, &host.err), host.err);
	return host;
}

static void host_close(struct host *host)
{
	for (unsigned i = 0; i < DEVICES; i++)
		pt_device_close(host->devices[i]);
	pt_space_close(host->space);
	check_clean(host->model);
	model_free(host->model);
}

/* Return: how many bits of the 8 MiB are new. */
static unsigned read_all(struct host *host)
{
	unsigned count = 0;

	memset(host->bitmap, 0, sizeof(host->bitmap));
	check_ok(pt_space_dirty_read(host->space, 0, 8 * MIB, PAGE, host->bitmap, &host->err),
		 host->err);
	for (size_t i = 0; i < sizeof(host->bitmap) / sizeof(host->bitmap[0]); i++)
		count += (unsigned)__builtin_popcountll(host->bitmap[i]);
	return count;
}

static bool is_dirty(const struct host *host, uint64_t iova)
{
	return host->bitmap[iova / PAGE / 64] >> (iova / PAGE % 64) & 1;
}

Test(dirty, what_is_written_is_read_once)
{
	struct host host = host_tracking();

	cr_assert_eq(read_all(&host), 0);
	cr_assert(model_dma_write(host.hw[0], 3 * PAGE));
	cr_assert(model_dma_write(host.hw[1], 4 * MIB - PAGE));
	cr_assert_eq(read_all(&host), 2);
	cr_assert(is_dirty(&host, 3 * PAGE) && is_dirty(&host, 4 * MIB - PAGE));
	cr_assert_eq(read_all(&host), 0);
	host_close(&host);
}

Test(dirty, page_tables_of_several_iommus_are_one_answer)
{
	struct host host = host_tracking();

	cr_assert_eq(model_hwpt_count(host.model, true), 2);
	cr_assert(model_dma_write(host.hw[0], 0));
	cr_assert(model_dma_write(host.hw[2], 0));
	cr_assert(model_dma_write(host.hw[2], 5 * MIB));
	cr_assert_eq(read_all(&host), 2);
	cr_assert(is_dirty(&host, 0) && is_dirty(&host, 5 * MIB));
	host_close(&host);
}

Test(dirty, bits_that_are_set_stay)
{
	struct host host = host_tracking();

	cr_assert(model_dma_write(host.hw[0], 0));
	host.bitmap[0] = 1ull << 63;
	host.bitmap[1] = ~0ull;
	check_ok(pt_space_dirty_read(host.space, 0, 64 * PAGE, PAGE, host.bitmap, &host.err),
		 host.err);
	cr_assert_eq(host.bitmap[0], 1ull << 63 | 1);
	cr_assert_eq(host.bitmap[1], ~0ull, "beyond the range");
	host_close(&host);
}

Test(dirty, pages_may_be_larger_and_ranges_parts)
{
	struct host host = host_tracking();

	cr_assert(model_dma_write(host.hw[0], 2 * MIB + 5 * PAGE));
	cr_assert(model_dma_write(host.hw[0], 6 * MIB));
	check_ok(pt_space_dirty_read(host.space, 2 * MIB, 4 * MIB, 2 * MIB, host.bitmap, &host.err),
		 host.err);
	cr_assert_eq(host.bitmap[0], 1);
	cr_assert_eq(read_all(&host), 1, "what is beyond the range is still to be read");
	host_close(&host);
}

Test(dirty, writes_of_before_are_forgotten)
{
	struct host host = host_open(~0u);

	attach(&host, 0);
	cr_assert(model_dma_write(host.hw[0], 0));
	check_ok(pt_space_dirty_start(host.space, &host.err), host.err);
	cr_assert_eq(read_all(&host), 0);
	cr_assert(model_dma_write(host.hw[0], 0));
	pt_space_dirty_stop(host.space);
	pt_space_dirty_stop(host.space);
	check_ok(pt_space_dirty_start(host.space, &host.err), host.err);
	cr_assert_eq(read_all(&host), 0);
	host_close(&host);
}

Test(dirty, a_device_that_left_has_left_its_bits)
{
	struct host host = host_tracking();

	cr_assert(model_dma_write(host.hw[2], 7 * MIB));
	pt_device_detach(host.devices[2]);
	cr_assert_eq(model_hwpt_count(host.model, true), 2, "its IOMMU's page table stays");
	cr_assert_eq(read_all(&host), 1);
	attach(&host, 2);
	cr_assert_eq(model_hwpt_count(host.model, true), 2, "and is used again");
	pt_device_detach(host.devices[2]);
	pt_space_dirty_stop(host.space);
	cr_assert_eq(model_hwpt_count(host.model, true), 1, "as long as tracking is on");
	host_close(&host);
}

Test(dirty, the_space_may_be_closed_meanwhile)
{
	struct host host = host_tracking();

	cr_assert(model_dma_write(host.hw[2], 0));
	host_close(&host);
}

Test(dirty, a_device_that_comes_is_tracked_from_its_first_write)
{
	struct host host = host_open(~0u);
	unsigned mark;
	int on;

	attach(&host, 0);
	check_ok(pt_space_dirty_start(host.space, &host.err), host.err);
	mark = model_mark(host.model);
	attach(&host, 2);
	/* It was refused by the page table of the other IOMMU before. */
	on = model_find_call(host.model, mark, "IOMMU_HWPT_SET_DIRTY_TRACKING");
	cr_assert_gt(on, 0);
	cr_assert_gt(model_find_call(host.model, (unsigned)on, "VFIO_DEVICE_ATTACH_IOMMUFD_PT"),
		     on);
	cr_assert(model_dma_write(host.hw[2], 0));
	cr_assert_eq(read_all(&host), 1);
	host_close(&host);
}

Test(dirty, a_device_that_comes_and_cannot_be_tracked_is_refused)
{
	struct host host = host_open(1u << 0);

	attach(&host, 0);
	check_ok(pt_space_dirty_start(host.space, &host.err), host.err);
	check_error(
		pt_device_attach(host.devices[1], &host.err), -EOPNOTSUPP, host.err,
		"0000:02:00.0: what it writes cannot be tracked: its IOMMU keeps no dirty bits");
	check_remedy(host.err, "intel_iommu=on,sm_on");
	cr_assert_eq(model_hwpt_count(host.model, false), 0);
	pt_space_dirty_stop(host.space);
	attach(&host, 1);
	host_close(&host);
}

Test(dirty, one_that_cannot_be_tracked_is_named)
{
	struct host host = host_open(0x5);

	for (unsigned i = 0; i < DEVICES; i++)
		attach(&host, i);
	check_error(pt_space_dirty_start(host.space, &host.err), -EOPNOTSUPP, host.err,
		    "0000:02:00.0: what it writes cannot be tracked");
	cr_assert_eq(model_calls(host.model, 0, "IOMMU_HWPT_SET_DIRTY_TRACKING"), 0);
	pt_device_detach(host.devices[1]);
	check_ok(pt_space_dirty_start(host.space, &host.err), host.err);
	host_close(&host);
}

Test(dirty, a_mediated_device_cannot_be_tracked)
{
	const char *uuid = "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001";
	struct host host = host_open(~0u);
	struct model_pci pci = model_mtty(uuid, 30);
	struct pt_device *mdev;

	model_add(host.model, &pci);
	check_ok(pt_device_open(host.space, uuid, NULL, &mdev, &host.err), host.err);
	check_ok(pt_device_attach(mdev, &host.err), host.err);
	check_error(pt_space_dirty_start(host.space, &host.err), -EOPNOTSUPP, host.err, uuid);
	cr_assert(strstr(host.err.message, "mediated"), "%s", host.err.message);
	pt_device_close(mdev);
	host_close(&host);
}

Test(dirty, all_or_none_of_the_page_tables)
{
	struct host host = host_open(~0u);
	unsigned mark;

	for (unsigned i = 0; i < DEVICES; i++)
		attach(&host, i);
	mark = model_mark(host.model);
	*model_fault(host.model) = (struct model_fault){.countdown = 2, .error = -EIO};
	check_error(pt_space_dirty_start(host.space, &host.err), -EIO, host.err, "/dev/iommu");
	cr_assert_eq(model_calls(host.model, mark, "IOMMU_HWPT_SET_DIRTY_TRACKING"), 3,
		     "on, on, and the first one off again");
	check_error(pt_space_dirty_read(host.space, 0, MIB, PAGE, host.bitmap, &host.err), -EBADFD,
		    host.err, "not being tracked");
	check_ok(pt_space_dirty_start(host.space, &host.err), host.err);
	host_close(&host);
}

Test(dirty, once)
{
	struct host host = host_tracking();

	check_error(pt_space_dirty_start(host.space, &host.err), -EALREADY, host.err, "already");
	host_close(&host);
}

Test(dirty, holes_and_misfits_are_refused)
{
	static const struct {
		uint64_t iova, size, page;
		int code;
		const char *says;
	} cases[] = {
		{7 * MIB, 2 * MIB, PAGE, -ENOENT, "0x800000 is not mapped"},
		{GIB - MIB, 2 * MIB, PAGE, -ENOENT, "0x3ff00000 is not mapped"},
		{8 * MIB, MIB, PAGE, -ENOENT, "0x800000 is not mapped"},
		{1, PAGE, PAGE, -EINVAL, "not whole pages"},
		{0, 0, PAGE, -EINVAL, "not whole pages"},
		{0, MIB, 0, -EINVAL, "pages of 0x0 bytes"},
		{0, MIB, 2048, -EINVAL, "pages of 0x800 bytes"},
		{0, 12288, 12288, -EINVAL, "pages of 0x3000 bytes"},
		{MIB, 2 * MIB, 2 * MIB, -EINVAL, "pages of 0x200000 bytes"},
		{UINT64_MAX - PAGE + 1, 2 * PAGE, PAGE, -EOVERFLOW, "beyond 64 bits"},
	};
	struct host host = host_tracking();

	for (size_t i = 0; i < sizeof(cases) / sizeof(cases[0]); i++)
		check_error(pt_space_dirty_read(host.space, cases[i].iova, cases[i].size,
						cases[i].page, host.bitmap, &host.err),
			    cases[i].code, host.err, cases[i].says);
	cr_assert_eq(model_calls(host.model, 0, "IOMMU_HWPT_GET_DIRTY_BITMAP"), 0);
	host_close(&host);
}

Test(dirty, groups_and_no_iommu_cannot)
{
	const struct pt_space_setup setups[] = {{.backend = PT_BACKEND_GROUP},
						{.unsafe_noiommu = 1}};
	struct model *model = model_new();
	struct pt_error err = PT_ERROR_INIT;
	struct pt_space *space;

	check_ok(pt_space_open(model_sys(model), &setups[0], &space, &err), err);
	check_error(pt_space_dirty_start(space, &err), -EOPNOTSUPP, err, "/dev/vfio/vfio");
	check_remedy(err, "backend=cdev");
	pt_space_close(space);
	check_ok(pt_space_open(model_sys(model), &setups[1], &space, &err), err);
	check_error(pt_space_dirty_start(space, &err), -EOPNOTSUPP, err, "without an IOMMU");
	pt_space_close(space);
	check_clean(model);
	model_free(model);
}
