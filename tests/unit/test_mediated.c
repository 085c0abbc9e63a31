/* SPDX-License-Identifier: MIT */
/* Mediated devices: found by UUID, asked what they are, and made a function of, with all that the kernel's samples lack. */
#include "check.h"

#define MTTY "83b8f4f2-509f-382f-3c1e-e6bfe0fa1001"
#define MDPY "83b8f4f2-509f-382f-3c1e-e6bfe0fa1002"

static struct model *host(void)
{
	struct model *model = model_new();
	struct model_pci mtty = model_mtty(MTTY, 7), mdpy = model_mdpy(MDPY, 8);

	model_add(model, &mtty);
	model_add(model, &mdpy);
	return model;
}

static void done(struct model *model)
{
	check_clean(model);
	model_free(model);
}

Test(mediated, every_name_resolves)
{
	static const char *const names[] = {
		MTTY,
		"83B8F4F2-509F-382F-3C1E-E6BFE0FA1001",
		"/sys/bus/mdev/devices/" MTTY,
		"/sys/devices/virtual/mtty/mtty/" MTTY,
		"/dev/vfio/devices/vfio0",
	};
	struct model *model = host();
	struct pt_error err = PT_ERROR_INIT;
	char name[PT_NAME_SIZE];

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		check_ok(pt_host_resolve(model_sys(model), names[i], name, &err), err);
		cr_assert_str_eq(name, MTTY, "%s is %s", names[i], name);
	}
	done(model);
}

Test(mediated, one_that_is_not_there)
{
	struct model *model = host();
	struct pt_error err = PT_ERROR_INIT;
	struct pt_host_device device;
	char name[PT_NAME_SIZE];

	check_error(pt_host_resolve(model_sys(model), "00000000-0000-0000-0000-000000000000", name,
				    &err),
		    -ENODEV, err, "no such mediated device");
	check_remedy(err, "create");
	check_error(pt_host_read(model_sys(model), "00000000-0000-0000-0000-000000000000", &device,
				 &err),
		    -ENODEV, err, "no such mediated device");
	done(model);
}

Test(mediated, what_sysfs_has_of_it)
{
	struct model *model = host();
	struct pt_error err = PT_ERROR_INIT;
	struct pt_iova_range ranges[4];
	struct pt_host_device device;
	size_t count = 99;

	check_ok(pt_host_read(model_sys(model), MTTY, &device, &err), err);
	cr_assert(device.mediated);
	cr_assert_str_eq(device.name, MTTY);
	cr_assert_str_eq(device.driver, "mtty");
	cr_assert_str_eq(device.node, "vfio0");
	cr_assert_eq(device.group, 7);
	cr_assert_eq(device.vendor, 0);
	cr_assert_not(device.noiommu,
		      "its group has the name that those of devices without an IOMMU have");
	check_ok(pt_host_assignable(model_sys(model), &device, NULL, &err), err);
	check_ok(pt_host_reserved(model_sys(model), &device, ranges, 4, &count, &err), err);
	cr_assert_eq(count, 0, "no IOMMU stands behind it");
	cr_assert_eq(pt_host_iova_bits(model_sys(model), &device), 0);
	done(model);
}

Test(mediated, a_kernel_without_cdevs)
{
	struct model *model = model_new();
	struct model_pci mtty = model_mtty(MTTY, 7);
	struct pt_error err = PT_ERROR_INIT;
	struct pt_host_device device;

	model_host(model)->no_cdev = true;
	model_add(model, &mtty);
	check_ok(pt_host_read(model_sys(model), MTTY, &device, &err), err);
	check_error(pt_host_assignable(model_sys(model), &device, NULL, &err), -ENOENT, err, MTTY);
	check_remedy(err, "CONFIG_VFIO_DEVICE_CDEV");
	done(model);
}

/* Neither remapping nor an IOMMU has to do with it, and it shares the guest's address space with real ones. */
Test(mediated, it_needs_no_iommu)
{
	struct model_pci pci = model_mtty(MTTY, 7);
	struct check check;

	check_attach(&check, &pci);
	pt_device_detach(check.device);
	model_remapping(check.model, false);
	check_ok(pt_device_attach(check.device, &check.err), check.err);
	check_down(&check);
}

Test(mediated, it_says_what_it_is)
{
	struct model_pci pci = model_mtty(MTTY, 7);
	struct pt_host_device host;
	struct check check;

	check_attach(&check, &pci);
	check_ok(pt_device_describe(check.device, &host, &check.err), check.err);
	cr_assert_str_eq(host.name, MTTY);
	cr_assert(host.mediated);
	cr_assert_eq(host.vendor, 0x4348);
	cr_assert_eq(host.device, 0x3253);
	cr_assert_eq(host.class_code, 0x070002);
	cr_assert_eq(host.irq_pin, 1);
	cr_assert_eq(host.bars[0].size, 8);
	cr_assert(host.bars[0].io);
	cr_assert_eq(host.bars[1].size, 0);
	pt_device_detach(check.device);
	check_error(pt_device_describe(check.device, &host, &check.err), -EBADFD, check.err, MTTY);
	check_down(&check);
}

