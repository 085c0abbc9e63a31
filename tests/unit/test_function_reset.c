/* SPDX-License-Identifier: MIT */
/* Resets of a function while a guest has it: stop and start, by its bus, by its power state. */
#include "slot.h"

#define PM	     0x60
#define PM_CONTROL   (PM + 4)
#define MSIX_CONTROL (0x40 + 2)
#define TABLE	     0x2000u

static void use(struct pt_function *function)
{
	pt_function_config_write(function, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
}

/* Functions that share a bus. */

Test(function_reset, the_last_to_stop_resets_the_bus)
{
	struct check c;
	struct other o;
	unsigned before;

	slot_create(&c, &o);
	for (unsigned round = 0; round < 3; round++) {
		check_ok(pt_function_start(c.function, &c.err), c.err);
		check_ok(pt_function_start(o.function, &c.err), c.err);
		use(c.function);
		use(o.function);
		before = c.host->bus_resets;
		pt_function_stop(c.function);
		cr_assert_eq(c.host->bus_resets, before, "the other one runs");
		cr_assert_eq(o.guest->window_count, 1);
		pt_function_stop(o.function);
		cr_assert_eq(c.host->bus_resets, before + 1);
		cr_assert_eq(o.host->bus_resets, before + 1, "once for both");
	}
	cr_assert_eq(c.guest->reports + o.guest->reports, 0, "%s%s", c.guest->report.message,
		     o.guest->report.message);
	slot_down(&c, &o);
}

Test(function_reset, a_start_without_the_reset_is_reported)
{
	struct check c;
	struct other o;

	slot_create(&c, &o);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	check_ok(pt_function_start(o.function, &c.err), c.err);
	pt_function_stop(c.function);
	cr_assert_eq(c.guest->reports, 0);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	cr_assert_eq(c.guest->reports, 1);
	cr_assert_eq(c.guest->severity, PT_WARNING);
	cr_assert(strstr(c.guest->report.message, "without a reset: " FIRST), "%s",
		  c.guest->report.message);
	cr_assert(strstr(c.guest->report.message, "while " SECOND " runs"), "%s",
		  c.guest->report.message);
	check_remedy(c.guest->report, "the last of its functions");
	slot_down(&c, &o);
}

/* The second has a reset of its own, and so no reason to reset the bus for itself. */
Test(function_reset, the_last_to_stop_resets_the_bus_for_one_that_waits)
{
	struct check c;
	struct other o;
	unsigned before;

	slot_create(&c, &o);
	pt_device_detach(o.device);
	pt_function_destroy(o.function);
	o.host->no_reset = false;
	check_ok(pt_device_attach(o.device, &c.err), c.err);
	check_ok(pt_function_create(o.device, &(struct pt_function_setup){0}, &guest_ops, o.guest,
				    &o.function, &c.err),
		 c.err);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	check_ok(pt_function_start(o.function, &c.err), c.err);
	before = c.host->bus_resets;
	pt_function_stop(c.function);
	cr_assert_eq(c.host->bus_resets, before);
	pt_function_stop(o.function);
	cr_assert_eq(o.host->resets, 1);
	cr_assert_eq(c.host->bus_resets, before + 1);
	slot_down(&c, &o);
}

Test(function_reset, what_blocks_the_bus_is_reported_at_stop_and_at_start)
{
	struct check c;
	struct other o;

	slot_new(&c, &o, "e1000e", 27);
	slot_attach(&c, FIRST, &c.device);
	check_create(&c);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	cr_assert_eq(c.guest->reports, 1, "the kernel could not at bind, nor the bus at attach");
	pt_function_stop(c.function);
	cr_assert_eq(c.guest->reports, 2);
	cr_assert(strstr(c.guest->report.message, SECOND " (e1000e)"), "%s",
		  c.guest->report.message);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	cr_assert_eq(c.guest->reports, 3);
	slot_down(&c, &o);
}

/* A sibling that nobody had when the first was attached: the start finds it owned. */
Test(function_reset, start_makes_good_what_attach_could_not)
{
	struct check c;
	struct other o;

	slot_new(&c, &o, "vfio-pci", 27);
	slot_attach(&c, FIRST, &c.device);
	check_create(&c);
	check_ok(pt_device_open(c.space, SECOND, NULL, &o.device, &c.err), c.err);
	check_ok(pt_device_bind(o.device, &c.err), c.err);
	cr_assert_eq(c.host->bus_resets, 0);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	cr_assert_eq(c.host->bus_resets, 1);
	cr_assert_eq(c.guest->reports, 0);
	slot_down(&c, &o);
}

/* Reset of a function that goes on. */

Test(function_reset, everything_is_quiet_before)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	unsigned mark;

	check_up(&c, &pci);
	cfg_write(&c, CFG_BAR(0), 4, 0x40000000);
	use(c.function);
	cfg_write(&c, MSIX_CONTROL, 2, 0x8000);
	bar_write(&c, 0, TABLE, 8, 0xfee00000);
	bar_write(&c, 0, TABLE + 8, 8, 0x40);
	mark = model_mark(c.model);
	pt_function_reset(c.function);
	cr_assert_not_null(strstr(model_call_text(c.model, mark), "config write 0x4 value 0x2"),
			   "bus mastering first, decode stays: %s", model_call_text(c.model, mark));
	cr_assert(model_ordered(c.model, mark, "config write 0x4 value 0x2", "SET_IRQS"));
	cr_assert(model_ordered(c.model, mark, "SET_IRQS", "vector_disconnect"));
	cr_assert(model_ordered(c.model, mark, "vector_disconnect", "memory_remove"));
	cr_assert(model_ordered(c.model, mark, "memory_remove", "config write 0x4 value 0x0"));
	cr_assert(model_ordered(c.model, mark, "config write 0x4 value 0x0", "VFIO_DEVICE_RESET"));
	cr_assert(model_ordered(c.model, mark, "VFIO_DEVICE_RESET", "config read 0x0"),
		  "and then whether it answers");
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_RUNNING);
	cr_assert_eq(cfg_read(&c, CFG_COMMAND, 2), 0);
	cr_assert_eq(pt_function_bar(c.function, 0).address, 1ull << 40, "as at power-on");
	cr_assert_eq(cfg_read(&c, MSIX_CONTROL, 2), 64);
	cr_assert_eq(bar_read(&c, 0, TABLE + 12, 4), 1);
	cr_assert(c.guest->intx_connected);
	cr_assert_eq(c.guest->reports, 0, "%s", c.guest->report.message);
	use(c.function);
	cr_assert_eq(c.guest->window_count, 1, "and it works again");
	pt_function_stop(c.function);
	mark = model_mark(c.model);
	pt_function_reset(c.function);
	cr_assert_eq(model_mark(c.model), mark, "not when it is stopped");
	check_down(&c);
}

