/* SPDX-License-Identifier: MIT */
/* The rest of config space: what is the device's, what is ours, and what a guest may not do. */
#include "check.h"

#define DEVCTL(express) ((express) + 0x08)
#define PMCSR(pm)	((pm) + 0x04)

Test(config_space, identity_is_the_devices)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_up(&c, &pci);
	cr_assert_eq(cfg_read(&c, 0, 4), 0x00101b36);
	cr_assert_eq(cfg_read(&c, 0, 2), 0x1b36);
	cr_assert_eq(cfg_read(&c, 3, 1), 0x00);
	cr_assert_eq(cfg_read(&c, 0x08, 4), 0x01080201);
	cfg_write(&c, 0, 4, 0);
	cr_assert_eq(cfg_read(&c, 0, 4), 0x00101b36);
	check_down(&c);
}

Test(config_space, command_is_clear_at_power_on)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_attach(&c, &pci);
	/* The kernel has turned decoding on at bind. */
	cr_assert_neq(model_device_config(c.host, CFG_COMMAND, 2) & COMMAND_MEM, 0);
	check_create(&c);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	cr_assert_eq(cfg_read(&c, CFG_COMMAND, 2), 0);
	cr_assert_eq(model_device_config(c.host, CFG_COMMAND, 2), 0);
	check_down(&c);
}

Test(config_space, command_reaches_the_device)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_up(&c, &pci);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
	cr_assert_eq(model_device_config(c.host, CFG_COMMAND, 2), COMMAND_MEM | COMMAND_BM);
	cr_assert_eq(cfg_read(&c, CFG_COMMAND, 2), COMMAND_MEM | COMMAND_BM);
	cfg_write(&c, CFG_COMMAND, 1, COMMAND_MEM);
	cr_assert_eq(model_device_config(c.host, CFG_COMMAND, 2), COMMAND_MEM);
	cfg_write(&c, CFG_COMMAND, 4, COMMAND_MEM | COMMAND_BM);
	cr_assert_eq(model_device_config(c.host, CFG_COMMAND, 2), COMMAND_MEM | COMMAND_BM);
	check_down(&c);
}

Test(config_space, odd_accesses_are_survived)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_up(&c, &pci);
	cr_assert_eq(cfg_read(&c, 1, 2), 0xffff);
	cr_assert_eq(cfg_read(&c, 2, 4), 0xffffffff);
	cr_assert_eq(cfg_read(&c, 0x1000, 4), 0xffffffff);
	cr_assert_eq(cfg_read(&c, 0xffffffff, 1), 0xff);
	cfg_write(&c, 3, 4, 0xffffffff);
	cfg_write(&c, CFG_COMMAND, 3, 0xffffffff);
	cfg_write(&c, CFG_COMMAND, 0, 0xffffffff);
	cfg_write(&c, 0x1000, 4, 0xffffffff);
	cr_assert_eq(cfg_read(&c, CFG_COMMAND, 2), 0);
	check_down(&c);
}

Test(config_space, interrupt_line_is_the_guests_own_note)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	model_config_put(&pci, 0x3c, 1, 0x55);
	check_up(&c, &pci);
	cr_assert_eq(cfg_read(&c, 0x3c, 1), 0, "the host's is not shown");
	cfg_write(&c, 0x3c, 1, 11);
	cr_assert_eq(cfg_read(&c, 0x3c, 1), 11);
	cr_assert_eq(cfg_read(&c, 0x3d, 1), 1, "the pin is the device's");
	cr_assert_eq(model_device_config(c.host, 0x3c, 1), 0x55);
	check_down(&c);
}

Test(config_space, a_pin_that_cannot_be_served_is_not_shown)
{
	static const uint8_t bad[] = {0, 5, 0x80, 0xff};

	for (size_t i = 0; i < sizeof(bad); i++) {
		struct model_pci pci = model_nvme("0000:02:00.0", 26);
		struct check c;

		model_config_put(&pci, 0x3d, 1, bad[i]);
		check_up(&c, &pci);
		cr_assert_eq(cfg_read(&c, 0x3d, 1), 0);
		cr_assert_not(c.guest->intx_connected);
		check_down(&c);
	}
}

