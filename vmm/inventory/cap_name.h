/* SPDX-License-Identifier: MIT */
#ifndef TENON_INVENTORY_CAP_NAME_H
#define TENON_INVENTORY_CAP_NAME_H

#include <passthrough/host.h>

/** cap_name() - what a capability of configuration space is called, NULL for one that is not known here */
const char *cap_name(const struct pt_host_cap *cap);

#endif
