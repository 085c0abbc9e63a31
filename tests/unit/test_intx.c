/* SPDX-License-Identifier: MIT */
/* The pin, and changing between the three kinds of interrupt. */
#include "check.h"

#define MSI	     0x50
#define MSIX	     0x70
#define MSIX_CONTROL (MSIX + 2)

/* A function with all three. */
static struct model_pci all(void)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};

	model_config_init(&pci, 0x8086, 0x10d3, 0x020000);
	pci.bars[0].size = 0x4000;
	model_config_put(&pci, 0x3d, 1, 3);
	model_config_msi(&pci, MSI, 0, true, false);
	model_config_msix(&pci, MSIX, 5, 0, 0x2000, 0, 0x3000);
	return pci;
}

static void up(struct check *c)
{
	struct model_pci pci = all();

	check_up(c, &pci);
}

Test(intx, connected_at_start_before_vfio_is_told)
{
	struct check c;

	up(&c);
	cr_assert(c.guest->intx_connected);
	cr_assert_eq(c.guest->intx_pin, 3, "INTC#");
	cr_assert(pt_function_stats(c.function).intx);
	cr_assert(model_ordered(c.model, 0, "intx_connect", "trigger index=0"));
	cr_assert(model_ordered(c.model, 0, "trigger index=0", "unmask index=0"));
	check_down(&c);
}

Test(intx, level_triggered_with_resample)
{
	struct check c;

	up(&c);
	model_intx(c.host, true);
	cr_assert(c.guest->asserted);
	cr_assert_eq(c.guest->intx_count, 1);
	cr_assert(c.host->intx_masked, "the kernel masks it");
	guest_eoi(c.guest);
	cr_assert_eq(c.guest->intx_count, 2, "still asserted by the device: once more");
	model_intx(c.host, false);
	guest_eoi(c.guest);
	cr_assert_eq(c.guest->intx_count, 2);
	cr_assert_not(c.host->intx_masked, "unmasked by the end of interrupt alone");
	model_intx(c.host, true);
	cr_assert_eq(c.guest->intx_count, 3);
	check_down(&c);
}

Test(intx, accesses_to_a_bar_are_no_end_of_interrupt)
{
	struct check c;

	up(&c);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	model_intx(c.host, true);
	bar_read(&c, 0, 0x2008, 4);
	bar_write(&c, 0, 0x2808, 4, 1);
	cr_assert(c.guest->asserted);
	cr_assert(c.host->intx_masked);
	check_down(&c);
}

Test(intx, the_disable_bit_in_command_holds_it_back)
{
	struct check c;

	up(&c);
	cfg_write(&c, CFG_COMMAND, 2, 0x0400);
	model_intx(c.host, true);
	cr_assert_eq(c.guest->intx_count, 0);
	cfg_write(&c, CFG_COMMAND, 2, 0);
	cr_assert_eq(c.guest->intx_count, 1);
	check_down(&c);
}

Test(intx, a_function_without_a_pin)
{
	struct model_pci pci = all();
	struct check c;

	model_config_put(&pci, 0x3d, 1, 0);
	check_up(&c, &pci);
	cr_assert_not(c.guest->intx_connected);
	cr_assert_eq(c.host->irq_index, -1);
	cr_assert_eq(cfg_read(&c, 0x3d, 1), 0);
	check_down(&c);
}

static void msi_on(struct check *c)
{
	cfg_write(c, MSI + 4, 4, 0xfee01000);
	cfg_write(c, MSI + 12, 2, 0x31);
	cfg_write(c, MSI + 2, 2, 1);
}

static void msix_on(struct check *c)
{
	bar_write(c, 0, 0x2000, 8, 0xfee02000);
	bar_write(c, 0, 0x2008, 8, 0x41);
	cfg_write(c, MSIX_CONTROL, 2, 0x8000);
}

