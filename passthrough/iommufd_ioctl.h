/* SPDX-License-Identifier: MIT */
/* iommufd's ioctls as functions. Each returns 0 or the kernel's -errno. Source:
 * include/uapi/linux/iommufd.h. */
#ifndef PASSTHROUGH_IOMMUFD_IOCTL_H
#define PASSTHROUGH_IOMMUFD_IOCTL_H

#include <passthrough/space.h>
#include <stdbool.h>

/* IOMMU_OPTION_RLIMIT_MODE: count what is pinned for this process, not for its user. -EPERM without
 * CAP_SYS_RESOURCE, -EBUSY once there is any object. */
int iommufd_count_process(const struct pt_sys *sys, int fd);

/* Inverse: iommufd_destroy(). */
int iommufd_ioas_alloc(const struct pt_sys *sys, int fd, uint32_t *ret_id);
int iommufd_destroy(const struct pt_sys *sys, int fd, uint32_t id);

/* @access: PT_MAP_*. Inverse of both: iommufd_ioas_unmap(). */
int iommufd_ioas_map(const struct pt_sys *sys, int fd, uint32_t ioas, uint64_t iova, uint64_t size,
		     void *hva, unsigned access);
int iommufd_ioas_map_file(const struct pt_sys *sys, int fd, uint32_t ioas, uint64_t iova,
			  uint64_t size, int file, uint64_t offset, unsigned access);
int iommufd_ioas_unmap(const struct pt_sys *sys, int fd, uint32_t ioas, uint64_t iova,
		       uint64_t size);

/* Fills in at most @max ranges; *ret_count says how many there are. */
int iommufd_ioas_ranges(const struct pt_sys *sys, int fd, uint32_t ioas,
			struct pt_iova_range *ranges, size_t max, size_t *ret_count);

/* Devices that cannot use all of @ranges cannot be attached from then on. Replaces the list. */
int iommufd_ioas_allow(const struct pt_sys *sys, int fd, uint32_t ioas,
		       const struct pt_iova_range *ranges, size_t count);

/* Whether the device's IOMMU keeps dirty bits. -ENOENT: a mediated device, which has none. */
int iommufd_hw_dirty(const struct pt_sys *sys, int fd, uint32_t devid, bool *ret_dirty);

/* A page table for @devid's IOMMU, with dirty tracking. Pins what the IOAS has mapped, unless it is
 * pinned already. Inverse: iommufd_destroy(). */
int iommufd_hwpt_alloc(const struct pt_sys *sys, int fd, uint32_t devid, uint32_t ioas,
		       uint32_t *ret_id);

/* Whether dirty bits are kept of what is done through the page table. Turning it on clears them. */
int iommufd_hwpt_track_dirty(const struct pt_sys *sys, int fd, uint32_t hwpt, bool on);

/* Sets the bits of pages that were written, and clears no other; the IOMMU's own are cleared. All of
 * the range must be mapped: the kernel ends at the first hole, and says nothing. */
int iommufd_hwpt_read_dirty(const struct pt_sys *sys, int fd, uint32_t hwpt, uint64_t iova,
			    uint64_t size, uint64_t page_size, uint64_t *bitmap);

#endif
