/* SPDX-License-Identifier: MIT */
/*
 * usage: features DEVICE
 * Prints what the kernel has for a device beyond regions and interrupts, a line each, and how it can be migrated.
 */
#include <passthrough/passthrough.h>

#include <stdio.h>

static int complain(const struct pt_error *err)
{
	fprintf(stderr, "features: error: %s\n", err->message);
	if (err->remedy[0])
		fprintf(stderr, "features: remedy: %s\n", err->remedy);
	return 1;
}

static int print(struct pt_device *device)
{
	struct pt_error err = PT_ERROR_INIT;
	uint32_t mask;
	uint64_t flags;

	if (pt_device_attach(device, &err) < 0 || pt_device_features(device, &mask, &err) < 0)
		return complain(&err);
	for (unsigned i = 0; i < PT_FEATURE_COUNT; i++) {
		if (mask & 1u << i)
			puts(pt_feature_name((enum pt_feature)i));
	}
	if (pt_device_migration(device, &flags, &err) < 0)
		return complain(&err);
	printf("migrates:%s%s%s\n", flags & PT_MIGRATION_STOP_COPY ? " stop-copy" : "",
	       flags & PT_MIGRATION_P2P ? " p2p" : "",
	       flags & PT_MIGRATION_PRE_COPY ? " pre-copy" : "");
	return 0;
}

int main(int argc, char **argv)
{
	struct pt_error err = PT_ERROR_INIT;
	struct pt_space *space;
	struct pt_device *device;
	int status;

	if (argc != 2) {
		fputs("usage: features DEVICE\n", stderr);
		return 2;
	}
	if (pt_space_open(pt_sys_linux(), NULL, &space, &err) < 0)
		return complain(&err);
	if (pt_device_open(space, argv[1], NULL, &device, &err) < 0) {
		pt_space_close(space);
		return complain(&err);
	}
	status = print(device);
	pt_device_close(device);
	pt_space_close(space);
	return status;
}
