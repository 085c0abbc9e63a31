/* SPDX-License-Identifier: MIT */
/* The life of a function: create, start, stop, start again, destroy. */
#include "check.h"

#define MSIX_CONTROL (0x40 + 2)
#define TABLE	     0x2000u

/* What a driver does: BARs, decode, bus mastering, two vectors. */
static void use(struct check *c)
{
	cfg_write(c, CFG_BAR(0), 4, 0x40000000);
	cfg_write(c, CFG_BAR(1), 4, 0);
	cfg_write(c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
	cfg_write(c, MSIX_CONTROL, 2, 0x8000);
	for (unsigned i = 0; i < 2; i++) {
		bar_write(c, 0, TABLE + 16 * i, 8, 0xfee00000);
		bar_write(c, 0, TABLE + 16 * i + 8, 8, 0x40 + i);
	}
	cr_assert_eq(c->guest->window_count, 1);
	model_raise(c->host, 1);
	cr_assert_eq(c->guest->vectors[1].delivered, 1);
	c->guest->vectors[1].delivered = 0;
}

static void up(struct check *c)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	check_up(c, &pci);
}

Test(function, create_places_nothing)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	unsigned mark;

	check_attach(&c, &pci);
	mark = model_mark(c.model);
	check_create(&c);
	cr_assert_eq(model_calls(c.model, mark, "guest "), 0);
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_ATTACHED);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(guest_left(c.guest), 0, "not before it is started");
	check_down(&c);
}

Test(function, states)
{
	struct check c;
	struct pt_function *second;
	struct pt_function_setup setup;

	up(&c);
	setup = check_setup(&c.host->pci);
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_RUNNING);
	check_error(pt_function_start(c.function, &c.err), -EBADFD, c.err, "0000:02:00.0");
	check_error(pt_function_create(c.device, &setup, &guest_ops, c.guest, &second, &c.err),
		    -EBADFD, c.err, "0000:02:00.0");
	pt_function_stop(c.function);
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_ATTACHED);
	pt_function_stop(c.function);
	cr_assert_eq(c.host->resets, 1, "stopped once");
	pt_function_destroy(NULL);
	check_down(&c);
}

Test(function, stop_turns_bus_mastering_off_first_and_resets_last)
{
	struct check c;
	unsigned mark;

	up(&c);
	use(&c);
	mark = model_mark(c.model);
	pt_function_stop(c.function);
	cr_assert_not_null(strstr(model_call_text(c.model, mark), "config write 0x4"), "%s",
			   model_call_text(c.model, mark));
	cr_assert(model_ordered(c.model, mark, "config write 0x4", "SET_IRQS"));
	cr_assert(model_ordered(c.model, mark, "SET_IRQS", "vector_disconnect"));
	cr_assert(model_ordered(c.model, mark, "vector_disconnect", "vector_unroute"));
	cr_assert(model_ordered(c.model, mark, "vector_disconnect", "memory_remove"));
	cr_assert(model_ordered(c.model, mark, "memory_remove", "trap_remove"));
	cr_assert(model_ordered(c.model, mark, "trap_remove", "VFIO_DEVICE_RESET"));
	cr_assert_eq(model_device_config(c.host, CFG_COMMAND, 2), 0);
	cr_assert_eq(guest_left(c.guest), 0);
	cr_assert_eq(c.host->irq_index, -1);
	check_down(&c);
}

Test(function, the_device_keeps_decoding_until_its_bars_are_out)
{
	struct check c;
	unsigned mark;

	up(&c);
	use(&c);
	mark = model_mark(c.model);
	pt_function_stop(c.function);
	cr_assert_not_null(strstr(model_call_text(c.model, mark), "value 0x2"),
			   "memory decode stays on: %s", model_call_text(c.model, mark));
	check_down(&c);
}

Test(function, after_another_start_it_is_as_after_power_on)
{
	struct check c;

	up(&c);
	for (unsigned round = 0; round < 10; round++) {
		uint64_t first = check_setup(&c.host->pci).bar_address[0];

		cr_assert_eq(cfg_read(&c, CFG_COMMAND, 2), 0);
		cr_assert_eq(pt_function_bar(c.function, 0).address, first);
		cr_assert_eq(cfg_read(&c, CFG_BAR(0), 4), (uint32_t)first | 4);
		cr_assert_eq(cfg_read(&c, 0x3c, 1), 0);
		cr_assert_eq(cfg_read(&c, MSIX_CONTROL, 2), 64);
		cr_assert_eq(bar_read(&c, 0, TABLE + 12, 4), 1);
		cr_assert_eq(bar_read(&c, 0, TABLE, 8), 0);
		use(&c);
		cfg_write(&c, 0x3c, 1, 10);
		pt_function_stop(c.function);
		check_ok(pt_function_start(c.function, &c.err), c.err);
	}
	cr_assert_eq(c.host->resets, 10);
	cr_assert_eq(c.guest->reports, 0, "%s", c.guest->report.message);
	check_down(&c);
}

Test(function, destroy_stops)
{
	struct check c;

	up(&c);
	use(&c);
	pt_function_destroy(c.function);
	c.function = NULL;
	cr_assert_eq(c.host->resets, 1);
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_ATTACHED);
	check_down(&c);
}

