/* SPDX-License-Identifier: MIT */
/*
 * struct virtio_console: consoles, which Linux has as /dev/hvc0 and so on, and channels, /dev/virtio-ports/NAME: ports of one
 * device (VIRTIO 1.2, 5.3).
 *
 * Port 0 has the first two queues. What else there is to say of ports goes over the two control queues, to a driver that
 * knows them (VIRTIO_CONSOLE_F_MULTIPORT): which ports there are, what they are, whether somebody has them open at this end and
 * at that. One that does not know them has port 0 and nothing else, always open. A device with nothing but a console says
 * nothing of all this.
 *
 * What the device has to say of a port is a bit of it, and is said when the driver has a buffer for it; so it is never more than
 * there are bits. What comes from the host for a port is read when the guest has it open, since a driver throws away what comes
 * before.
 */
#ifndef TENON_VIRTIO_CONSOLE_H
#define TENON_VIRTIO_CONSOLE_H

#include <linux/virtio_console.h>

#include "virtio/console_end.h"
#include "virtio/virtio.h"

struct virtio_console;

/**
 * struct console_port - a port
 * @ready: the driver has it, and hears what becomes of it
 * @open: at the guest's end
 * @told: @open as the listener was told last; the loop's
 * @to_say: bits of what the driver is to be told yet
 * @taken: bytes of the next chain from the guest that were taken already
 */
struct console_port {
	struct virtio_console *console;
	const struct plan_console_port *plan;
	struct console_end end;
	bool ready;
	bool open;
	bool told;
	unsigned to_say;
	uint64_t taken;
};

/**
 * struct virtio_console - @changed: a guest opened or closed a channel, on the loop's thread; NULL for nobody
 * @news: written to when a port's @open is not what was @told
 */
struct virtio_console {
	struct virtio virtio;
	struct virtio_console_config config;
	struct console_port ports[PLAN_CONSOLE_PORTS_MAX];
	unsigned port_count;
	struct loop_watch news;
	void (*changed)(void *ctx, const struct console_port *port);
	void *ctx;
};

/** virtio_console_open() - @plan outlives it. Inverse: virtio_console_done(), after a failure too. Errors: of console_end_open(). */
int virtio_console_open(struct virtio_console *console, const struct plan_console *plan,
			struct pt_error *err);

/** virtio_console_done() - after virtio_done() */
void virtio_console_done(struct virtio_console *console);

/** virtio_console_watch() - have the loop see to its ends. Errors: -EBUSY. */
int virtio_console_watch(struct virtio_console *console, struct loop *loop, struct pt_error *err);

/** virtio_console_unwatch() - inverse of it */
void virtio_console_unwatch(struct virtio_console *console, struct loop *loop);

/** virtio_console_lingers() - whether the loop has not let go of it yet */
bool virtio_console_lingers(const struct virtio_console *console);

/** console_port_id(), console_port_label() - what it, and what its end is called; of the device that has a name */
const char *console_port_id(const struct console_port *port);
const char *console_port_label(const struct console_port *port);

/** console_port_is_open() - at the guest's end, as far as that is known: a console always is. On the loop's thread. */
bool console_port_is_open(const struct console_port *port);

#endif
