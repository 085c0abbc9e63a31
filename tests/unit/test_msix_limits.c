/* SPDX-License-Identifier: MIT */
/* MSI-X: what the host cannot give, what fails, and capabilities that cannot be served. */
#include "msix_guest.h"

Test(msix_limits, a_noresize_device_is_armed_anew)
{
	struct model_pci pci = many();
	struct check c;

	pci.noresize = true;
	up(&c, &pci);
	control(&c, ENABLE);
	for (unsigned i = 0; i < 20; i++) {
		program(&c, i);
		mask(&c, i, false);
	}
	for (unsigned i = 0; i < 20; i++) {
		unsigned before = delivered(&c, i);

		model_raise(c.host, i);
		cr_assert_eq(delivered(&c, i), before + 1, "vector %u", i);
	}
	cr_assert_eq(c.guest->reports, 0, "%s", c.guest->report.message);
	cr_assert_leq(model_calls(c.model, 0, "none"), 6, "not once a vector");
	check_down(&c);
}

Test(msix_limits, rearming_a_noresize_device_loses_nothing_that_is_masked)
{
	struct model_pci pci = many();
	struct check c;

	pci.noresize = true;
	up(&c, &pci);
	control(&c, ENABLE);
	program(&c, 0);
	mask(&c, 0, false);
	mask(&c, 0, true);
	model_raise(c.host, 0);
	program(&c, 5);
	mask(&c, 5, false);
	cr_assert(pending(&c, 0));
	mask(&c, 0, false);
	cr_assert_geq(delivered(&c, 0), 1);
	model_raise(c.host, 0);
	cr_assert_geq(delivered(&c, 0), 2);
	check_down(&c);
}

Test(msix_limits, fewer_vectors_than_the_guest_uses)
{
	struct model_pci pci = many();
	struct check c;

	up(&c, &pci);
	c.host->grant = 8;
	control(&c, ENABLE | FUNCTION_MASK);
	for (unsigned i = 0; i < 16; i++) {
		program(&c, i);
		mask(&c, i, false);
	}
	control(&c, ENABLE);
	cr_assert_geq(c.guest->reports, 1);
	cr_assert(strstr(c.guest->report.message, "0000:02:00.0"), "%s", c.guest->report.message);
	for (unsigned i = 0; i < 8; i++) {
		model_raise(c.host, i);
		cr_assert_eq(delivered(&c, i), 1, "vector %u", i);
	}
	control(&c, 0);
	check_down(&c);
}

Test(msix_limits, a_partial_grant_to_a_noresize_device_gives_what_there_is)
{
	struct model_pci pci = many();
	struct check c;

	pci.noresize = true;
	up(&c, &pci);
	c.host->grant = 8;
	for (unsigned i = 0; i < 16; i++) {
		program(&c, i);
		mask(&c, i, false);
	}
	control(&c, ENABLE);
	cr_assert_geq(c.guest->reports, 1);
	cr_assert(strstr(c.guest->report.message, "8"), "%s", c.guest->report.message);
	for (unsigned i = 0; i < 8; i++) {
		model_raise(c.host, i);
		cr_assert_eq(delivered(&c, i), 1, "vector %u", i);
	}
	check_down(&c);
}

Test(msix_limits, a_commit_that_fails_is_made_good)
{
	struct model_pci pci = many();
	struct check c;

	up(&c, &pci);
	control(&c, ENABLE);
	program(&c, 0);
	/* The route, then the commit. */
	*model_fault(c.model) = (struct model_fault){.countdown = 2, .error = -ENOMEM};
	mask(&c, 0, false);
	cr_assert_not_null(strstr(model_fault(c.model)->where, "vectors_commit"));
	cr_assert_eq(c.guest->reports, 1);
	mask(&c, 0, true);
	mask(&c, 0, false);
	model_raise(c.host, 0);
	cr_assert_eq(delivered(&c, 0), 1);
	check_down(&c);
}

Test(msix_limits, arming_that_fails_is_made_good)
{
	struct model_pci pci = many();
	struct check c;

	up(&c, &pci);
	control(&c, ENABLE);
	program(&c, 0);
	/* Route, commit, eventfd, connect, memory for the call, the call. */
	*model_fault(c.model) = (struct model_fault){.countdown = 6, .error = -ENOMEM};
	mask(&c, 0, false);
	cr_assert_not_null(strstr(model_fault(c.model)->where, "SET_IRQS"), "%s",
			   model_fault(c.model)->where);
	cr_assert_eq(c.guest->reports, 1);
	mask(&c, 0, true);
	mask(&c, 0, false);
	model_raise(c.host, 0);
	cr_assert_eq(delivered(&c, 0), 1);
	check_down(&c);
}

