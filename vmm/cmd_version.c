/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "cmd.h"

int cmd_version(int argc, char **argv)
{
	(void)argc;
	(void)argv;
	return printf("tenon %s\n", TENON_VERSION) < 0 ? EXIT_FAILED : EXIT_OK;
}
