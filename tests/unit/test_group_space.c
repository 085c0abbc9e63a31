/* SPDX-License-Identifier: MIT */
/* The group backend: what is mapped, and what the kernel drops with the last group. */
#include "host.h"

#define MIB (1ull << 20)
#define BDF "0000:02:00.0"

static const struct pt_space_setup by_group = {.backend = PT_BACKEND_GROUP};

static struct host host_with(const struct model_pci *pci)
{
	struct host host = host_new(&by_group);

	host.hw = model_add(host.model, pci);
	check_ok(pt_device_open(host.space, BDF, NULL, &host.device, &host.err), host.err);
	return host;
}

static struct host host_open(void)
{
	struct model_pci pci = model_nvme(BDF, 26);

	return host_with(&pci);
}

static int map(struct host *host, uint64_t iova, uint64_t size)
{
	struct pt_memory memory = {.hva = (char *)0x7f0000000000 + iova, .fd = -1};

	return pt_space_map(host->space, iova, size, &memory, PT_MAP_READ | PT_MAP_WRITE,
			    &host->err);
}

Test(group_space, maps_go_to_the_container)
{
	struct host host = host_open();

	check_ok(attach(&host), host.err);
	check_ok(map(&host, 0, 4 * MIB), host.err);
	check_ok(map(&host, 1ull << 32, MIB), host.err);
	cr_assert(model_ioas_find(host.model, 1ull << 32, MIB));
	cr_assert_eq(model_calls(host.model, 0, "size=0x100000 start=0x7f0100000000 read-write"),
		     1);
	check_ok(pt_space_unmap(host.space, 1ull << 32, MIB, &host.err), host.err);
	cr_assert_not(model_ioas_find(host.model, 1ull << 32, MIB));
	cr_assert_eq(pt_space_stats(host.space).bytes, 4 * MIB);
	cr_assert_eq(pt_space_stats(host.space).by_file, 0);
	host_close(&host);
}

/* As an IOAS does: nothing is pinned before a device is attached, and then all of it. */
Test(group_space, what_is_mapped_before_is_mapped_at_the_first_attach)
{
	struct host host = host_open();

	check_ok(map(&host, 0, 4 * MIB), host.err);
	check_ok(map(&host, 8 * MIB, MIB), host.err);
	check_ok(pt_space_unmap(host.space, 8 * MIB, MIB, &host.err), host.err);
	cr_assert_eq(model_calls(host.model, 0, "MAP_DMA"), 0);
	check_error(map(&host, 2 * MIB, MIB), -EEXIST, host.err, "0x200000");
	check_ok(attach(&host), host.err);
	cr_assert(model_ioas_find(host.model, 0, 4 * MIB));
	cr_assert_eq(model_calls(host.model, 0, "MAP_DMA"), 1);
	host_close(&host);
}

Test(group_space, mappings_survive_that_the_last_device_leaves)
{
	struct host host = host_open();

	check_ok(attach(&host), host.err);
	check_ok(map(&host, 0, 4 * MIB), host.err);
	pt_device_close(host.device);
	cr_assert_not(model_ioas_find(host.model, 0, 4 * MIB), "the container dropped it");
	check_ok(map(&host, 8 * MIB, MIB), host.err);
	check_ok(pt_device_open(host.space, BDF, NULL, &host.device, &host.err), host.err);
	check_ok(attach(&host), host.err);
	cr_assert(model_ioas_find(host.model, 0, 4 * MIB));
	cr_assert(model_ioas_find(host.model, 8 * MIB, MIB));
	host_close(&host);
}

Test(group_space, a_first_attach_that_fails_leaves_nothing_mapped)
{
	struct host host = host_open();

	model_host(host.model)->memlock = 5 * MIB;
	check_ok(map(&host, 0, 4 * MIB), host.err);
	check_ok(map(&host, 1ull << 32, 4 * MIB), host.err);
	check_error(attach(&host), -ENOMEM, host.err, BDF);
	cr_assert(strstr(host.err.message, "0x100000000"), "%s", host.err.message);
	cr_assert(strstr(host.err.message, "(RLIMIT_MEMLOCK) is 5120 KiB for this process"), "%s",
		  host.err.message);
	check_remedy(host.err, "ulimit -l 8192");
	cr_assert_not(model_ioas_find(host.model, 0, 4 * MIB));
	check_ok(pt_space_unmap(host.space, 1ull << 32, 4 * MIB, &host.err), host.err);
	check_ok(attach(&host), host.err);
	cr_assert(model_ioas_find(host.model, 0, 4 * MIB));
	host_close(&host);
}

Test(group_space, memory_in_a_reserved_range)
{
	struct host host = host_open();

	check_ok(map(&host, 0xfee00000, 0x1000), host.err);
	check_error(attach(&host), -EADDRINUSE, host.err, BDF);
	cr_assert(strstr(host.err.message, "0xfee00000"), "%s", host.err.message);
	check_remedy(host.err, "reserved_regions");
	cr_assert_eq(pt_device_state(host.device), PT_DEVICE_OPENED);
	check_ok(pt_space_unmap(host.space, 0xfee00000, 0x1000, &host.err), host.err);
	check_ok(attach(&host), host.err);
	host_close(&host);
}

