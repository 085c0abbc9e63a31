/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdarg.h>

static void report(const char *what, const struct pt_error *err, FILE *out)
{
	(void)fprintf(out, "tenon: %s: %s\n", what, err->message);
	if (err->remedy[0])
		(void)fprintf(out, "tenon: remedy: %s\n", err->remedy);
}

void report_error(const struct pt_error *err, FILE *out)
{
	report("error", err, out);
}

void report_warning(const struct pt_error *err, FILE *out)
{
	report("warning", err, out);
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
