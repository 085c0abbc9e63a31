/* SPDX-License-Identifier: MIT */
/*
 * The text of a YAML file, and libfyaml's document of it.
 */
#ifndef TENON_CONFIG_YAML_FILE_H
#define TENON_CONFIG_YAML_FILE_H

#include <stddef.h>
#include <sys/types.h>

#include "config/config_error.h"

struct fy_node;

/**
 * struct yaml_file - a text, and where it is from
 * @path: as the user named it, or as the file that includes it did
 * @dir: what relative paths in it are relative to; NULL when @path has none
 * @text: @size bytes
 * @device, @inode: which file it is; 0 when it is none
 * @err: what is wrong with it
 */
struct yaml_file {
	char *path;
	char *dir;
	char *text;
	size_t size;
	dev_t device;
	ino_t inode;
	struct config_error *err;
};

#define YAML_FILE_REMEDY "name a guest's file, in YAML; tenon help run says what is in it"

/** yaml_file_read() - from @path. Inverse: yaml_file_done(). Errors: open(2), read(2), -EFBIG, -ENOMEM */
int yaml_file_read(struct yaml_file *file, const char *path, struct config_error *err);

/** yaml_file_set() - the same for a text that came from @path */
int yaml_file_set(struct yaml_file *file, const char *path, const char *text, size_t size,
		  struct config_error *err);

/** yaml_file_name() - say where the text is from; of yaml_file_read() and yaml_file_set(). Errors: -ENOMEM. */
int yaml_file_name(struct yaml_file *file, const char *path);

/** yaml_file_done() - accepts one that was only zeroed */
void yaml_file_done(struct yaml_file *file);

/** yaml_file_place() - the recorded error is about @len bytes from @offset on, and is shown so */
void yaml_file_place(struct yaml_file *file, size_t offset, size_t len);

/**
 * yaml_file_walk() - parse it, and call @function with what it says
 *
 * @function is not called for a file that says nothing. Errors: -EINVAL not UTF-8, no YAML, or several documents; of @function.
 */
int yaml_file_walk(struct yaml_file *file,
		   int (*function)(struct yaml_file *file, struct fy_node *root, void *arg),
		   void *arg);

#endif
