/* SPDX-License-Identifier: MIT */
/* VFIO_IOMMU_GET_INFO's chain of capabilities, which is read with bounds whatever the kernel says. */
#include "../../passthrough/container_ioctl.h"

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

/* A kernel that answers with @bytes, of which @size is said to be what it takes. */
struct fake {
	union {
		struct vfio_iommu_type1_info info;
		char bytes[256];
	};
	uint32_t size;
	uint32_t grows; /* at the second call it needs so much more */
	unsigned calls;
	unsigned blocks;
};

static int fake_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
	struct fake *fake = ctx;
	struct vfio_iommu_type1_info *info = arg;
	uint32_t room = info->argsz;
	uint32_t size = fake->size + (fake->calls++ > 0 ? fake->grows : 0);

	(void)fd;
	cr_assert_eq(request, VFIO_IOMMU_GET_INFO);
	if (room >= size) {
		memcpy(info, fake->bytes, size < sizeof(fake->bytes) ? size : sizeof(fake->bytes));
		info->argsz = room;
		return 0;
	}
	memcpy(info, fake->bytes, sizeof(*info));
	info->cap_offset = 0;
	info->argsz = size;
	return 0;
}

static void *fake_alloc(void *ctx, size_t size)
{
	((struct fake *)ctx)->blocks++;
	return calloc(1, size);
}

static void fake_free(void *ctx, void *ptr)
{
	((struct fake *)ctx)->blocks--;
	free(ptr);
}

/* The struct alone, which says that capabilities begin at @at. */
static struct fake fake_new(uint32_t size, uint32_t at)
{
	struct fake fake = {.size = size};

	fake.info.argsz = size;
	fake.info.flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	fake.info.cap_offset = at;
	return fake;
}

static void put_header(struct fake *fake, uint32_t at, uint16_t id, uint32_t next)
{
	struct vfio_info_cap_header header = {.id = id, .version = 1, .next = next};

	memcpy(fake->bytes + at, &header, sizeof(header));
}

static void put_ranges(struct fake *fake, uint32_t at, uint32_t count)
{
	struct vfio_iova_range range = {0x1000, 0xffff};

	memcpy(fake->bytes + at + sizeof(struct vfio_info_cap_header), &count, sizeof(count));
	memcpy(fake->bytes + at + sizeof(struct vfio_iommu_type1_info_cap_iova_range), &range,
	       sizeof(range));
}

static int ranges(struct fake *fake, struct pt_iova_range *ret_ranges, size_t max, size_t *count)
{
	const struct pt_sys sys = {
		.ctx = fake, .ioctl = fake_ioctl, .alloc = fake_alloc, .free = fake_free};
	int r = container_ranges(&sys, 3, ret_ranges, max, count);

	cr_assert_eq(fake->blocks, 0);
	return r;
}

static int room(struct fake *fake, uint32_t *ret_room)
{
	const struct pt_sys sys = {
		.ctx = fake, .ioctl = fake_ioctl, .alloc = fake_alloc, .free = fake_free};
	int r = container_room(&sys, 3, ret_room);

	cr_assert_eq(fake->blocks, 0);
	return r;
}

#define HEAD ((uint32_t)sizeof(struct vfio_iommu_type1_info))

Test(container_ioctl, ranges_behind_another_capability)
{
	struct fake fake = fake_new(HEAD + 16 + 16 + 16, HEAD);
	struct pt_iova_range range;
	size_t count;

	put_header(&fake, HEAD, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, HEAD + 16);
	put_header(&fake, HEAD + 16, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 0);
	put_ranges(&fake, HEAD + 16, 1);
	cr_assert_eq(ranges(&fake, &range, 1, &count), 0);
	cr_assert_eq(count, 1);
	cr_assert(range.first == 0x1000 && range.last == 0xffff);
	cr_assert_eq(ranges(&fake, NULL, 0, &count), 0);
	cr_assert_eq(count, 1, "how many there are, whatever the room");
}

Test(container_ioctl, without_the_capability_all_is_usable)
{
	struct fake fake = {.size = HEAD,
			    .info = {.argsz = HEAD, .flags = VFIO_IOMMU_INFO_PGSIZES}};
	struct pt_iova_range range;
	uint32_t left = 7;
	size_t count;

	cr_assert_eq(ranges(&fake, &range, 1, &count), 0);
	cr_assert(count == 1 && range.first == 0 && range.last == UINT64_MAX);
	cr_assert_eq(room(&fake, &left), -ENODATA);
	cr_assert_eq(left, 7);
}

Test(container_ioctl, room_for_mappings)
{
	struct fake fake = fake_new(HEAD + 16, HEAD);
	uint32_t left = 0, said = 4711;

	put_header(&fake, HEAD, VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, 0);
	memcpy(fake.bytes + HEAD + sizeof(struct vfio_info_cap_header), &said, sizeof(said));
	cr_assert_eq(room(&fake, &left), 0);
	cr_assert_eq(left, 4711);
}

Test(container_ioctl, chains_that_cannot_be)
{
	struct pt_iova_range range;
	struct fake fake;
	size_t count;

	fake = fake_new(HEAD + 16, 4);
	cr_assert_eq(ranges(&fake, &range, 1, &count), -EIO, "into the struct");
	fake = fake_new(HEAD + 16, HEAD + 12);
	cr_assert_eq(ranges(&fake, &range, 1, &count), -EIO, "over the end");
	fake = fake_new(HEAD + 16, UINT32_MAX);
	cr_assert_eq(ranges(&fake, &range, 1, &count), -EIO, "far away");
	fake = fake_new(HEAD + 32, HEAD + 16);
	put_header(&fake, HEAD + 16, 99, HEAD);
	cr_assert_eq(ranges(&fake, &range, 1, &count), -EIO, "backwards");
	fake = fake_new(HEAD + 16, HEAD);
	put_header(&fake, HEAD, 99, HEAD);
	cr_assert_eq(ranges(&fake, &range, 1, &count), -EIO, "to itself");
	fake = fake_new(HEAD + 12, HEAD);
	put_header(&fake, HEAD, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 0);
	cr_assert_eq(ranges(&fake, &range, 1, &count), -EIO, "cut off");
	fake = fake_new(HEAD + 32, HEAD);
	put_header(&fake, HEAD, VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 0);
	put_ranges(&fake, HEAD, 2);
	cr_assert_eq(ranges(&fake, &range, 1, &count), -EIO, "more ranges than there is room for");
	put_ranges(&fake, HEAD, UINT32_MAX);
	cr_assert_eq(ranges(&fake, &range, 1, &count), -EIO);
}

Test(container_ioctl, sizes_that_cannot_be)
{
	struct pt_iova_range range;
	struct fake fake = fake_new(1u << 20, HEAD);
	size_t count;

	cr_assert_eq(ranges(&fake, &range, 1, &count), -EIO, "a megabyte");
	fake = fake_new(HEAD + 16, HEAD);
	fake.grows = 16;
	cr_assert_eq(ranges(&fake, &range, 1, &count), -EIO, "more each time");
}
