/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_words.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\n';
}

/* Blanks, and lines that go on. */
static char *skip_blanks(char *at)
{
	for (;;) {
		if (is_blank(*at))
			at++;
		else if (at[0] == '\\' && at[1] == '\n')
			at += 2;
		else
			return at;
	}
}

/* The word at *at loses its quotes. Return: false when they do not end, or are others. */
static bool take_word(char **at, char **ret_end)
{
	char *from = *at, *to = *at;
	bool quoted = false;

	for (; *from && (quoted || !is_blank(*from)); from++) {
		if (*from == '\'') {
			quoted = !quoted;
		} else if (quoted) {
			*to++ = *from;
		} else if (*from == '\\') {
			if (!*++from)
				return false;
			if (*from != '\n')
				*to++ = *from;
		} else if (strchr("\"$`;&|<>()", *from)) {
			return false;
		} else {
			*to++ = *from;
		}
	}
	*at = from;
	*ret_end = to;
	return !quoted;
}

int qemu_words_split(char *text, char **words, size_t max, size_t *ret_count, struct pt_error *err)
{
	size_t count = 0;
	char *at = skip_blanks(text);

	while (*at) {
		char *end;

		if (count + 1 >= max)
			return pt_error_set(err, -E2BIG, "a command line of more than %zu words",
					    max - 1);
		words[count++] = at;
		if (!take_word(&at, &end))
			return pt_error_set(err, -EINVAL,
					    "a command line with quotes that are not understood");
		at = skip_blanks(at);
		*end = '\0';
	}
	words[count] = NULL;
	*ret_count = count;
	return 0;
}
