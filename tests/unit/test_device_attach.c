/* SPDX-License-Identifier: MIT */
/* Attach and detach: the order, the states, and the explanations of what the kernel refuses. */
#include "host.h"

static struct host host_open(void)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct host host = host_new(NULL);

	host.hw = model_add(host.model, &pci);
	check_ok(pt_device_open(host.space, "02:00.0", NULL, &host.device, &host.err), host.err);
	return host;
}

Test(device_attach, binds_then_attaches_then_asks)
{
	struct host host = host_open();

	check_ok(attach(&host), host.err);
	cr_assert(host.hw->bound && host.hw->attached);
	cr_assert_eq(pt_device_state(host.device), PT_DEVICE_ATTACHED);
	cr_assert(model_ordered(host.model, 0, "BIND_IOMMUFD", "ATTACH_IOMMUFD_PT"));
	cr_assert(model_ordered(host.model, 0, "ATTACH_IOMMUFD_PT", "GET_INFO"));
	cr_assert(pt_device_resettable(host.device));
	host_close(&host);
}

Test(device_attach, bind_alone_is_the_first_half)
{
	struct host host = host_open();
	unsigned bound;

	check_ok(pt_device_bind(host.device, &host.err), host.err);
	cr_assert(host.hw->bound);
	cr_assert_not(host.hw->attached);
	cr_assert_eq(pt_device_state(host.device), PT_DEVICE_OPENED);
	bound = model_calls(host.model, 0, "BIND_IOMMUFD");
	check_ok(pt_device_bind(host.device, &host.err), host.err);
	check_ok(attach(&host), host.err);
	cr_assert_eq(model_calls(host.model, 0, "BIND_IOMMUFD"), bound, "bound once");
	cr_assert(host.hw->attached);
	host_close(&host);
}

Test(device_attach, detach_blocks_dma_and_attach_works_again)
{
	struct host host = host_open();

	check_ok(attach(&host), host.err);
	pt_device_detach(host.device);
	cr_assert_not(host.hw->attached);
	cr_assert_eq(pt_device_state(host.device), PT_DEVICE_OPENED);
	pt_device_detach(host.device);
	check_ok(attach(&host), host.err);
	cr_assert(host.hw->attached);
	cr_assert_eq(model_calls(host.model, 0, "BIND_IOMMUFD"), 1, "a device is bound once");
	host_close(&host);
}

Test(device_attach, the_state_is_guarded)
{
	struct host host = host_open();
	void *base;
	struct pt_function *function;
	struct pt_function_setup setup = {0};

	check_error(pt_device_map(host.device, PT_REGION_BAR0, &base, &host.err), -EBADFD, host.err,
		    "0000:02:00.0");
	check_error(pt_function_create(host.device, &setup, &guest_ops, NULL, &function, &host.err),
		    -EBADFD, host.err, "0000:02:00.0");
	check_ok(attach(&host), host.err);
	check_error(attach(&host), -EBADFD, host.err, "0000:02:00.0");
	pt_device_detach(host.device);
	host_close(&host);
}

Test(device_attach, eagain_is_retried)
{
	struct host host = host_open();

	host.hw->bind_eagain = 5;
	check_ok(attach(&host), host.err);
	cr_assert_eq(model_calls(host.model, 0, "BIND_IOMMUFD"), 6);
	cr_assert_gt(model_slept(host.model), 0);
	host_close(&host);
}

Test(device_attach, eagain_is_not_retried_for_ever)
{
	struct host host = host_open();

	host.hw->bind_eagain = 1000000;
	check_error(attach(&host), -EAGAIN, host.err, "0000:02:00.0");
	cr_assert(model_slept(host.model) >= 100 && model_slept(host.model) <= 400, "%u ms",
		  model_slept(host.model));
	cr_assert_eq(pt_device_state(host.device), PT_DEVICE_OPENED);
	host.hw->bind_eagain = 0;
	check_ok(attach(&host), host.err);
	host_close(&host);
}

Test(device_attach, a_sibling_that_went_to_a_host_driver_is_named)
{
	struct host host = host_open();
	struct model_pci sibling = model_nvme("0000:02:00.1", 26);

	/* After the open, so only the bind can see it. */
	sibling.driver = "e1000e";
	model_add(host.model, &sibling);
	check_error(attach(&host), -EPERM, host.err, "0000:02:00.0");
	cr_assert(strstr(host.err.message, "0000:02:00.1"), "%s", host.err.message);
	cr_assert(strstr(host.err.message, "e1000e"), "%s", host.err.message);
	check_remedy(host.err, "0000:02:00.1");
	host_close(&host);
}