Test(group_space, a_second_group_that_reserves_what_is_mapped)
{
	struct host host = host_open();
	struct model_pci other = model_nvme("0000:03:00.0", 27);
	struct pt_device *device;

	other.reserved[0] = (struct pt_iova_range){0x7c000000, 0x7cffffff};
	other.reserved_count = 1;
	model_add(host.model, &other);
	check_ok(attach(&host), host.err);
	check_ok(map(&host, 0, 2048 * MIB), host.err);
	check_ok(pt_device_open(host.space, "03:00.0", NULL, &device, &host.err), host.err);
	check_error(pt_device_attach(device, &host.err), -EADDRINUSE, host.err, "0000:03:00.0");
	cr_assert(strstr(host.err.message, "0x7c000000"), "%s", host.err.message);
	check_remedy(host.err, "/sys/kernel/iommu_groups/27/reserved_regions");
	check_ok(pt_space_unmap(host.space, 0, 2048 * MIB, &host.err), host.err);
	check_ok(pt_device_attach(device, &host.err), host.err);
	pt_device_close(device);
	host_close(&host);
}

Test(group_space, one_map_serves_every_device)
{
	struct host host = host_open();
	struct model_pci other = model_nvme("0000:03:00.0", 27);
	struct pt_device *device;

	model_add(host.model, &other);
	check_ok(attach(&host), host.err);
	check_ok(map(&host, 0, 4 * MIB), host.err);
	check_ok(pt_device_open(host.space, "03:00.0", NULL, &device, &host.err), host.err);
	check_ok(pt_device_attach(device, &host.err), host.err);
	cr_assert_eq(model_calls(host.model, 0, "MAP_DMA"), 1);
	pt_device_close(host.device);
	cr_assert(model_ioas_find(host.model, 0, 4 * MIB), "the other one has it still");
	host.device = device;
	host_close(&host);
}

Test(group_space, ranges_narrow_and_widen)
{
	struct model_pci pci = model_nvme(BDF, 26);
	struct pt_iova_range ranges[4] = {{0, 0}};
	struct host host;
	size_t count = 0;

	pci.reserved[0] = (struct pt_iova_range){0x7c000000, 0x7cffffff};
	pci.reserved_count = 1;
	host = host_with(&pci);
	check_ok(pt_space_ranges(host.space, ranges, 4, &count, &host.err), host.err);
	cr_assert(count == 1 && ranges[0].first == 0 && ranges[0].last == UINT64_MAX);
	check_ok(attach(&host), host.err);
	check_ok(pt_space_ranges(host.space, ranges, 4, &count, &host.err), host.err);
	cr_assert_eq(count, 3);
	cr_assert(ranges[0].first == 0 && ranges[0].last == 0x7bffffff);
	cr_assert(ranges[1].first == 0x7d000000 && ranges[1].last == 0xfedfffff);
	cr_assert(ranges[2].first == 0xfef00000 && ranges[2].last == (1ull << 48) - 1);
	check_error(map(&host, 0xfed00000, 0x200000), -EINVAL, host.err, "IOMMU");
	check_error(pt_space_check(host.space, 1ull << 48, 0x1000, &host.err), -EADDRNOTAVAIL,
		    host.err, "0x7bffffff");
	pt_device_detach(host.device);
	check_ok(pt_space_ranges(host.space, ranges, 4, &count, &host.err), host.err);
	cr_assert_eq(count, 1);
	host_close(&host);
}

Test(group_space, a_full_container_is_explained)
{
	struct host host = host_open();

	model_host(host.model)->dma_entries = 2;
	model_put_file(host.model, "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit",
		       "2\n");
	check_ok(attach(&host), host.err);
	check_ok(map(&host, 0, 0x1000), host.err);
	check_ok(map(&host, 0x2000, 0x1000), host.err);
	check_error(map(&host, 0x4000, 0x1000), -ENOSPC, host.err, "0x4000");
	cr_assert(strstr(host.err.message, "takes 2 mappings"), "%s", host.err.message);
	check_remedy(host.err, "dma_entry_limit");
	check_ok(pt_space_unmap(host.space, 0, 0x1000, &host.err), host.err);
	check_ok(map(&host, 0x4000, 0x1000), host.err);
	host_close(&host);
}

/* Unlike an IOAS, a container takes a BAR by its address. */
Test(group_space, a_devices_bar_can_be_mapped)
{
	struct host host = host_open();
	struct pt_memory memory = {.fd = -1};

	check_ok(attach(&host), host.err);
	model_host(host.model)->memlock = 0;
	check_ok(pt_device_map(host.device, PT_REGION_BAR0, &memory.hva, &host.err), host.err);
	check_ok(pt_space_map(host.space, 1ull << 40, 0x2000, &memory, PT_MAP_READ, &host.err),
		 host.err);
	check_ok(pt_space_unmap(host.space, 1ull << 40, 0x2000, &host.err), host.err);
	host_close(&host);
}
