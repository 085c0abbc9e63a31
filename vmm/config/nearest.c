/* SPDX-License-Identifier: MIT */
#include "config/nearest.h"

#include <ctype.h>
#include <stdbool.h>
#include <string.h>

#define WORD_MAX 32 /* longer ones are not looked at */

static size_t min(size_t a, size_t b)
{
	return a < b ? a : b;
}

static int fold(char c)
{
	return c == '_' ? '-' : tolower((unsigned char)c);
}

static bool begins_with(const char *name, const char *typed)
{
	for (; *typed; name++, typed++) {
		if (fold(*name) != fold(*typed))
			return false;
	}
	return true;
}

/* Optimal string alignment: how many inserted, missing, wrong and swapped letters lie between a and b. */
static size_t distance(const char *a, const char *b)
{
	size_t rows[3][WORD_MAX + 1];
	size_t *before = rows[0], *above = rows[1], *row = rows[2];
	size_t a_len = strlen(a), b_len = strlen(b);

	for (size_t j = 0; j <= b_len; j++)
		above[j] = before[j] = j;
	for (size_t i = 1; i <= a_len; i++) {
		size_t *spare = before;

		row[0] = i;
		for (size_t j = 1; j <= b_len; j++) {
			size_t wrong = fold(a[i - 1]) != fold(b[j - 1]);

			row[j] = min(min(above[j], row[j - 1]) + 1, above[j - 1] + wrong);
			if (i > 1 && j > 1 && fold(a[i - 1]) == fold(b[j - 2]) &&
			    fold(a[i - 2]) == fold(b[j - 1]))
				row[j] = min(row[j], before[j - 2] + 1);
		}
		before = above;
		above = row;
		row = spare;
	}
	return above[b_len];
}

const char *nearest_name(const char *typed, const char *const *names, size_t count)
{
	const char *best = NULL;
	size_t typed_len = strlen(typed);
	size_t best_distance = 0;

	if (typed_len == 0 || typed_len > WORD_MAX)
		return NULL;
	for (size_t i = 0; i < count; i++) {
		size_t name_len = strlen(names[i]);
		size_t steps, allowed;

		if (name_len > WORD_MAX)
			continue;
		steps = begins_with(names[i], typed) ? 0 : distance(typed, names[i]);
		allowed = 1 + min(typed_len, name_len) / 4;
		/* With so many steps nothing of the word may be left. */
		if (steps > allowed || steps >= name_len || (steps && steps >= typed_len))
			continue;
		if (!best || steps < best_distance) {
			best = names[i];
			best_distance = steps;
		}
	}
	return best;
}
