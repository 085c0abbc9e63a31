/* SPDX-License-Identifier: MIT */
#ifndef TENON_CONTROL_PCI_PLACE_H
#define TENON_CONTROL_PCI_PLACE_H

#include <passthrough/error.h>

#include "control/target.h"

/** struct pci_place - where a device is to be: a slot, 0 for any, and its function there */
struct pci_place {
	unsigned slot;
	unsigned function;
};

/**
 * pci_place_parse() - what QEMU's "bus" and "addr" say
 * @bus: a root port's id, or "pci.0" or "pcie.0" for the root bus; NULL for that
 * @addr: hexadecimal, "0x2" or "0x2.0x1"; NULL for any. On the root bus the slot's number; behind a root port 0
 *
 * A device is behind a root port in any case: that of the slot. Errors: -EINVAL; -ENOENT there is no such bus.
 */
int pci_place_parse(const struct target *target, const char *bus, const char *addr,
		    struct pci_place *ret_place, struct pt_error *err);

#endif
