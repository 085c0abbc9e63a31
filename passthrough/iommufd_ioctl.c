/* SPDX-License-Identifier: MIT */
#include "iommufd_ioctl.h"

#include <linux/iommufd.h>

#include "internal.h"

/* Newer than the 6.12 headers: 6.13, checked at run time. */
#ifndef IOMMU_IOAS_MAP_FILE
#define IOMMU_IOAS_MAP_FILE _IO(IOMMUFD_TYPE, 0x8f)

struct iommu_ioas_map_file {
	__u32 size;
	__u32 flags;
	__u32 ioas_id;
	__s32 fd;
	__aligned_u64 start;
	__aligned_u64 length;
	__aligned_u64 iova;
};
#endif

int iommufd_count_process(const struct pt_sys *sys, int fd)
{
	struct iommu_option arg = {
		.size = sizeof(arg),
		.option_id = IOMMU_OPTION_RLIMIT_MODE,
		.op = IOMMU_OPTION_OP_SET,
		.val64 = 1,
	};

	return pt_ioctl(sys, fd, IOMMU_OPTION, &arg);
}

int iommufd_ioas_alloc(const struct pt_sys *sys, int fd, uint32_t *ret_id)
{
	struct iommu_ioas_alloc arg = {.size = sizeof(arg)};
	int r = pt_ioctl(sys, fd, IOMMU_IOAS_ALLOC, &arg);

	if (r < 0)
		return r;
	*ret_id = arg.out_ioas_id;
	return 0;
}

int iommufd_destroy(const struct pt_sys *sys, int fd, uint32_t id)
{
	struct iommu_destroy arg = {.size = sizeof(arg), .id = id};

	return pt_ioctl(sys, fd, IOMMU_DESTROY, &arg);
}

static uint32_t map_flags(unsigned access)
{
	return IOMMU_IOAS_MAP_FIXED_IOVA |
	       (access & PT_MAP_READ ? (uint32_t)IOMMU_IOAS_MAP_READABLE : 0) |
	       (access & PT_MAP_WRITE ? (uint32_t)IOMMU_IOAS_MAP_WRITEABLE : 0);
}

int iommufd_ioas_map(const struct pt_sys *sys, int fd, uint32_t ioas, uint64_t iova, uint64_t size,
		     void *hva, unsigned access)
{
	struct iommu_ioas_map arg = {
		.size = sizeof(arg),
		.flags = map_flags(access),
		.ioas_id = ioas,
		.user_va = (uintptr_t)hva,
		.length = size,
		.iova = iova,
	};

	return pt_ioctl(sys, fd, IOMMU_IOAS_MAP, &arg);
}

int iommufd_ioas_map_file(const struct pt_sys *sys, int fd, uint32_t ioas, uint64_t iova,
			  uint64_t size, int file, uint64_t offset, unsigned access)
{
	struct iommu_ioas_map_file arg = {
		.size = sizeof(arg),
		.flags = map_flags(access),
		.ioas_id = ioas,
		.fd = file,
		.start = offset,
		.length = size,
		.iova = iova,
	};

	return pt_ioctl(sys, fd, IOMMU_IOAS_MAP_FILE, &arg);
}

int iommufd_ioas_unmap(const struct pt_sys *sys, int fd, uint32_t ioas, uint64_t iova,
		       uint64_t size)
{
	struct iommu_ioas_unmap arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
		.iova = iova,
		.length = size,
	};

	return pt_ioctl(sys, fd, IOMMU_IOAS_UNMAP, &arg);
}

_Static_assert(sizeof(struct pt_iova_range) == sizeof(struct iommu_iova_range),
	       "passed through as they are");
_Static_assert(offsetof(struct pt_iova_range, last) == offsetof(struct iommu_iova_range, last),
	       "same order");

/* With too small an array the kernel fills in what fits, says how many there are, and answers
 * EMSGSIZE. */
int iommufd_ioas_ranges(const struct pt_sys *sys, int fd, uint32_t ioas,
			struct pt_iova_range *ranges, size_t max, size_t *ret_count)
{
	struct iommu_ioas_iova_ranges arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
		.num_iovas = max > UINT32_MAX ? UINT32_MAX : (uint32_t)max,
		.allowed_iovas = (uintptr_t)ranges,
	};
	int r = pt_ioctl(sys, fd, IOMMU_IOAS_IOVA_RANGES, &arg);

	if (r < 0 && r != -EMSGSIZE)
		return r;
	*ret_count = arg.num_iovas;
	return 0;
}

int iommufd_ioas_allow(const struct pt_sys *sys, int fd, uint32_t ioas,
		       const struct pt_iova_range *ranges, size_t count)
{
	struct iommu_ioas_allow_iovas arg = {
		.size = sizeof(arg),
		.ioas_id = ioas,
		.num_iovas = (uint32_t)count,
		.allowed_iovas = (uintptr_t)ranges,
	};

	if (count > UINT32_MAX)
		return -E2BIG;
	return pt_ioctl(sys, fd, IOMMU_IOAS_ALLOW_IOVAS, &arg);
}

int iommufd_hw_dirty(const struct pt_sys *sys, int fd, uint32_t devid, bool *ret_dirty)
{
	struct iommu_hw_info arg = {.size = sizeof(arg), .dev_id = devid};
	int r = pt_ioctl(sys, fd, IOMMU_GET_HW_INFO, &arg);

	if (r < 0)
		return r;
	*ret_dirty = arg.out_capabilities & IOMMU_HW_CAP_DIRTY_TRACKING;
	return 0;
}

int iommufd_hwpt_alloc(const struct pt_sys *sys, int fd, uint32_t devid, uint32_t ioas,
		       uint32_t *ret_id)
{
	struct iommu_hwpt_alloc arg = {
		.size = sizeof(arg),
		.flags = IOMMU_HWPT_ALLOC_DIRTY_TRACKING,
		.dev_id = devid,
		.pt_id = ioas,
	};
	int r = pt_ioctl(sys, fd, IOMMU_HWPT_ALLOC, &arg);

	if (r < 0)
		return r;
	*ret_id = arg.out_hwpt_id;
	return 0;
}

int iommufd_hwpt_track_dirty(const struct pt_sys *sys, int fd, uint32_t hwpt, bool on)
{
	struct iommu_hwpt_set_dirty_tracking arg = {
		.size = sizeof(arg),
		.flags = on ? (uint32_t)IOMMU_HWPT_DIRTY_TRACKING_ENABLE : 0,
		.hwpt_id = hwpt,
	};

	return pt_ioctl(sys, fd, IOMMU_HWPT_SET_DIRTY_TRACKING, &arg);
}

int iommufd_hwpt_read_dirty(const struct pt_sys *sys, int fd, uint32_t hwpt, uint64_t iova,
			    uint64_t size, uint64_t page_size, uint64_t *bitmap)
{
	struct iommu_hwpt_get_dirty_bitmap arg = {
		.size = sizeof(arg),
		.hwpt_id = hwpt,
		.iova = iova,
		.length = size,
		.page_size = page_size,
		.data = (uintptr_t)bitmap,
	};

	return pt_ioctl(sys, fd, IOMMU_HWPT_GET_DIRTY_BITMAP, &arg);
}
