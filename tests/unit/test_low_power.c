/* SPDX-License-Identifier: MIT */
/* Low power: what the host does with a function that the guest has suspended. */
#include "check.h"

#define PM	   0x60
#define PM_CONTROL (PM + 4)
#define D3COLD	   "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/d3cold_allowed"

struct suspend {
	bool off;
	bool keeps; /* No_Soft_Reset */
};

static void up(struct check *c, struct suspend how)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct pt_function_setup setup = check_setup(&pci);

	model_config_put(&pci, PM_CONTROL, 1, how.keeps ? 0x08 : 0);
	check_attach(c, &pci);
	setup.low_power = !how.off;
	c->guest = guest_new(c->model);
	check_ok(pt_function_create(c->device, &setup, &guest_ops, c->guest, &c->function, &c->err),
		 c->err);
	check_ok(pt_function_start(c->function, &c->err), c->err);
	cfg_write(c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
	cr_assert_eq(c->guest->window_count, 1);
}

static void check_well(struct check *c)
{
	cr_assert_eq(c->guest->reports, 0, "%s", c->guest->report.message);
	check_down(c);
}

Test(low_power, entered_with_bars_out_and_left_before_they_are_in)
{
	struct check c;
	unsigned mark;

	up(&c, (struct suspend){0});
	mark = model_mark(c.model);
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert(c.host->low_power);
	cr_assert(model_ordered(c.model, mark, "memory_remove", "config write 0x64"));
	cr_assert(model_ordered(c.model, mark, "config write 0x64", "feature 3 set"));
	mark = model_mark(c.model);
	cfg_write(&c, PM_CONTROL, 2, 0);
	cr_assert_not(c.host->low_power);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert(model_ordered(c.model, mark, "feature 5 set", "memory_add"));
	check_well(&c);
}

/* The kernel keeps it in D0 as far as config space goes. */
Test(low_power, the_guest_reads_the_state_that_it_wrote)
{
	struct check c;

	up(&c, (struct suspend){0});
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert_eq(model_device_config(c.host, PM_CONTROL, 1) & 3, 0);
	cr_assert_eq(cfg_read(&c, PM_CONTROL, 2), 3);
	cr_assert_eq(cfg_read(&c, PM_CONTROL, 4), 3);
	cr_assert_eq(cfg_read(&c, PM_CONTROL, 1), 3);
	cr_assert_eq(cfg_read(&c, PM_CONTROL + 1, 1), 0);
	cr_assert_eq(cfg_read(&c, 0, 2), 0x1b36, "and reads the rest as it is");
	cr_assert(c.host->low_power, "which ends nothing");
	cfg_write(&c, PM_CONTROL, 2, 0);
	cr_assert_eq(cfg_read(&c, PM_CONTROL, 2), 0);
	check_well(&c);
}

Test(low_power, writes_meanwhile_do_not_bring_bars_back)
{
	struct check c;

	up(&c, (struct suspend){0});
	cfg_write(&c, PM_CONTROL, 2, 3);
	cfg_write(&c, CFG_COMMAND, 2, 0);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert_eq(c.guest->window_count, 0);
	cr_assert(c.host->low_power);
	check_well(&c);
}

Test(low_power, off_unless_asked_for)
{
	struct check c;

	up(&c, (struct suspend){.off = true});
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert_not(c.host->low_power);
	cr_assert_eq(c.host->power_state, 3);
	check_well(&c);
}

Test(low_power, not_where_the_guest_expects_that_the_function_keeps_what_it_knows)
{
	struct check c;

	up(&c, (struct suspend){.keeps = true});
	model_put_file(c.model, D3COLD, "1\n");
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert_not(c.host->low_power, "D3cold would lose it");
	cfg_write(&c, PM_CONTROL, 2, 0);
	model_put_file(c.model, D3COLD, "0\n");
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert(c.host->low_power);
	cfg_write(&c, PM_CONTROL, 2, 0);
	cr_assert_not(c.host->low_power);
	cr_assert_eq(c.host->resets, 0);
	cr_assert_eq(c.guest->window_count, 1, "and it goes on as before");
	check_well(&c);
}

Test(low_power, a_kernel_without_it)
{
	struct check c;

	up(&c, (struct suspend){0});
	c.host->features = 0;
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert_eq(c.host->power_state, 3);
	cfg_write(&c, PM_CONTROL, 2, 0);
	check_well(&c);
}

Test(low_power, other_states_are_not_low_enough)
{
	struct check c;

	up(&c, (struct suspend){0});
	cfg_write(&c, PM_CONTROL, 2, 1);
	cr_assert_not(c.host->low_power);
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert(c.host->low_power);
	cfg_write(&c, PM_CONTROL, 2, 2);
	cr_assert_not(c.host->low_power);
	check_well(&c);
}

Test(low_power, stop_wakes_it_before_anything_else)
{
	struct check c;
	unsigned mark;

	up(&c, (struct suspend){0});
	cfg_write(&c, PM_CONTROL, 2, 3);
	mark = model_mark(c.model);
	pt_function_stop(c.function);
	cr_assert_not_null(strstr(model_call_text(c.model, mark), "feature 5 set"));
	cr_assert_eq(c.host->resets, 1);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(c.guest->window_count, 1);
	check_well(&c);
}

Test(low_power, interrupts_go_on_after_it)
{
	struct check c;

	up(&c, (struct suspend){.keeps = true});
	model_put_file(c.model, D3COLD, "0\n");
	cr_assert(c.guest->intx_connected);
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert(c.guest->intx_connected);
	cfg_write(&c, PM_CONTROL, 2, 0);
	model_intx(c.host, true);
	cr_assert(c.guest->asserted);
	model_intx(c.host, false);
	guest_eoi(c.guest);
	check_well(&c);
}

/* A function that cannot be woken has no BARs to be touched. */
Test(low_power, failures_are_reported)
{
	struct check c;

	up(&c, (struct suspend){.keeps = true});
	model_put_file(c.model, D3COLD, "0\n");
	/* The write, the read back, the control, open and read of the file, the entry. */
	*model_fault(c.model) = (struct model_fault){.countdown = 6, .error = -EIO};
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert_not_null(strstr(model_fault(c.model)->where, "FEATURE"), "%s",
			   model_fault(c.model)->where);
	cr_assert_eq(c.guest->reports, 1);
	cr_assert_eq(c.guest->severity, PT_WARNING, "the guest does not need it");
	cr_assert(strstr(c.guest->report.message, "entering low power"), "%s",
		  c.guest->report.message);
	cfg_write(&c, PM_CONTROL, 2, 3);
	cr_assert(c.host->low_power);
	*model_fault(c.model) = (struct model_fault){.countdown = 2, .error = -EIO};
	cfg_write(&c, PM_CONTROL, 2, 0);
	cr_assert_not_null(strstr(model_fault(c.model)->where, "FEATURE"), "%s",
			   model_fault(c.model)->where);
	cr_assert_eq(c.guest->reports, 2);
	cr_assert_eq(c.guest->severity, PT_ERROR, "but it wants the function back");
	cr_assert(strstr(c.guest->report.message, "leaving low power"), "%s",
		  c.guest->report.message);
	cr_assert_eq(c.guest->window_count, 0);
	cfg_write(&c, PM_CONTROL, 2, 0);
	cr_assert_eq(c.guest->window_count, 1, "the guest can try again");
	check_down(&c);
}