Test(intx, from_the_pin_to_msi_to_msix_and_back)
{
	struct check c;

	up(&c);
	for (unsigned round = 1; round <= 3; round++) {
		cr_assert_eq(c.host->irq_index, PT_IRQ_INTX);
		msi_on(&c);
		cr_assert_eq(c.host->irq_index, PT_IRQ_MSI);
		cr_assert_not(c.guest->intx_connected);
		model_raise(c.host, 0);
		cr_assert_eq(c.guest->vectors[0].data, 0x31);
		cfg_write(&c, MSI + 2, 2, 0);
		cr_assert_eq(c.host->irq_index, PT_IRQ_INTX);
		msix_on(&c);
		cr_assert_eq(c.host->irq_index, PT_IRQ_MSIX);
		cr_assert_not(c.guest->intx_connected);
		model_raise(c.host, 0);
		cr_assert_eq(c.guest->vectors[0].data, 0x41);
		cr_assert_eq(c.guest->vectors[0].delivered, 2 * round);
		cfg_write(&c, MSIX_CONTROL, 2, 0);
		model_intx(c.host, true);
		cr_assert(c.guest->asserted);
		model_intx(c.host, false);
		guest_eoi(c.guest);
	}
	cr_assert_eq(c.guest->reports, 0, "%s", c.guest->report.message);
	check_down(&c);
}

/* The device does not wait for the guest to be done: its line is up, its messages come, at every step. */
Test(intx, switching_while_the_device_is_active)
{
	struct check c;

	up(&c);
	model_intx(c.host, true);
	cr_assert(c.guest->asserted, "and there is no end of interrupt");
	for (unsigned round = 1; round <= 3; round++) {
		msi_on(&c);
		cr_assert_not(c.guest->asserted, "the line is let go with the pin");
		model_raise(c.host, 0);
		cr_assert_eq(c.guest->vectors[0].delivered, 2 * round - 1);
		cfg_write(&c, MSI + 2, 2, 0);
		model_raise(c.host, 0);
		msix_on(&c);
		bar_write(&c, 0, 0x200c, 4, 0);
		model_raise(c.host, 0);
		cr_assert_eq(c.guest->vectors[0].delivered, 2 * round);
		cr_assert_eq(c.guest->vectors[0].data, 0x41);
		cfg_write(&c, MSIX_CONTROL, 2, 0);
		cr_assert(c.guest->asserted, "it is still up");
		guest_eoi(c.guest);
		cr_assert(c.guest->asserted, "and again");
	}
	cr_assert_eq(c.guest->reports, 0, "%s", c.guest->report.message);
	check_down(&c);
}

Test(intx, straight_from_msi_to_msix)
{
	struct check c;

	up(&c);
	msi_on(&c);
	/* Both at once is undefined by PCI; whatever is chosen, it is one, and it works. */
	msix_on(&c);
	cr_assert(c.host->irq_index == PT_IRQ_MSI || c.host->irq_index == PT_IRQ_MSIX);
	cfg_write(&c, MSI + 2, 2, 0);
	cr_assert_eq(c.host->irq_index, PT_IRQ_MSIX);
	model_raise(c.host, 0);
	cr_assert_eq(c.guest->vectors[0].data, 0x41);
	cr_assert_eq(c.guest->vectors[0].delivered, 1);
	check_down(&c);
}

Test(intx, a_reset_of_the_function_goes_back_to_the_pin)
{
	struct model_pci pci = all();
	struct check c;

	model_config_express(&pci, 0x80);
	check_up(&c, &pci);
	msix_on(&c);
	cfg_write(&c, 0x88, 2, 0x8000);
	cr_assert_eq(c.host->irq_index, PT_IRQ_INTX);
	cr_assert_eq(cfg_read(&c, MSIX_CONTROL, 2) & 0xc000, 0);
	cr_assert_eq(bar_read(&c, 0, 0x200c, 4), 1, "masked as at power-on");
	check_down(&c);
}

/* Failures while it starts. */

Test(intx, a_pin_that_cannot_be_connected_fails_the_start)
{
	for (unsigned n = 1;; n++) {
		struct model_pci pci = all();
		struct check c;
		int ret;

		check_attach(&c, &pci);
		check_create(&c);
		*model_fault(c.model) = (struct model_fault){.countdown = n, .error = -ENOSPC};
		ret = pt_function_start(c.function, &c.err);
		if (!model_fault(c.model)->fired) {
			check_ok(ret, c.err);
			check_down(&c);
			cr_assert_gt(n, 5);
			break;
		}
		cr_assert_lt(ret, 0, "%s", model_fault(c.model)->where);
		cr_assert_neq(c.err.message[0], '\0');
		cr_assert_eq(pt_device_state(c.device), PT_DEVICE_ATTACHED);
		cr_assert_eq(guest_left(c.guest), 0);
		cr_assert_eq(c.host->irq_index, -1);
		cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
		cr_assert_eq(guest_left(c.guest), 0, "it is not started");
		check_ok(pt_function_start(c.function, &c.err), c.err);
		cr_assert(c.guest->intx_connected);
		check_down(&c);
	}
}
