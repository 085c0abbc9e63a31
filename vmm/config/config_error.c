/* SPDX-License-Identifier: MIT */
#include "config/config_error.h"

#include <stdbool.h>
#include <string.h>

#include "config/utf8.h"
#include "report.h"

static const char *find_line(const char *text, size_t size, unsigned line, size_t *ret_len)
{
	const char *end = text + size;
	const char *newline;

	for (; line > 1; line--) {
		newline = memchr(text, '\n', (size_t)(end - text));
		if (!newline)
			break;
		text = newline + 1;
	}
	newline = memchr(text, '\n', (size_t)(end - text));
	*ret_len = (size_t)((newline ? newline : end) - text);
	if (*ret_len && text[*ret_len - 1] == '\r')
		(*ret_len)--;
	return text;
}

static bool continues_character(char c)
{
	return ((unsigned char)c & 0xc0) == 0x80;
}

void config_error_place(struct config_error *err, const char *file, const char *text, size_t size,
			unsigned line, unsigned column, unsigned width)
{
	size_t len;
	const char *start = find_line(text, size, line, &len);

	(void)snprintf(err->file, sizeof(err->file), "%s", file);
	err->line = line;
	err->column = column;
	err->width = width ? width : 1;
	if (len >= sizeof(err->text)) {
		len = sizeof(err->text) - 1;
		while (len && continues_character(start[len]))
			len--;
	}
	memcpy(err->text, start, len);
	err->text[len] = '\0';
	/* What is not UTF-8 is not shown either: the terminal could take it for anything. */
	for (size_t i = utf8_check(err->text, len); i < len;
	     i += utf8_check(err->text + i, len - i))
		err->text[i++] = '?';
	for (size_t i = 0; i < len; i++) {
		/* What would move the cursor or speak to the terminal is not shown. */
		if ((unsigned char)err->text[i] < ' ' && err->text[i] != '\t')
			err->text[i] = '?';
		else if (err->text[i] == 0x7f)
			err->text[i] = '?';
	}
}

/* Under column c stands what is as wide as the text before it: tabs stay tabs. */
static void print_caret(const struct config_error *err, FILE *out)
{
	unsigned column = 1;
	unsigned left;
	const char *c = err->text;

	(void)fputs("      | ", out);
	for (; *c && column < err->column; c++) {
		if (continues_character(*c))
			continue;
		(void)fputc(*c == '\t' ? '\t' : ' ', out);
		column++;
	}
	while (continues_character(*c))
		c++;
	(void)fputc('^', out);
	for (left = err->width; *c && left > 1; left--) {
		for (c++; continues_character(*c); c++)
			;
		if (*c)
			(void)fputc('~', out);
	}
	(void)fputc('\n', out);
}

void config_error_print(const struct config_error *err, FILE *out)
{
	char first[sizeof(err->file) + sizeof(err->error.message) + 64];

	if (!err->line) {
		report_error(&err->error, out);
		return;
	}
	(void)snprintf(first, sizeof(first), "%s:%u:%u: error: %s", err->file, err->line,
		       err->column, err->error.message);
	report_line(out, "", first);
	(void)fprintf(out, "%5u | %s\n", err->line, err->text);
	print_caret(err, out);
	if (err->included[0])
		report_line(out, "tenon: it is included by ", err->included);
	if (err->error.remedy[0])
		report_line(out, "tenon: remedy: ", err->error.remedy);
}
