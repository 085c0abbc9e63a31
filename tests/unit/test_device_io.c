/* SPDX-License-Identifier: MIT */
/* What an attached device offers: regions, interrupts, reset. */
#include "check.h"

#define GIB (1ull << 30)

Test(device_io, regions_are_the_kernels)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	const struct pt_region *region;

	pci.bars[2] = (struct model_bar){.size = 0x40, .io = true};
	pci.bars[3] = (struct model_bar){.size = 0x100};
	check_attach(&c, &pci);
	region = pt_device_region(c.device, PT_REGION_BAR0);
	cr_assert_eq(region->size, 0x4000);
	cr_assert_eq(region->flags, PT_REGION_READ | PT_REGION_WRITE | PT_REGION_MMAP);
	cr_assert_eq(region->area_count, 1);
	cr_assert(region->areas[0].offset == 0 && region->areas[0].size == 0x4000);
	cr_assert_eq(pt_device_region(c.device, 1)->size, 0);
	cr_assert_eq(pt_device_region(c.device, 2)->area_count, 0, "no mmap of port I/O");
	cr_assert_eq(pt_device_region(c.device, 3)->area_count, 0, "smaller than a page");
	cr_assert_eq(pt_device_region(c.device, PT_REGION_CONFIG)->size, 4096);
	cr_assert_eq(pt_device_region(c.device, PT_REGION_VGA)->size, 0);
	cr_assert_null(pt_device_region(c.device, PT_REGION_COUNT));
	check_down(&c);
}

Test(device_io, sparse_areas_are_what_is_mapped)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	const struct pt_region *region;
	void *base, *again;

	pci.bars[0].size = 0x10000;
	pci.sparse_region = 0;
	pci.sparse_count = 2;
	pci.sparse[0] = (struct pt_area){0x1000, 0x2000};
	pci.sparse[1] = (struct pt_area){0x8000, 0x8000};
	check_attach(&c, &pci);
	region = pt_device_region(c.device, PT_REGION_BAR0);
	cr_assert_eq(region->area_count, 2);
	cr_assert(region->areas[0].offset == 0x1000 && region->areas[0].size == 0x2000);
	cr_assert(region->areas[1].offset == 0x8000 && region->areas[1].size == 0x8000);
	check_ok(pt_device_map(c.device, PT_REGION_BAR0, &base, &c.err), c.err);
	model_write_bar(c.host, 0, 0x2ffc, "abc", 4);
	model_write_bar(c.host, 0, 0xfffc, "xyz", 4);
	cr_assert_str_eq((char *)base + 0x2ffc, "abc");
	cr_assert_str_eq((char *)base + 0xfffc, "xyz");
	check_ok(pt_device_map(c.device, PT_REGION_BAR0, &again, &c.err), c.err);
	cr_assert_eq(base, again, "mapped once");
	check_down(&c);
}

Test(device_io, a_sparse_area_over_another_is_left_out)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	const struct pt_region *region;

	pci.bars[0].size = 0x10000;
	pci.sparse_count = 4;
	pci.sparse[0] = (struct pt_area){0x1000, 0x3000};
	pci.sparse[1] = (struct pt_area){0x1000, 0x3000};
	pci.sparse[2] = (struct pt_area){0x3000, 0x2000};
	pci.sparse[3] = (struct pt_area){0x4000, 0x1000};
	check_attach(&c, &pci);
	region = pt_device_region(c.device, PT_REGION_BAR0);
	cr_assert_eq(region->area_count, 2);
	cr_assert(region->areas[0].offset == 0x1000 && region->areas[0].size == 0x3000);
	cr_assert(region->areas[1].offset == 0x4000 && region->areas[1].size == 0x1000);
	check_down(&c);
}

Test(device_io, msix_mappable_is_no_sparse_list)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	pci.msix_mappable = true;
	check_attach(&c, &pci);
	cr_assert_eq(pt_device_region(c.device, 0)->area_count, 1);
	cr_assert_eq(pt_device_region(c.device, 0)->areas[0].size, 0x4000);
	check_down(&c);
}

Test(device_io, a_mapping_is_aligned_to_the_bar_or_to_a_gigabyte)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	void *base;

	pci.bars[0].size = 16 * 1024 * 1024;
	pci.bars[2] = (struct model_bar){.size = 256 * GIB, .is_64bit = true, .prefetchable = true};
	check_attach(&c, &pci);
	check_ok(pt_device_map(c.device, 0, &base, &c.err), c.err);
	cr_assert_eq((uintptr_t)base % (16 * 1024 * 1024), 0);
	check_ok(pt_device_map(c.device, 2, &base, &c.err), c.err);
	cr_assert_eq((uintptr_t)base % GIB, 0);
	model_write_bar(c.host, 2, 255 * GIB, "far", 4);
	cr_assert_str_eq((char *)base + 255 * GIB, "far");
	check_down(&c);
}

