/* SPDX-License-Identifier: MIT */
/*
 * Comparing output with a file under TEST_DATA_DIR/golden. TENON_UPDATE_GOLDEN=1 in the environment writes the files instead;
 * read the difference before it is committed.
 */
#ifndef TESTS_GOLDEN_H
#define TESTS_GOLDEN_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** golden_read() - the whole of a golden file, terminated; the caller frees it */
static inline char *golden_read(const char *name, size_t *ret_size)
{
	char path[512];
	char *text = calloc(1, 65536);
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/golden/%s", TEST_DATA_DIR, name);
	file = fopen(path, "re");
	cr_assert(file && text, "cannot open %s", path);
	*ret_size = fread(text, 1, 65535, file);
	(void)fclose(file);
	return text;
}

/** golden_compare() - @text is what the file says */
static inline void golden_compare(const char *name, const char *text)
{
	const char *update = getenv("TENON_UPDATE_GOLDEN");
	char *expected;
	size_t size;

	if (update && *update == '1') {
		char path[512];
		FILE *file;

		(void)snprintf(path, sizeof(path), "%s/golden/%s", TEST_DATA_DIR, name);
		file = fopen(path, "we");
		cr_assert(file, "cannot write %s", path);
		(void)fputs(text, file);
		(void)fclose(file);
		return;
	}
	expected = golden_read(name, &size);
	cr_assert_str_eq(text, expected, "%s: expected\n%s\ngot\n%s", name, expected, text);
	free(expected);
}

#endif
