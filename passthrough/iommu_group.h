/* SPDX-License-Identifier: MIT */
#ifndef PASSTHROUGH_IOMMU_GROUP_H
#define PASSTHROUGH_IOMMU_GROUP_H

#include "sysfs.h"

/* Whether it is a group that VFIO made up for a device without an IOMMU. */
int pt_group_is_noiommu(const struct pt_sys *sys, int group, bool *ret_is);

/* Fills in @device's group and its siblings. */
int pt_group_read(const struct pt_sys *sys, struct pt_host_device *device);

#endif
