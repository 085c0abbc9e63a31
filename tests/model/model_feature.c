/* SPDX-License-Identifier: MIT */
/* VFIO_DEVICE_FEATURE: what a device can do beside its regions and interrupts. */
#include "model_private.h"

#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#define OPERATIONS (VFIO_DEVICE_FEATURE_GET | VFIO_DEVICE_FEATURE_SET)

/* vfio_check_feature(): 1 to go on, 0 the probe's yes. */
static int check(uint32_t flags, size_t size, uint32_t supported, size_t min)
{
	if ((flags & OPERATIONS) & ~supported)
		return -EINVAL;
	if (flags & VFIO_DEVICE_FEATURE_PROBE)
		return 0;
	if (!(flags & OPERATIONS) || size < min)
		return -EINVAL;
	return 1;
}

static int vf_token(struct model_device *device, uint32_t flags, const void *data, size_t size)
{
	int ret;

	if (!device->pci.sriov)
		return -ENOTTY;
	ret = check(flags, size, VFIO_DEVICE_FEATURE_SET, sizeof(device->token));
	if (ret != 1)
		return ret;
	memcpy(device->token, data, sizeof(device->token));
	device->token_set = true;
	return 0;
}

int model_feature(struct model_device *device, void *arg)
{
	const struct vfio_device_feature *feature = arg;
	uint32_t known = VFIO_DEVICE_FEATURE_MASK | OPERATIONS | VFIO_DEVICE_FEATURE_PROBE;
	uint32_t both = feature->flags & OPERATIONS;

	if (feature->argsz < sizeof(*feature) || feature->flags & ~known)
		return -EINVAL;
	if (both == OPERATIONS && !(feature->flags & VFIO_DEVICE_FEATURE_PROBE))
		return -EINVAL;
	switch (feature->flags & VFIO_DEVICE_FEATURE_MASK) {
	case VFIO_DEVICE_FEATURE_PCI_VF_TOKEN:
		return vf_token(device, feature->flags, feature->data,
				feature->argsz - sizeof(*feature));
	default:
		return -ENOTTY;
	}
}
