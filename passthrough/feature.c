/* SPDX-License-Identifier: MIT */
/* What a device can do beyond regions and interrupts, as far as its driver and the kernel know it. */
#include "refusal.h"
#include "vfio_feature_ioctl.h"

static const char *const names[PT_FEATURE_COUNT] = {
	[PT_FEATURE_VF_TOKEN] = "vf-token",
	[PT_FEATURE_MIGRATION] = "migration",
	[PT_FEATURE_MIGRATION_STATE] = "migration-state",
	[PT_FEATURE_LOW_POWER_ENTRY] = "low-power-entry",
	[PT_FEATURE_LOW_POWER_WAKEUP] = "low-power-wakeup",
	[PT_FEATURE_LOW_POWER_EXIT] = "low-power-exit",
	[PT_FEATURE_DMA_LOGGING_START] = "dma-logging-start",
	[PT_FEATURE_DMA_LOGGING_STOP] = "dma-logging-stop",
	[PT_FEATURE_DMA_LOGGING_REPORT] = "dma-logging-report",
	[PT_FEATURE_MIGRATION_SIZE] = "migration-size",
	[PT_FEATURE_BUS_MASTER] = "bus-master",
	[PT_FEATURE_DMA_BUF] = "dma-buf",
	[PT_FEATURE_PRECOPY_INFO] = "precopy-info",
};

PT_PUBLIC const char *pt_feature_name(enum pt_feature feature)
{
	return (unsigned)feature < PT_FEATURE_COUNT ? names[feature] : NULL;
}

static int require(const struct pt_device *device, struct pt_error *err)
{
	return pt_device_require(device, 1u << PT_DEVICE_ATTACHED | 1u << PT_DEVICE_RUNNING,
				 "ask for its features", err);
}

static int refused(struct pt_device *device, int code, const char *what, const char *feature,
		   struct pt_error *err)
{
	(void)pt_refused_call(device, PT_CALL_FEATURE, code, err);
	return pt_error_prefix(err, pt_device_noted(device, code), "%s: %s %s", device->host.name,
			       what, feature);
}

PT_PUBLIC int pt_device_features(struct pt_device *device, uint32_t *ret_mask, struct pt_error *err)
{
	uint32_t mask = 0;
	int r = require(device, err);

	if (r < 0)
		return r;
	for (unsigned i = 0; i < PT_FEATURE_COUNT; i++) {
		r = vfio_feature_probe(device->sys, device->fd, (enum pt_feature)i);
		if (r >= 0)
			mask |= 1u << i;
		else if (r != -ENOTTY && r != -EINVAL)
			return refused(device, r, "looking for feature", names[i], err);
	}
	*ret_mask = mask;
	return 0;
}

PT_PUBLIC int pt_device_migration(struct pt_device *device, uint64_t *ret_flags,
				  struct pt_error *err)
{
	uint64_t flags = 0;
	int r = require(device, err);

	if (r < 0)
		return r;
	r = vfio_feature_get(device->sys, device->fd, PT_FEATURE_MIGRATION, &flags, sizeof(flags));
	if (r == -ENOTTY) {
		pt_error_set(err, r, "%s: its driver (%s) cannot migrate it", device->host.name,
			     device->host.driver);
		return pt_error_remedy(err, r,
				       "bind it to the vendor's VFIO driver, where there "
				       "is one");
	}
	if (r < 0)
		return refused(device, r, "asking for feature", names[PT_FEATURE_MIGRATION], err);
	*ret_flags = flags;
	return 0;
}

int pt_device_low_power(struct pt_device *device, bool enter)
{
	int r = vfio_feature_set(device->sys, device->fd,
				 enter ? PT_FEATURE_LOW_POWER_ENTRY : PT_FEATURE_LOW_POWER_EXIT,
				 NULL, 0);

	return pt_device_noted(device, r);
}
