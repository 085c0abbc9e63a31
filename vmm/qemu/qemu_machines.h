/* SPDX-License-Identifier: MIT */
/*
 * The machine types, by which a manager decides how it lays out a guest's PCI devices. Only names of these two forms tell libvirt
 * that there are PCI buses.
 */
#ifndef TENON_QEMU_QEMU_MACHINES_H
#define TENON_QEMU_QEMU_MACHINES_H

#include "qemu/qemu_guest.h"

#define QEMU_RAM_ID "pc.ram" /* what the guest's memory is called */

/** struct qemu_machine_type - @alias: what people write; @bus: what the root bus is called */
struct qemu_machine_type {
	const char *name;
	const char *alias;
	const char *bus;
	enum qemu_machine machine;
};

extern const struct qemu_machine_type
	qemu_machine_types[]; /* ends with one without a name; the first is the default */

/** qemu_machine_find() - by name or alias, NULL when there is none */
const struct qemu_machine_type *qemu_machine_find(const char *name);

/** qemu_machine_bus() - what the root bus is called, NULL without a guest */
const char *qemu_machine_bus(enum qemu_machine machine);

#endif
