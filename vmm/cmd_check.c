/* SPDX-License-Identifier: MIT */
/*
 * tenon check: the preflight alone. Names of devices are looked at by themselves; a file, or options of `tenon run`, are a
 * guest.
 */
#include <errno.h>
#include <passthrough/host.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/check.h"
#include "check/check_print.h"
#include "cleanup.h"
#include "cmd.h"
#include "config/run_args.h"
#include "host/handed.h"
#include "host/host_facts.h"
#include "report.h"

struct question {
	bool json;
	bool devices_only;
	int argc;
	char **argv; /* as `tenon run` takes them; what is in it is the caller's */
};

static void question_done(struct question *question)
{
	free(question->argv);
}

/* An address that is mistyped is no file, either. */
static bool names_device(const char *text)
{
	const bool address =
		strchr(text, ':') && text[strspn(text, "0123456789abcdefABCDEF:.")] == '\0';
	char name[PT_NAME_SIZE];

	return address || pt_uuid_canonical(text, name) == 0 || strncmp(text, "/sys/", 5) == 0 ||
	       strncmp(text, "/dev/vfio/", 10) == 0;
}

/* Of the options those that say something of devices alone. @ret_takes_next: its value is the next argument. */
static bool about_devices(const char *argument, bool *ret_takes_next)
{
	static const char *const options[] = {"--device", "--backend"};

	for (size_t i = 0; i < sizeof(options) / sizeof(options[0]); i++) {
		size_t len = strlen(options[i]);

		if (strncmp(argument, options[i], len) != 0)
			continue;
		*ret_takes_next = argument[len] == '\0';
		return argument[len] == '\0' || argument[len] == '=';
	}
	return false;
}

/* A device's name becomes an option. */
static int read_question(int argc, char **argv, struct question *ret_question, struct pt_error *err)
{
	struct question question = {.devices_only = true};
	bool is_value = false;

	question.argv = calloc((size_t)argc * 2 + 1, sizeof(*question.argv));
	if (!question.argv)
		return pt_error_set(err, -ENOMEM, "out of memory");
	question.argv[question.argc++] = argv[0];
	for (int i = 1; i < argc; i++) {
		bool takes_next = false;

		if (!is_value && strcmp(argv[i], "--json") == 0) {
			question.json = true;
			continue;
		}
		if (!is_value && names_device(argv[i]))
			question.argv[question.argc++] = (char *)"--device";
		else if (!is_value && !about_devices(argv[i], &takes_next))
			question.devices_only = false;
		is_value = !is_value && takes_next;
		question.argv[question.argc++] = argv[i];
	}
	*ret_question = question;
	return 0;
}

static int answer(const struct question *question, const struct vm_config *config, FILE *out,
		  struct pt_error *err)
{
	CLEANUP(host_facts_done) struct host_facts facts = {0};
	CLEANUP(findings_done) struct findings findings = {0};
	struct handed handed = {0};
	int ret = check_config(pt_sys_linux(), config,
			       question->devices_only ? CHECK_DEVICES : CHECK_GUEST, &handed,
			       &facts, &findings, err);

	if (ret == 0 && question->json)
		ret = check_print_json(&findings, out, err);
	else if (ret == 0)
		check_print(&findings, out);
	if (ret < 0)
		return EXIT_CHECK_USAGE;
	if (findings_count(&findings, FINDING_BLOCKS))
		return EXIT_CHECK_BLOCKS;
	return findings.count ? EXIT_CHECK_WARNS : EXIT_OK;
}

static int usage(const struct config_error *error)
{
	config_error_print(error, stderr);
	return EXIT_CHECK_USAGE;
}

static const struct config_error *nothing_asked(struct config_error *error)
{
	(void)pt_error_set(&error->error, -EINVAL, "nothing to check");
	(void)pt_error_remedy(&error->error, -EINVAL,
			      "name a device, such as 0000:02:00.0, or a guest's file");
	return error;
}

static void print_help(FILE *out)
{
	(void)fputs(
		"Usage: tenon check [--json] DEVICE...\n"
		"   or: tenon check [--json] [FILE.yaml] [OPTION...]\n\n"
		"Says all that is in the way of devices, or of a guest, on this host: what it is, the file that shows\n"
		"it, why it matters, and what to type. Changes nothing.\n\n"
		"      --json   print one JSON object\n\n"
		"DEVICE is an address, such as 0000:02:00.0, a mediated device's UUID, or a path. FILE.yaml and OPTION\n"
		"are those of tenon run, which makes the same checks before it touches anything.\n\n"
		"Exit code: 0 ready; 1 ready, with warnings; 2 not ready; 64 wrong options or file.\n",
		out);
}

int cmd_check(int argc, char **argv)
{
	CLEANUP(question_done) struct question question = {0};
	CLEANUP(run_args_done) struct run_args args = {0};
	struct config_error error = {.error = PT_ERROR_INIT};
	int code;

	if (read_question(argc, argv, &question, &error.error) < 0 ||
	    run_args_parse(&run_verb, question.argc, question.argv, &args, &error) < 0)
		return usage(&error);
	if (args.help) {
		print_help(stdout);
		return EXIT_OK;
	}
	if (argc - question.json == 1)
		return usage(nothing_asked(&error));
	if (!question.devices_only && run_args_need_kernel(&args, &error.error) < 0)
		return usage(&error);
	code = answer(&question, &args.config, stdout, &error.error);
	return code == EXIT_CHECK_USAGE ? usage(&error) : code;
}
