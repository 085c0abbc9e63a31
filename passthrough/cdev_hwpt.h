/* SPDX-License-Identifier: MIT */
/* Attaching a device to its space's page tables; see cdev_hwpt.c. */
#ifndef PASSTHROUGH_CDEV_HWPT_H
#define PASSTHROUGH_CDEV_HWPT_H

#include "internal.h"

/* To a page table with dirty tracking where the device's IOMMU has it, else as the kernel picks, which
 * is -EOPNOTSUPP while dirty pages are tracked.
 * Errors: of IOMMU_HWPT_ALLOC and VFIO_DEVICE_ATTACH_IOMMUFD_PT. Inverse: cdev_hwpt_detach(). */
int cdev_hwpt_attach(struct pt_device *device);

/* A page table that was made for the device and its like goes with the last of them, but with the
 * tracking where its bits may not have been read. */
void cdev_hwpt_detach(struct pt_device *device);

/* struct pt_backend's @track_dirty and @read_dirty. */
int cdev_hwpt_track_dirty(struct pt_space *space, bool on);
int cdev_hwpt_read_dirty(struct pt_space *space, uint64_t iova, uint64_t size, uint64_t page_size,
			 uint64_t *bitmap);

#endif