Test(device_attach, interrupts_that_are_not_isolated_are_explained)
{
	struct host host = host_open();

	model_remapping(host.model, false);
	check_error(attach(&host), -EPERM, host.err, "0000:02:00.0");
	cr_assert(strstr(host.err.message, "interrupts"), "%s", host.err.message);
	check_remedy(host.err, "allow_unsafe_interrupts");
	host_close(&host);
}

Test(device_attach, the_process_that_has_it_is_named)
{
	struct host host = host_open();

	host.hw->held = true;
	check_error(attach(&host), -EINVAL, host.err, "0000:02:00.0");
	cr_assert_neq(host.err.remedy[0], '\0', "unknown holder");
	model_process(host.model, 4711, "qemu-system-x86", "/dev/vfio/devices/vfio0");
	check_error(attach(&host), -EINVAL, host.err, "qemu-system-x86 (pid 4711)");
	cr_assert(strstr(host.err.message, "0000:02:00.0"), "%s", host.err.message);
	host.hw->held = false;
	check_ok(attach(&host), host.err);
	host_close(&host);
}

Test(device_attach, an_open_group_is_explained)
{
	struct host host = host_open();

	host.hw->group_open = true;
	model_process(host.model, 815, "crosvm", "/dev/vfio/26");
	check_error(attach(&host), -EBUSY, host.err, "0000:02:00.0");
	cr_assert(strstr(host.err.message, "crosvm (pid 815)"), "%s", host.err.message);
	cr_assert(strstr(host.err.message, "/dev/vfio/26"), "%s", host.err.message);
	host_close(&host);
}

Test(device_attach, memory_in_a_reserved_range_is_explained)
{
	struct host host = host_open();
	struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};

	check_ok(pt_space_map(host.space, 0xfee00000, 0x1000, &memory, PT_MAP_READ, &host.err),
		 host.err);
	check_error(attach(&host), -EADDRINUSE, host.err, "0000:02:00.0");
	check_remedy(host.err, "reserved_regions");
	cr_assert_eq(pt_device_state(host.device), PT_DEVICE_OPENED);
	check_ok(pt_space_unmap(host.space, 0xfee00000, 0x1000, &host.err), host.err);
	check_ok(attach(&host), host.err);
	host_close(&host);
}

Test(device_attach, pins_that_are_too_many_at_attach)
{
	struct host host = host_open();
	struct pt_memory memory = {.hva = (void *)0x7f0000000000, .fd = -1};

	model_host(host.model)->memlock = 0x1000;
	check_ok(pt_space_map(host.space, 0, 0x2000, &memory, PT_MAP_READ, &host.err), host.err);
	check_error(attach(&host), -ENOMEM, host.err, "0000:02:00.0");
	model_host(host.model)->memlock = 0x2000;
	check_ok(attach(&host), host.err);
	host_close(&host);
}

Test(device_attach, a_device_that_does_not_say_what_it_is_is_detached_again)
{
	struct host host = host_open();

	/* BIND, ATTACH, GET_INFO. */
	*model_fault(host.model) = (struct model_fault){.countdown = 3, .error = -EIO};
	check_error(attach(&host), -EIO, host.err, "0000:02:00.0");
	cr_assert_not(host.hw->attached, "its DMA is blocked");
	cr_assert_eq(pt_device_state(host.device), PT_DEVICE_OPENED);
	check_ok(attach(&host), host.err);
	host_close(&host);
}

Test(device_attach, a_device_that_goes_away_is_lost)
{
	struct host host = host_open();

	*model_fault(host.model) = (struct model_fault){.countdown = 1, .error = -ENODEV};
	check_error(attach(&host), -ENODEV, host.err, "0000:02:00.0");
	cr_assert_eq(pt_device_state(host.device), PT_DEVICE_LOST);
	check_error(attach(&host), -EBADFD, host.err, "lost");
	pt_device_detach(host.device);
	cr_assert_eq(pt_device_state(host.device), PT_DEVICE_OPENED);
	host_close(&host);
}
