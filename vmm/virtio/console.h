/* SPDX-License-Identifier: MIT */
/*
 * struct virtio_console: a console (VIRTIO 1.2, 5.3) of one port, which Linux has as /dev/hvc0.
 */
#ifndef TENON_VIRTIO_CONSOLE_H
#define TENON_VIRTIO_CONSOLE_H

#include "virtio/console_end.h"
#include "virtio/virtio.h"

struct virtio_console {
	struct virtio virtio;
	struct console_end end;
};

/** virtio_console_open() - inverse: virtio_console_done(), after a failure too. Errors: of console_end_open(). */
int virtio_console_open(struct virtio_console *console, const struct plan_console *plan,
			struct pt_error *err);

/** virtio_console_done() - after virtio_done() */
void virtio_console_done(struct virtio_console *console);

#endif
