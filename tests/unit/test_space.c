/* SPDX-License-Identifier: MIT */
/* IO address spaces. */
#include "check.h"

#define MIB (1ull << 20)

struct space {
	struct model *model;
	struct pt_space *space;
	struct pt_device *device; /* attached, when there is one */
	struct pt_error err;
};

static struct space space_open(void)
{
	struct space s = {.model = model_new()};

	check_ok(pt_space_open(model_sys(s.model), NULL, &s.space, &s.err), s.err);
	return s;
}

static void space_attach(struct space *s, const struct model_pci *pci)
{
	model_add(s->model, pci);
	check_ok(pt_device_open(s->space, pci->bdf, NULL, &s->device, &s->err), s->err);
	check_ok(pt_device_attach(s->device, &s->err), s->err);
}

static void space_close(struct space *s)
{
	pt_device_close(s->device);
	pt_space_close(s->space);
	check_clean(s->model);
	model_free(s->model);
}

static int map(struct space *s, uint64_t iova, uint64_t size)
{
	struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};

	return pt_space_map(s->space, iova, size, &memory, PT_MAP_READ | PT_MAP_WRITE, &s->err);
}

Test(space, open_and_close_leave_nothing)
{
	struct space s = space_open();

	cr_assert_eq(model_ioas_count(s.model), 1);
	cr_assert_geq(pt_space_fd(s.space), 0);
	space_close(&s);
	pt_space_close(NULL);
}

Test(space, no_dev_iommu)
{
	struct model *model = model_new();
	struct pt_space *space = (void *)1;
	struct pt_error err = PT_ERROR_INIT;

	model_remove(model, "/dev/iommu");
	check_error(pt_space_open(model_sys(model), NULL, &space, &err), -ENOENT, err,
		    "/dev/iommu");
	check_remedy(err, "iommufd");
	cr_assert_eq(space, (void *)1, "written on success only");
	check_clean(model);
	model_free(model);
}

Test(space, no_permission_on_dev_iommu)
{
	struct model *model = model_new();
	struct pt_space *space;
	struct pt_error err = PT_ERROR_INIT;

	model_refuse(model, "/dev/iommu", -EACCES);
	check_error(pt_space_open(model_sys(model), NULL, &space, &err), -EACCES, err,
		    "/dev/iommu");
	check_remedy(err, "root");
	check_clean(model);
	model_free(model);
}

Test(space, a_descriptor_that_somebody_else_opened_stays_theirs)
{
	struct model *model = model_new();
	const struct pt_sys *sys = model_sys(model);
	struct pt_error err = PT_ERROR_INIT;
	int fd = model_open(model, "/dev/iommu");
	struct pt_space *space;

	check_ok(pt_space_open_fd(sys, NULL, fd, &space, &err), err);
	cr_assert_eq(pt_space_fd(space), fd);
	cr_assert_eq(model_ioas_count(model), 1);
	pt_space_close(space);
	cr_assert_eq(model_ioas_count(model), 0, "the IOAS goes, though the descriptor stays");
	model_close(model, fd);
	check_clean(model);
	model_free(model);
}

Test(space, a_descriptor_that_is_no_iommufd)
{
	struct model *model = model_new();
	const struct pt_sys *sys = model_sys(model);
	struct pt_error err = PT_ERROR_INIT;
	int fd = sys->eventfd(sys->ctx);
	struct pt_space *space;

	check_error(pt_space_open_fd(sys, NULL, fd, &space, &err), -ENOTTY, err, "iommu");
	check_error(pt_space_open_fd(sys, NULL, -1, &space, &err), -EBADF, err, "-1");
	model_close(model, fd);
	check_error(pt_space_open_fd(sys, NULL, fd, &space, &err), -EBADF, err, "iommu");
	check_clean(model);
	model_free(model);
}

Test(space, map_and_unmap_keep_the_list)
{
	struct space s = space_open();

	check_ok(map(&s, 0, 640 * 1024), s.err);
	check_ok(map(&s, 1 * MIB, 2 * MIB), s.err);
	cr_assert(model_ioas_find(s.model, 1 * MIB, 2 * MIB));
	cr_assert_eq(pt_space_stats(s.space).maps, 2);
	cr_assert_eq(pt_space_stats(s.space).bytes, 640 * 1024 + 2 * MIB);
	cr_assert_eq(pt_space_stats(s.space).by_file, 0);
	check_ok(pt_space_unmap(s.space, 1 * MIB, 2 * MIB, &s.err), s.err);
	cr_assert_not(model_ioas_find(s.model, 1 * MIB, 2 * MIB));
	cr_assert_eq(pt_space_stats(s.space).unmaps, 1);
	cr_assert_eq(pt_space_stats(s.space).bytes, 640 * 1024);
	check_ok(map(&s, 1 * MIB, 2 * MIB), s.err);
	space_close(&s);
}