Test(msix_limits, rearming_that_fails_is_made_good)
{
	struct model_pci pci = many();
	struct check c;

	pci.noresize = true;
	up(&c, &pci);
	control(&c, ENABLE);
	program(&c, 0);
	mask(&c, 0, false);
	program(&c, 1);
	/* Route, commit, eventfd, connect, disable, memory for the call, the call. */
	*model_fault(c.model) = (struct model_fault){.countdown = 7, .error = -ENOMEM};
	mask(&c, 1, false);
	cr_assert_not_null(strstr(model_fault(c.model)->where, "SET_IRQS"), "%s",
			   model_fault(c.model)->where);
	cr_assert_geq(c.guest->reports, 1);
	for (unsigned i = 0; i < 2; i++) {
		mask(&c, i, true);
		mask(&c, i, false);
	}
	for (unsigned i = 0; i < 2; i++) {
		unsigned before = delivered(&c, i);

		model_raise(c.host, i);
		cr_assert_eq(delivered(&c, i), before + 1, "vector %u", i);
	}
	check_down(&c);
}

/* Capabilities that cannot be served are not shown. */

Test(msix_limits, a_table_outside_its_bar_is_hidden)
{
	static const struct {
		uint32_t table, pba;
	} bad[] = {
		{0x40000, PBA},	  {TABLE, 0x40000}, {0x3f900, PBA},   {TABLE | 1, PBA},
		{TABLE | 6, PBA}, {TABLE | 7, PBA}, {TABLE, PBA | 5}, {0xfffffff8, PBA},
	};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct model_pci pci = many();
		struct check c;

		model_config_pm(&pci, 0x60);
		model_config_put(&pci, CAP + 4, 4, bad[i].table);
		model_config_put(&pci, CAP + 8, 4, bad[i].pba);
		up(&c, &pci);
		cr_assert_eq(cfg_find(&c, 0x11), 0, "table %x pba %x", bad[i].table, bad[i].pba);
		cr_assert_eq(cfg_find(&c, 0x01), 0x60);
		cr_assert_eq(c.guest->reports, 1, "and that is said");
		control(&c, ENABLE);
		cr_assert_eq(c.host->irq_index, -1);
		check_down(&c);
	}
}

/* An interrupt that came while the device was disabled is lost; a spurious one does no harm. */
Test(msix_limits, rearming_signals_what_was_armed)
{
	struct model_pci pci = many();
	struct check c;

	pci.noresize = true;
	up(&c, &pci);
	control(&c, ENABLE);
	program(&c, 0);
	mask(&c, 0, false);
	cr_assert_eq(delivered(&c, 0), 0);
	program(&c, 1);
	mask(&c, 1, false);
	cr_assert_eq(delivered(&c, 0), 1);
	check_down(&c);
}

Test(msix_limits, a_capability_that_does_not_fit_is_hidden)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};
	struct check c;

	model_config_init(&pci, 0x8086, 0x1572, 0x020000);
	pci.bars[0].size = 0x10000;
	/* One vector at offset 0 of BAR 0, if one reads its PBA register from beyond 0x100. */
	model_config_msix(&pci, 0xf8, 1, 0, 0, 0, 0x1000);
	check_up(&c, &pci);
	cr_assert_eq(cfg_find(&c, 0x11), 0);
	check_down(&c);
}

Test(msix_limits, two_thousand_vectors)
{
	struct model_pci pci = many();
	struct check c;

	model_config_put(&pci, CAP + 2, 2, 2047);
	up(&c, &pci);
	control(&c, ENABLE | FUNCTION_MASK);
	for (unsigned i = 0; i < 2048; i++) {
		program(&c, i);
		mask(&c, i, false);
	}
	control(&c, ENABLE);
	cr_assert_eq(pt_function_stats(c.function).msix_vectors, 2048);
	model_raise(c.host, 2047);
	cr_assert_eq(delivered(&c, 2047), 1);
	control(&c, ENABLE | FUNCTION_MASK);
	model_raise(c.host, 2047);
	cr_assert_eq(bar_read(&c, 0, PBA + 248, 8), 1ull << 63);
	check_down(&c);
}
