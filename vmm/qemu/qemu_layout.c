/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/qemu_machines.h"

#define SPARE_SLOTS 6 /* each costs a guest a bus to look at */

/* "0x3" or "0x3.0x1" */
static bool parse_addr(const char *text, unsigned *ret_slot, unsigned *ret_function)
{
	char *end;
	unsigned long slot = strtoul(text, &end, 16), function = 0;

	if (end == text)
		return false;
	if (*end == '.') {
		text = end + 1;
		function = strtoul(text, &end, 16);
		if (end == text)
			return false;
	}
	*ret_slot = (unsigned)slot;
	*ret_function = (unsigned)function;
	return !*end && slot <= VM_SLOT_MAX && function <= VM_FUNCTION_MAX;
}

int qemu_layout_slot(const struct qemu_guest *guest, const struct qemu_place *place,
		     char slot[QEMU_SLOT_SIZE], struct pt_error *err)
{
	const char *root = qemu_machine_bus(guest->machine);
	unsigned number, function;

	*slot = '\0';
	if (!place->bus && !place->addr)
		return 0;
	if (!place->bus || !place->addr)
		return pt_error_set(err, -EINVAL, "bus= and addr= go together");
	if (!parse_addr(place->addr, &number, &function))
		return pt_error_set(err, -EINVAL, "addr=%s is not a place on a bus", place->addr);
	if (!root || strcmp(place->bus, root) != 0)
		return pt_error_set(err, -EINVAL, "there is no bus %s", place->bus);
	if (function)
		(void)snprintf(slot, QEMU_SLOT_SIZE, "%u.%u", number, function);
	else
		(void)snprintf(slot, QEMU_SLOT_SIZE, "%u", number);
	return 0;
}

/* A manager takes the lowest that is free, and leaves out those that are a board's own on a PC. */
void qemu_layout_rest(struct qemu_guest *guest)
{
	size_t taken = guest->config.device_count + guest->config.disk_count +
		       guest->config.net_count + guest->config.has_rng + guest->config.has_vsock;
	size_t free_slots = taken < VM_SLOT_MAX ? VM_SLOT_MAX - taken : 0;

	guest->config.hotplug_slots = free_slots < SPARE_SLOTS ? (unsigned)free_slots : SPARE_SLOTS;
}
