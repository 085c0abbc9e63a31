/* SPDX-License-Identifier: MIT */
/* Attaching a device to its space's page tables; see cdev_hwpt.c. */
#ifndef PASSTHROUGH_CDEV_HWPT_H
#define PASSTHROUGH_CDEV_HWPT_H

#include "internal.h"

/* To a page table with dirty tracking where the device's IOMMU has it, else as the kernel picks.
 * Errors: of IOMMU_HWPT_ALLOC and VFIO_DEVICE_ATTACH_IOMMUFD_PT. Inverse: cdev_hwpt_detach(). */
int cdev_hwpt_attach(struct pt_device *device);

/* A page table that was made for the device and its like goes with the last of them. */
void cdev_hwpt_detach(struct pt_device *device);

#endif
