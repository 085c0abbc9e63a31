/* SPDX-License-Identifier: MIT */
/* MSI-X: the trapped pages, the order of a vector, batches, masks, pending bits. */
#include "msix_guest.h"

Test(msix, table_and_pba_pages_are_trapped_and_the_rest_is_memory)
{
	struct model_pci pci = many();
	uint64_t base = check_setup(&pci).bar_address[0];
	struct check c;

	up(&c, &pci);
	cr_assert_eq(c.guest->window_count, 3);
	cr_assert_not_null(guest_memory(c.guest, base));
	cr_assert_not_null(guest_memory(c.guest, base + TABLE - 1));
	cr_assert_null(guest_memory(c.guest, base + TABLE));
	cr_assert_null(guest_memory(c.guest, base + TABLE + 0xfff));
	cr_assert_not_null(guest_memory(c.guest, base + TABLE + 0x1000));
	cr_assert_not_null(guest_memory(c.guest, base + PBA - 1));
	cr_assert_null(guest_memory(c.guest, base + PBA));
	cr_assert_not_null(guest_memory(c.guest, base + PBA + 0x1000));
	cr_assert_not_null(guest_trap(c.guest, 0, base + TABLE));
	check_down(&c);
}

Test(msix, what_else_is_on_the_trapped_pages_is_the_devices)
{
	struct model_pci pci = many();
	struct check c;
	uint32_t value = 0xabcd1234;

	up(&c, &pci);
	model_write_bar(c.host, 0, TABLE + 0x800, &value, 4);
	cr_assert_eq(bar_read(&c, 0, TABLE + 0x800, 4), value);
	bar_write(&c, 0, PBA + 0x10, 4, 0x55);
	model_read_bar(c.host, 0, PBA + 0x10, &value, 4);
	cr_assert_eq(value, 0x55);
	check_down(&c);
}

Test(msix, pending_bits_are_not_written)
{
	struct model_pci pci = many();
	struct check c;
	uint64_t value = 0;

	up(&c, &pci);
	bar_write(&c, 0, PBA, 8, UINT64_MAX);
	cr_assert_eq(bar_read(&c, 0, PBA, 8), 0);
	model_read_bar(c.host, 0, PBA, &value, 8);
	cr_assert_eq(value, 0, "the device's neither");
	check_down(&c);
}

Test(msix, a_bar_of_one_page_that_holds_it_all_is_trapped_whole)
{
	struct model_pci pci = many();
	struct check c;

	pci.bars[0].size = 0x1000;
	model_config_put(&pci, CAP + 4, 4, 0);
	model_config_put(&pci, CAP + 8, 4, 0x800);
	up(&c, &pci);
	cr_assert_eq(c.guest->window_count, 0);
	cr_assert_eq(c.guest->trap_count, 1);
	check_down(&c);
}

Test(msix, the_table_is_all_masked_at_power_on_and_keeps_what_is_written)
{
	struct model_pci pci = many();
	struct check c;

	up(&c, &pci);
	for (unsigned i = 0; i < 128; i++)
		cr_assert_eq(bar_read(&c, 0, entry(i) + 12, 4), 1);
	program(&c, 3);
	cr_assert_eq(bar_read(&c, 0, entry(3), 8), 0xfee01000);
	cr_assert_eq(bar_read(&c, 0, entry(3) + 8, 4), 0x4003);
	bar_write(&c, 0, entry(3) + 12, 4, 0xfffffffe);
	cr_assert_eq(bar_read(&c, 0, entry(3) + 12, 4), 0, "the rest is reserved");
	bar_write(&c, 0, entry(5), 8, 0x11fee02000);
	cr_assert_eq(bar_read(&c, 0, entry(5) + 4, 4), 0x11);
	check_down(&c);
}

Test(msix, control_is_the_guests)
{
	struct model_pci pci = many();
	struct check c;

	up(&c, &pci);
	cr_assert_eq(cfg_read(&c, CONTROL, 2), 127);
	control(&c, ENABLE | FUNCTION_MASK | 0x3);
	cr_assert_eq(cfg_read(&c, CONTROL, 2), ENABLE | FUNCTION_MASK | 127,
		     "its size is not written");
	cfg_write(&c, CONTROL + 1, 1, 0x80);
	cr_assert_eq(cfg_read(&c, CONTROL, 2), ENABLE | 127);
	cfg_write(&c, CAP, 4, 0);
	cr_assert_eq(cfg_read(&c, CONTROL, 2), 127);
	check_down(&c);
}

