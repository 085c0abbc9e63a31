/* SPDX-License-Identifier: MIT */
/*
 * tenon plan: what `tenon run` would do with the same file and options.
 */
#include <stdio.h>

#include "cleanup.h"
#include "cmd.h"
#include "config/run_args.h"
#include "guest_plan.h"

int cmd_plan(int argc, char **argv)
{
	CLEANUP(run_args_done) struct run_args args = {0};
	struct config_error usage = {.error = PT_ERROR_INIT};
	struct vm_plan plan;

	if (run_args_parse(&plan_verb, argc, argv, &args, &usage) < 0 ||
	    (!args.help && run_args_need_kernel(&args, &usage.error) < 0)) {
		config_error_print(&usage, stderr);
		return EXIT_USAGE;
	}
	if (args.help) {
		run_args_help(&plan_verb, stdout);
		return EXIT_OK;
	}
	if (guest_plan(pt_sys_linux(), &args.config, NULL, &plan, stderr) != EXIT_OK)
		return EXIT_FAILED;
	plan_print(&plan, stdout);
	return EXIT_OK;
}
