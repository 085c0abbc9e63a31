/* SPDX-License-Identifier: MIT */
#include "vfio_ioctl.h"

#include <linux/vfio.h>

#include "internal.h"

_Static_assert((int)PT_REGION_COUNT == VFIO_PCI_NUM_REGIONS &&
		       (int)PT_REGION_CONFIG == VFIO_PCI_CONFIG_REGION_INDEX,
	       "our region indices are the kernel's");
_Static_assert((int)PT_IRQ_COUNT == VFIO_PCI_NUM_IRQS && (int)PT_IRQ_REQ == VFIO_PCI_REQ_IRQ_INDEX,
	       "our interrupt indices are the kernel's");
_Static_assert(PT_REGION_READ == VFIO_REGION_INFO_FLAG_READ &&
		       PT_REGION_WRITE == VFIO_REGION_INFO_FLAG_WRITE &&
		       PT_REGION_MMAP == VFIO_REGION_INFO_FLAG_MMAP,
	       "our region flags are the kernel's");

/* More than any kernel has ever answered; a device with more is refused rather than read half. */
#define REGION_INFO_MAX 65536u

/* Newer than the 6.12 headers: the token at the end, 6.17. Kernels before read the first 16 bytes, and
 * refuse the flag with EINVAL. */
struct bind_iommufd {
	__u32 argsz;
	__u32 flags;
	__s32 iommufd;
	__u32 out_devid;
	__aligned_u64 token_uuid_ptr;
};
#define BIND_FLAG_TOKEN (1u << 0)

int vfio_bind_iommufd(const struct pt_sys *sys, int fd, int iommufd, const uint8_t *token,
		      uint32_t *ret_devid)
{
	struct bind_iommufd arg = {
		.argsz = sizeof(arg),
		.flags = token ? BIND_FLAG_TOKEN : 0,
		.iommufd = iommufd,
		.token_uuid_ptr = (uintptr_t)token,
	};
	int r = pt_ioctl(sys, fd, VFIO_DEVICE_BIND_IOMMUFD, &arg);

	if (r < 0)
		return r;
	*ret_devid = arg.out_devid;
	return 0;
}

int vfio_attach(const struct pt_sys *sys, int fd, uint32_t pt_id)
{
	struct vfio_device_attach_iommufd_pt arg = {.argsz = sizeof(arg), .pt_id = pt_id};

	return pt_ioctl(sys, fd, VFIO_DEVICE_ATTACH_IOMMUFD_PT, &arg);
}

int vfio_detach(const struct pt_sys *sys, int fd)
{
	struct vfio_device_detach_iommufd_pt arg = {.argsz = sizeof(arg)};

	return pt_ioctl(sys, fd, VFIO_DEVICE_DETACH_IOMMUFD_PT, &arg);
}

int vfio_device_info(const struct pt_sys *sys, int fd, unsigned *ret_regions, unsigned *ret_irqs,
		     bool *ret_reset)
{
	struct vfio_device_info arg = {.argsz = sizeof(arg)};
	int r = pt_ioctl(sys, fd, VFIO_DEVICE_GET_INFO, &arg);

	if (r < 0)
		return r;
	*ret_regions = arg.num_regions;
	*ret_irqs = arg.num_irqs;
	*ret_reset = arg.flags & VFIO_DEVICE_FLAGS_RESET;
	return 0;
}

/* An area that can be mapped page by page, lies in the region and over no other; the rest is left to
 * read and write. */
static void add_area(struct pt_region *region, uint64_t offset, uint64_t size)
{
	uint64_t end;

	if (size == 0 || pt_add_overflow(offset, size, &end) || end > region->size)
		return;
	if (!pt_aligned(offset, PT_PAGE_SIZE) || !pt_aligned(size, PT_PAGE_SIZE))
		return;
	if (region->area_count == PT_ARRAY_SIZE(region->areas))
		return;
	for (unsigned i = 0; i < region->area_count; i++) {
		if (pt_overlaps(offset, size, region->areas[i].offset, region->areas[i].size))
			return;
	}
	region->areas[region->area_count++] = (struct pt_area){.offset = offset, .size = size};
}

static bool add_sparse_areas(const struct vfio_region_info *info, uint32_t at,
			     struct pt_region *region)
{
	const char *bytes = (const char *)info + at;
	struct vfio_region_info_cap_sparse_mmap cap;
	struct vfio_region_sparse_mmap_area area;

	if (info->argsz - at < sizeof(cap))
		return false;
	memcpy(&cap, bytes, sizeof(cap));
	if ((info->argsz - at - sizeof(cap)) / sizeof(area) < cap.nr_areas)
		return false;
	for (uint32_t i = 0; i < cap.nr_areas; i++) {
		memcpy(&area, bytes + sizeof(cap) + i * sizeof(area), sizeof(area));
		add_area(region, area.offset, area.size);
	}
	return true;
}

/* Offsets come from the kernel, but a chain is still walked with bounds, forwards only; and they are
 * aligned to nothing that one could rely on. */
static int read_areas(const struct vfio_region_info *info, struct pt_region *region)
{
	struct vfio_info_cap_header header;
	uint32_t at = info->flags & VFIO_REGION_INFO_FLAG_CAPS ? info->cap_offset : 0;

	while (at != 0) {
		if (at < sizeof(*info) || at > info->argsz - sizeof(header))
			return -EIO;
		memcpy(&header, (const char *)info + at, sizeof(header));
		if (header.id == VFIO_REGION_INFO_CAP_SPARSE_MMAP)
			return add_sparse_areas(info, at, region) ? 0 : -EIO;
		if (header.next != 0 && header.next <= at)
			return -EIO;
		at = header.next;
	}
	add_area(region, 0, region->size);
	return 0;
}

