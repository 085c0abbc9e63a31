/* SPDX-License-Identifier: MIT */
/*
 * VFIO_DEVICE_FEATURE: probes, low power, what a driver says of migration. In low power the device is kept in D0 by the
 * kernel as far as anybody can read: it wakes for each access.
 */
#include "model_dmabuf.h"

#include <errno.h>
#include <linux/vfio.h>
#include <string.h>

#define GET   VFIO_DEVICE_FEATURE_GET
#define SET   VFIO_DEVICE_FEATURE_SET
#define PROBE VFIO_DEVICE_FEATURE_PROBE
#define HEAD  8u

#define FEATURE_DMA_BUF 11u /* of 6.19; the installed header may be older */

/* What vfio_check_feature() says: 1 to go on. */
static int check(const struct vfio_device_feature *feature, uint32_t supported, size_t size)
{
	if (feature->flags & (GET | SET) & ~supported)
		return -EINVAL;
	if (feature->flags & PROBE)
		return 0;
	if (!(feature->flags & (GET | SET)))
		return -EINVAL;
	return feature->argsz - HEAD < size ? -EINVAL : 1;
}

static int low_power_entry(struct model_device *device, const struct vfio_device_feature *feature)
{
	int ret = check(feature, SET, 0);

	if (ret != 1)
		return ret;
	if (device->low_power)
		return -EINVAL;
	if (model_guest_has(device->model, device))
		model_violate(device->model, "%s: low power with BARs in the guest",
			      device->pci.bdf);
	model_dmabuf_revoke(device, "low power");
	device->low_power = true;
	device->power_state = 0;
	if (device->private->pm)
		device->private->config[device->private->pm + 4] &= 0xfc;
	return 0;
}

static int low_power_exit(struct model_device *device, const struct vfio_device_feature *feature)
{
	int ret = check(feature, SET, 0);

	if (ret == 1)
		device->low_power = false;
	return ret == 1 ? 0 : ret;
}

static int migration(const struct model_device *device, struct vfio_device_feature *feature)
{
	int ret = check(feature, GET, sizeof(device->migration));

	if (ret == 1)
		memcpy(feature->data, &device->migration, sizeof(device->migration));
	return ret == 1 ? 0 : ret;
}

static int dma_buf(struct model_device *device, const struct vfio_device_feature *feature)
{
	int ret = check(feature, GET, 16);

	return ret == 1 ? model_dmabuf_get(device, feature->data, feature->argsz - HEAD) : ret;
}

/* Of the others only probes are modelled; which operations they take is in the kernel's header. */
static int other(const struct vfio_device_feature *feature, unsigned number)
{
	uint32_t supported = number == 8 || number == 9 || number == 11 ? GET : SET;
	int ret = check(feature, number == 2 ? GET | SET : supported, 0);

	return ret == 1 ? -ENOTTY : ret;
}

static int vf_token(struct model_device *device, const struct vfio_device_feature *feature)
{
	int ret = check(feature, SET, sizeof(device->token));

	if (ret != 1)
		return ret;
	memcpy(device->token, feature->data, sizeof(device->token));
	device->token_set = true;
	return 0;
}

int model_feature(struct model_device *device, struct vfio_device_feature *feature)
{
	unsigned number = feature->flags & VFIO_DEVICE_FEATURE_MASK;

	model_detail(device->model, "feature %u%s%s%s", number, feature->flags & GET ? " get" : "",
		     feature->flags & SET ? " set" : "", feature->flags & PROBE ? " probe" : "");
	if (feature->argsz < HEAD ||
	    (feature->flags & ~(uint32_t)(VFIO_DEVICE_FEATURE_MASK | GET | SET | PROBE)))
		return -EINVAL;
	if (!(feature->flags & PROBE) && (feature->flags & GET) && (feature->flags & SET))
		return -EINVAL;
	if (number == FEATURE_DMA_BUF && device->model->host.dma_buf)
		return dma_buf(device, feature);
	if (number >= 32 || !(device->features >> number & 1))
		return -ENOTTY;
	switch (number) {
	case VFIO_DEVICE_FEATURE_PCI_VF_TOKEN:
		return vf_token(device, feature);
	case VFIO_DEVICE_FEATURE_MIGRATION:
		return migration(device, feature);
	case VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY:
		return low_power_entry(device, feature);
	case VFIO_DEVICE_FEATURE_LOW_POWER_EXIT:
		return low_power_exit(device, feature);
	default:
		return other(feature, number);
	}
}
