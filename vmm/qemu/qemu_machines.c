/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_machines.h"

#include <string.h>

const struct qemu_machine_type qemu_machine_types[] = {
	{"pc-i440fx-tenon-1", "pc", "pci.0", QEMU_MACHINE_I440FX},
	{"pc-q35-tenon-1", "q35", "pcie.0", QEMU_MACHINE_Q35},
	{0},
};

const struct qemu_machine_type *qemu_machine_find(const char *name)
{
	for (const struct qemu_machine_type *type = qemu_machine_types; type->name; type++) {
		if (strcmp(type->name, name) == 0 || strcmp(type->alias, name) == 0)
			return type;
	}
	return NULL;
}

const char *qemu_machine_bus(enum qemu_machine machine)
{
	for (const struct qemu_machine_type *type = qemu_machine_types; type->name; type++) {
		if (type->machine == machine)
			return type->bus;
	}
	return NULL;
}
