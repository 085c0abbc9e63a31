/* SPDX-License-Identifier: MIT */
#include "report.h"

#include <stdarg.h>

void report_line(FILE *out, const char *before, const char *text)
{
	(void)fputs(before, out);
	for (; *text; text++)
		(void)fputc((unsigned char)*text < ' ' || *text == 0x7f ? '?' : *text, out);
	(void)fputc('\n', out);
}

static void report(const char *before, const struct pt_error *err, FILE *out)
{
	report_line(out, before, err->message);
	if (err->remedy[0])
		report_line(out, "tenon: remedy: ", err->remedy);
}

void report_error(const struct pt_error *err, FILE *out)
{
	report("tenon: error: ", err, out);
}

void report_warning(const struct pt_error *err, FILE *out)
{
	report("tenon: warning: ", err, out);
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