/* The regions are where the struct says, not where vfio-pci has them. */
Test(mediated, a_screen_says_what_it_is)
{
	struct model_pci pci = model_mdpy(MDPY, 8);
	struct pt_host_device host;
	struct check check;

	check_attach(&check, &pci);
	check_ok(pt_device_describe(check.device, &host, &check.err), check.err);
	cr_assert_eq(host.vendor, 0x1b36);
	cr_assert_eq(host.class_code, 0x038000);
	cr_assert_eq(host.irq_pin, 0);
	cr_assert_eq(host.bars[0].size, 0x200000);
	cr_assert_not(host.bars[0].io);
	cr_assert_not(host.bars[0].is_64bit);
	cr_assert(host.bars[0].prefetchable);
	check_down(&check);
}

Test(mediated, describe_agrees_with_sysfs_where_both_know)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct pt_host_device sysfs, host;
	struct check check;

	check_attach(&check, &pci);
	check_ok(pt_host_read(check.sys, pci.bdf, &sysfs, &check.err), check.err);
	check_ok(pt_device_describe(check.device, &host, &check.err), check.err);
	cr_assert_eq(host.vendor, sysfs.vendor);
	cr_assert_eq(host.device, sysfs.device);
	cr_assert_eq(host.class_code, sysfs.class_code);
	cr_assert_eq(host.irq_pin, sysfs.irq_pin);
	for (unsigned i = 0; i < PT_BARS; i++) {
		cr_assert_eq(host.bars[i].size, sysfs.bars[i].size, "BAR %u", i);
		cr_assert_eq(host.bars[i].is_64bit, sysfs.bars[i].is_64bit, "BAR %u", i);
	}
	check_down(&check);
}

/* Whatever the device makes of COMMAND, the guest reads what it wrote, and BARs follow that. */
Test(mediated, decode_is_what_the_guest_wrote)
{
	struct model_pci pci = model_mtty(MTTY, 7);
	struct check check;
	uint8_t byte = 0x5a;

	check_up(&check, &pci);
	cr_assert_eq(cfg_read(&check, CFG_COMMAND, 2) & 7, 0, "off at power-on");
	cfg_write(&check, CFG_COMMAND, 2, COMMAND_IO);
	cr_assert_eq(cfg_read(&check, CFG_COMMAND, 2) & 7, COMMAND_IO);
	cr_assert_eq(cfg_read(&check, CFG_COMMAND, 4) & 7, COMMAND_IO);
	cr_assert(pt_function_bar(check.function, 0).mapped);
	bar_write(&check, 0, 7, 1, byte);
	cr_assert_eq(bar_read(&check, 0, 7, 1), byte);
	cfg_write(&check, CFG_COMMAND, 2, 0);
	cr_assert_eq(cfg_read(&check, CFG_COMMAND, 2) & 7, 0);
	check_down(&check);
}

/* Config space ends at byte 254, and so does what is asked of the device. */
Test(mediated, a_short_config_space)
{
	struct model_pci pci = model_mtty(MTTY, 7);
	struct check check;

	model_config_put(&pci, 0xfc, 2, 0xabcd);
	check_up(&check, &pci);
	cr_assert_eq(cfg_read(&check, 0xfc, 4), 0xabcd);
	cr_assert_eq(cfg_read(&check, 0xff, 1), 0);
	cfg_write(&check, 0xfc, 4, 0);
	cfg_write(&check, 0xff, 1, 0);
	cr_assert_eq(check.guest->reports, 0, "%s", check.guest->report.message);
	pt_function_stop(check.function);
	cr_assert_eq(check.host->resets, 1, "it can be reset, though it does not say so");
	cr_assert_eq(check.guest->reports, 0, "%s", check.guest->report.message);
	check_down(&check);
}

Test(mediated, a_bar_is_mapped_where_the_region_is)
{
	struct model_pci pci = model_mdpy(MDPY, 8);
	struct check check;
	uint32_t pixel = 0x00ff8000;

	check_up(&check, &pci);
	cfg_write(&check, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(check.guest->window_count, 1);
	cr_assert_eq(check.guest->windows[0].size, 0x200000);
	memcpy((char *)check.guest->windows[0].hva + 0x1000, &pixel, sizeof(pixel));
	pixel = 0;
	model_read_bar(check.host, 0, 0x1000, &pixel, sizeof(pixel));
	cr_assert_eq(pixel, 0x00ff8000);
	check_down(&check);
}

/* INTx that cannot be unmasked by eventfd: unmasked at the next access after the guest's EOI, and not before it. */
Test(mediated, an_interrupt_is_unmasked_after_eoi)
{
	struct model_pci pci = model_mtty(MTTY, 7);
	struct check check;

	check_up(&check, &pci);
	cfg_write(&check, CFG_COMMAND, 2, COMMAND_IO);
	model_intx(check.host, true);
	cr_assert(check.guest->asserted);
	cr_assert(check.host->intx_masked);
	bar_read(&check, 0, 2, 1);
	cr_assert(check.host->intx_masked, "before EOI");
	model_intx(check.host, false);
	guest_eoi(check.guest);
	bar_read(&check, 0, 2, 1);
	cr_assert_not(check.host->intx_masked);
	model_intx(check.host, true);
	cr_assert(check.guest->asserted);
	check_down(&check);
}
