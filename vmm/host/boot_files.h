/* SPDX-License-Identifier: MIT */
/*
 * Whether the files that a guest boots from are there, before anything else is touched.
 */
#ifndef TENON_HOST_BOOT_FILES_H
#define TENON_HOST_BOOT_FILES_H

#include <passthrough/error.h>

#include "config/vm_config.h"

/**
 * boot_files_check() - the kernel and the initrd are files that can be read
 * @config: with a kernel; an initrd is checked when there is one
 *
 * What is in them is the boot loader's to judge. Errors: -EINVAL not a file, or empty; from open(2).
 */
int boot_files_check(const struct vm_config *config, struct pt_error *err);

#endif
