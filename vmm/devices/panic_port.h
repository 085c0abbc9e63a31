/* SPDX-License-Identifier: MIT */
/*
 * The port by which a guest's kernel says that it has panicked: pvpanic, one byte, found by ACPI as QEMU0001. Linux' driver is
 * CONFIG_PVPANIC_MMIO, in spite of its name. The state is the machine's struct requests.
 *
 * Source: include/uapi/misc/pvpanic.h, drivers/misc/pvpanic/pvpanic.c.
 */
#ifndef TENON_DEVICES_PANIC_PORT_H
#define TENON_DEVICES_PANIC_PORT_H

#include "devices/device.h"

#define PANIC_PORT_PANICKED	0x01u /* nothing more will come of the guest by itself */
#define PANIC_PORT_CRASH_LOADED 0x02u /* a crash kernel takes over */

extern const struct device_ops panic_port_ops;

#endif