Test(space, close_unmaps_all_before_it_destroys)
{
	struct space s = space_open();
	unsigned mark;

	check_ok(map(&s, 0, MIB), s.err);
	check_ok(map(&s, 4 * MIB, MIB), s.err);
	mark = model_mark(s.model);
	pt_space_close(s.space);
	cr_assert_eq(model_calls(s.model, mark, "IOMMU_IOAS_UNMAP"), 2);
	cr_assert(model_ordered(s.model, mark, "IOMMU_IOAS_UNMAP", "IOMMU_DESTROY"));
	check_clean(s.model);
	model_free(s.model);
}

Test(space, many_maps)
{
	struct space s = space_open();

	for (uint64_t i = 0; i < 100; i++)
		check_ok(map(&s, i * MIB, MIB / 2), s.err);
	for (uint64_t i = 0; i < 100; i += 2)
		check_ok(pt_space_unmap(s.space, i * MIB, MIB / 2, &s.err), s.err);
	cr_assert_eq(pt_space_stats(s.space).bytes, 50 * MIB / 2);
	for (uint64_t i = 1; i < 100; i += 2)
		cr_assert(model_ioas_find(s.model, i * MIB, MIB / 2));
	space_close(&s);
}

Test(space, ranges_that_cannot_be_are_refused_without_asking)
{
	struct space s = space_open();
	struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};
	unsigned mark = model_mark(s.model);

	check_error(map(&s, 0x1000, 0), -EINVAL, s.err, "0x1000");
	check_error(map(&s, 0x1200, 0x1000), -EINVAL, s.err, "0x1200");
	check_error(map(&s, 0x1000, 0x800), -EINVAL, s.err, "0x1000");
	check_error(map(&s, UINT64_MAX - 0xfff, 0x2000), -EOVERFLOW, s.err, "0xfffffffffffff000");
	check_error(pt_space_map(s.space, 0x1000, 0x1000, &memory, 0, &s.err), -EINVAL, s.err,
		    "0x1000");
	check_error(pt_space_map(s.space, 0x1000, 0x1000, &memory, 4, &s.err), -EINVAL, s.err,
		    "0x1000");
	cr_assert_eq(model_calls(s.model, mark, "ioctl"), 0);
	space_close(&s);
}

Test(space, an_overlap_names_both_ranges)
{
	struct space s = space_open();

	check_ok(map(&s, 0x100000, 0x4000), s.err);
	check_error(map(&s, 0x103000, 0x2000), -EEXIST, s.err, "0x103000");
	cr_assert(strstr(s.err.message, "0x100000"), "%s", s.err.message);
	check_ok(map(&s, 0x104000, 0x1000), s.err);
	check_ok(map(&s, 0xff000, 0x1000), s.err);
	space_close(&s);
}

Test(space, unmap_takes_a_whole_mapping_only)
{
	struct space s = space_open();

	check_ok(map(&s, 0x100000, 0x4000), s.err);
	check_error(pt_space_unmap(s.space, 0x100000, 0x2000, &s.err), -ENOENT, s.err, "0x100000");
	check_error(pt_space_unmap(s.space, 0x200000, 0x1000, &s.err), -ENOENT, s.err, "0x200000");
	check_error(pt_space_unmap(s.space, 0, UINT64_MAX, &s.err), -ENOENT, s.err, "0x0");
	cr_assert(model_ioas_find(s.model, 0x100000, 0x4000));
	space_close(&s);
}

Test(space, a_failed_unmap_keeps_the_mapping_in_the_list)
{
	struct space s = space_open();

	check_ok(map(&s, 0x100000, 0x4000), s.err);
	*model_fault(s.model) = (struct model_fault){.countdown = 1, .error = -EBUSY};
	check_error(pt_space_unmap(s.space, 0x100000, 0x4000, &s.err), -EBUSY, s.err, "0x100000");
	cr_assert_eq(pt_space_stats(s.space).bytes, 0x4000);
	cr_assert_eq(pt_space_stats(s.space).unmaps, 0);
	check_error(map(&s, 0x100000, 0x4000), -EEXIST, s.err, "0x100000");
	check_ok(pt_space_unmap(s.space, 0x100000, 0x4000, &s.err), s.err);
	space_close(&s);
}

