/* SPDX-License-Identifier: MIT */
/*
 * usage: features DEVICE
 * Prints what the kernel has for a device beyond regions and interrupts, a line each, and how it can be migrated.
 */
#include "one_device.h"

static int print(struct pt_device *device, const char *unused)
{
	struct pt_error err = PT_ERROR_INIT;
	uint32_t mask;
	uint64_t flags;

	(void)unused;
	if (pt_device_features(device, &mask, &err) < 0)
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
	if (argc != 2) {
		fputs("usage: features DEVICE\n", stderr);
		return 2;
	}
	return with_device(argv[1], print, NULL);
}