Test(function, another_function_after_the_first)
{
	struct check c;

	up(&c);
	use(&c);
	pt_function_destroy(c.function);
	check_create(&c);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	use(&c);
	check_down(&c);
}

Test(function, a_reset_that_fails_at_stop_is_reported)
{
	struct check c;

	up(&c);
	use(&c);
	c.host->reset_error = -EIO;
	c.host->bus_reset_error = -EIO;
	pt_function_stop(c.function);
	cr_assert_eq(c.guest->reports, 1);
	cr_assert(strstr(c.guest->report.message, "0000:02:00.0"), "%s", c.guest->report.message);
	cr_assert_eq(guest_left(c.guest), 0);
	check_down(&c);
}

Test(function, a_reset_that_is_busy_at_stop_is_retried)
{
	struct check c;

	up(&c);
	c.host->reset_eagain = 3;
	pt_function_stop(c.function);
	cr_assert_eq(c.host->resets, 1);
	cr_assert_eq(c.guest->reports, 0);
	check_down(&c);
}

Test(function, reports_are_optional)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct pt_function_setup setup = check_setup(&pci);
	struct pt_guest_ops silent = guest_ops;
	struct check c;

	silent.report = NULL;
	check_attach(&c, &pci);
	c.guest = guest_new(c.model);
	check_ok(pt_function_create(c.device, &setup, &silent, c.guest, &c.function, &c.err),
		 c.err);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	c.host->dead = true;
	cr_assert_eq(cfg_read(&c, 0, 4), 0xffffffff);
	pt_function_stop(c.function);
	check_down(&c);
}

Test(function, a_device_that_died_can_be_stopped_and_closed)
{
	struct check c;

	up(&c);
	use(&c);
	c.host->dead = true;
	pt_function_stop(c.function);
	cr_assert_geq(c.guest->reports, 1);
	cr_assert_eq(guest_left(c.guest), 0);
	check_down(&c);
}

Test(function, a_lost_device_can_be_stopped_and_closed)
{
	struct check c;

	up(&c);
	use(&c);
	*model_fault(c.model) = (struct model_fault){.countdown = 1, .error = -ENODEV};
	cfg_read(&c, 0, 4);
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_LOST);
	pt_function_stop(c.function);
	cr_assert_eq(guest_left(c.guest), 0);
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_LOST);
	check_down(&c);
}

/* If the device may not decode, its BARs must stay out of the guest. */
Test(function, a_command_write_that_fails_places_no_bars)
{
	struct check c;

	up(&c);
	*model_fault(c.model) = (struct model_fault){.countdown = 1, .error = -EIO};
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_not_null(strstr(model_fault(c.model)->where, "pwrite"));
	cr_assert_eq(c.guest->window_count, 0);
	cr_assert_geq(c.guest->reports, 1);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(c.guest->window_count, 1);
	check_down(&c);
}

Test(function, two_devices_share_a_space)
{
	struct model_pci first = model_nvme("0000:02:00.0", 26);
	struct model_pci second = model_nvme("0000:03:00.0", 27);
	struct pt_function_setup setup = check_setup(&first);
	struct check c;
	struct guest *guest;
	struct pt_device *device;
	struct pt_function *function;
	struct model_device *host;

	check_up(&c, &first);
	host = model_add(c.model, &second);
	guest = guest_new(c.model);
	setup.bar_address[0] += 0x100000;
	check_ok(pt_device_open(c.space, "03:00.0", NULL, &device, &c.err), c.err);
	check_ok(pt_device_attach(device, &c.err), c.err);
	check_ok(pt_function_create(device, &setup, &guest_ops, guest, &function, &c.err), c.err);
	check_ok(pt_function_start(function, &c.err), c.err);
	use(&c);
	pt_function_config_write(function, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(guest->window_count, 1);
	pt_function_stop(c.function);
	cr_assert_eq(guest->window_count, 1, "the other goes on");
	cr_assert_eq(host->resets, 0);
	cr_assert_eq(model_ioas_count(c.model), 1);
	pt_function_destroy(function);
	pt_device_close(device);
	check_down(&c);
}

Test(function, config_space_that_does_not_read_fails_creation)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct pt_function_setup setup = check_setup(&pci);
	struct check c;

	check_attach(&c, &pci);
	c.guest = guest_new(c.model);
	*model_fault(c.model) = (struct model_fault){.countdown = 3, .error = -EIO};
	check_error(pt_function_create(c.device, &setup, &guest_ops, c.guest, &c.function, &c.err),
		    -EIO, c.err, "0000:02:00.0");
	cr_assert_null(c.function);
	check_down(&c);
}

Test(function, stats_count)
{
	struct check c;
	struct pt_function_stats stats;

	up(&c);
	stats = pt_function_stats(c.function);
	cr_assert_eq(stats.config_accesses, 0);
	cr_assert_eq(stats.bar_accesses, 0);
	cr_assert(stats.intx);
	use(&c);
	stats = pt_function_stats(c.function);
	cr_assert_eq(stats.config_accesses, 4);
	cr_assert_eq(stats.bar_accesses, 4);
	cr_assert_eq(stats.msix_vectors, 2);
	cr_assert_eq(stats.msi_vectors, 0);
	cr_assert_not(stats.intx);
	check_down(&c);
}
