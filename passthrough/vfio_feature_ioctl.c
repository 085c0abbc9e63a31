/* SPDX-License-Identifier: MIT */
#include "vfio_feature_ioctl.h"

#include <linux/vfio.h>

#define GET VFIO_DEVICE_FEATURE_GET
#define SET VFIO_DEVICE_FEATURE_SET

_Static_assert((int)PT_FEATURE_MIGRATION == VFIO_DEVICE_FEATURE_MIGRATION &&
		       (int)PT_FEATURE_LOW_POWER_EXIT == VFIO_DEVICE_FEATURE_LOW_POWER_EXIT &&
		       (int)PT_FEATURE_BUS_MASTER == VFIO_DEVICE_FEATURE_BUS_MASTER,
	       "our numbers of features are the kernel's");
_Static_assert(PT_MIGRATION_STOP_COPY == VFIO_MIGRATION_STOP_COPY &&
		       PT_MIGRATION_P2P == VFIO_MIGRATION_P2P &&
		       PT_MIGRATION_PRE_COPY == VFIO_MIGRATION_PRE_COPY,
	       "our migration flags are the kernel's");

#define DATA_MAX 32

struct feature {
	__u32 argsz;
	__u32 flags;
	__u8 data[DATA_MAX];
} __attribute__((aligned(8)));

/* What each is used by. DMA_BUF (6.19) and PRECOPY_INFO (7.2) are newer than the 6.12 headers. */
static const uint32_t operations[PT_FEATURE_COUNT] = {
	[PT_FEATURE_VF_TOKEN] = SET,
	[PT_FEATURE_MIGRATION] = GET,
	[PT_FEATURE_MIGRATION_STATE] = GET | SET,
	[PT_FEATURE_LOW_POWER_ENTRY] = SET,
	[PT_FEATURE_LOW_POWER_WAKEUP] = SET,
	[PT_FEATURE_LOW_POWER_EXIT] = SET,
	[PT_FEATURE_DMA_LOGGING_START] = SET,
	[PT_FEATURE_DMA_LOGGING_STOP] = SET,
	[PT_FEATURE_DMA_LOGGING_REPORT] = GET,
	[PT_FEATURE_MIGRATION_SIZE] = GET,
	[PT_FEATURE_BUS_MASTER] = SET,
	[PT_FEATURE_DMA_BUF] = GET,
	[PT_FEATURE_PRECOPY_INFO] = SET,
};

static int call(const struct pt_sys *sys, int fd, struct feature *arg, size_t size)
{
	arg->argsz = (uint32_t)(offsetof(struct feature, data) + size);
	return pt_ioctl(sys, fd, VFIO_DEVICE_FEATURE, arg);
}

int vfio_feature_probe(const struct pt_sys *sys, int fd, enum pt_feature feature)
{
	struct feature arg = {
		.flags = VFIO_DEVICE_FEATURE_PROBE | operations[feature] | (uint32_t)feature,
	};

	return call(sys, fd, &arg, 0);
}

int vfio_feature_get(const struct pt_sys *sys, int fd, enum pt_feature feature, void *data,
		     size_t size)
{
	struct feature arg = {.flags = GET | (uint32_t)feature};
	int r;

	if (size > DATA_MAX)
		return -EINVAL;
	r = call(sys, fd, &arg, size);
	if (r >= 0 && size > 0)
		memcpy(data, arg.data, size);
	return r;
}

int vfio_feature_set(const struct pt_sys *sys, int fd, enum pt_feature feature, const void *data,
		     size_t size)
{
	struct feature arg = {.flags = SET | (uint32_t)feature};

	if (size > DATA_MAX)
		return -EINVAL;
	if (size > 0)
		memcpy(arg.data, data, size);
	return call(sys, fd, &arg, size);
}
