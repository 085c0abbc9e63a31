/* SPDX-License-Identifier: MIT */
/*
 * Whether the files and block devices that are to be a guest's disks are there, before anything else is touched.
 */
#ifndef TENON_HOST_DISK_FILES_H
#define TENON_HOST_DISK_FILES_H

#include <passthrough/error.h>

#include "config/vm_config.h"

/** disk_files_check() - each is a file or a block device, and this process may use it. Errors: -EINVAL; from access(2). */
int disk_files_check(const struct vm_config *config, struct pt_error *err);

#endif
