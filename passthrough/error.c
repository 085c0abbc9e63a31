/* SPDX-License-Identifier: MIT */
#include <passthrough/error.h>
#include <stdarg.h>
#include <stdio.h>

#include "internal.h"

PT_PUBLIC int pt_error_set(struct pt_error *err, int code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return code;
	va_start(args, fmt);
	(void)vsnprintf(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	err->code = code;
	err->remedy[0] = '\0';
	return code;
}

PT_PUBLIC int pt_error_remedy(struct pt_error *err, int code, const char *fmt, ...)
{
	va_list args;

	if (!err)
		return code;
	va_start(args, fmt);
	(void)vsnprintf(err->remedy, sizeof(err->remedy), fmt, args);
	va_end(args);
	return code;
}

/* What does not fit is cut. */
static void append(char *text, size_t size, const char *more)
{
	size_t used = strlen(text);
	size_t n = strnlen(more, size - used - 1);

	memcpy(text + used, more, n);
	text[used + n] = '\0';
}

PT_PUBLIC int pt_error_prefix(struct pt_error *err, int code, const char *fmt, ...)
{
	char old[PT_ERROR_MESSAGE_SIZE];
	va_list args;

	if (!err)
		return code;
	memcpy(old, err->message, sizeof(old));
	va_start(args, fmt);
	(void)vsnprintf(err->message, sizeof(err->message), fmt, args);
	va_end(args);
	append(err->message, sizeof(err->message), ": ");
	append(err->message, sizeof(err->message), old);
	return code;
}

int pt_no_memory(struct pt_error *err, const char *what)
{
	return pt_error_set(err, -ENOMEM, "%s: out of memory", what);
}
