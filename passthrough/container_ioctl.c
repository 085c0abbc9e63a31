/* SPDX-License-Identifier: MIT */
#include "container_ioctl.h"

#include <linux/vfio.h>

#include "internal.h"

/* More than any kernel has ever answered; a container with more is refused rather than read half. */
#define INFO_MAX 65536u

/* These two take their argument as a number, not by address. */
static int call_with(const struct pt_sys *sys, int fd, unsigned long request, uintptr_t value)
{
	return pt_ioctl(sys, fd, request, (void *)value);
}

int container_check(const struct pt_sys *sys, int fd, bool noiommu)
{
	int r = call_with(sys, fd, VFIO_GET_API_VERSION, 0);

	if (r < 0)
		return r;
	if (r != VFIO_API_VERSION)
		return -ENOTTY;
	r = call_with(sys, fd, VFIO_CHECK_EXTENSION,
		      noiommu ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1v2_IOMMU);
	if (r < 0)
		return r;
	return r > 0 ? 0 : -ENODEV;
}

int container_set_iommu(const struct pt_sys *sys, int fd, bool noiommu)
{
	return call_with(sys, fd, VFIO_SET_IOMMU,
			 noiommu ? VFIO_NOIOMMU_IOMMU : VFIO_TYPE1v2_IOMMU);
}

int container_map(const struct pt_sys *sys, int fd, uint64_t iova, uint64_t size, void *hva,
		  unsigned access)
{
	struct vfio_iommu_type1_dma_map arg = {
		.argsz = sizeof(arg),
		.flags = (access & PT_MAP_READ ? (uint32_t)VFIO_DMA_MAP_FLAG_READ : 0) |
			 (access & PT_MAP_WRITE ? (uint32_t)VFIO_DMA_MAP_FLAG_WRITE : 0),
		.vaddr = (uintptr_t)hva,
		.iova = iova,
		.size = size,
	};

	return pt_ioctl(sys, fd, VFIO_IOMMU_MAP_DMA, &arg);
}

int container_unmap(const struct pt_sys *sys, int fd, uint64_t iova, uint64_t size)
{
	struct vfio_iommu_type1_dma_unmap arg = {
		.argsz = sizeof(arg),
		.iova = iova,
		.size = size,
	};

	return pt_ioctl(sys, fd, VFIO_IOMMU_UNMAP_DMA, &arg);
}

/* Capabilities follow the struct: the first call says in argsz how much room they need. Inverse: pt_free(). */
static int read_info(const struct pt_sys *sys, int fd, struct vfio_iommu_type1_info **ret_info)
{
	struct vfio_iommu_type1_info head = {.argsz = sizeof(head)}, *info;
	uint32_t size;
	int r = pt_ioctl(sys, fd, VFIO_IOMMU_GET_INFO, &head);

	if (r < 0)
		return r;
	if (head.argsz < sizeof(head) || head.argsz > INFO_MAX)
		return -EIO;
	size = head.argsz;
	info = pt_alloc(sys, size);
	if (!info)
		return -ENOMEM;
	info->argsz = size;
	r = pt_ioctl(sys, fd, VFIO_IOMMU_GET_INFO, info);
	if (r >= 0 && info->argsz != size)
		r = -EIO;
	if (r < 0) {
		pt_free(sys, info);
		return r;
	}
	*ret_info = info;
	return 0;
}

/* Offsets come from the kernel, but a chain is still walked with bounds, forwards only. Return: 0; @ret_at where a
 * capability of @size bytes at least is, 0 when there is none; -EIO for a chain that cannot be. */
static int find_cap(const struct vfio_iommu_type1_info *info, uint16_t id, size_t size,
		    uint32_t *ret_at)
{
	const struct vfio_info_cap_header *header;
	uint32_t at = info->flags & VFIO_IOMMU_INFO_CAPS ? info->cap_offset : 0;

	*ret_at = 0;
	while (at != 0) {
		if (at < sizeof(*info) || at > info->argsz - sizeof(*header))
			return -EIO;
		header = (const void *)((const char *)info + at);
		if (header->id == id) {
			*ret_at = at;
			return info->argsz - at < size ? -EIO : 0;
		}
		if (header->next != 0 && header->next <= at)
			return -EIO;
		at = header->next;
	}
	return 0;
}

static int parse_ranges(const struct vfio_iommu_type1_info *info, struct pt_iova_range *ranges,
			size_t max, size_t *ret_count)
{
	const struct vfio_iommu_type1_info_cap_iova_range *cap;
	uint32_t at;
	int r = find_cap(info, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, sizeof(*cap), &at);

	if (r < 0)
		return r;
	/* Without the capability nothing is known to be reserved: so it is with mediated devices alone. */
	if (at == 0) {
		if (max > 0)
			ranges[0] = (struct pt_iova_range){.first = 0, .last = UINT64_MAX};
		*ret_count = 1;
		return 0;
	}
	cap = (const void *)((const char *)info + at);
	if ((info->argsz - at - sizeof(*cap)) / sizeof(cap->iova_ranges[0]) < cap->nr_iovas)
		return -EIO;
	for (uint32_t i = 0; i < cap->nr_iovas && i < max; i++)
		ranges[i] = (struct pt_iova_range){
			.first = cap->iova_ranges[i].start,
			.last = cap->iova_ranges[i].end,
		};
	*ret_count = cap->nr_iovas;
	return 0;
}

int container_ranges(const struct pt_sys *sys, int fd, struct pt_iova_range *ranges, size_t max,
		     size_t *ret_count)
{
	struct vfio_iommu_type1_info *info;
	int r = read_info(sys, fd, &info);

	if (r < 0)
		return r;
	r = parse_ranges(info, ranges, max, ret_count);
	pt_free(sys, info);
	return r;
}

int container_room(const struct pt_sys *sys, int fd, uint32_t *ret_room)
{
	const struct vfio_iommu_type1_info_dma_avail *cap;
	struct vfio_iommu_type1_info *info;
	uint32_t at;
	int r = read_info(sys, fd, &info);

	if (r < 0)
		return r;
	r = find_cap(info, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, sizeof(*cap), &at);
	if (r == 0 && at == 0)
		r = -ENODATA;
	if (r == 0) {
		cap = (const void *)((const char *)info + at);
		*ret_room = cap->avail;
	}
	pt_free(sys, info);
	return r;
}

int group_viable(const struct pt_sys *sys, int fd, bool *ret_viable)
{
	struct vfio_group_status arg = {.argsz = sizeof(arg)};
	int r = pt_ioctl(sys, fd, VFIO_GROUP_GET_STATUS, &arg);

	if (r < 0)
		return r;
	*ret_viable = arg.flags & VFIO_GROUP_FLAGS_VIABLE;
	return 0;
}

int group_set_container(const struct pt_sys *sys, int fd, int container)
{
	return pt_ioctl(sys, fd, VFIO_GROUP_SET_CONTAINER, &container);
}

int group_unset_container(const struct pt_sys *sys, int fd)
{
	return call_with(sys, fd, VFIO_GROUP_UNSET_CONTAINER, 0);
}

int group_device_fd(const struct pt_sys *sys, int fd, const char *name)
{
	/* Read by the kernel only. */
	return pt_ioctl(sys, fd, VFIO_GROUP_GET_DEVICE_FD, (void *)(uintptr_t)name);
}
