/* SPDX-License-Identifier: MIT */
/*
 * struct qemu_value: the value of one option of QEMU's command line, as pairs of text.
 *
 * An option's value is written "key=value,key=value", where the first key may be left out and a comma in a value is doubled, or
 * as a JSON object. Both become the same pairs: of {"cache":{"direct":true}} the pair "cache.direct", "on", of a list's first
 * element "name.0". A key can be there once, but for "cpus", whose values become one list. A key without a value is "on", and "off" when it was written "nokey" (QEMU's util/keyval.c and
 * util/qemu-option.c, by their documented behaviour).
 */
#ifndef TENON_QEMU_QEMU_VALUE_H
#define TENON_QEMU_QEMU_VALUE_H

#include <passthrough/error.h>
#include <stddef.h>

#define QEMU_PAIRS_MAX 64

struct qemu_pair {
	char *key;
	char *value;
};

struct qemu_value {
	struct qemu_pair pairs[QEMU_PAIRS_MAX];
	size_t count;
};

/**
 * qemu_value_parse() - read an option's value
 * @implied: the key of a first value without one, NULL for none
 *
 * Inverse: qemu_value_done(). Errors: -EINVAL the form; -EEXIST a key twice; -E2BIG; -ENOMEM.
 */
int qemu_value_parse(const char *text, const char *implied, struct qemu_value *ret_value,
		     struct pt_error *err);

/** qemu_value_done() - accepts one that was only zeroed */
void qemu_value_done(struct qemu_value *value);

/** qemu_value_get() - what a key is, NULL when it was not said */
const char *qemu_value_get(const struct qemu_value *value, const char *key);

#endif