Test(function_reset, beside_a_function_that_runs_it_is_said_not_to_be_done)
{
	struct check c;
	struct other o;

	slot_create(&c, &o);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	check_ok(pt_function_start(o.function, &c.err), c.err);
	use(c.function);
	pt_function_reset(c.function);
	cr_assert_eq(c.guest->reports, 1);
	cr_assert(strstr(c.guest->report.message, "while " SECOND " runs"), "%s",
		  c.guest->report.message);
	cr_assert_eq(cfg_read(&c, CFG_COMMAND, 2), 0);
	slot_down(&c, &o);
}

/* Power states. */

static void up(struct check *c, bool soft_reset)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	if (soft_reset)
		model_config_put(&pci, PM_CONTROL, 1, 0);
	check_up(c, &pci);
	cfg_write(c, CFG_BAR(0), 4, 0x40000000);
	use(c->function);
}

Test(function_reset, from_d3hot_to_d0_without_no_soft_reset)
{
	struct check c;
	unsigned mark;

	up(&c, true);
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert_eq(c.host->power_state, 3);
	cr_assert_eq(c.guest->window_count, 0);
	mark = model_mark(c.model);
	cfg_write(&c, PM_CONTROL, 2, 0);
	cr_assert_eq(c.host->power_state, 0);
	cr_assert_eq(c.host->resets, 1);
	cr_assert(model_ordered(c.model, mark, "config write 0x64", "VFIO_DEVICE_RESET"),
		  "in D0 before the reset");
	cr_assert_eq(cfg_read(&c, CFG_COMMAND, 2), 0);
	cr_assert_eq(pt_function_bar(c.function, 0).address, 1ull << 40);
	cr_assert_eq(c.guest->window_count, 0);
	use(c.function);
	cr_assert_eq(c.guest->window_count, 1);
	check_down(&c);
}