Test(msix, a_vector_comes_up_in_order_and_goes_in_the_reverse)
{
	struct model_pci pci = many();
	struct check c;
	unsigned mark;

	up(&c, &pci);
	control(&c, ENABLE);
	program(&c, 0);
	mark = model_mark(c.model);
	mask(&c, 0, false);
	cr_assert(
		model_ordered(c.model, mark, "vector_route 0 0xfee01000 0x4000", "vectors_commit"));
	cr_assert(model_ordered(c.model, mark, "vectors_commit", "vector_connect 0"));
	cr_assert(model_ordered(c.model, mark, "vector_connect 0", "SET_IRQS"));
	model_raise(c.host, 0);
	model_raise(c.host, 0);
	cr_assert_eq(delivered(&c, 0), 2);
	cr_assert_eq(pt_function_stats(c.function).msix_vectors, 1);
	mark = model_mark(c.model);
	control(&c, 0);
	cr_assert(model_ordered(c.model, mark, "SET_IRQS", "vector_disconnect 0"));
	cr_assert(model_ordered(c.model, mark, "vector_disconnect 0", "vector_unroute 0"));
	cr_assert_eq(pt_function_stats(c.function).msix_vectors, 0);
	check_down(&c);
}

/* Firmware of some devices watches the enable bit: it is set before any vector is unmasked. */
Test(msix, enabling_enables_the_device_at_once)
{
	struct model_pci pci = many();
	struct check c;

	up(&c, &pci);
	control(&c, ENABLE | FUNCTION_MASK);
	cr_assert_eq(c.host->irq_index, PT_IRQ_MSIX);
	model_raise(c.host, 0);
	cr_assert_eq(delivered(&c, 0), 0);
	control(&c, 0);
	cr_assert_neq(c.host->irq_index, PT_IRQ_MSIX);
	check_down(&c);
}

Test(msix, unmasked_one_by_one)
{
	struct model_pci pci = many();
	struct check c;

	up(&c, &pci);
	control(&c, ENABLE);
	for (unsigned i = 0; i < 16; i++) {
		program(&c, i);
		mask(&c, i, false);
		model_raise(c.host, i);
		model_raise(c.host, 0);
	}
	cr_assert_eq(delivered(&c, 0), 17);
	for (unsigned i = 1; i < 16; i++) {
		cr_assert_eq(delivered(&c, i), 1);
		cr_assert_eq(c.guest->vectors[i].data, 0x4000 + i);
	}
	cr_assert_eq(c.guest->reports, 0, "%s", c.guest->report.message);
	check_down(&c);
}

/* Linux sets function mask and enable, unmasks what it uses, and clears the function mask. */
Test(msix, a_hundred_vectors_cost_one_commit_and_one_set_irqs)
{
	struct model_pci pci = many();
	struct check c;
	unsigned mark;

	up(&c, &pci);
	control(&c, ENABLE | FUNCTION_MASK);
	for (unsigned i = 0; i < 100; i++) {
		program(&c, i);
		mask(&c, i, false);
	}
	mark = model_mark(c.model);
	control(&c, ENABLE);
	cr_assert_eq(model_calls(c.model, mark, "vector_route"), 100);
	cr_assert_eq(model_calls(c.model, mark, "vectors_commit"), 1);
	cr_assert_eq(model_calls(c.model, mark, "vector_connect"), 100);
	cr_assert_eq(model_calls(c.model, mark, "SET_IRQS"), 1);
	cr_assert_eq(pt_function_stats(c.function).msix_vectors, 100);
	for (unsigned i = 0; i < 100; i++)
		model_raise(c.host, i);
	for (unsigned i = 0; i < 100; i++)
		cr_assert_eq(delivered(&c, i), 1, "vector %u", i);
	mark = model_mark(c.model);
	control(&c, 0);
	cr_assert_leq(model_calls(c.model, mark, "vectors_commit"), 1);
	/* Off with MSI-X; on with INTx only if there is a pin, which there is not. */
	cr_assert_eq(model_calls(c.model, mark, "SET_IRQS"), 1);
	check_down(&c);
}