Test(space, access_rights_are_passed_on)
{
	struct space s = space_open();
	struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};

	check_ok(pt_space_map(s.space, 0, 0x1000, &memory, PT_MAP_READ, &s.err), s.err);
	check_ok(pt_space_map(s.space, 0x1000, 0x1000, &memory, PT_MAP_WRITE, &s.err), s.err);
	cr_assert_eq(model_calls(s.model, 0, "read-only"), 1);
	cr_assert_eq(model_calls(s.model, 0, "write-only"), 1);
	space_close(&s);
}

/* MAP_FILE. */

static int map_file(struct space *s, int fd, uint64_t offset, uint64_t iova, uint64_t size)
{
	struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = fd, .offset = offset};

	return pt_space_map(s->space, iova, size, &memory, PT_MAP_READ | PT_MAP_WRITE, &s->err);
}

Test(space, memory_with_a_file_is_mapped_by_file)
{
	struct space s = space_open();
	int fd = model_memfd(s.model, 8 * MIB);

	model_host(s.model)->map_file = true;
	check_ok(map_file(&s, fd, 0, 0, 4 * MIB), s.err);
	check_ok(map_file(&s, fd, 4 * MIB, 1ull << 32, 4 * MIB), s.err);
	model_close(s.model, fd);
	cr_assert_eq(pt_space_stats(s.space).by_file, 2);
	cr_assert_eq(model_calls(s.model, 0, "iova=0x100000000 size=0x400000 start=0x400000"), 1);
	cr_assert_eq(model_calls(s.model, 0, "IOMMU_IOAS_MAP_FILE"), 2);
	cr_assert_eq(model_calls(s.model, 0, "IOMMU_IOAS_MAP "), 0);
	space_close(&s);
}

Test(space, a_kernel_without_map_file_is_asked_once)
{
	struct space s = space_open();
	int fd = model_memfd(s.model, 8 * MIB);

	check_ok(map_file(&s, fd, 0, 0, 4 * MIB), s.err);
	check_ok(map_file(&s, fd, 4 * MIB, 1ull << 32, 4 * MIB), s.err);
	model_close(s.model, fd);
	cr_assert_eq(pt_space_stats(s.space).by_file, 0);
	cr_assert_eq(pt_space_stats(s.space).maps, 2);
	cr_assert_eq(model_calls(s.model, 0, "IOMMU_IOAS_MAP_FILE"), 1);
	space_close(&s);
}

Test(space, a_file_that_the_kernel_does_not_take_is_mapped_by_address)
{
	struct space s = space_open();
	int fd = model_open(s.model,
			    "/dev/kvm"); /* as a file on a disk: neither shmem nor hugetlbfs */

	model_host(s.model)->map_file = true;
	check_ok(map_file(&s, fd, 0, 0, 4 * MIB), s.err);
	model_close(s.model, fd);
	cr_assert_eq(pt_space_stats(s.space).by_file, 0);
	space_close(&s);
}

/* With a device attached. */

Test(space, ranges_narrow_with_a_device)
{
	struct space s = space_open();
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct pt_iova_range ranges[4] = {{0, 0}};
	size_t count = 0;

	pci.reserved[0] = (struct pt_iova_range){0x7c000000, 0x7cffffff};
	pci.reserved_count = 1;
	check_ok(pt_space_ranges(s.space, ranges, 4, &count, &s.err), s.err);
	cr_assert_eq(count, 1);
	cr_assert(ranges[0].first == 0 && ranges[0].last == UINT64_MAX);
	space_attach(&s, &pci);
	check_ok(pt_space_ranges(s.space, ranges, 4, &count, &s.err), s.err);
	cr_assert_eq(count, 3);
	cr_assert(ranges[0].first == 0 && ranges[0].last == 0x7bffffff);
	cr_assert(ranges[1].first == 0x7d000000 && ranges[1].last == 0xfedfffff);
	cr_assert(ranges[2].first == 0xfef00000 && ranges[2].last == (1ull << 48) - 1);
	ranges[1] = (struct pt_iova_range){7, 7};
	check_ok(pt_space_ranges(s.space, ranges, 1, &count, &s.err), s.err);
	cr_assert_eq(count, 3, "how many there are, whatever the room");
	cr_assert_eq(ranges[1].first, 7);
	check_ok(pt_space_ranges(s.space, NULL, 0, &count, &s.err), s.err);
	cr_assert_eq(count, 3);
	pt_device_detach(s.device);
	check_ok(pt_space_ranges(s.space, ranges, 4, &count, &s.err), s.err);
	cr_assert_eq(count, 1, "and widen again");
	space_close(&s);
}

