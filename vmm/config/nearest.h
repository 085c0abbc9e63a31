/* SPDX-License-Identifier: MIT */
/*
 * "did you mean": the known name that is nearest to what somebody typed.
 */
#ifndef TENON_CONFIG_NEAREST_H
#define TENON_CONFIG_NEAREST_H

#include <stddef.h>

/**
 * nearest_name() - the name that was probably meant
 * @typed: what was typed
 * @names: @count known names
 *
 * Return: one of @names, or NULL when none is near: a name is near when @typed is the beginning of it, or when it takes few
 * inserted, missing, wrong or swapped letters to get there. Upper and lower case, '-' and '_' are the same.
 */
const char *nearest_name(const char *typed, const char *const *names, size_t count);

#endif
