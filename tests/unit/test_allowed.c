/* SPDX-License-Identifier: MIT */
/* The addresses that a guest needs, and devices that cannot have them. */
#include "check.h"

#define MIB (1ull << 20)
#define GIB (1ull << 30)

struct host {
	struct model *model;
	struct pt_space *space;
	struct pt_device *devices[2];
	struct pt_error err;
};

static const struct pt_iova_range ram[] = {{0, 2 * GIB - 1}, {4 * GIB, 6 * GIB - 1}};

static struct host host_open_by(enum pt_backend_kind backend)
{
	const struct pt_space_setup setup = {.backend = backend};
	struct host host = {.model = model_new()};

	check_ok(pt_space_open(model_sys(host.model), &setup, &host.space, &host.err), host.err);
	return host;
}

static struct host host_open(void)
{
	return host_open_by(PT_BACKEND_CDEV);
}

static int add(struct host *host, unsigned i, const struct model_pci *pci)
{
	model_add(host->model, pci);
	check_ok(pt_device_open(host->space, pci->bdf, NULL, &host->devices[i], &host->err),
		 host->err);
	return pt_device_attach(host->devices[i], &host->err);
}

static void host_close(struct host *host)
{
	for (unsigned i = 0; i < 2; i++)
		pt_device_close(host->devices[i]);
	pt_space_close(host->space);
	check_clean(host->model);
	model_free(host->model);
}

static struct model_pci with_reserved(const char *bdf, int group, uint64_t first, uint64_t last)
{
	struct model_pci pci = model_nvme(bdf, group);

	pci.reserved[0] = (struct pt_iova_range){first, last};
	pci.reserved_count = 1;
	return pci;
}

Test(allowed, a_device_that_reserves_guest_memory_is_refused_and_both_ranges_are_named)
{
	struct host host = host_open();
	struct model_pci pci = with_reserved("0000:02:00.0", 26, 0x7c000000, 0x7cffffff);

	check_ok(pt_space_allow(host.space, ram, 2, &host.err), host.err);
	check_error(add(&host, 0, &pci), -EADDRINUSE, host.err, "0000:02:00.0");
	cr_assert(strstr(host.err.message, "0x7c000000-0x7cffffff"), "%s", host.err.message);
	cr_assert(strstr(host.err.message, "0x0-0x7fffffff"), "%s", host.err.message);
	check_remedy(host.err, "/sys/kernel/iommu_groups/26/reserved_regions");
	cr_assert_eq(pt_device_state(host.devices[0]), PT_DEVICE_OPENED);
	host_close(&host);
}

Test(allowed, a_narrow_iommu_is_refused_with_its_width)
{
	struct host host = host_open();
	const struct pt_iova_range high = {1ull << 38, (1ull << 40) - 1};
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	model_host(host.model)->aperture_bits = 39;
	check_ok(pt_space_allow(host.space, &high, 1, &host.err), host.err);
	check_error(add(&host, 0, &pci), -EADDRINUSE, host.err, "39 bits");
	cr_assert(strstr(host.err.message, "0x4000000000-0xffffffffff"), "%s", host.err.message);
	host_close(&host);
}

Test(allowed, a_second_device_that_does_not_fit_leaves_the_first_alone)
{
	struct host host = host_open();
	struct model_pci first = model_nvme("0000:02:00.0", 26);
	struct model_pci second = with_reserved("0000:03:00.0", 27, 5 * GIB, 5 * GIB + MIB - 1);

	check_ok(pt_space_allow(host.space, ram, 2, &host.err), host.err);
	check_ok(add(&host, 0, &first), host.err);
	check_error(add(&host, 1, &second), -EADDRINUSE, host.err, "0000:03:00.0");
	cr_assert(strstr(host.err.message, "0x100000000-0x17fffffff"), "%s", host.err.message);
	cr_assert_eq(pt_device_state(host.devices[0]), PT_DEVICE_ATTACHED);
	host_close(&host);
}

/* A container knows no such list: the library holds it against what the container can do. */
Test(allowed, the_same_with_the_group_backend)
{
	struct host host = host_open_by(PT_BACKEND_GROUP);
	struct model_pci first = model_nvme("0000:02:00.0", 26);
	struct model_pci second = with_reserved("0000:03:00.0", 27, 5 * GIB, 5 * GIB + MIB - 1);

	check_ok(pt_space_allow(host.space, ram, 2, &host.err), host.err);
	check_ok(add(&host, 0, &first), host.err);
	check_error(add(&host, 1, &second), -EADDRINUSE, host.err, "0000:03:00.0");
	cr_assert(strstr(host.err.message, "0x140000000-0x1400fffff"), "%s", host.err.message);
	cr_assert(strstr(host.err.message, "0x100000000-0x17fffffff"), "%s", host.err.message);
	host_close(&host);
}

Test(allowed, what_is_mapped_counts_as_well)
{
	struct host host = host_open();
	struct model_pci pci = with_reserved("0000:02:00.0", 26, 8 * GIB, 8 * GIB + MIB - 1);
	const struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};

	check_ok(pt_space_map(host.space, 8 * GIB, 4 * MIB, &memory, PT_MAP_READ, &host.err),
		 host.err);
	check_error(add(&host, 0, &pci), -EADDRINUSE, host.err, "0x200000000-0x2003fffff");
	host_close(&host);
}

Test(allowed, the_list_is_replaced)
{
	struct host host = host_open();
	struct model_pci pci = with_reserved("0000:02:00.0", 26, 0x7c000000, 0x7cffffff);
	const struct pt_iova_range less = {0, 0x7bffffff};

	check_ok(pt_space_allow(host.space, ram, 2, &host.err), host.err);
	check_ok(pt_space_allow(host.space, &less, 1, &host.err), host.err);
	check_ok(add(&host, 0, &pci), host.err);
	host_close(&host);
}

Test(allowed, an_attached_device_limits_what_can_be_allowed)
{
	struct host host = host_open();
	struct model_pci pci = with_reserved("0000:02:00.0", 26, 0x7c000000, 0x7cffffff);

	check_ok(add(&host, 0, &pci), host.err);
	check_error(pt_space_allow(host.space, ram, 2, &host.err), -EADDRINUSE, host.err,
		    "0x0-0x7fffffff");
	cr_assert(strstr(host.err.message, "0x0-0x7bffffff"), "%s", host.err.message);
	host_close(&host);
}

Test(allowed, ranges_that_cannot_be_are_refused_without_asking)
{
	struct host host = host_open();
	static const struct pt_iova_range twice[] = {{0, 0xffff}, {0x8000, 0x1ffff}};
	static const struct pt_iova_range odd[] = {
		{0x1000, 0x1ffe}, {0x1200, 0x1fff}, {8192, 4095}};
	unsigned mark = model_mark(host.model);

	check_error(pt_space_allow(host.space, twice, 2, &host.err), -EINVAL, host.err,
		    "0x8000-0x1ffff");
	for (unsigned i = 0; i < 3; i++)
		check_error(pt_space_allow(host.space, &odd[i], 1, &host.err), -EINVAL, host.err,
			    "whole pages");
	cr_assert_eq(model_calls(host.model, mark, "ioctl"), 0);
	host_close(&host);
}

Test(allowed, a_kernel_that_fails_is_quoted)
{
	struct host host = host_open();

	*model_fault(host.model) = (struct model_fault){.countdown = 2, .error = -EIO};
	check_error(pt_space_allow(host.space, ram, 2, &host.err), -EIO, host.err,
		    "IOMMU_IOAS_ALLOW_IOVAS");
	host_close(&host);
}
