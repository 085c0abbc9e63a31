/* SPDX-License-Identifier: MIT */
#include "config/variables.h"

#include <ctype.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"

#define FORMS "write ${NAME} or ${NAME:-DEFAULT} for a variable, and $$ for a dollar sign"

static size_t name_len(const char *text)
{
	size_t len = 0;

	if (isdigit((unsigned char)*text))
		return 0;
	while (isalnum((unsigned char)text[len]) || text[len] == '_')
		len++;
	return len;
}

static int malformed(const char *dollar, size_t len, struct pt_error *err)
{
	return pt_error_remedy(
		err, pt_error_set(err, -EINVAL, "\"%.*s\" is not a variable", (int)len, dollar),
		FORMS);
}

static int unset(const char *name, struct pt_error *err)
{
	(void)pt_error_set(err, -ENOENT, "the variable %s is not set", name);
	return pt_error_remedy(err, -ENOENT, "export %s=VALUE, or write ${%s:-DEFAULT}", name,
			       name);
}

/* @dollar: at "${". Write its value. @ret_len: how long it is, or what of it is to blame. */
static int expand_one(const char *dollar, FILE *out, size_t *ret_len, struct pt_error *err)
{
	const char *name = dollar + 2;
	size_t len = name_len(name);
	const char *end = strchr(name, '}');
	const char *fallback = name + len + 2;
	bool has_fallback = strncmp(name + len, ":-", 2) == 0;
	CLEANUP_FREE char *copy = strndup(name, len);
	const char *value;

	if (!copy)
		return pt_error_set(err, -ENOMEM, "out of memory");
	*ret_len = end ? (size_t)(end + 1 - dollar) : strlen(dollar);
	if (!end || !len || (name[len] != '}' && !has_fallback) ||
	    (has_fallback && memchr(fallback, '$', (size_t)(end - fallback))))
		return malformed(dollar, *ret_len, err);
	value = getenv(copy);
	if (has_fallback && (!value || !*value))
		(void)fwrite(fallback, 1, (size_t)(end - fallback), out);
	else if (value)
		(void)fputs(value, out);
	else
		return unset(copy, err);
	return 0;
}

static int expand(const char *text, FILE *out, size_t *ret_at, size_t *ret_len,
		  struct pt_error *err)
{
	const char *rest = text;
	const char *dollar;

	while ((dollar = strchr(rest, '$'))) {
		size_t len = 2;
		int ret = 0;

		(void)fwrite(rest, 1, (size_t)(dollar - rest), out);
		if (dollar[1] == '{')
			ret = expand_one(dollar, out, &len, err);
		else if (dollar[1] == '$')
			(void)fputc('$', out);
		else
			ret = malformed(dollar, len = 1 + name_len(dollar + 1), err);
		if (ret < 0) {
			*ret_at = (size_t)(dollar - text);
			*ret_len = len;
			return ret;
		}
		rest = dollar + len;
	}
	(void)fputs(rest, out);
	return 0;
}

int variables_expand(const char *text, char **ret_text, size_t *ret_at, size_t *ret_len,
		     struct pt_error *err)
{
	CLEANUP_FREE char *expanded = NULL;
	size_t size = 0;
	FILE *out = open_memstream(&expanded, &size);
	int ret;

	*ret_at = 0;
	*ret_len = strlen(text);
	if (!out)
		return pt_error_set(err, -ENOMEM, "out of memory");
	ret = expand(text, out, ret_at, ret_len, err);
	if (fclose(out) != 0 && ret == 0)
		ret = pt_error_set(err, -ENOMEM, "out of memory");
	if (ret == 0 && size > VARIABLES_MAX)
		ret = pt_error_remedy(err,
				      pt_error_set(err, -EFBIG,
						   "longer than %d characters with its variables",
						   VARIABLES_MAX),
				      "see what they are set to");
	if (ret == 0)
		*ret_text = TAKE_PTR(expanded);
	return ret;
}