Test(device_io, what_cannot_be_mapped)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	void *base = NULL;

	pci.bars[2] = (struct model_bar){.size = 0x40, .io = true};
	check_attach(&c, &pci);
	check_error(pt_device_map(c.device, 2, &base, &c.err), -ENODATA, c.err, "0000:02:00.0");
	check_error(pt_device_map(c.device, PT_REGION_CONFIG, &base, &c.err), -ENODATA, c.err,
		    "0000:02:00.0");
	check_error(pt_device_map(c.device, 99, &base, &c.err), -ENODATA, c.err, "0000:02:00.0");
	cr_assert_null(base);
	check_down(&c);
}

Test(device_io, a_mapping_that_fails_half_way_is_undone)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	void *base;

	pci.bars[0].size = 0x10000;
	pci.sparse_count = 2;
	pci.sparse[0] = (struct pt_area){0x1000, 0x2000};
	pci.sparse[1] = (struct pt_area){0x8000, 0x8000};
	check_attach(&c, &pci);
	*model_fault(c.model) = (struct model_fault){.countdown = 3, .error = -ENOMEM};
	check_error(pt_device_map(c.device, 0, &base, &c.err), -ENOMEM, c.err, "0000:02:00.0");
	cr_assert_eq(model_calls(c.model, 0, "munmap"), 1);
	check_ok(pt_device_map(c.device, 0, &base, &c.err), c.err);
	check_down(&c);
}

Test(device_io, reads_and_writes)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	uint32_t value = 0xa5a5a5a5;
	uint64_t wide = 0;

	check_attach(&c, &pci);
	cr_assert_eq(pt_device_write(c.device, 0, 0x10, &value, 4), 0);
	cr_assert_eq(pt_device_read(c.device, 0, 0x10, &wide, 8), 0);
	cr_assert_eq(wide, 0xa5a5a5a5);
	cr_assert_eq(pt_device_read(c.device, PT_REGION_CONFIG, 0, &value, 4), 0);
	cr_assert_eq(value, 0x00101b36);
	value = 7;
	cr_assert_eq(pt_device_read(c.device, 0, 0x4000, &value, 4), -EINVAL);
	cr_assert_eq(pt_device_read(c.device, 0, 0x3ffe, &value, 4), -EINVAL);
	cr_assert_eq(pt_device_read(c.device, 0, UINT64_MAX - 1, &value, 4), -EINVAL);
	cr_assert_eq(pt_device_read(c.device, 1, 0, &value, 4), -EINVAL);
	cr_assert_eq(pt_device_read(c.device, 77, 0, &value, 4), -EINVAL);
	cr_assert_eq(pt_device_write(c.device, 0, 0x4000, &value, 4), -EINVAL);
	cr_assert_eq(value, 7, "not written on failure");
	check_down(&c);
}

Test(device_io, memory_decode_off_is_eio)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	uint32_t value = 7;
	uint16_t command = 0;

	check_attach(&c, &pci);
	cr_assert_eq(pt_device_write(c.device, PT_REGION_CONFIG, CFG_COMMAND, &command, 2), 0);
	cr_assert_eq(pt_device_read(c.device, 0, 0, &value, 4), -EIO);
	cr_assert_eq(value, 7);
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_ATTACHED);
	check_down(&c);
}

Test(device_io, enodev_makes_it_lost)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	uint32_t value = 7;

	check_attach(&c, &pci);
	*model_fault(c.model) = (struct model_fault){.countdown = 1, .error = -ENODEV};
	cr_assert_eq(pt_device_read(c.device, 0, 0, &value, 4), -ENODEV);
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_LOST);
	cr_assert_eq(value, 7);
	check_down(&c);
}

Test(device_io, interrupts_are_the_kernels)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	model_config_msi(&pci, 0xc0, 4, true, true);
	check_attach(&c, &pci);
	cr_assert_eq(pt_device_irq(c.device, PT_IRQ_INTX)->count, 1);
	cr_assert(pt_device_irq(c.device, PT_IRQ_INTX)->maskable);
	cr_assert_eq(pt_device_irq(c.device, PT_IRQ_MSI)->count, 16);
	cr_assert_eq(pt_device_irq(c.device, PT_IRQ_MSIX)->count, 65);
	cr_assert_not(pt_device_irq(c.device, PT_IRQ_MSIX)->noresize);
	cr_assert_eq(pt_device_irq(c.device, PT_IRQ_ERR)->count, 1);
	cr_assert_eq(pt_device_irq(c.device, PT_IRQ_REQ)->count, 1);
	cr_assert_null(pt_device_irq(c.device, PT_IRQ_COUNT));
	check_down(&c);
}

