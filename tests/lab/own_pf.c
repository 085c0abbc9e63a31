/* SPDX-License-Identifier: MIT */
/*
 * usage: own_pf BDF TOKEN
 * Has a physical function as a user-space driver of it would: bound, with a VF token set. Says "ready", and gives it back
 * when its standard input ends.
 */
#include <passthrough/passthrough.h>

#include <stdio.h>
#include <unistd.h>

static int complain(const struct pt_error *err)
{
	fprintf(stderr, "own_pf: error: %s\n", err->message);
	if (err->remedy[0])
		fprintf(stderr, "own_pf: remedy: %s\n", err->remedy);
	return 1;
}

static int own(struct pt_device *device, const char *token)
{
	struct pt_error err = PT_ERROR_INIT;
	char byte;

	if (pt_device_attach(device, &err) < 0 || pt_device_set_vf_token(device, token, &err) < 0)
		return complain(&err);
	puts("ready");
	fflush(stdout);
	while (read(0, &byte, 1) > 0)
		;
	return 0;
}

int main(int argc, char **argv)
{
	struct pt_error err = PT_ERROR_INIT;
	struct pt_space *space;
	struct pt_device *device;
	int status;

	if (argc != 3) {
		fputs("usage: own_pf BDF TOKEN\n", stderr);
		return 2;
	}
	if (pt_space_open(pt_sys_linux(), NULL, &space, &err) < 0)
		return complain(&err);
	if (pt_device_open(space, argv[1], NULL, &device, &err) < 0) {
		pt_space_close(space);
		return complain(&err);
	}
	status = own(device, argv[2]);
	pt_device_close(device);
	pt_space_close(space);
	return status;
}
