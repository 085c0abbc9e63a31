/* SPDX-License-Identifier: MIT */
#include "check/finding.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* What a shell must see, and not sudo. */
#define SHELL_SYNTAX "<>|&;*"

#define SUDO_SHELL "sudo sh -c '"
#define TEXT_SIZE  (FINDING_COMMAND_SIZE - sizeof(SUDO_SHELL "'"))

static struct finding *grow(struct findings *findings)
{
	struct finding **list =
		reallocarray(findings->list, findings->count + 1, sizeof(struct finding *));
	struct finding *finding;

	if (!list)
		return NULL;
	findings->list = list;
	finding = calloc(1, sizeof(*finding));
	if (finding)
		list[findings->count++] = finding;
	return finding;
}

struct finding *findings_add(struct findings *findings, enum finding_severity severity,
			     const char *id, const char *subject, const char *why)
{
	struct finding *finding = grow(findings);

	if (!finding) {
		findings->out_of_memory = true;
		finding = &findings->nobodys;
		finding->command_count = 0;
	}
	finding->severity = severity;
	finding->id = id;
	finding->why = why;
	(void)snprintf(finding->subject, sizeof(finding->subject), "%s", subject);
	return finding;
}

size_t findings_count(const struct findings *findings, enum finding_severity severity)
{
	size_t count = 0;

	for (size_t i = 0; i < findings->count; i++)
		count += findings->list[i]->severity == severity;
	return count;
}

bool findings_has(const struct findings *findings, const char *id, const char *subject)
{
	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = findings->list[i];

		if (strcmp(finding->id, id) == 0 && strcmp(finding->subject, subject) == 0)
			return true;
	}
	return false;
}

void findings_done(struct findings *findings)
{
	for (size_t i = 0; i < findings->count; i++)
		free(findings->list[i]);
	free(findings->list);
	*findings = (struct findings){0};
}

#define FORMAT_INTO(buf, format)                                     \
	do {                                                         \
		va_list args;                                        \
		va_start(args, format);                              \
		(void)vsnprintf((buf), sizeof(buf), (format), args); \
		va_end(args);                                        \
	} while (0)

void finding_what(struct finding *finding, const char *format, ...)
{
	FORMAT_INTO(finding->what, format);
}

void finding_error(struct finding *finding, const struct pt_error *err)
{
	memcpy(finding->what, err->message, sizeof(finding->what));
	memcpy(finding->hint, err->remedy, sizeof(finding->hint));
}

void finding_seen(struct finding *finding, const char *path, const char *format, ...)
{
	(void)snprintf(finding->path, sizeof(finding->path), "%s", path);
	FORMAT_INTO(finding->value, format);
}

void finding_hint(struct finding *finding, const char *format, ...)
{
	FORMAT_INTO(finding->hint, format);
}

static void add_command(struct finding *finding, const char *prefix, const char text[TEXT_SIZE],
			const char *suffix)
{
	if (finding->command_count == FINDING_COMMANDS)
		return;
	(void)snprintf(finding->commands[finding->command_count++], FINDING_COMMAND_SIZE, "%s%s%s",
		       prefix, text, suffix);
}

void finding_command(struct finding *finding, const char *format, ...)
{
	char text[TEXT_SIZE];

	FORMAT_INTO(text, format);
	add_command(finding, "", text, "");
}

void finding_root_command(struct finding *finding, bool is_root, const char *format, ...)
{
	char text[TEXT_SIZE];

	FORMAT_INTO(text, format);
	if (is_root)
		add_command(finding, "", text, "");
	else if (strpbrk(text, SHELL_SYNTAX))
		add_command(finding, SUDO_SHELL, text, "'");
	else
		add_command(finding, "sudo ", text, "");
}
