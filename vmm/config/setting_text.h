/* SPDX-License-Identifier: MIT */
/*
 * What settings keep as text: a string that the config owns.
 */
#ifndef TENON_CONFIG_SETTING_TEXT_H
#define TENON_CONFIG_SETTING_TEXT_H

#include <passthrough/error.h>
#include <stddef.h>

/**
 * setting_text() - keep @value
 * @field: the old string is freed; the new one is the config's
 * @size_max: with the terminator
 *
 * Errors: -EINVAL an empty value; -ENAMETOOLONG; -ENOMEM.
 */
int setting_text(char **field, const char *value, size_t size_max, struct pt_error *err);

/** setting_next_piece() - cut the next piece of @rest off, up to a single comma; two of them become one. @rest is NULL at the end. */
char *setting_next_piece(char **rest);

/**
 * setting_path() - keep @value as a path
 * @dir: what a relative one is relative to; NULL for the working directory
 *
 * Errors: of setting_text().
 */
int setting_path(char **field, const char *value, const char *dir, struct pt_error *err);

#endif