/* The guest's slot, not the host's: four cases. */
Test(config_space, the_multifunction_bit_is_the_setups)
{
	for (unsigned i = 0; i < 4; i++) {
		struct model_pci pci = model_nvme("0000:02:00.0", 26);
		struct pt_function_setup setup = check_setup(&pci);
		struct check c;

		model_config_put(&pci, 0x0e, 1, i & 1 ? 0x80 : 0);
		setup.multifunction = i & 2;
		check_attach(&c, &pci);
		c.guest = guest_new(c.model);
		check_ok(pt_function_create(c.device, &setup, &guest_ops, c.guest, &c.function,
					    &c.err),
			 c.err);
		check_ok(pt_function_start(c.function, &c.err), c.err);
		cr_assert_eq(cfg_read(&c, 0x0e, 1), i & 2 ? 0x80 : 0);
		cfg_write(&c, 0x0e, 1, 0x7f);
		cr_assert_eq(cfg_read(&c, 0x0c, 4) >> 16 & 0xff, i & 2 ? 0x80 : 0);
		check_down(&c);
	}
}

/* A started function with a PCI Express capability at 0x80 whose flags, device capabilities 2 and link capabilities are
 * these. */
static void express_up(struct check *c, uint16_t flags, int root_bus)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct pt_function_setup setup = check_setup(&pci);

	model_config_put(&pci, 0x82, 2, flags);
	model_config_put(&pci, 0x8c, 4, 0x01047d04);
	model_config_put(&pci, 0x90, 4, 0x11040040);
	model_config_put(&pci, 0xa4, 4, 0x000c0830);
	model_config_put(&pci, 0xa8, 2, 0x0410);
	model_config_put(&pci, 0xac, 4, 0x0000001e);
	model_config_put(&pci, 0xb0, 4, 0x00010004);
	check_attach(c, &pci);
	c->guest = guest_new(c->model);
	setup.root_bus = root_bus;
	check_ok(pt_function_create(c->device, &setup, &guest_ops, c->guest, &c->function, &c->err),
		 c->err);
	check_ok(pt_function_start(c->function, &c->err), c->err);
}

static void check_link(const struct check *c, uint32_t cap, uint32_t control, uint32_t cap2,
		       uint32_t control2)
{
	cr_assert_eq(cfg_read(c, 0x8c, 4), cap, "0x%x", cfg_read(c, 0x8c, 4));
	cr_assert_eq(cfg_read(c, 0x90, 4), control, "0x%x", cfg_read(c, 0x90, 4));
	cr_assert_eq(cfg_read(c, 0xac, 4), cap2, "0x%x", cfg_read(c, 0xac, 4));
	cr_assert_eq(cfg_read(c, 0xb0, 4), control2, "0x%x", cfg_read(c, 0xb0, 4));
}

/* PCI Express base 7.5.3: an endpoint on a root bus is an integrated endpoint and has no link. */
Test(config_space, an_endpoint_on_the_root_bus_is_integrated)
{
	for (unsigned type = 0; type <= 1; type++) {
		struct check c;

		express_up(&c, (uint16_t)(type << 4 | 2), 1);
		cr_assert_eq(cfg_read(&c, 0x82, 2), 0x92, "the version stays");
		check_link(&c, 0, 0, 0, 0);
		check_down(&c);
	}
}

Test(config_space, behind_a_root_port_an_endpoint_shows_its_link_without_power_states)
{
	for (unsigned type = 0; type <= 1; type++) {
		struct check c;

		express_up(&c, (uint16_t)(type << 4 | 2), 0);
		cr_assert_eq(cfg_read(&c, 0x82, 2), type << 4 | 2);
		check_link(&c, 0x01007104, 0x11040040, 0x1e, 0x00010004);
		check_down(&c);
	}
}

Test(config_space, behind_a_root_port_an_integrated_endpoint_is_one_with_the_least_link)
{
	struct check c;

	express_up(&c, 0x92, 0);
	cr_assert_eq(cfg_read(&c, 0x82, 2), 0x02);
	check_link(&c, 0x11, 0x00110000, 2, 1);
	cfg_write(&c, 0x90, 4, 0xffffffff);
	check_link(&c, 0x11, 0x00110000, 2, 1);
	check_down(&c);
}

Test(config_space, an_integrated_endpoint_on_the_root_bus_stays_one)
{
	struct check c;

	express_up(&c, 0x92, 1);
	cr_assert_eq(cfg_read(&c, 0x82, 2), 0x92);
	check_link(&c, 0x01047d04, 0x11040040, 0x1e, 0x00010004);
	check_down(&c);
}

