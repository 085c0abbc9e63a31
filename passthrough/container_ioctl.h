/* SPDX-License-Identifier: MIT */
/*
 * The ioctls of IOMMU groups and of their containers as functions. Each returns 0 or the kernel's -errno unless said
 * otherwise. Source: include/uapi/linux/vfio.h.
 */
#ifndef PASSTHROUGH_CONTAINER_IOCTL_H
#define PASSTHROUGH_CONTAINER_IOCTL_H

#include <passthrough/space.h>
#include <stdbool.h>

/* -ENOTTY: @fd is no container, or speaks another version; -ENODEV: a container, and no driver with the
 * type1v2 IOMMU is loaded; with @noiommu: none with the one that does nothing, VFIO_NOIOMMU_IOMMU. */
int container_check(const struct pt_sys *sys, int fd, bool noiommu);

/* The type1v2 IOMMU, or with @noiommu the one that does nothing, for the groups that are in the container: one at least. There is no inverse but that the last
 * group leaves. */
int container_set_iommu(const struct pt_sys *sys, int fd, bool noiommu);

/* @access: PT_MAP_*. Inverse: container_unmap(). */
int container_map(const struct pt_sys *sys, int fd, uint64_t iova, uint64_t size, void *hva,
		  unsigned access);

/* A range in which nothing is mapped is no error. */
int container_unmap(const struct pt_sys *sys, int fd, uint64_t iova, uint64_t size);

/* Fills in at most @max ranges; *ret_count says how many there are. */
int container_ranges(const struct pt_sys *sys, int fd, struct pt_iova_range *ranges, size_t max,
		     size_t *ret_count);

/* How many mappings the container still takes; -ENODATA: the kernel (before 5.11) does not say. */
int container_room(const struct pt_sys *sys, int fd, uint32_t *ret_room);

/* Whether nobody else has the DMA of @fd, a group. */
int group_viable(const struct pt_sys *sys, int fd, bool *ret_viable);

/* Inverse: group_unset_container(), or closing the group. */
int group_set_container(const struct pt_sys *sys, int fd, int container);
int group_unset_container(const struct pt_sys *sys, int fd);

/* @name: as the kernel wants it: "0000:02:00.0", and " vf_token=UUID" behind it where one is needed. Return: a
 * descriptor, which keeps the group's file open. */
int group_device_fd(const struct pt_sys *sys, int fd, const char *name);

#endif