Test(space, check_says_which_ranges_there_are)
{
	struct space s = space_open();
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	model_host(s.model)->aperture_bits = 39;
	space_attach(&s, &pci);
	check_ok(pt_space_check(s.space, 0, 1ull << 31, &s.err), s.err);
	check_ok(pt_space_check(s.space, (1ull << 39) - 0x1000, 0x1000, &s.err), s.err);
	check_error(pt_space_check(s.space, 1ull << 39, 0x1000, &s.err), -EADDRNOTAVAIL, s.err,
		    "0x8000000000");
	cr_assert(strstr(s.err.message, "0x7fffffffff"), "%s", s.err.message);
	check_error(pt_space_check(s.space, 0xfed00000, 0x200000, &s.err), -EADDRNOTAVAIL, s.err,
		    "0xfed00000");
	cr_assert(strstr(s.err.message, "0xfedfffff"), "%s", s.err.message);
	space_close(&s);
}

Test(space, mapping_outside_the_iommus_reach_names_the_range)
{
	struct space s = space_open();
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	model_host(s.model)->aperture_bits = 39;
	space_attach(&s, &pci);
	check_error(map(&s, 1ull << 39, 0x1000), -EINVAL, s.err, "0x8000000000");
	cr_assert(strstr(s.err.message, "IOMMU"), "%s", s.err.message);
	cr_assert_eq(pt_space_stats(s.space).maps, 0);
	space_close(&s);
}

Test(space, memlock_is_named_with_the_remedy)
{
	struct space s = space_open();
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	space_attach(&s, &pci);
	model_host(s.model)->memlock = 8 * MIB;
	check_ok(map(&s, 0, 4 * MIB), s.err);
	check_error(map(&s, 1ull << 32, 8 * MIB), -ENOMEM, s.err, "0x100000000");
	cr_assert(strstr(s.err.message, "(RLIMIT_MEMLOCK) is 8192 KiB"), "%s", s.err.message);
	check_remedy(s.err, "ulimit -l 12288");
	model_host(s.model)->memlock = UINT64_MAX;
	*model_fault(s.model) = (struct model_fault){.countdown = 1, .error = -ENOMEM};
	check_error(map(&s, 1ull << 32, 8 * MIB), -ENOMEM, s.err, "0x100000000");
	cr_assert_not(strstr(s.err.remedy, "RLIMIT_MEMLOCK"), "it is not limited: %s",
		      s.err.remedy);
	space_close(&s);
}

Test(space, one_map_serves_every_device)
{
	struct space s = space_open();
	struct model_pci first = model_nvme("0000:02:00.0", 26);
	struct model_pci second = model_nvme("0000:03:00.0", 27);
	struct pt_device *device;

	space_attach(&s, &first);
	check_ok(map(&s, 0, 4 * MIB), s.err);
	model_add(s.model, &second);
	check_ok(pt_device_open(s.space, "03:00.0", NULL, &device, &s.err), s.err);
	check_ok(pt_device_attach(device, &s.err), s.err);
	cr_assert_eq(model_ioas_count(s.model), 1);
	cr_assert_eq(model_calls(s.model, 0, "IOMMU_IOAS_MAP "), 1);
	pt_device_close(device);
	cr_assert(model_ioas_find(s.model, 0, 4 * MIB));
	space_close(&s);
}

Test(space, another_devices_bar_cannot_be_mapped)
{
	struct space s = space_open();
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct pt_memory memory = {.fd = -1};

	space_attach(&s, &pci);
	check_ok(pt_device_map(s.device, PT_REGION_BAR0, &memory.hva, &s.err), s.err);
	check_error(pt_space_map(s.space, 1ull << 40, 0x2000, &memory, PT_MAP_READ, &s.err),
		    -EFAULT, s.err, "0x10000000000");
	space_close(&s);
}