Test(msix, masked_is_disconnected_pending_and_delivered_at_unmask)
{
	struct model_pci pci = many();
	struct check c;
	unsigned mark;

	up(&c, &pci);
	control(&c, ENABLE);
	program(&c, 9);
	mask(&c, 9, false);
	mark = model_mark(c.model);
	mask(&c, 9, true);
	cr_assert_eq(model_calls(c.model, mark, "vector_disconnect 9"), 1);
	cr_assert_eq(model_calls(c.model, mark, "SET_IRQS"), 0, "no VFIO call to mask");
	cr_assert_not(pending(&c, 9));
	model_raise(c.host, 9);
	cr_assert_eq(delivered(&c, 9), 0);
	cr_assert(pending(&c, 9));
	cr_assert(pending(&c, 9), "looking at it does not take it");
	cr_assert_not(pending(&c, 8));
	cr_assert_eq(bar_read(&c, 0, PBA, 8), 1ull << 9);
	mark = model_mark(c.model);
	mask(&c, 9, false);
	cr_assert_eq(delivered(&c, 9), 1);
	cr_assert_not(pending(&c, 9));
	cr_assert_eq(model_calls(c.model, mark, "vectors_commit"), 0, "its route is still there");
	cr_assert_eq(model_calls(c.model, mark, "SET_IRQS"), 0);
	check_down(&c);
}

Test(msix, the_function_mask_masks_them_all)
{
	struct model_pci pci = many();
	struct check c;

	up(&c, &pci);
	control(&c, ENABLE);
	for (unsigned i = 0; i < 3; i++) {
		program(&c, i);
		mask(&c, i, false);
	}
	control(&c, ENABLE | FUNCTION_MASK);
	for (unsigned i = 0; i < 3; i++)
		model_raise(c.host, i);
	cr_assert_eq(bar_read(&c, 0, PBA, 1), 7);
	cr_assert_eq(delivered(&c, 0) + delivered(&c, 1) + delivered(&c, 2), 0);
	mask(&c, 1, true);
	control(&c, ENABLE);
	cr_assert_eq(delivered(&c, 0), 1);
	cr_assert_eq(delivered(&c, 1), 0);
	cr_assert_eq(delivered(&c, 2), 1);
	cr_assert_eq(bar_read(&c, 0, PBA, 1), 2);
	check_down(&c);
}

Test(msix, a_message_changed_under_mask_is_routed_anew)
{
	struct model_pci pci = many();
	struct check c;

	up(&c, &pci);
	control(&c, ENABLE);
	program(&c, 2);
	mask(&c, 2, false);
	mask(&c, 2, true);
	bar_write(&c, 0, entry(2), 4, 0xfee02000);
	bar_write(&c, 0, entry(2) + 8, 4, 0x77);
	model_raise(c.host, 2);
	mask(&c, 2, false);
	cr_assert_eq(c.guest->vectors[2].address, 0xfee02000);
	cr_assert_eq(c.guest->vectors[2].data, 0x77);
	cr_assert_eq(delivered(&c, 2), 1);
	check_down(&c);
}

/* PCI leaves a change without mask undefined; a guest may not break the host by it. */
Test(msix, a_message_changed_while_live_is_routed_anew)
{
	struct model_pci pci = many();
	struct check c;

	up(&c, &pci);
	control(&c, ENABLE);
	program(&c, 2);
	mask(&c, 2, false);
	bar_write(&c, 0, entry(2) + 8, 4, 0x99);
	cr_assert_eq(c.guest->vectors[2].data, 0x99);
	model_raise(c.host, 2);
	cr_assert_eq(delivered(&c, 2), 1);
	check_down(&c);
}

Test(msix, disabled_and_enabled_again)
{
	struct model_pci pci = many();
	struct check c;

	up(&c, &pci);
	for (unsigned round = 1; round <= 3; round++) {
		control(&c, ENABLE | FUNCTION_MASK);
		for (unsigned i = 0; i < 4; i++) {
			program(&c, i);
			mask(&c, i, false);
		}
		control(&c, ENABLE);
		for (unsigned i = 0; i < 4; i++)
			model_raise(c.host, i);
		cr_assert_eq(delivered(&c, 3), round);
		control(&c, 0);
		model_raise(c.host, 3);
		cr_assert_eq(delivered(&c, 3), round);
		cr_assert_eq(guest_left(c.guest), 4, "BAR 0's three windows and its trap");
	}
	check_down(&c);
}

Test(msix, sixty_four_bit_addresses)
{
	struct model_pci pci = many();
	struct check c;

	up(&c, &pci);
	control(&c, ENABLE);
	bar_write(&c, 0, entry(0), 8, 0x00000001fee00000);
	bar_write(&c, 0, entry(0) + 8, 8, 0x0000000000000042);
	cr_assert_eq(c.guest->vectors[0].address, 0x1fee00000);
	cr_assert_eq(c.guest->vectors[0].data, 0x42);
	check_down(&c);
}
