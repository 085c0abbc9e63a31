/* SPDX-License-Identifier: MIT */
/*
 * Walking libfyaml's nodes, with the place of what is wrong.
 *
 * Scalars have a place of their own; a list or a mapping where none belongs is blamed on its key, a list's item on the first
 * thing in it.
 */
#ifndef TENON_CONFIG_YAML_NODE_H
#define TENON_CONFIG_YAML_NODE_H

#include <libfyaml.h>

#include "config/yaml_file.h"

/** yaml_blame() - give the recorded error its place: @node's, or else @fallback's. Return: the recorded code. */
int yaml_blame(struct yaml_file *file, struct fy_node *node, struct fy_node *fallback);

/** yaml_value_text() - the text of a value that must be a single one, with its variables put in; the caller frees it */
int yaml_value_text(struct yaml_file *file, const char *key, struct fy_node *key_node,
		    struct fy_node *value, char **ret_text);

/** yaml_each_key() - call @function with each key of a mapping, which must be words and differ; ends with its first error */
int yaml_each_key(struct yaml_file *file, struct fy_node *mapping,
		  int (*function)(struct yaml_file *file, const char *key, struct fy_node *key_node,
				  struct fy_node *value, void *arg),
		  void *arg);

#endif
