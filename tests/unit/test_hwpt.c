/* SPDX-License-Identifier: MIT */
/* Which page table a device is attached to. */
#include "check.h"

#define MIB	(1ull << 20)
#define DEVICES 4

struct host {
	struct model *model;
	struct pt_space *space;
	struct pt_device *devices[DEVICES];
	struct model_device *hw[DEVICES];
	struct pt_error err;
};

/* Functions in groups of their own; those that @dirty and @second have a bit for track dirty pages, or are behind another
 * IOMMU. */
static struct host host_open(unsigned dirty, unsigned second)
{
	static const char *const names[] = {"0000:01:00.0", "0000:02:00.0", "0000:03:00.0",
					    "0000:04:00.0"};
	struct host host = {.model = model_new()};
	const struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};

	check_ok(pt_space_open(model_sys(host.model), NULL, &host.space, &host.err), host.err);
	check_ok(pt_space_map(host.space, 0, 4 * MIB, &memory, PT_MAP_READ, &host.err), host.err);
	for (unsigned i = 0; i < DEVICES; i++) {
		struct model_pci pci = model_nvme(names[i], 20 + (int)i);

		host.hw[i] = model_add(host.model, &pci);
		host.hw[i]->tracks_dirty = dirty & 1u << i;
		host.hw[i]->iommu = second & 1u << i ? 2 : 1;
		check_ok(pt_device_open(host.space, names[i], NULL, &host.devices[i], &host.err),
			 host.err);
	}
	return host;
}

static void attach(struct host *host, unsigned i)
{
	check_ok(pt_device_attach(host->devices[i], &host->err), host->err);
}

static void host_close(struct host *host)
{
	for (unsigned i = 0; i < DEVICES; i++)
		pt_device_close(host->devices[i]);
	cr_assert_eq(model_hwpt_count(host->model, true), 0);
	pt_space_close(host->space);
	check_clean(host->model);
	model_free(host->model);
}

Test(hwpt, without_dirty_tracking_the_kernel_chooses)
{
	struct host host = host_open(0, 1u << 3);

	for (unsigned i = 0; i < DEVICES; i++)
		attach(&host, i);
	cr_assert_eq(model_hwpt_count(host.model, true), 0);
	cr_assert_eq(model_hwpt_count(host.model, false), 2, "one for each IOMMU");
	cr_assert_eq(model_calls(host.model, 0, "IOMMU_HWPT_ALLOC"), 0);
	host_close(&host);
}

Test(hwpt, with_it_devices_of_one_iommu_share_one)
{
	struct host host = host_open(~0u, 0);

	for (unsigned i = 0; i < DEVICES; i++)
		attach(&host, i);
	cr_assert_eq(model_hwpt_count(host.model, true), 1);
	cr_assert_eq(model_hwpt_count(host.model, false), 0);
	cr_assert_eq(model_calls(host.model, 0, "VFIO_DEVICE_ATTACH_IOMMUFD_PT"), DEVICES);
	host_close(&host);
}

Test(hwpt, iommus_that_do_not_agree_get_one_each)
{
	struct host host = host_open(~0u, 0xa);

	for (unsigned i = 0; i < DEVICES; i++)
		attach(&host, i);
	cr_assert_eq(model_hwpt_count(host.model, true), 2);
	cr_assert_eq(model_ioas_count(host.model), 1, "in one address space all the same");
	host_close(&host);
}

Test(hwpt, some_track_and_some_do_not)
{
	struct host host = host_open(0x5, 0);

	for (unsigned i = 0; i < DEVICES; i++)
		attach(&host, i);
	cr_assert_eq(model_hwpt_count(host.model, true), 1);
	cr_assert_eq(model_hwpt_count(host.model, false), 1);
	host_close(&host);
}

Test(hwpt, it_goes_with_its_last_device)
{
	struct host host = host_open(~0u, 0xc);

	for (unsigned i = 0; i < DEVICES; i++)
		attach(&host, i);
	pt_device_detach(host.devices[2]);
	cr_assert_eq(model_hwpt_count(host.model, true), 2);
	pt_device_detach(host.devices[3]);
	cr_assert_eq(model_hwpt_count(host.model, true), 1);
	attach(&host, 3);
	cr_assert_eq(model_hwpt_count(host.model, true), 2);
	host_close(&host);
}

Test(hwpt, one_that_cannot_be_attached_to_does_not_stay)
{
	struct host host = host_open(~0u, 0);
	int code;

	attach(&host, 0);
	pt_device_detach(host.devices[0]);
	check_ok(pt_device_bind(host.devices[1], &host.err), host.err);
	/* GET_HW_INFO, the allocation, HWPT_ALLOC, then the attach. */
	*model_fault(host.model) = (struct model_fault){.countdown = 4, .error = -EIO};
	code = pt_device_attach(host.devices[1], &host.err);
	check_error(code, -EIO, host.err, "0000:02:00.0");
	cr_assert(strstr(model_fault(host.model)->where, "VFIO_DEVICE_ATTACH"), "%s",
		  model_fault(host.model)->where);
	cr_assert_eq(model_hwpt_count(host.model, true), 0);
	attach(&host, 1);
	host_close(&host);
}

Test(hwpt, the_limit_of_pinned_memory_is_met_when_it_is_made)
{
	struct host host = host_open(~0u, 0);

	model_host(host.model)->memlock = MIB;
	check_error(pt_device_attach(host.devices[0], &host.err), -ENOMEM, host.err,
		    "0000:01:00.0: cannot be attached: 4096 KiB of memory");
	host_close(&host);
}

Test(hwpt, a_device_that_cannot_have_the_guests_addresses)
{
	struct host host = host_open(~0u, 0);
	const struct pt_iova_range msi = {0xfee00000, 0xfeefffff};

	check_ok(pt_space_allow(host.space, &msi, 1, &host.err), host.err);
	check_error(pt_device_attach(host.devices[0], &host.err), -EADDRINUSE, host.err,
		    "0xfee00000-0xfeefffff");
	cr_assert_eq(model_hwpt_count(host.model, true), 0);
	host_close(&host);
}

Test(hwpt, an_iommu_that_does_not_answer_is_the_kernels_choice)
{
	struct host host = host_open(~0u, 0);

	check_ok(pt_device_bind(host.devices[0], &host.err), host.err);
	*model_fault(host.model) = (struct model_fault){.countdown = 1, .error = -EOPNOTSUPP};
	attach(&host, 0);
	cr_assert(strstr(model_fault(host.model)->where, "IOMMU_GET_HW_INFO"));
	cr_assert_eq(model_hwpt_count(host.model, false), 1);
	host_close(&host);
}
