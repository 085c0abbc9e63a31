/* SPDX-License-Identifier: MIT */
/*
 * tenon run: a guest by file and options.
 */
#include <stdio.h>

#include "cleanup.h"
#include "cmd.h"
#include "config/run_args.h"
#include "guest_run.h"
#include "report.h"

int cmd_run(int argc, char **argv)
{
	CLEANUP(run_args_done) struct run_args args = {0};
	struct config_error usage = {.error = PT_ERROR_INIT};
	struct timing timing = {0};
	int code;

	timing_start(&timing);
	if (run_args_parse(&run_verb, argc, argv, &args, &usage) < 0 ||
	    (!args.help && run_args_need_kernel(&args, &usage.error) < 0)) {
		config_error_print(&usage, stderr);
		return EXIT_USAGE;
	}
	if (args.help) {
		run_args_help(&run_verb, stdout);
		return EXIT_OK;
	}
	if (args.timing)
		timing_watch_memory(&timing);
	code = guest_run(pt_sys_linux(), &args.config, &timing);
	if (args.timing)
		timing_print(&timing, stderr);
	timing_done(&timing);
	return code;
}
