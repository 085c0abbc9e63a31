/* SPDX-License-Identifier: MIT */
/*
 * Variables of the environment in a file's values.
 *
 *   ${NAME}            its value; it must be set
 *   ${NAME:-DEFAULT}   the default, without '$' and '}', when it is not set, or empty
 *   $$                 a dollar sign
 *
 * A dollar sign with anything else after it is refused: whoever wrote "$NAME" meant something by it.
 */
#ifndef TENON_CONFIG_VARIABLES_H
#define TENON_CONFIG_VARIABLES_H

#include <passthrough/error.h>
#include <stddef.h>

/**
 * variables_expand() - put the values in
 * @ret_text: the caller frees it
 * @ret_at: on failure, the offset of the dollar sign that is to blame
 * @ret_len: and how many bytes belong to it
 *
 * A value is taken as it is: what looks like a variable in it is none. Errors: -EINVAL what follows the dollar sign is none of
 * the above; -ENOENT it is not set; -EFBIG the whole is longer than VARIABLES_MAX; -ENOMEM.
 */
int variables_expand(const char *text, char **ret_text, size_t *ret_at, size_t *ret_len,
		     struct pt_error *err);

#define VARIABLES_MAX 65536

#endif
