/* SPDX-License-Identifier: MIT */
/* Features: which there are, and what migration can. */
#include "check.h"

static void attach(struct check *c)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	check_attach(c, &pci);
}

Test(feature, each_has_a_name)
{
	for (unsigned i = 0; i < PT_FEATURE_COUNT; i++) {
		cr_assert_not_null(pt_feature_name((enum pt_feature)i));
		for (unsigned j = 0; j < i; j++)
			cr_assert_str_neq(pt_feature_name((enum pt_feature)i),
					  pt_feature_name((enum pt_feature)j));
	}
	cr_assert_null(pt_feature_name(PT_FEATURE_COUNT));
}

Test(feature, what_there_is_and_nothing_is_changed)
{
	uint32_t mask = 0;
	struct check c;

	attach(&c);
	check_ok(pt_device_features(c.device, &mask, &c.err), c.err);
	cr_assert_eq(mask, 1u << PT_FEATURE_LOW_POWER_ENTRY | 1u << PT_FEATURE_LOW_POWER_WAKEUP |
				   1u << PT_FEATURE_LOW_POWER_EXIT);
	cr_assert_not(c.host->low_power);
	c.host->features = 0x1fff;
	check_ok(pt_device_features(c.device, &mask, &c.err), c.err);
	cr_assert_eq(mask, 0x1fff, "each is asked for by an operation that it has: 0x%x", mask);
	c.host->features = 0;
	check_ok(pt_device_features(c.device, &mask, &c.err), c.err);
	cr_assert_eq(mask, 0);
	check_down(&c);
}

Test(feature, migration)
{
	uint64_t flags = 0;
	struct check c;

	attach(&c);
	check_error(pt_device_migration(c.device, &flags, &c.err), -ENOTTY, c.err, "vfio-pci");
	c.host->features |= 1u << PT_FEATURE_MIGRATION;
	c.host->migration = PT_MIGRATION_STOP_COPY | PT_MIGRATION_PRE_COPY;
	check_ok(pt_device_migration(c.device, &flags, &c.err), c.err);
	cr_assert_eq(flags, PT_MIGRATION_STOP_COPY | PT_MIGRATION_PRE_COPY);
	check_down(&c);
}

Test(feature, failures)
{
	uint64_t flags;
	uint32_t mask;
	struct check c;

	attach(&c);
	*model_fault(c.model) = (struct model_fault){.countdown = 3, .error = -EIO};
	check_error(pt_device_features(c.device, &mask, &c.err), -EIO, c.err, "0000:02:00.0");
	*model_fault(c.model) = (struct model_fault){.countdown = 1, .error = -ENODEV};
	check_error(pt_device_migration(c.device, &flags, &c.err), -ENODEV, c.err, "0000:02:00.0");
	cr_assert_eq(pt_device_state(c.device), PT_DEVICE_LOST);
	check_error(pt_device_features(c.device, &mask, &c.err), -EBADFD, c.err, "lost");
	check_down(&c);
}
