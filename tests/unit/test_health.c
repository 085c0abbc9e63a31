/* SPDX-License-Identifier: MIT */
/* pt_device_health(): what is looked at, and what the kernel does not say. */
#include "slot.h"

#define REAL "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/"

static void attach(struct check *c)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	check_attach(c, &pci);
}

Test(health, a_device_that_is_well)
{
	struct pt_device_health health;
	struct check c;

	attach(&c);
	check_ok(pt_device_health(c.device, &health, &c.err), c.err);
	cr_assert(health.answers);
	cr_assert_eq(health.power_state, 0);
	cr_assert(health.resettable);
	cr_assert_eq(health.last_reset, PT_RESET_FUNCTION, "the kernel did it at bind");
	cr_assert_not(health.reset_owed);
	cr_assert_str_eq(health.reset_methods, "flr bus");
	cr_assert_eq(health.aer_correctable + health.aer_nonfatal + health.aer_fatal, 0);
	cr_assert_str_eq(health.aer, "");
	check_down(&c);
}

Test(health, one_that_is_not)
{
	struct pt_device_health health;
	struct check c;
	const uint8_t d3 = 3;

	attach(&c);
	check_ok(pt_device_write(c.device, PT_REGION_CONFIG, 0x64, &d3, 1), c.err);
	check_ok(pt_device_health(c.device, &health, &c.err), c.err);
	cr_assert_eq(health.power_state, 3);
	c.host->dead = true;
	check_ok(pt_device_health(c.device, &health, &c.err), c.err);
	cr_assert_not(health.answers);
	check_down(&c);
}

Test(health, errors_that_the_kernel_counted)
{
	struct pt_device_health health;
	struct check c;

	attach(&c);
	model_put_file(c.model, REAL "aer_dev_correctable",
		       "RxErr 0\nBadTLP 3\nBadDLLP 0\nRollover 1\nTOTAL_ERR_COR 4\n");
	model_put_file(c.model, REAL "aer_dev_nonfatal",
		       "Undefined 0\nDLP 0\nTOTAL_ERR_NONFATAL 0\n");
	model_put_file(c.model, REAL "aer_dev_fatal", "Undefined 0\nDLP 1\nTOTAL_ERR_FATAL 1\n");
	check_ok(pt_device_health(c.device, &health, &c.err), c.err);
	cr_assert_eq(health.aer_correctable, 4);
	cr_assert_eq(health.aer_nonfatal, 0);
	cr_assert_eq(health.aer_fatal, 1);
	cr_assert_str_eq(health.aer, "correctable BadTLP 3, correctable Rollover 1, fatal DLP 1");
	check_down(&c);
}

/* More than fits is cut, not written beyond. */
Test(health, many_errors)
{
	struct pt_device_health health;
	char text[1600] = "";
	struct check c;

	attach(&c);
	for (unsigned i = 0; i < 60; i++)
		strcat(text, "ReplayTimer 1234567890\n");
	model_put_file(c.model, REAL "aer_dev_correctable", text);
	model_put_file(c.model, REAL "aer_dev_fatal", "DLP\n\n 7\nX 1\n");
	check_ok(pt_device_health(c.device, &health, &c.err), c.err);
	cr_assert_lt(strlen(health.aer), sizeof(health.aer));
	check_down(&c);
}

Test(health, how_it_was_last_reset)
{
	struct pt_device_health health;
	struct check c;
	struct other o;

	slot_new(&c, &o, "vfio-pci", 27);
	slot_attach(&c, FIRST, &c.device);
	check_ok(pt_device_health(c.device, &health, &c.err), c.err);
	cr_assert_eq(health.last_reset, PT_RESET_NONE);
	cr_assert(health.reset_owed);
	slot_attach(&c, SECOND, &o.device);
	check_ok(pt_device_health(c.device, &health, &c.err), c.err);
	cr_assert_eq(health.last_reset, PT_RESET_BUS);
	cr_assert_not(health.reset_owed);
	slot_down(&c, &o);
}

Test(health, states)
{
	struct pt_device_health health;
	struct check c;

	attach(&c);
	*model_fault(c.model) = (struct model_fault){.countdown = 1, .error = -ENODEV};
	check_error(pt_device_health(c.device, &health, &c.err), -ENODEV, c.err, "0000:02:00.0");
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_LOST);
	check_error(pt_device_health(c.device, &health, &c.err), -ENODEV, c.err, "is gone");
	pt_device_detach(c.device);
	check_error(pt_device_health(c.device, &health, &c.err), -EBADFD, c.err, "0000:02:00.0");
	check_down(&c);
}