/* Version 1 of the capability ends at 0x14: what is behind it is another's. */
Test(config_space, a_short_express_capability_hides_nothing_of_its_neighbour)
{
	for (int root_bus = 0; root_bus <= 1; root_bus++) {
		struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};
		struct pt_function_setup setup;
		struct check c;

		model_config_init(&pci, 0x8086, 0x10d3, 0x020000);
		pci.bars[0].size = 0x20000;
		model_config_cap(&pci, 0x80, 0x10, "\x01\x00", 2);
		model_config_cap(&pci, 0xa0, 0x09, "\x18\x01\x02\x03\x04\x05\x06\x07\x08\x09\x0a",
				 11);
		model_config_put(&pci, 0xac, 4, 0xcafe0001);
		model_config_put(&pci, 0xb0, 4, 0xcafe0002);
		setup = check_setup(&pci);
		setup.root_bus = root_bus;
		check_attach(&c, &pci);
		c.guest = guest_new(c.model);
		check_ok(pt_function_create(c.device, &setup, &guest_ops, c.guest, &c.function,
					    &c.err),
			 c.err);
		check_ok(pt_function_start(c.function, &c.err), c.err);
		cr_assert_eq(cfg_read(&c, 0x82, 2) >> 4, root_bus ? 9 : 0);
		cr_assert_eq(cfg_read(&c, 0xac, 4), 0xcafe0001);
		cr_assert_eq(cfg_read(&c, 0xb0, 4), 0xcafe0002);
		check_down(&c);
	}
}

/* What the guest writes beside a bit that is the host's leaves that bit as it was. */
Test(config_space, latency_messages_stay_as_the_host_has_them)
{
	struct check c;

	express_up(&c, 0x02, 0);
	cr_assert_eq(cfg_read(&c, 0xa4, 4), 0x30, "LTR and OBFF are not offered");
	cr_assert_eq(cfg_read(&c, 0xa8, 2), 0x0010);
	cfg_write(&c, 0xa8, 2, 0x6005);
	cr_assert_eq(cfg_read(&c, 0xa8, 2), 0x0005);
	cr_assert_eq(model_device_config(c.host, 0xa8, 2), 0x0405, "0x%x",
		     model_device_config(c.host, 0xa8, 2));
	check_down(&c);
}

Test(config_space, behind_a_root_port_it_stays_an_endpoint)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_up(&c, &pci);
	cr_assert_eq(cfg_read(&c, cfg_find(&c, 0x10) + 2, 2), 0x0002);
	check_down(&c);
}

/* Function-level reset. */

static void program(struct check *c)
{
	cfg_write(c, CFG_BAR(0), 4, 0x40000000);
	cfg_write(c, CFG_BAR(1), 4, 0);
	cfg_write(c, 0x3c, 1, 11);
	cfg_write(c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
	cr_assert_not_null(guest_memory(c->guest, 0x40000000));
}

static void check_reset_view(struct check *c)
{
	cr_assert_eq(cfg_read(c, CFG_COMMAND, 2), 0);
	cr_assert_eq(cfg_read(c, 0x3c, 1), 0);
	cr_assert_eq(c->guest->window_count, 0);
	cr_assert_eq(c->guest->trap_count, 0);
	cr_assert_eq(pt_device_state(c->device), PT_DEVICE_RUNNING);
}

Test(config_space, a_guests_flr_is_done_as_a_reset)
{
	static const struct {
		unsigned at, size;
		uint32_t value;
	} ways[] = {{0, 2, 0x8000}, {0, 4, 0x8000}, {1, 1, 0x80}, {0, 2, 0xa810}};

	for (size_t i = 0; i < sizeof(ways) / sizeof(ways[0]); i++) {
		struct model_pci pci = model_nvme("0000:02:00.0", 26);
		struct check c;
		unsigned mark;

		check_up(&c, &pci);
		program(&c);
		mark = model_mark(c.model);
		cfg_write(&c, DEVCTL(0x80) + ways[i].at, ways[i].size, ways[i].value);
		cr_assert_eq(c.host->resets, 1);
		cr_assert(model_ordered(c.model, mark, "config write 0x4", "memory_remove"),
			  "bus mastering off first");
		cr_assert(model_ordered(c.model, mark, "memory_remove", "VFIO_DEVICE_RESET"));
		check_reset_view(&c);
		cr_assert_eq(cfg_read(&c, DEVCTL(0x80), 2) & 0x8000, 0, "reads zero");
		check_down(&c);
	}
}

Test(config_space, device_control_without_the_bit_is_no_reset)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_up(&c, &pci);
	program(&c);
	cfg_write(&c, DEVCTL(0x80), 2, 0x2810);
	cr_assert_eq(c.host->resets, 0);
	cr_assert_eq(model_device_config(c.host, DEVCTL(0x80), 2), 0x2810);
	cr_assert_not_null(guest_memory(c.guest, 0x40000000));
	check_down(&c);
}

Test(config_space, a_function_that_cannot_reset_ignores_the_bit)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	model_config_put(&pci, 0x84, 4, 0);
	check_up(&c, &pci);
	program(&c);
	cfg_write(&c, DEVCTL(0x80), 2, 0x8000);
	cr_assert_eq(c.host->resets, 0);
	cr_assert_not_null(guest_memory(c.guest, 0x40000000));
	check_down(&c);
}

