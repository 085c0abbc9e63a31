/* SPDX-License-Identifier: MIT */
#ifndef PASSTHROUGH_IOMMU_GROUP_H
#define PASSTHROUGH_IOMMU_GROUP_H

#include "sysfs.h"

/* Fills in @device's group and its siblings. */
int pt_group_read(const struct pt_sys *sys, struct pt_host_device *device);

#endif
