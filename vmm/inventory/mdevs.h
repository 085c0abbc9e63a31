/* SPDX-License-Identifier: MIT */
/*
 * struct mdevs: what this host's parents of mediated devices can be divided into, and the mediated devices that there are.
 */
#ifndef TENON_INVENTORY_MDEVS_H
#define TENON_INVENTORY_MDEVS_H

#include "inventory/inventory.h"

/** struct mdevs - types by parent and name, @devices by UUID as @parents say */
struct mdevs {
	struct pt_host_mdev_type *types;
	size_t type_count;
	struct pt_host_mdev *parents;
	struct inventory_device *devices;
	size_t device_count;
};

/** mdevs_read() - look at the host. Inverse: mdevs_done(). Errors: -ENOMEM; of pt_host_mdev_types(). */
int mdevs_read(const struct pt_sys *sys, struct mdevs *ret_mdevs, struct pt_error *err);
void mdevs_done(struct mdevs *mdevs);

#endif
