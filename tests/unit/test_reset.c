/* SPDX-License-Identifier: MIT */
/* The reset ladder of a device: its own reset, or else that of its bus, and what stands in the way. */
#include "slot.h"

Test(reset, its_own_is_retried)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_attach(&c, &pci);
	c.host->reset_eagain = 4;
	check_ok(pt_device_reset(c.device, &c.err), c.err);
	cr_assert_eq(c.host->resets, 1);
	c.host->reset_eagain = 1000000;
	check_error(pt_device_reset(c.device, &c.err), -EAGAIN, c.err, "0000:02:00.0");
	cr_assert_eq(c.host->bus_resets, 0, "whoever has the lock is resetting it");
	check_down(&c);
}

Test(reset, the_bus_when_its_own_fails)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_attach(&c, &pci);
	c.host->reset_error = -EIO;
	check_ok(pt_device_reset(c.device, &c.err), c.err);
	cr_assert_eq(c.host->resets, 0);
	cr_assert_eq(c.host->bus_resets, 1);
	c.host->bus_reset_error = -ENOTTY;
	check_error(pt_device_reset(c.device, &c.err), -ENOTTY, c.err, "0000:02:00.0");
	cr_assert(strstr(c.err.message, "VFIO_DEVICE_RESET: the kernel cannot wake it"), "%s",
		  c.err.message);
	cr_assert(strstr(c.err.message, "VFIO_DEVICE_PCI_HOT_RESET: neither its slot"), "%s",
		  c.err.message);
	c.host->no_bus_reset = true;
	check_error(pt_device_reset(c.device, &c.err), -EIO, c.err, "0000:02:00.0");
	check_remedy(c.err, "reset_method");
	check_down(&c);
}

Test(reset, a_function_of_the_root_bus_without_a_reset)
{
	struct model_pci pci = model_nvme("0000:00:05.0", 26);
	struct check c = {.model = model_new()};

	c.sys = model_sys(c.model);
	c.host = model_add(c.model, &pci);
	c.host->no_reset = true;
	check_ok(pt_space_open(c.sys, NULL, &c.space, &c.err), c.err);
	check_ok(pt_device_open(c.space, "00:05.0", NULL, &c.device, &c.err), c.err);
	check_ok(pt_device_attach(c.device, &c.err), c.err);
	cr_assert_not(pt_device_resettable(c.device));
	check_error(pt_device_reset(c.device, &c.err), -ENOTTY, c.err, "0000:00:05.0");
	cr_assert(strstr(c.err.message, "as on a root bus"), "%s", c.err.message);
	check_remedy(c.err, "reset_method");
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_ATTACHED, "ENODEV is no loss here");
	check_down(&c);
}

Test(reset, attach_resets_the_bus_of_what_the_kernel_could_not_reset)
{
	struct check c;
	struct other o;

	slot_new(&c, &o, "vfio-pci", 26);
	slot_attach(&c, FIRST, &c.device);
	cr_assert_eq(c.host->bus_resets, 1, "its group is the iommufd's, so is the unbound one");
	slot_attach(&c, SECOND, &o.device);
	cr_assert_eq(c.host->bus_resets, 2);
	cr_assert_eq(o.host->bus_resets, 2);
	slot_down(&c, &o);
}

Test(reset, attach_asks_for_no_bus_reset_when_the_kernel_has_reset_it)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;

	check_attach(&c, &pci);
	cr_assert_eq(model_calls(c.model, 0, "HOT_RESET"), 0);
	check_down(&c);
}

/* Each in a group of its own: the second is nobody's until it is bound. */
Test(reset, what_nobody_owns_is_named)
{
	struct check c;
	struct other o;

	slot_new(&c, &o, "vfio-pci", 27);
	slot_attach(&c, FIRST, &c.device);
	cr_assert_eq(c.host->bus_resets, 0, "not allowed, and no failure of the attach");
	check_error(pt_device_reset(c.device, &c.err), -EBUSY, c.err, SECOND " (vfio-pci)");
	check_remedy(c.err, "assign " SECOND " to the same guest");
	cr_assert_eq(model_calls(c.model, 0, "PCI_HOT_RESET ="), 0);
	slot_attach(&c, SECOND, &o.device);
	cr_assert_eq(c.host->bus_resets, 1, "now both are ours");
	slot_down(&c, &o);
}

Test(reset, a_host_driver_on_the_bus_is_named)
{
	static const struct {
		const char *driver, *text;
	} drivers[] = {{"e1000e", SECOND " (e1000e)"}, {NULL, SECOND " (no driver)"}};

	for (size_t i = 0; i < 2; i++) {
		struct check c;
		struct other o;

		slot_new(&c, &o, drivers[i].driver, 27);
		slot_attach(&c, FIRST, &c.device);
		check_error(pt_device_reset(c.device, &c.err), -EBUSY, c.err, drivers[i].text);
		cr_assert(strstr(c.err.message, FIRST ": has no reset of its own"), "%s",
			  c.err.message);
		check_remedy(c.err, "bind " SECOND " to vfio-pci");
		slot_down(&c, &o);
	}
}

Test(reset, all_that_are_in_the_way_are_named)
{
	struct model_pci third = slot_pci("0000:02:01.3", "snd_hda_intel", 28);
	struct check c;
	struct other o;

	slot_new(&c, &o, "e1000e", 27);
	model_add(c.model, &third);
	slot_attach(&c, FIRST, &c.device);
	check_error(pt_device_reset(c.device, &c.err), -EBUSY, c.err,
		    SECOND " (e1000e), 0000:02:01.3 (snd_hda_intel)");
	slot_down(&c, &o);
}

