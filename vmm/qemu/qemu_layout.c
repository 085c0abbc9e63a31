/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_layout.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "qemu/qemu_machines.h"

#define SPARE_SLOTS 12 /* each has addresses kept for it */

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

static const struct vm_config_port *find_port(const struct qemu_guest *guest, const char *id)
{
	for (unsigned i = 0; i < guest->config.port_count; i++) {
		if (strcmp(guest->config.ports[i].id, id) == 0)
			return &guest->config.ports[i];
	}
	return NULL;
}

/* The slot has the number of its chassis, which is different for each. */
static int number_of(const struct vm_config *config, const char *chassis, unsigned *ret_slot,
		     struct pt_error *err)
{
	char *end;
	unsigned long number = chassis ? strtoul(chassis, &end, 10) : 0;

	if (!chassis || *end || number == 0 || number > VM_SLOT_MAX)
		return pt_error_remedy(
			err,
			pt_error_set(err, -ERANGE, "chassis=%s is not 1 to %d",
				     chassis ? chassis : "", VM_SLOT_MAX),
			"in the domain's XML: at most %d <controller model='pcie-root-port'>",
			VM_SLOT_MAX);
	for (unsigned i = 0; i < config->port_count; i++) {
		if (config->ports[i].slot == number)
			return pt_error_set(err, -EEXIST, "chassis=%s is another root port's",
					    chassis);
	}
	*ret_slot = (unsigned)number;
	return 0;
}

int qemu_layout_port(struct qemu_guest *guest, const char *id, const char *addr,
		     const char *chassis, struct pt_error *err)
{
	struct vm_config *config = &guest->config;
	struct vm_config_port port = {0};
	int ret;

	if (!id || strlen(id) >= sizeof(port.id) || find_port(guest, id))
		return pt_error_set(err, -EINVAL, "id= is missing, too long or another's");
	if (!addr || !parse_addr(addr, &port.place, &port.function) || !port.place)
		return pt_error_set(err, -EINVAL, "addr=%s is not a place on the root bus",
				    addr ? addr : "");
	ret = number_of(config, chassis, &port.slot, err);
	if (ret < 0)
		return ret;
	(void)snprintf(port.id, sizeof(port.id), "%s", id);
	config->ports[config->port_count++] = port;
	return 0;
}

int qemu_layout_slot(const struct qemu_guest *guest, const struct qemu_place *place,
		     char slot[QEMU_SLOT_SIZE], struct pt_error *err)
{
	const char *root = qemu_machine_bus(guest->machine);
	const struct vm_config_port *port;
	unsigned number, function;

	*slot = '\0';
	if (!place->bus && !place->addr)
		return 0;
	if (!place->bus || !place->addr)
		return pt_error_set(err, -EINVAL, "bus= and addr= go together");
	if (!parse_addr(place->addr, &number, &function))
		return pt_error_set(err, -EINVAL, "addr=%s is not a place on a bus", place->addr);
	port = find_port(guest, place->bus);
	if (!port && (!root || strcmp(place->bus, root) != 0))
		return pt_error_set(err, -EINVAL, "there is no bus %s", place->bus);
	if (port && number)
		return pt_error_set(err, -EINVAL, "behind a root port there is device 0 alone");
	if (!port && guest->machine == QEMU_MACHINE_Q35)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EOPNOTSUPP,
				     "devices are behind root ports, none is on %s", root),
			"in the domain's XML: no <address> in the device, or one with "
			"the bus of a <controller model='pcie-root-port'>");
	if (port)
		number = port->slot;
	if (function)
		(void)snprintf(slot, QEMU_SLOT_SIZE, "%u.%u", number, function);
	else
		(void)snprintf(slot, QEMU_SLOT_SIZE, "%u", number);
	return 0;
}

/* A manager takes the lowest that is free, and leaves out those that are a board's own on a PC. */
int qemu_layout_rest(struct qemu_guest *guest, struct pt_error *err)
{
	struct vm_config *config = &guest->config;
	size_t taken, free_slots;

	/* Root ports say it themselves. */
	if (guest->machine == QEMU_MACHINE_Q35)
		return 0;
	if (config->port_count)
		return pt_error_remedy(
			err, pt_error_set(err, -EOPNOTSUPP, "root ports are of machine type q35"),
			"in the domain's XML: <os><type machine='q35'>");
	config->flat = true;
	taken = vm_config_slots(config);
	free_slots = taken < VM_SLOT_MAX ? VM_SLOT_MAX - taken : 0;
	config->hotplug_slots = free_slots < SPARE_SLOTS ? (unsigned)free_slots : SPARE_SLOTS;
	return 0;
}
