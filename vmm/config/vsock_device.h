/* SPDX-License-Identifier: MIT */
/*
 * What can be said of sockets between guest and host: `- vsock: CID` in the file's `devices:` list, and `--vsock`.
 */
#ifndef TENON_CONFIG_VSOCK_DEVICE_H
#define TENON_CONFIG_VSOCK_DEVICE_H

#include "config/device_kind.h"

/** vsock_kind - fills in struct vm_config_vsock */
extern const struct device_kind vsock_kind;

#endif