Test(function_reset, from_d3hot_to_d0_with_no_soft_reset)
{
	struct check c;

	up(&c, false);
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert_eq(c.guest->window_count, 0);
	cfg_write(&c, PM_CONTROL, 2, 0);
	cr_assert_eq(c.host->resets, 0);
	cr_assert_eq(cfg_read(&c, CFG_COMMAND, 2), COMMAND_MEM | COMMAND_BM);
	cr_assert_eq(c.guest->window_count, 1, "where it was");
	check_down(&c);
}

Test(function_reset, other_moves_between_power_states_are_no_reset)
{
	static const unsigned states[] = {1, 0, 2, 1, 0, 1, 3, 3};
	struct check c;

	up(&c, true);
	for (size_t i = 0; i < sizeof(states) / sizeof(states[0]); i++) {
		cfg_write(&c, PM_CONTROL, 2, states[i]);
		cr_assert_eq(c.guest->window_count, states[i] == 0);
	}
	cr_assert_eq(c.host->resets, 0);
	check_down(&c);
}

/* What the function does not support it does not enter; its BARs come back. */
Test(function_reset, a_power_state_that_it_does_not_have)
{
	struct check c;

	up(&c, true);
	c.host->only_d0 = true;
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert_eq(c.guest->window_count, 1);
	cfg_write(&c, PM_CONTROL, 2, 0);
	cr_assert_eq(c.host->resets, 0);
	check_down(&c);
}

Test(function_reset, stopped_in_d3hot)
{
	struct check c;

	up(&c, false);
	cfg_write(&c, PM_CONTROL, 2, 3);
	c.host->no_reset = true;
	pt_function_stop(c.function);
	cr_assert_eq(c.host->power_state, 0);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	use(c.function);
	cr_assert_eq(c.guest->window_count, 1);
	check_down(&c);
}

/* Health. */

Test(function_reset, a_device_that_does_not_come_back_is_reported_with_the_evidence)
{
	static const struct {
		enum model_after_reset after;
		const char *text;
	} ends[] = {{MODEL_DIES, "reads all ones after its own reset"},
		    {MODEL_SLEEPS, "is in D3hot after its own reset"}};

	for (size_t i = 0; i < 2; i++) {
		struct pt_device_health health;
		struct check c;

		up(&c, false);
		c.host->after_reset = ends[i].after;
		pt_function_stop(c.function);
		cr_assert_eq(c.guest->reports, 1);
		cr_assert_eq(c.guest->severity, PT_ERROR);
		cr_assert(strstr(c.guest->report.message, ends[i].text), "%s",
			  c.guest->report.message);
		check_ok(pt_device_health(c.device, &health, &c.err), c.err);
		cr_assert(health.reset_owed);
		check_ok(pt_function_start(c.function, &c.err), c.err);
		cr_assert_eq(c.guest->reports, 2, "and so does every start");
		cr_assert(strstr(c.guest->report.message, "without a reset"), "%s",
			  c.guest->report.message);
		use(c.function);
		cr_assert_eq(c.guest->window_count, 0, "its BARs would kill whoever touches them");
		check_down(&c);
	}
}

Test(function_reset, the_bus_brings_back_what_its_own_reset_does_not)
{
	struct check c;

	up(&c, false);
	c.host->after_reset = MODEL_SLEEPS;
	c.host->bus_wakes = true;
	pt_function_stop(c.function);
	cr_assert_eq(c.host->resets, 1);
	cr_assert_eq(c.host->bus_resets, 1);
	cr_assert_eq(c.guest->reports, 0, "%s", c.guest->report.message);
	check_down(&c);
}
