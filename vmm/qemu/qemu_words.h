/* SPDX-License-Identifier: MIT */
/*
 * A command line as text for a shell, as libvirt writes it: words between blanks and newlines, of which those in single quotes and
 * those after a backslash are part of a word.
 */
#ifndef TENON_QEMU_QEMU_WORDS_H
#define TENON_QEMU_QEMU_WORDS_H

#include <passthrough/error.h>
#include <stddef.h>

/**
 * qemu_words_split() - cut @text into words, which it becomes
 * @max: of @words, which ends with a NULL
 *
 * Errors: -EINVAL a quote that does not end, or a word that a shell would expand; -E2BIG.
 */
int qemu_words_split(char *text, char **words, size_t max, size_t *ret_count, struct pt_error *err);

#endif
