/* SPDX-License-Identifier: MIT */
#include "devices/panic_port.h"

#include <string.h>

#include "machine/requests.h"

/* Reading tells which events are understood. */
static void panic_port_read(void *state, uint64_t offset, void *data, unsigned size)
{
	uint8_t *value = data;

	(void)state;
	(void)offset;
	memset(data, 0, size);
	*value = PANIC_PORT_PANICKED | PANIC_PORT_CRASH_LOADED;
}

static void panic_port_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	const uint8_t *value = data;

	(void)offset;
	if (size != 1)
		return;
	if (*value & PANIC_PORT_PANICKED)
		requests_post(state, REQUEST_PANIC);
	else if (*value & PANIC_PORT_CRASH_LOADED)
		requests_post(state, REQUEST_CRASH_KERNEL);
}

const struct device_ops panic_port_ops = {
	.name = "panic port",
	.read = panic_port_read,
	.write = panic_port_write,
};
