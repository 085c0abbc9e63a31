/* SPDX-License-Identifier: MIT */
#include "control/pci_place.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SLOT_MAX     31ul
#define FUNCTION_MAX 7ul

static int parse_hex(const char **at, unsigned long max, unsigned *ret_number)
{
	char *end;
	unsigned long number;

	if (!isxdigit((unsigned char)**at))
		return -EINVAL;
	number = strtoul(*at, &end, 16);
	if (end == *at || number > max)
		return -EINVAL;
	*at = end;
	*ret_number = (unsigned)number;
	return 0;
}

static int parse_addr(const char *addr, struct pci_place *ret_place)
{
	const char *at = addr;
	int r = parse_hex(&at, SLOT_MAX, &ret_place->slot);

	if (!r && *at == '.') {
		at++;
		r = parse_hex(&at, FUNCTION_MAX, &ret_place->function);
	}
	return r || *at ? -EINVAL : 0;
}

int pci_place_parse(const struct target *target, const char *bus, const char *addr,
		    struct pci_place *ret_place, struct pt_error *err)
{
	struct pci_place place = {0};
	bool root = !bus || strcmp(bus, "pci.0") == 0 || strcmp(bus, "pcie.0") == 0;
	unsigned port = root ? 0 : target->ops->port_slot(target->ctx, bus);

	if (!root && !port)
		return pt_error_set(err, -ENOENT, "Bus '%s' not found", bus);
	if (addr && parse_addr(addr, &place) < 0)
		return pt_error_set(
			err, -EINVAL,
			"Property 'addr' doesn't take value '%s': a number, or two with "
			"a dot between them, as 0x2.0x1",
			addr);
	if (!root && place.slot)
		return pt_error_set(err, -EINVAL,
				    "Property 'addr' doesn't take value '%s': behind a root port "
				    "there is device 0 alone",
				    addr);
	if (root && addr && !place.slot)
		return pt_error_set(err, -EBUSY, "Slot 0 of bus '%s' is the host bridge's",
				    bus ? bus : "pcie.0");
	if (!root)
		place.slot = port;
	*ret_place = place;
	return 0;
}
