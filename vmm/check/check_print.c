/* SPDX-License-Identifier: MIT */
#include "check/check_print.h"

#include <errno.h>
#include <jansson.h>
#include <string.h>

static const char *const severities[] = {"warns", "blocks"};
static const char *const afters[] = {"now", "log in", "reboot"};

const char *check_verdict(const struct findings *findings)
{
	if (findings_count(findings, FINDING_BLOCKS))
		return "not ready";
	return findings->count ? "ready with warnings" : "ready";
}

/* A device's name is in the heading already. */
static const char *without_subject(const struct finding *finding)
{
	size_t len = strlen(finding->subject);

	if (strncmp(finding->what, finding->subject, len) == 0 &&
	    strncmp(finding->what + len, ": ", 2) == 0)
		return finding->what + len + 2;
	return finding->what;
}

static void print_remedy(const struct finding *finding, FILE *out)
{
	if (finding->command_count)
		(void)fprintf(out, "      do:\n");
	for (unsigned i = 0; i < finding->command_count; i++)
		(void)fprintf(out, "        %s\n", finding->commands[i]);
	if (finding->after == FINDING_AFTER_LOGIN)
		(void)fprintf(out, "      then: log in again\n");
	if (finding->hint[0])
		(void)fprintf(out, "      %s %s\n",
			      finding->command_count ? "note:" : "do:  ", finding->hint);
}

static void print_finding(const struct finding *finding, FILE *out)
{
	(void)fprintf(out, "  %-6s %s  [%s]\n", severities[finding->severity],
		      without_subject(finding), finding->id);
	if (finding->path[0])
		(void)fprintf(out, "      seen: %s: %s\n", finding->path,
			      finding->value[0] ? finding->value : "not there");
	(void)fprintf(out, "      why:  %s\n", finding->why);
	print_remedy(finding, out);
}

/* Whether a finding before the @i-th is of the same subject. */
static bool had_subject(const struct findings *findings, size_t i)
{
	for (size_t j = 0; j < i; j++) {
		if (strcmp(findings->list[j]->subject, findings->list[i]->subject) == 0)
			return true;
	}
	return false;
}

static void print_verdict(const struct findings *findings, FILE *out)
{
	size_t blocks = findings_count(findings, FINDING_BLOCKS);
	size_t warns = findings_count(findings, FINDING_WARNS);

	(void)fprintf(out, "%s", check_verdict(findings));
	if (blocks)
		(void)fprintf(out, ": %zu %s", blocks, blocks == 1 ? "blocks" : "block");
	if (warns)
		(void)fprintf(out, "%s%zu %s", blocks ? ", " : ": ", warns,
			      warns == 1 ? "warns" : "warn");
	if (!blocks && findings->backend)
		(void)fprintf(out, strcmp(findings->backend, "group") == 0
					   ? " (devices by their IOMMU groups)"
					   : " (devices by their cdevs)");
	(void)fputc('\n', out);
}

void check_print(const struct findings *findings, FILE *out)
{
	for (size_t i = 0; i < findings->count; i++) {
		if (had_subject(findings, i))
			continue;
		(void)fprintf(out, "%s\n", findings->list[i]->subject);
		for (size_t j = i; j < findings->count; j++) {
			if (strcmp(findings->list[j]->subject, findings->list[i]->subject) == 0)
				print_finding(findings->list[j], out);
		}
		(void)fputc('\n', out);
	}
	print_verdict(findings, out);
}

static json_t *json_of(const struct finding *finding)
{
	json_t *commands = json_array();
	json_t *evidence = json_null();

	for (unsigned i = 0; i < finding->command_count; i++)
		(void)json_array_append_new(commands, json_string(finding->commands[i]));
	if (finding->path[0])
		evidence = json_pack("{s:s, s:s?}", "path", finding->path, "value",
				     finding->value[0] ? finding->value : NULL);
	return json_pack("{s:s, s:s, s:s, s:s, s:o, s:s, s:{s:o, s:s, s:s?}}", "id", finding->id,
			 "severity", severities[finding->severity], "subject", finding->subject,
			 "what", finding->what, "evidence", evidence, "why", finding->why, "remedy",
			 "commands", commands, "after", afters[finding->after], "hint",
			 finding->hint[0] ? finding->hint : NULL);
}

int check_print_json(const struct findings *findings, FILE *out, struct pt_error *err)
{
	json_t *list = json_array();
	json_t *root;
	int ret = 0;

	for (size_t i = 0; i < findings->count; i++) {
		if (json_array_append_new(list, json_of(findings->list[i])) < 0)
			ret = -ENOMEM;
	}
	root = json_pack("{s:i, s:s, s:s?, s:o}", "version", 1, "verdict", check_verdict(findings),
			 "backend", findings->backend, "findings", list);
	if (!root || ret < 0) {
		json_decref(root);
		return pt_error_set(err, -ENOMEM, "out of memory");
	}
	if (json_dumpf(root, out, JSON_INDENT(2) | JSON_PRESERVE_ORDER) < 0 ||
	    fputc('\n', out) == EOF)
		ret = pt_error_set(err, -EIO, "the findings cannot be written");
	json_decref(root);
	return ret;
}

static void print_launch_remedy(const struct finding *finding, FILE *out)
{
	const char *between = "";

	if (!finding->command_count && !finding->hint[0])
		return;
	(void)fprintf(out, "tenon: remedy: ");
	for (unsigned i = 0; i < finding->command_count; i++, between = "; ")
		(void)fprintf(out, "%s%s", between, finding->commands[i]);
	if (finding->after == FINDING_AFTER_LOGIN)
		(void)fprintf(out, "; then log in again");
	if (finding->hint[0])
		(void)fprintf(out, "%s%s", between, finding->hint);
	(void)fputc('\n', out);
}

void check_print_launch(const struct findings *findings, FILE *out)
{
	bool blocked = findings_count(findings, FINDING_BLOCKS) > 0;

	for (size_t i = 0; i < findings->count; i++) {
		const struct finding *finding = findings->list[i];

		if (!blocked)
			(void)fprintf(out, "tenon: warning: %s (tenon check says more)\n",
				      finding->what);
		if (finding->severity != FINDING_BLOCKS)
			continue;
		(void)fprintf(out, "tenon: error: %s\n", finding->what);
		print_launch_remedy(finding, out);
	}
}
