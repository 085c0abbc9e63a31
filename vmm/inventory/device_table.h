/* SPDX-License-Identifier: MIT */
/*
 * What `tenon devices` shows people: a line a device, or all of it.
 */
#ifndef TENON_INVENTORY_DEVICE_TABLE_H
#define TENON_INVENTORY_DEVICE_TABLE_H

#include <stdio.h>

#include "inventory/inventory.h"
#include "inventory/mdevs.h"

/** device_table_print() - a line a device. @width: of the terminal, 0 for no limit. Errors: -ENOMEM. */
int device_table_print(const struct inventory *inventory, size_t width, FILE *out,
		       struct pt_error *err);

/** device_details_print() - all of one device */
void device_details_print(const struct pt_sys *sys, struct pci_names *names,
			  const struct inventory_device *device, FILE *out);

/** mdev_table_print() - the types of mediated devices, and those that there are. Errors: -ENOMEM. */
int mdev_table_print(const struct mdevs *mdevs, size_t width, FILE *out, struct pt_error *err);

#endif
