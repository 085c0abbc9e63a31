/* SPDX-License-Identifier: MIT */
/*
 * What `tenon devices --json` prints. Its schema is part of the interface: docs/tenon.1.
 */
#ifndef TENON_INVENTORY_DEVICE_JSON_H
#define TENON_INVENTORY_DEVICE_JSON_H

#include <stdio.h>

#include "inventory/inventory.h"
#include "inventory/mdevs.h"

/**
 * device_json_print() - one object, on lines
 * @mdevs: NULL to leave its keys out
 * @details: capabilities and holders as well, which take longer to find
 *
 * Errors: -ENOMEM; -EIO not all could be written.
 */
int device_json_print(const struct pt_sys *sys, const struct inventory *inventory,
		      const struct mdevs *mdevs, bool details, FILE *out, struct pt_error *err);

#endif