Test(config_space, advanced_features_flr_is_done_as_a_reset)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};
	const uint8_t body[4] = {0x06, 0x03, 0x00, 0x00};
	struct check c;

	model_config_init(&pci, 0x8086, 0x1502, 0x020000);
	pci.bars[0] = (struct model_bar){.size = 0x20000, .is_64bit = true};
	model_config_cap(&pci, 0xe0, 0x13, body, sizeof(body));
	check_up(&c, &pci);
	program(&c);
	cfg_write(&c, 0xe4, 1, 0x01);
	cr_assert_eq(c.host->resets, 1);
	check_reset_view(&c);
	check_down(&c);
}

Test(config_space, an_flr_that_fails_is_reported)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_up(&c, &pci);
	program(&c);
	c.host->reset_error = c.host->bus_reset_error = -EIO;
	cfg_write(&c, DEVCTL(0x80), 2, 0x8000);
	cr_assert_geq(c.guest->reports, 1);
	cr_assert(strstr(c.guest->report.message, "0000:02:00.0"), "%s", c.guest->report.message);
	check_reset_view(&c);
	c.host->reset_error = 0;
	check_down(&c);
}

/* Power states. */

Test(config_space, d3hot_takes_the_bars_out_before)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	unsigned mark;

	check_up(&c, &pci);
	program(&c);
	mark = model_mark(c.model);
	cfg_write(&c, PMCSR(0x60), 2, 0x0003);
	cr_assert(model_ordered(c.model, mark, "memory_remove", "config write 0x64"));
	cr_assert_eq(c.host->power_state, 3);
	cr_assert_eq(c.guest->window_count, 0);
	mark = model_mark(c.model);
	cfg_write(&c, PMCSR(0x60), 2, 0x0000);
	cr_assert(model_ordered(c.model, mark, "config write 0x64", "memory_add"));
	cr_assert_not_null(guest_memory(c.guest, 0x40000000));
	check_down(&c);
}

Test(config_space, decoding_turned_on_in_d3_waits_for_d0)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_up(&c, &pci);
	cfg_write(&c, PMCSR(0x60), 2, 0x0003);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(c.guest->window_count, 0);
	cfg_write(&c, PMCSR(0x60), 2, 0x0000);
	cr_assert_gt(c.guest->window_count, 0);
	check_down(&c);
}

/* A dead device. */

Test(config_space, all_ones_at_creation_is_an_error)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct pt_function_setup setup = check_setup(&pci);
	struct check c;

	check_attach(&c, &pci);
	c.host->dead = true;
	check_error(pt_function_create(c.device, &setup, &guest_ops, NULL, &c.function, &c.err),
		    -EIO, c.err, "0000:02:00.0");
	check_down(&c);
}

Test(config_space, a_device_that_dies_is_reported_once)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_up(&c, &pci);
	program(&c);
	c.host->dead = true;
	cr_assert_eq(cfg_read(&c, 0, 4), 0xffffffff);
	cr_assert_eq(c.guest->reports, 1);
	cr_assert(strstr(c.guest->report.message, "0000:02:00.0"), "%s", c.guest->report.message);
	cr_assert_eq(cfg_read(&c, 0, 2), 0xffff);
	cr_assert_eq(bar_read(&c, 0, 0x2ffc, 4), 0xffffffff);
	cr_assert_eq(bar_read(&c, 0, 0x10, 8), UINT64_MAX);
	bar_write(&c, 0, 0x10, 4, 1);
	cfg_write(&c, CFG_COMMAND, 2, 0);
	cfg_write(&c, DEVCTL(0x80), 2, 0x8000);
	cr_assert_leq(c.guest->reports, 2, "the failed reset at most");
	check_down(&c);
}

Test(config_space, a_lost_device_reads_all_ones)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_up(&c, &pci);
	program(&c);
	*model_fault(c.model) = (struct model_fault){.countdown = 1, .error = -ENODEV};
	cr_assert_eq(cfg_read(&c, 0, 4), 0xffffffff);
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_LOST);
	cr_assert_eq(cfg_read(&c, 0, 2), 0xffff, "and goes on to");
	cr_assert_eq(cfg_read(&c, 0x3c, 4), 0xffffffff, "what is ours too");
	check_down(&c);
}

Test(config_space, an_error_reading_config_space_reads_all_ones)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_up(&c, &pci);
	*model_fault(c.model) = (struct model_fault){.countdown = 1, .error = -EIO};
	cr_assert_eq(cfg_read(&c, 0x2c, 4), 0xffffffff);
	cr_assert_eq(cfg_read(&c, 0x2c, 4), 0x00101b36);
	check_down(&c);
}
