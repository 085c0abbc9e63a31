/* SPDX-License-Identifier: MIT */
/*
 * What a kernel, or a driver of mediated devices in it, answers to VFIO_DEVICE_GET_REGION_INFO: sizes and a chain of
 * capabilities, which may be anything.
 *
 * The areas that come of it can be mapped one by one: whole pages, within the region, none over another.
 */
#include <errno.h>
#include <linux/vfio.h>

#include "input.h"
#include "vfio_ioctl.h"

/* Up to @argsz bytes of the caller's struct are the kernel's to write. */
static int answer(void *ctx, int fd, unsigned long request, void *arg)
{
	struct input *input = ctx;
	struct vfio_region_info *info = arg;
	uint32_t room = info->argsz;
	uint8_t how = input_u8(input);

	(void)fd;
	fuzz_require(request == VFIO_DEVICE_GET_REGION_INFO, "ioctl 0x%lx", request);
	fuzz_require(room >= sizeof(*info), "argsz %u", room);
	if (how & 1)
		return -EINVAL;
	input_bytes(input, info, sizeof(*info));
	if (room > sizeof(*info))
		input_bytes(input, info + 1, room - sizeof(*info));
	/* Mostly the kernel says twice the same. */
	if (how & 2)
		info->argsz = room;
	return 0;
}

static void *allocate(void *ctx, size_t size)
{
	(void)ctx;
	return calloc(1, size);
}

static void release(void *ctx, void *ptr)
{
	(void)ctx;
	free(ptr);
}

static void check_areas(const struct pt_region *region)
{
	fuzz_require(region->area_count <= PT_REGION_AREAS, "%u areas", region->area_count);
	fuzz_require(region->area_count == 0 || region->flags & PT_REGION_MMAP,
		     "areas of a region that cannot be mapped");
	for (unsigned i = 0; i < region->area_count; i++) {
		const struct pt_area *area = &region->areas[i];

		fuzz_require(area->size > 0 && area->size % 4096 == 0 && area->offset % 4096 == 0,
			     "area %u: 0x%llx, 0x%llx bytes", i, (unsigned long long)area->offset,
			     (unsigned long long)area->size);
		fuzz_require(area->offset <= region->size &&
				     area->size <= region->size - area->offset,
			     "area %u is not within the region", i);
		for (unsigned k = 0; k < i; k++)
			fuzz_require(region->areas[k].offset >= area->offset + area->size ||
					     area->offset >= region->areas[k].offset +
								     region->areas[k].size,
				     "areas %u and %u overlap", k, i);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};
	const struct pt_sys sys = {
		.ctx = &input, .ioctl = answer, .alloc = allocate, .free = release};
	struct pt_region region;
	uint64_t offset;

	if (vfio_region_info(&sys, 3, input_u8(&input) % PT_REGION_COUNT, &region, &offset) == 0)
		check_areas(&region);
	return 0;
}