static int parse_region(const struct vfio_region_info *info, struct pt_region *region)
{
	*region = (struct pt_region){
		.size = info->size,
		.flags = info->flags & (PT_REGION_READ | PT_REGION_WRITE | PT_REGION_MMAP),
	};
	return region->flags & PT_REGION_MMAP ? read_areas(info, region) : 0;
}

/* Capabilities follow the struct: the first call says in argsz how much room they need. */
int vfio_region_info(const struct pt_sys *sys, int fd, unsigned index, struct pt_region *ret_region,
		     uint64_t *ret_offset)
{
	struct vfio_region_info head = {.argsz = sizeof(head), .index = index};
	struct vfio_region_info *info;
	struct pt_region region;
	int r = pt_ioctl(sys, fd, VFIO_DEVICE_GET_REGION_INFO, &head);

	if (r < 0)
		return r;
	if (head.argsz > REGION_INFO_MAX)
		return -EIO;
	if (head.argsz <= sizeof(head)) {
		head.flags &= ~(uint32_t)VFIO_REGION_INFO_FLAG_CAPS;
		r = parse_region(&head, &region);
	} else {
		info = pt_alloc(sys, head.argsz);
		if (!info)
			return -ENOMEM;
		info->argsz = head.argsz;
		info->index = index;
		r = pt_ioctl(sys, fd, VFIO_DEVICE_GET_REGION_INFO, info);
		if (r >= 0)
			r = info->argsz == head.argsz ? parse_region(info, &region) : -EIO;
		pt_free(sys, info);
	}
	if (r < 0)
		return r;
	*ret_region = region;
	*ret_offset = head.offset;
	return 0;
}

int vfio_irq_info(const struct pt_sys *sys, int fd, unsigned index, struct pt_irq *ret_irq)
{
	struct vfio_irq_info arg = {.argsz = sizeof(arg), .index = index};
	int r = pt_ioctl(sys, fd, VFIO_DEVICE_GET_IRQ_INFO, &arg);

	if (r < 0)
		return r;
	*ret_irq = (struct pt_irq){
		.count = arg.flags & VFIO_IRQ_INFO_EVENTFD ? arg.count : 0,
		.maskable = !!(arg.flags & VFIO_IRQ_INFO_MASKABLE),
		.noresize = !!(arg.flags & VFIO_IRQ_INFO_NORESIZE),
	};
	return 0;
}

/* The one place where a struct vfio_irq_set is built. @fds NULL: no data, @count 0. */
static int set_irqs(const struct pt_sys *sys, int fd, unsigned index, uint32_t action,
		    unsigned start, unsigned count, const int *fds)
{
	struct vfio_irq_set *set;
	size_t size = sizeof(*set) + count * sizeof(*fds);
	int r;

	set = pt_alloc(sys, size);
	if (!set)
		return -ENOMEM;
	set->argsz = (uint32_t)size;
	set->flags = action |
		     (fds ? (uint32_t)VFIO_IRQ_SET_DATA_EVENTFD : (uint32_t)VFIO_IRQ_SET_DATA_NONE);
	set->index = index;
	set->start = start;
	set->count = count;
	if (fds)
		memcpy(set->data, fds, count * sizeof(*fds));
	r = pt_ioctl(sys, fd, VFIO_DEVICE_SET_IRQS, set);
	pt_free(sys, set);
	return r;
}

int vfio_irq_trigger(const struct pt_sys *sys, int fd, unsigned index, unsigned start,
		     unsigned count, const int *fds)
{
	return set_irqs(sys, fd, index, VFIO_IRQ_SET_ACTION_TRIGGER, start, count, fds);
}

int vfio_irq_unmask_fd(const struct pt_sys *sys, int fd, unsigned index, int eventfd)
{
	return set_irqs(sys, fd, index, VFIO_IRQ_SET_ACTION_UNMASK, 0, 1, &eventfd);
}

int vfio_irq_unmask(const struct pt_sys *sys, int fd, unsigned index)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_ACTION_UNMASK | VFIO_IRQ_SET_DATA_NONE,
		.index = index,
		.count = 1,
	};

	return pt_ioctl(sys, fd, VFIO_DEVICE_SET_IRQS, &set);
}

/* Does not allocate: teardown must not depend on memory. */
int vfio_irq_disable(const struct pt_sys *sys, int fd, unsigned index)
{
	struct vfio_irq_set set = {
		.argsz = sizeof(set),
		.flags = VFIO_IRQ_SET_ACTION_TRIGGER | VFIO_IRQ_SET_DATA_NONE,
		.index = index,
	};

	return pt_ioctl(sys, fd, VFIO_DEVICE_SET_IRQS, &set);
}

int vfio_reset(const struct pt_sys *sys, int fd)
{
	return pt_ioctl(sys, fd, VFIO_DEVICE_RESET, NULL);
}

/* A struct vfio_device_feature with its data. */
struct feature_vf_token {
	__u32 argsz;
	__u32 flags;
	__u8 uuid[16];
};
_Static_assert(offsetof(struct feature_vf_token, uuid) ==
		       offsetof(struct vfio_device_feature, data),
	       "the data is where the kernel has it");

int vfio_set_vf_token(const struct pt_sys *sys, int fd, const uint8_t *uuid)
{
	struct feature_vf_token arg = {
		.argsz = sizeof(arg),
		.flags = VFIO_DEVICE_FEATURE_SET | VFIO_DEVICE_FEATURE_PCI_VF_TOKEN,
	};

	memcpy(arg.uuid, uuid, sizeof(arg.uuid));
	return pt_ioctl(sys, fd, VFIO_DEVICE_FEATURE, &arg);
}
