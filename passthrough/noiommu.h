/* SPDX-License-Identifier: MIT */
#ifndef PASSTHROUGH_NOIOMMU_H
#define PASSTHROUGH_NOIOMMU_H

#include "internal.h"

/* What the patches that brought VFIO_DEVICE_BIND_IOMMUFD took for "no IOMMU". */
#define PT_NOIOMMU_FD (-1)

/* pt_host_assignable() for a space with an IOMMU: refuses a device without. */
int pt_noiommu_unwanted(const struct pt_host_device *device, struct pt_error *err);

/* pt_host_assignable() for a space without an IOMMU. */
int pt_noiommu_assignable(const struct pt_sys *sys, const struct pt_host_device *device,
			  enum pt_backend_kind backend, struct pt_error *err);

/* The process lacks the privilege. Return: @code. */
int pt_noiommu_no_rawio(const char *name, int code, struct pt_error *err);

#endif
