/* SPDX-License-Identifier: MIT */
/* What the lab's programs share that have one device of the host by libpassthrough. */
#ifndef LAB_ONE_DEVICE_H
#define LAB_ONE_DEVICE_H

#include <passthrough/passthrough.h>

#include <errno.h>
#include <stdio.h>

/* Return: the program's exit code. */
static inline int complain(const struct pt_error *err)
{
	fprintf(stderr, "%s: error: %s\n", program_invocation_short_name, err->message);
	if (err->remedy[0])
		fprintf(stderr, "%s: remedy: %s\n", program_invocation_short_name, err->remedy);
	return 1;
}

/* Has the device while @use is at work, to which @arg goes. Return: the program's exit code. */
static inline int with_device(const char *name,
			      int (*use)(struct pt_device *device, const char *arg),
			      const char *arg)
{
	struct pt_error err = PT_ERROR_INIT;
	struct pt_space *space;
	struct pt_device *device;
	int status;

	if (pt_space_open(pt_sys_linux(), NULL, &space, &err) < 0)
		return complain(&err);
	if (pt_device_open(space, name, NULL, &device, &err) < 0) {
		pt_space_close(space);
		return complain(&err);
	}
	status = pt_device_attach(device, &err) < 0 ? complain(&err) : use(device, arg);
	pt_device_close(device);
	pt_space_close(space);
	return status;
}

#endif