/* Two spaces on one iommufd: the kernel would allow it, but the other space's device may run. */
Test(reset, a_device_of_another_space_is_in_the_way)
{
	struct pt_space *space;
	struct check c;
	struct other o;
	int fd;

	slot_new(&c, &o, "vfio-pci", 27);
	fd = pt_space_fd(c.space);
	check_ok(pt_space_open_fd(c.sys, NULL, fd, &space, &c.err), c.err);
	slot_attach(&c, FIRST, &c.device);
	check_ok(pt_device_open(space, SECOND, NULL, &o.device, &c.err), c.err);
	check_ok(pt_device_attach(o.device, &c.err), c.err);
	check_error(pt_device_reset(c.device, &c.err), -EBUSY, c.err, SECOND " (vfio-pci)");
	pt_device_close(o.device);
	o.device = NULL;
	pt_space_close(space);
	slot_down(&c, &o);
}

Test(reset, a_lock_that_is_taken_is_waited_for)
{
	struct check c;
	struct other o;

	slot_new(&c, &o, "vfio-pci", 26);
	slot_attach(&c, FIRST, &c.device);
	c.host->bus_reset_busy = 3;
	check_ok(pt_device_reset(c.device, &c.err), c.err);
	cr_assert_eq(model_slept(c.model), 30);
	c.host->bus_reset_busy = 1000000;
	check_error(pt_device_reset(c.device, &c.err), -EBUSY, c.err, "VFIO_DEVICE_PCI_HOT_RESET");
	cr_assert_lt(model_slept(c.model), 1000);
	slot_down(&c, &o);
}

/* By groups: their descriptors are the proof, each once. */

Test(reset, by_one_group)
{
	struct check c;
	struct other o;

	slot_new_by(PT_BACKEND_GROUP, &c, &o, "vfio-pci", 26);
	slot_attach(&c, FIRST, &c.device);
	cr_assert_eq(c.host->bus_resets, 1);
	slot_attach(&c, SECOND, &o.device);
	check_ok(pt_device_reset(c.device, &c.err), c.err);
	cr_assert_eq(o.host->bus_resets, 3);
	slot_down(&c, &o);
}

Test(reset, by_two_groups)
{
	struct check c;
	struct other o;

	slot_new_by(PT_BACKEND_GROUP, &c, &o, "vfio-pci", 27);
	slot_attach(&c, FIRST, &c.device);
	check_error(pt_device_reset(c.device, &c.err), -EBUSY, c.err, SECOND " (vfio-pci)");
	check_remedy(c.err, "assign " SECOND " to the same guest");
	slot_attach(&c, SECOND, &o.device);
	cr_assert_eq(c.host->bus_resets, 1);
	slot_down(&c, &o);
}

/* Nobody else can have it, but the kernel resets only what has a VFIO driver. */
Test(reset, by_a_group_with_a_function_that_has_no_driver)
{
	struct check c;
	struct other o;

	slot_new_by(PT_BACKEND_GROUP, &c, &o, NULL, 26);
	slot_attach(&c, FIRST, &c.device);
	check_error(pt_device_reset(c.device, &c.err), -EBUSY, c.err, SECOND " (no driver)");
	check_remedy(c.err, "bind " SECOND " to vfio-pci");
	slot_down(&c, &o);
}

/* Every call of it fails once: the right errno, nothing left, and it works again. */
Test(reset, failures)
{
	for (unsigned n = 1;; n++) {
		struct check c;
		struct other o;
		int ret;

		slot_new(&c, &o, "vfio-pci", 26);
		slot_attach(&c, FIRST, &c.device);
		*model_fault(c.model) = (struct model_fault){.countdown = n, .error = -ENOMEM};
		ret = pt_device_reset(c.device, &c.err);
		if (!model_fault(c.model)->fired) {
			check_ok(ret, c.err);
			cr_assert_geq(n, 6);
			slot_down(&c, &o);
			break;
		}
		check_error(ret, -ENOMEM, c.err, FIRST);
		check_ok(pt_device_reset(c.device, &c.err), c.err);
		slot_down(&c, &o);
	}
}

Test(reset, states)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	unsigned mark;

	check_attach(&c, &pci);
	pt_device_detach(c.device);
	check_error(pt_device_reset(c.device, &c.err), -EBADFD, c.err, "0000:02:00.0");
	check_ok(pt_device_attach(c.device, &c.err), c.err);
	*model_fault(c.model) = (struct model_fault){.countdown = 1, .error = -ENODEV};
	check_error(pt_device_reset(c.device, &c.err), -ENODEV, c.err, "0000:02:00.0");
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_LOST);
	mark = model_mark(c.model);
	check_error(pt_device_reset(c.device, &c.err), -ENODEV, c.err, "is gone");
	cr_assert_eq(model_mark(c.model), mark, "a lost device is not asked");
	check_down(&c);
}

Test(reset, methods_are_the_kernels)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	struct check c;
	char text[64];

	check_attach(&c, &pci);
	check_ok(pt_device_reset_methods(c.device, text, sizeof(text), &c.err), c.err);
	cr_assert_str_eq(text, "flr bus");
	model_remove(c.model, "/sys/bus/pci/devices/0000:02:00.0/reset_method");
	check_error(pt_device_reset_methods(c.device, text, sizeof(text), &c.err), -ENOENT, c.err,
		    "0000:02:00.0/reset_method");
	check_down(&c);
}
