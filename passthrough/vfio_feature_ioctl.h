/* SPDX-License-Identifier: MIT */
/* VFIO_DEVICE_FEATURE as functions, for a descriptor of either kind. Source: include/uapi/linux/vfio.h. */
#ifndef PASSTHROUGH_VFIO_FEATURE_IOCTL_H
#define PASSTHROUGH_VFIO_FEATURE_IOCTL_H

#include "internal.h"

/*
 * @feature: its number. -ENOTTY: the device or the kernel does not have it; -EINVAL: nor an operation
 * that it is used by here.
 */
int vfio_feature_probe(const struct pt_sys *sys, int fd, enum pt_feature feature);

/* @data: @size bytes, 32 at most. None of the two allocates: teardown must not depend on memory. */
int vfio_feature_get(const struct pt_sys *sys, int fd, enum pt_feature feature, void *data,
		     size_t size);
int vfio_feature_set(const struct pt_sys *sys, int fd, enum pt_feature feature, const void *data,
		     size_t size);

#endif
