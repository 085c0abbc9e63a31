/* SPDX-License-Identifier: MIT */
/*
 * The guest's YAML file.
 *
 *   name: demo
 *   cpus: 2
 *   memory: 1G
 *   kernel: bzImage           # relative paths are relative to the file
 *   devices:
 *     - passthrough: 0000:02:00.0
 *
 * Values may have variables of the environment in them, see variables.h. `include:` names a file, or a list of files, that
 * guests share: they are read first, and what a file says itself is put on top.
 *
 * Strict: what is not known is an error, with its place and what was probably meant.
 */
#ifndef TENON_CONFIG_CONFIG_YAML_H
#define TENON_CONFIG_CONFIG_YAML_H

#include <stddef.h>

#include "config/config_error.h"
#include "config/vm_config.h"

/**
 * config_yaml_read() - apply a file to a config
 * @path: the file
 * @config: initialised; on failure it is good for vm_config_done() only
 *
 * Errors: -EINVAL and others for what the file says, with its place; from open(2) and read(2); -EFBIG; -ENOMEM.
 */
int config_yaml_read(const char *path, struct vm_config *config, struct config_error *err);

/** config_yaml_parse() - the same for a text that came from @path */
int config_yaml_parse(const char *path, const char *text, size_t size, struct vm_config *config,
		      struct config_error *err);

#endif