/* Kernels before 7.3 answer EINVAL for the ERR interrupt of a device that is not PCI Express. */
Test(device_io, a_conventional_device_has_no_err)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};
	struct check c;

	model_config_init(&pci, 0x1234, 0x11e8, 0x00ff00);
	pci.config_size = 256;
	pci.bars[0].size = 0x100000;
	check_attach(&c, &pci);
	cr_assert_eq(pt_device_irq(c.device, PT_IRQ_ERR)->count, 0);
	cr_assert_eq(pt_device_irq(c.device, PT_IRQ_INTX)->count, 0);
	cr_assert_eq(pt_device_region(c.device, PT_REGION_CONFIG)->size, 256);
	check_down(&c);
}

Test(device_io, vectors_are_given_eventfds)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	int fds[3];

	check_attach(&c, &pci);
	for (unsigned i = 0; i < 3; i++)
		fds[i] = c.sys->eventfd(c.sys->ctx);
	check_ok(pt_device_irq_set(c.device, PT_IRQ_MSIX, 0, 2, fds, &c.err), c.err);
	cr_assert_eq(model_trigger_fd(c.host, PT_IRQ_MSIX, 1), fds[1]);
	check_ok(pt_device_irq_set(c.device, PT_IRQ_MSIX, 5, 1, fds + 2, &c.err), c.err);
	model_raise(c.host, 5);
	cr_assert_eq(model_eventfd_count(c.model, fds[2]), 1);
	check_error(pt_device_irq_set(c.device, PT_IRQ_MSIX, 64, 2, fds, &c.err), -EINVAL, c.err,
		    "0000:02:00.0");
	check_error(pt_device_irq_set(c.device, PT_IRQ_INTX, 0, 1, fds, &c.err), -EINVAL, c.err,
		    "0000:02:00.0");
	check_error(pt_device_irq_set(c.device, PT_IRQ_MSI, 0, 1, fds, &c.err), -EINVAL, c.err,
		    "0000:02:00.0");
	pt_device_irq_disable(c.device, PT_IRQ_MSIX);
	cr_assert_eq(c.host->irq_index, -1);
	pt_device_irq_disable(c.device, PT_IRQ_MSIX);
	pt_device_irq_disable(c.device, PT_IRQ_MSI);
	pt_device_irq_disable(c.device, 99);
	cr_assert_eq(model_calls(c.model, 0, "none"), 1, "an index is disabled once");
	for (unsigned i = 0; i < 3; i++)
		model_close(c.model, fds[i]);
	check_down(&c);
}

Test(device_io, fewer_vectors_than_asked_for)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	int fds[8];

	check_attach(&c, &pci);
	for (unsigned i = 0; i < 8; i++)
		fds[i] = -1;
	c.host->grant = 3;
	cr_assert_eq(pt_device_irq_set(c.device, PT_IRQ_MSIX, 0, 8, fds, &c.err), 3);
	cr_assert_eq(c.host->irq_index, -1);
	check_ok(pt_device_irq_set(c.device, PT_IRQ_MSIX, 0, 3, fds, &c.err), c.err);
	cr_assert_eq(c.host->irq_index, PT_IRQ_MSIX);
	check_down(&c);
}

Test(device_io, closing_turns_interrupts_off_and_unmaps_before)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	void *base;
	unsigned mark;
	int fd;

	check_attach(&c, &pci);
	fd = c.sys->eventfd(c.sys->ctx);
	check_ok(pt_device_irq_set(c.device, PT_IRQ_INTX, 0, 1, &fd, &c.err), c.err);
	check_ok(pt_device_map(c.device, 0, &base, &c.err), c.err);
	mark = model_mark(c.model);
	pt_device_close(c.device);
	c.device = NULL;
	cr_assert(model_ordered(c.model, mark, "SET_IRQS", "munmap"));
	cr_assert(model_ordered(c.model, mark, "munmap", "DETACH"));
	cr_assert(model_ordered(c.model, mark, "DETACH", "close"));
	cr_assert_not(c.host->bound);
	model_close(c.model, fd);
	check_down(&c);
}
