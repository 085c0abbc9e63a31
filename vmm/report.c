/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdarg.h>

void report_error(const struct pt_error *err, FILE *out)
{
	(void)fprintf(out, "tenon: error: %s\n", err->message);
	if (err->remedy[0])
		(void)fprintf(out, "tenon: remedy: %s\n", err->remedy);
}

void report_note(FILE *out, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	(void)fputs("tenon: ", out);
	(void)vfprintf(out, format, args);
	(void)fputc('\n', out);
	va_end(args);
}
