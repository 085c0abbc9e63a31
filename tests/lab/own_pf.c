/* SPDX-License-Identifier: MIT */
/*
 * usage: own_pf BDF TOKEN
 * Has a physical function as a user-space driver of it would: bound, with a VF token set. Says "ready", and gives it back
 * when its standard input ends.
 */
#include "one_device.h"

#include <unistd.h>

static int own(struct pt_device *device, const char *token)
{
	struct pt_error err = PT_ERROR_INIT;
	char byte;

	if (pt_device_set_vf_token(device, token, &err) < 0)
		return complain(&err);
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	if (argc != 3) {
		fputs("usage: own_pf BDF TOKEN\n", stderr);
		return 2;
	}
	return with_device(argv[1], own, argv[2]);
}
