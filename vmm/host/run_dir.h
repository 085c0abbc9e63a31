/* SPDX-License-Identifier: MIT */
/*
 * The run-time directory: what this boot's tenons keep about running guests. Gone after a reboot.
 */
#ifndef TENON_HOST_RUN_DIR_H
#define TENON_HOST_RUN_DIR_H

#include <passthrough/error.h>
#include <stddef.h>

#define RUN_DIR_NAME "tenon"

/** run_dir_parent() - the folder that it is in; NULL when this user has none */
const char *run_dir_parent(void);

/**
 * run_dir_path() - where it is: /run/tenon for root, $XDG_RUNTIME_DIR/tenon for others
 *
 * Errors: -ENOENT there is no XDG_RUNTIME_DIR; -ENAMETOOLONG.
 */
int run_dir_path(char *path, size_t size, struct pt_error *err);

/**
 * run_dir_make() - the same, and there it is
 *
 * It must be a directory of ours that nobody else can write to. Errors: also -EPERM it is not; from mkdir(2).
 */
int run_dir_make(char *path, size_t size, struct pt_error *err);

#endif
