/* SPDX-License-Identifier: MIT */
/*
 * struct pt_group: an IOMMU group that a space has open.
 *
 * The kernel lets a group's node be opened once, and all of the group's functions are reached through that one file. So it
 * is opened with the first device and closed with the last. It is in the space's container, which is what gives it an
 * IOMMU, as long as one of its devices is bound; the first group in makes the container's IOMMU, and with the last one
 * out the kernel drops it with all that was mapped. Source: Documentation/driver-api/vfio.rst, drivers/vfio/group.c.
 */
#ifndef PASSTHROUGH_GROUP_H
#define PASSTHROUGH_GROUP_H

#include "internal.h"

struct pt_group {
	int number;
	int fd;
	unsigned users;	       /* devices that are open */
	bool joined;	       /* it is in the space's container */
	struct pt_group *next; /* of the space */
};

/**
 * pt_group_get() - the group of @device, opened if it is not, with @device in it; KVM is told of it once
 * @fd: -1 to open its node, else a descriptor that becomes the group's on success. Where the group is open already, it
 *	must be that file, and a duplicate is closed.
 *
 * Inverse: pt_group_put(). Errors: -EACCES no permission; -EBUSY somebody has the group, or one of its functions by a
 * cdev, or a sibling's host driver has its DMA, or the device is open in this space; -ENOMEM; of struct pt_kvm_ops.
 */
int pt_group_get(struct pt_device *device, int fd, struct pt_error *err);

/** pt_group_put() - with the last device KVM is told, and the file closed */
void pt_group_put(struct pt_device *device);

/**
 * pt_group_join() - bring the group into the space's container; does nothing when it is in
 *
 * Inverse: pt_group_leave(). Errors: -EPERM DMA of the group is someone else's, or interrupts are not isolated; -ENODEV
 * no driver for the container; -EADDRINUSE what is mapped collides with the group's reserved ranges; -ENOMEM.
 */
int pt_group_join(struct pt_device *device, struct pt_error *err);

/** pt_container_has_iommu() - whether a group is in the container, without which nothing can be mapped */
bool pt_container_has_iommu(const struct pt_space *space);

/** pt_group_leave() - take the group out of the container, unless a device of it is bound */
void pt_group_leave(struct pt_space *space, struct pt_group *group);

/** pt_group_node() - path of the device's group node */
void pt_group_node(const struct pt_host_device *host, char *ret_path, size_t size);

#endif
