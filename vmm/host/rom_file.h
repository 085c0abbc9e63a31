/* SPDX-License-Identifier: MIT */
/*
 * Expansion ROMs that are given as files.
 */
#ifndef TENON_HOST_ROM_FILE_H
#define TENON_HOST_ROM_FILE_H

#include <passthrough/error.h>
#include <passthrough/sys.h>
#include <stddef.h>

struct vm_config;
struct host_facts;

/**
 * rom_file_read() - read one
 * @ret_bytes: the caller frees it; @ret_size of them
 *
 * Errors: from open(2) and read(2); -EINVAL not a file, or not an expansion ROM; -EFBIG larger than any is; -ENOMEM.
 */
int rom_file_read(const struct pt_sys *sys, const char *path, void **ret_bytes, size_t *ret_size,
		  struct pt_error *err);

/**
 * rom_files_measure() - read those of all devices, before anything is touched, and note their sizes
 * @facts: of the same config. rom_file_size of each device whose ROM is a file is written.
 *
 * Errors: of rom_file_read().
 */
int rom_files_measure(const struct pt_sys *sys, const struct vm_config *config,
		      struct host_facts *facts, struct pt_error *err);

#endif
