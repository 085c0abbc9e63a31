/* SPDX-License-Identifier: MIT */
/* An embedder as small as can be: says why a device could not be assigned. */
#include <passthrough/passthrough.h>

#include <stdio.h>

int main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : "0000:ff:1f.7";
	struct pt_error err = PT_ERROR_INIT;
	struct pt_host_device host;
	char canonical[PT_NAME_SIZE];
	int ret = pt_host_resolve(pt_sys_linux(), name, canonical, &err);

	if (ret == 0)
		ret = pt_host_read(pt_sys_linux(), canonical, &host, &err);
	if (ret == 0)
		ret = pt_host_assignable(pt_sys_linux(), &host, NULL, &err);
	if (ret == 0) {
		printf("%s can be assigned\n", host.name);
		return 1;
	}
	printf("%s (%s), error %d\n", err.message, err.remedy, ret);
	return 0;
}
