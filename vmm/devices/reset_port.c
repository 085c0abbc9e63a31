/* SPDX-License-Identifier: MIT */
#include "devices/reset_port.h"

#include <string.h>

#include "machine/requests.h"

#define RESET_CPU 0x04u /* the bit that starts it; the others say how thorough it is to be */

static void reset_port_read(void *state, uint64_t offset, void *data, unsigned size)
{
	(void)state;
	(void)offset;
	memset(data, 0, size);
}

static void reset_port_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	const uint8_t *value = data;

	(void)offset;
	if (size == 1 && *value & RESET_CPU)
		requests_post(state, REQUEST_RESET);
}

const struct device_ops reset_port_ops = {
	.name = "reset control register",
	.read = reset_port_read,
	.write = reset_port_write,
};

/* All ones: nothing is there. */
static void keyboard_port_read(void *state, uint64_t offset, void *data, unsigned size)
{
	(void)state;
	(void)offset;
	memset(data, 0xff, size);
}

static void keyboard_port_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	const uint8_t *value = data;

	(void)offset;
	if (size == 1 && *value == KEYBOARD_RESET)
		requests_post(state, REQUEST_RESET);
}

const struct device_ops keyboard_port_ops = {
	.name = "keyboard controller",
	.read = keyboard_port_read,
	.write = keyboard_port_write,
};
