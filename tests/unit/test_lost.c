/* SPDX-License-Identifier: MIT */
/*
 * A device that vanishes, at whichever call: a guest's whole life, once for every call, with the device dead from that
 * call on. Whatever is called then returns, waits for nothing, and all is released in the right order.
 */
#include "check.h"

#define BDF	     "0000:02:00.0"
#define MSIX_CONTROL (0x40 + 2)
#define TABLE	     0x2000u
#define PM_CONTROL   (0x60 + 4)
#define DEVCTL	     (0x80 + 8)

/* What a guest does to a function, and what a VMM asks of it. */
static void use(struct check *c)
{
	struct pt_device_health health;
	uint32_t mask;
	int fd;

	(void)pt_device_event(c->device, PT_EVENT_REQ, &fd, &c->err);
	(void)pt_device_event(c->device, PT_EVENT_ERR, &fd, &c->err);
	cfg_write(c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
	cfg_write(c, MSIX_CONTROL, 2, 0x8000);
	for (unsigned i = 0; i < 3; i++) {
		bar_write(c, 0, TABLE + 16 * i, 8, 0xfee00000);
		bar_write(c, 0, TABLE + 16 * i + 8, 8, 0x40 + i);
	}
	(void)bar_read(c, 0, 0x3800, 4);
	cfg_write(c, PM_CONTROL, 2, 3);
	(void)cfg_read(c, 0, 4);
	cfg_write(c, PM_CONTROL, 2, 0);
	cfg_write(c, CFG_COMMAND, 2, COMMAND_MEM);
	cfg_write(c, DEVCTL, 2, 0x8000);
	cfg_write(c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
	(void)pt_device_health(c->device, &health, &c->err);
	(void)pt_device_features(c->device, &mask, &c->err);
	cfg_write(c, CFG_COMMAND, 2, 0);
}

static void live(struct check *c)
{
	struct pt_function_setup setup = check_setup(&c->host->pci);
	void *base;

	setup.low_power = 1;
	if (pt_device_open(c->space, BDF, NULL, &c->device, &c->err) < 0)
		return;
	if (pt_device_attach(c->device, &c->err) < 0)
		return;
	(void)pt_device_map(c->device, 0, &base, &c->err);
	if (pt_function_create(c->device, &setup, &guest_ops, c->guest, &c->function, &c->err) < 0)
		return;
	for (unsigned round = 0; round < 2; round++) {
		if (pt_function_start(c->function, &c->err) < 0)
			return;
		use(c);
		pt_function_stop(c->function);
	}
	/* The last time it is left running. */
	if (pt_function_start(c->function, &c->err) == 0)
		cfg_write(c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
}

static void new_host(struct check *c, bool noresize, bool no_reset)
{
	struct model_pci pci = model_nvme(BDF, 26);

	model_config_put(&pci, PM_CONTROL, 1, 0);
	pci.noresize = noresize;
	memset(c, 0, sizeof(*c));
	c->model = model_new();
	c->sys = model_sys(c->model);
	c->host = model_add(c->model, &pci);
	c->host->no_reset = no_reset;
	c->guest = guest_new(c->model);
	check_ok(pt_space_open(c->sys, NULL, &c->space, &c->err), c->err);
}

static void sweep(enum model_death how, bool noresize, bool no_reset)
{
	struct check c;
	unsigned n = 0;
	bool fired;

	do {
		new_host(&c, noresize, no_reset);
		*model_fault(c.model) = (struct model_fault){.countdown = ++n, .kills = how};
		live(&c);
		fired = model_fault(c.model)->fired;
		cr_assert_eq(model_slept(c.model), 0, "call %u, %s: waited", n,
			     model_fault(c.model)->where);
		check_down(&c);
	} while (fired);
	cr_assert_gt(n, 150, "only %u calls", n);
}

Test(lost, gone_at_any_call)
{
	sweep(MODEL_GONE, false, false);
}

Test(lost, gone_at_any_call_with_noresize)
{
	sweep(MODEL_GONE, true, false);
}

Test(lost, gone_at_any_call_with_only_a_bus_reset)
{
	sweep(MODEL_GONE, false, true);
}

Test(lost, dead_at_any_call)
{
	sweep(MODEL_DEAD, false, false);
}

Test(lost, dead_at_any_call_with_only_a_bus_reset)
{
	sweep(MODEL_DEAD, false, true);
}

/* Once it is known to be lost, the kernel is asked for nothing but what releases it. */
Test(lost, is_not_asked_any_more)
{
	struct model_pci pci = model_nvme(BDF, 26);
	struct pt_device_health health;
	uint8_t buf[4];
	struct check c;
	unsigned mark;
	int fd = -1;

	check_up(&c, &pci);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
	c.host->gone = true;
	cr_assert_eq(cfg_read(&c, 0, 4), 0xffffffff);
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_LOST);
	mark = model_mark(c.model);
	cr_assert_eq(cfg_read(&c, 0, 4), 0xffffffff);
	cr_assert_eq(bar_read(&c, 0, 0, 4), 0xffffffff);
	cr_assert_eq(bar_read(&c, 0, TABLE, 4), 0xffffffff);
	bar_write(&c, 0, 0, 4, 0);
	cr_assert_eq(pt_device_read(c.device, PT_REGION_CONFIG, 0, buf, 4), -ENODEV);
	cr_assert_eq(pt_device_write(c.device, PT_REGION_CONFIG, 0, buf, 4), -ENODEV);
	cr_assert_eq(pt_device_irq_set(c.device, PT_IRQ_MSIX, 0, 1, &fd, &c.err), -ENODEV);
	cr_assert_eq(pt_device_health(c.device, &health, &c.err), -ENODEV);
	cr_assert_eq(pt_device_reset(c.device, &c.err), -ENODEV);
	cr_assert_eq(pt_device_event(c.device, PT_EVENT_REQ, &fd, &c.err), -EBADFD);
	cr_assert_eq(model_mark(c.model), mark, "%s", model_call_text(c.model, mark));
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(c.guest->window_count, 0, "what the guest does next takes the BARs out");
	pt_function_reset(c.function);
	cr_assert_eq(model_calls(c.model, mark, "VFIO_DEVICE_RESET"), 0);
	cr_assert_eq(c.guest->reports, 0, "that it is lost the VMM hears by its state");
	check_down(&c);
}
