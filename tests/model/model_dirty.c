/* SPDX-License-Identifier: MIT */
/*
 * Dirty tracking of an HWPT, as drivers/iommu/iommufd/io_pagetable.c of Linux 6.12 has it: turning it on forgets what was
 * dirty before, and reading ends at the first hole without a word.
 */
#include "model_iommufd.h"

#include <errno.h>

static struct model_object *find(struct model_iommufd *iommufd, uint32_t id)
{
	struct model_object *object = model_object_find(iommufd, id);

	return object && object->kind == MODEL_OBJECT_HWPT ? object : NULL;
}

int model_dirty_track(struct model_iommufd *iommufd, struct iommu_hwpt_set_dirty_tracking *cmd)
{
	struct model_object *hwpt = find(iommufd, cmd->hwpt_id);

	if (cmd->flags & ~(uint32_t)IOMMU_HWPT_DIRTY_TRACKING_ENABLE)
		return -EOPNOTSUPP;
	if (!hwpt)
		return -ENOENT;
	if (!hwpt->tracks_dirty)
		return -EOPNOTSUPP;
	hwpt->keeps_dirty = cmd->flags;
	if (cmd->flags)
		hwpt->dirty_count = 0;
	return 0;
}

/* The end of what is mapped from @iova on without a hole. */
static uint64_t contiguous(const struct model_object *ioas, uint64_t iova, uint64_t end)
{
	const struct model_area *area;

	while (iova < end && (area = model_ioas_at(ioas, iova)))
		iova = area->iova + area->size;
	return iova < end ? iova : end;
}

static int check(const struct iommu_hwpt_get_dirty_bitmap *cmd)
{
	uint64_t mask = cmd->page_size - 1, last;

	if (cmd->length == 0 || cmd->page_size == 0)
		return -EINVAL;
	if (__builtin_add_overflow(cmd->iova, cmd->length - 1, &last))
		return -EOVERFLOW;
	if (((cmd->iova | cmd->length) & (MODEL_PAGE - 1)) || ((cmd->iova | cmd->length) & mask))
		return -EINVAL;
	return 0;
}

int model_dirty_read(struct model_iommufd *iommufd, struct iommu_hwpt_get_dirty_bitmap *cmd)
{
	struct model_object *hwpt = find(iommufd, cmd->hwpt_id);
	uint64_t *bitmap = (uint64_t *)(uintptr_t)cmd->data;
	unsigned kept = 0;
	uint64_t end;
	int ret;

	if (cmd->flags || cmd->__reserved)
		return -EOPNOTSUPP;
	if (!hwpt)
		return -ENOENT;
	ret = check(cmd);
	if (ret)
		return ret;
	if (!hwpt->tracks_dirty)
		return -EOPNOTSUPP;
	if (!hwpt->keeps_dirty)
		return 0; /* the driver's EINVAL is dropped */
	end = contiguous(hwpt->ioas, cmd->iova, cmd->iova + cmd->length);
	for (unsigned i = 0; i < hwpt->dirty_count; i++) {
		uint64_t page = hwpt->dirty[i], bit = (page - cmd->iova) / cmd->page_size;

		if (page < cmd->iova || page >= end)
			hwpt->dirty[kept++] = page;
		else
			bitmap[bit / 64] |= 1ull << bit % 64;
	}
	hwpt->dirty_count = kept;
	return 0;
}

void model_dirty_forget(struct model_iommufd *iommufd, const struct model_object *ioas,
			uint64_t iova, uint64_t size)
{
	for (struct model_object *hwpt = iommufd->objects; hwpt; hwpt = hwpt->next) {
		unsigned kept = 0;

		for (unsigned i = 0; hwpt->ioas == ioas && i < hwpt->dirty_count; i++)
			if (hwpt->dirty[i] < iova || hwpt->dirty[i] - iova >= size)
				hwpt->dirty[kept++] = hwpt->dirty[i];
		if (hwpt->ioas == ioas)
			hwpt->dirty_count = kept;
	}
}

bool model_dirty_write(struct model_object *device, uint64_t iova)
{
	struct model_object *hwpt = device->hwpt;

	if (!hwpt || !model_ioas_at(hwpt->ioas, iova))
		return false;
	if (!hwpt->keeps_dirty)
		return true;
	hwpt->dirty =
		model_grow(hwpt->dirty, hwpt->dirty_count, &hwpt->dirty_max, sizeof(*hwpt->dirty));
	hwpt->dirty[hwpt->dirty_count++] = iova;
	return true;
}

bool model_dma_write(struct model_device *device, uint64_t iova)
{
	struct model_file *file = device->model->files;

	while (file &&
	       (file->ops != &model_iommufd_ops || !model_iommufd_write(file, device, iova)))
		file = file->next;
	return file;
}
