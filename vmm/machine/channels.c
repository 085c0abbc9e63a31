/* SPDX-License-Identifier: MIT */
#include "machine/channels.h"

static void changed(void *ctx, const struct console_port *port)
{
	const struct machine_listener *listener = ctx;
	const struct machine_event event = {
		.kind = console_port_is_open(port) ? MACHINE_EVENT_CHANNEL_OPENED
						   : MACHINE_EVENT_CHANNEL_CLOSED,
		.by_guest = true,
		.device = console_port_id(port),
	};

	if (listener->event)
		listener->event(listener->ctx, &event);
}

void channels_hear(struct virtio_unit *unit, const struct machine_listener *listener)
{
	if (unit->plan.kind != PLAN_VIRTIO_CONSOLE || !listener)
		return;
	unit->console.changed = changed;
	unit->console.ctx = (void *)(uintptr_t)listener;
}
