/* SPDX-License-Identifier: MIT */
/* An embedder as small as can be: opens a device and says why it could not. */
#include <passthrough/passthrough.h>

#include <stdio.h>

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "0000:ff:1f.7";
	struct pt_error err = PT_ERROR_INIT;
	struct pt_device *device;
	int ret = pt_device_open(pt_sys_linux(), name, &device, &err);

	if (ret == 0) {
		printf("%s opened\n", pt_device_bdf(device));
		pt_device_close(device);
		return 1;
	}
	printf("%s (%s), error %d\n", err.message, err.remedy, ret);
	return 0;
}
