/* SPDX-License-Identifier: MIT */
/* Events of a device: REQ and ERR. */
#include "check.h"

static void attach(struct check *c, bool express)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	if (!express) {
		model_config_init(&pci, 0x10ec, 0x8139, 0x020000);
		pci.bars[0] = (struct model_bar){.size = 0x1000};
	}
	check_attach(c, &pci);
}

Test(event, both_are_armed_and_told)
{
	struct check c;
	int req = -1, err = -1, again = -1;

	attach(&c, true);
	check_ok(pt_device_event(c.device, PT_EVENT_REQ, &req, &c.err), c.err);
	check_ok(pt_device_event(c.device, PT_EVENT_ERR, &err, &c.err), c.err);
	cr_assert_eq(model_trigger_fd(c.host, PT_IRQ_REQ, 0), req);
	cr_assert_eq(model_trigger_fd(c.host, PT_IRQ_ERR, 0), err);
	check_ok(pt_device_event(c.device, PT_EVENT_REQ, &again, &c.err), c.err);
	cr_assert_eq(again, req);
	pt_device_close(c.device);
	c.device = NULL;
	check_down(&c);
}

Test(event, disarmed_before_the_eventfd_is_closed)
{
	struct check c;
	unsigned mark;
	int fd;

	attach(&c, true);
	check_ok(pt_device_event(c.device, PT_EVENT_REQ, &fd, &c.err), c.err);
	mark = model_mark(c.model);
	pt_device_detach(c.device);
	cr_assert(model_ordered(c.model, mark, "SET_IRQS", "close"));
	cr_assert_eq(model_trigger_fd(c.host, PT_IRQ_REQ, 0), -1);
	check_error(pt_device_event(c.device, PT_EVENT_REQ, &fd, &c.err), -EBADFD, c.err,
		    "0000:02:00.0");
	check_ok(pt_device_attach(c.device, &c.err), c.err);
	check_ok(pt_device_event(c.device, PT_EVENT_REQ, &fd, &c.err), c.err);
	check_down(&c);
}

Test(event, they_leave_other_interrupts_alone)
{
	struct check c;
	int fd;

	attach(&c, true);
	check_create(&c);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	check_ok(pt_device_event(c.device, PT_EVENT_REQ, &fd, &c.err), c.err);
	cr_assert_eq(c.host->irq_index, PT_IRQ_INTX);
	pt_function_stop(c.function);
	cr_assert_eq(model_trigger_fd(c.host, PT_IRQ_REQ, 0), fd, "and a stop leaves them alone");
	check_down(&c);
}

Test(event, a_conventional_device_has_no_err)
{
	struct check c;
	int fd = -7;

	attach(&c, false);
	check_error(pt_device_event(c.device, PT_EVENT_ERR, &fd, &c.err), -ENOENT, c.err, "ERR");
	cr_assert_eq(fd, -7);
	check_ok(pt_device_event(c.device, PT_EVENT_REQ, &fd, &c.err), c.err);
	check_down(&c);
}

Test(event, failures)
{
	for (unsigned n = 1;; n++) {
		struct check c;
		int ret, fd = -1;

		attach(&c, true);
		*model_fault(c.model) = (struct model_fault){.countdown = n, .error = -ENOMEM};
		ret = pt_device_event(c.device, PT_EVENT_REQ, &fd, &c.err);
		if (!model_fault(c.model)->fired) {
			check_ok(ret, c.err);
			cr_assert_eq(n, 4);
			check_down(&c);
			break;
		}
		check_error(ret, -ENOMEM, c.err, "0000:02:00.0");
		check_ok(pt_device_event(c.device, PT_EVENT_REQ, &fd, &c.err), c.err);
		check_down(&c);
	}
}
