/* SPDX-License-Identifier: MIT */
/*
 * VFIO's bus reset ("hot reset") as functions, for a descriptor of either kind. Source:
 * include/uapi/linux/vfio.h, VFIO_DEVICE_GET_PCI_HOT_RESET_INFO.
 */
#ifndef PASSTHROUGH_VFIO_RESET_IOCTL_H
#define PASSTHROUGH_VFIO_RESET_IOCTL_H

#include "internal.h"

/* What the kernel names a function that does not belong to the caller's iommufd. */
#define VFIO_DEVID_NOT_OWNED UINT32_MAX

/*
 * The functions that a reset of the device's bus would hit, its own among them; names and ids are
 * filled in. @ret_functions is freed with pt_free(). -ENODEV: neither the slot nor the bus can be
 * reset.
 */
int vfio_hot_reset_info(const struct pt_sys *sys, int fd, struct pt_bus_function **ret_functions,
			unsigned *ret_count);

/* @group_fds: of every group that is hit, each once; none for a device that was opened by its cdev. */
int vfio_hot_reset(const struct pt_sys *sys, int fd, const int *group_fds, unsigned count);

#endif
