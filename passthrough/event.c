/* SPDX-License-Identifier: MIT */
/* What the host has to say of a device: that it wants it back, that it had an error. */
#include "internal.h"

static const struct {
	unsigned index;
	const char *name;
} events[] = {
	[PT_EVENT_REQ] = {PT_IRQ_REQ, "REQ"},
	[PT_EVENT_ERR] = {PT_IRQ_ERR, "ERR"},
};

PT_PUBLIC int pt_device_event(struct pt_device *device, enum pt_event event, int *ret_fd,
			      struct pt_error *err)
{
	const struct pt_sys *sys = device->sys;
	const char *name = device->host.name;
	int fd, r;

	r = pt_device_require(device, 1u << PT_DEVICE_ATTACHED | 1u << PT_DEVICE_RUNNING,
			      "wait for its events", err);
	if (r < 0)
		return r;
	if (device->event_fd[event] >= 0) {
		*ret_fd = device->event_fd[event];
		return 0;
	}
	if (device->irqs[events[event].index].count == 0)
		return pt_error_set(err, -ENOENT, "%s: has no %s event", name, events[event].name);
	fd = sys->eventfd(sys->ctx);
	if (fd < 0)
		return pt_error_set(err, fd, "%s: making an eventfd for its %s event: %s", name,
				    events[event].name, strerror(-fd));
	r = pt_device_irq_set(device, events[event].index, 0, 1, &fd, err);
	if (r < 0) {
		pt_close_fd(sys, &fd);
		return r;
	}
	device->event_fd[event] = fd;
	*ret_fd = fd;
	return 0;
}

void pt_events_done(struct pt_device *device)
{
	for (unsigned i = 0; i < PT_ARRAY_SIZE(events); i++) {
		pt_device_irq_disable(device, events[i].index);
		pt_close_fd(device->sys, &device->event_fd[i]);
	}
}
