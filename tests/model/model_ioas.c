/* SPDX-License-Identifier: MIT */
/* An IOAS: what is mapped, what may be mapped, what is pinned. `last` is inclusive. */
#include "model_iommufd.h"

#include "model_dmabuf.h"

#include <errno.h>
#include <stdlib.h>

struct model_object *model_ioas(struct model_iommufd *iommufd, uint32_t id)
{
	struct model_object *object = iommufd->objects;

	while (object && (object->id != id || object->kind != MODEL_OBJECT_IOAS))
		object = object->next;
	return object;
}

bool model_reserved(const struct model_device *device, unsigned index,
		    struct pt_iova_range *ret_range)
{
	unsigned bits = device->model->host.aperture_bits;

	if (index == 0)
		*ret_range =
			(struct pt_iova_range){bits < 64 ? 1ull << bits : UINT64_MAX, UINT64_MAX};
	else if (index == 1)
		*ret_range = (struct pt_iova_range){0xfee00000, 0xfeefffff};
	else if (index - 2 < device->pci.reserved_count)
		*ret_range = device->pci.reserved[index - 2];
	else
		return false;
	return true;
}

static bool meets_reserved(const struct model_device *device, uint64_t first, uint64_t last)
{
	struct pt_iova_range range;

	for (unsigned i = 0; model_reserved(device, i, &range); i++)
		if (first <= range.last && range.first <= last)
			return true;
	return false;
}

static bool in_ioas(const struct model_object *object, const struct model_object *ioas)
{
	return object->kind == MODEL_OBJECT_DEVICE && object->hwpt && object->hwpt->ioas == ioas;
}

static bool ioas_reserved(const struct model_iommufd *iommufd, const struct model_object *ioas,
			  uint64_t first, uint64_t last)
{
	for (const struct model_object *object = iommufd->objects; object; object = object->next)
		if (in_ioas(object, ioas) && meets_reserved(object->device, first, last))
			return true;
	return false;
}

const struct model_area *model_ioas_at(const struct model_object *ioas, uint64_t iova)
{
	for (unsigned i = 0; i < ioas->area_count; i++)
		if (iova >= ioas->areas[i].iova && iova - ioas->areas[i].iova < ioas->areas[i].size)
			return &ioas->areas[i];
	return NULL;
}

bool model_ioas_pinned(const struct model_object *ioas)
{
	return ioas->users > 0; /* the only users are HWPTs */
}

/* The first reserved address at or after @from, and the end of the reserved stretch that is there. */
static bool next_reserved(const struct model_iommufd *iommufd, const struct model_object *ioas,
			  uint64_t from, struct pt_iova_range *ret_range)
{
	struct pt_iova_range range;
	bool found = false;

	for (const struct model_object *object = iommufd->objects; object; object = object->next) {
		if (!in_ioas(object, ioas))
			continue;
		for (unsigned i = 0; model_reserved(object->device, i, &range); i++) {
			if (range.last < from || (found && range.first >= ret_range->first))
				continue;
			*ret_range = range;
			found = true;
		}
	}
	return found;
}

int model_ioas_ranges(struct model_iommufd *iommufd, struct iommu_ioas_iova_ranges *cmd)
{
	const struct model_object *ioas = model_ioas(iommufd, cmd->ioas_id);
	struct iommu_iova_range *out = (void *)(uintptr_t)cmd->allowed_iovas;
	uint32_t room = cmd->num_iovas;
	uint64_t from = 0;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (!ioas)
		return -ENOENT;
	cmd->num_iovas = 0;
	cmd->out_iova_alignment = model_ioas_pinned(ioas) ? MODEL_PAGE : 1;
	for (;;) {
		struct pt_iova_range hole = {0, 0};
		bool more = next_reserved(iommufd, ioas, from, &hole);

		if (!more || hole.first > from) {
			if (cmd->num_iovas < room && !out)
				return -EFAULT;
			if (cmd->num_iovas < room)
				out[cmd->num_iovas] = (struct iommu_iova_range){
					from, more ? hole.first - 1 : UINT64_MAX};
			cmd->num_iovas++;
		}
		if (!more || hole.last == UINT64_MAX)
			break;
		from = hole.last + 1;
	}
	return cmd->num_iovas > room ? -EMSGSIZE : 0;
}

int model_ioas_allow(struct model_iommufd *iommufd, struct iommu_ioas_allow_iovas *cmd)
{
	struct model_object *ioas = model_ioas(iommufd, cmd->ioas_id);
	const struct iommu_iova_range *in = (const void *)(uintptr_t)cmd->allowed_iovas;

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (!ioas)
		return -ENOENT;
	for (uint32_t i = 0; i < cmd->num_iovas; i++) {
		if (in[i].start >= in[i].last)
			return -EINVAL;
		for (uint32_t j = 0; j < i; j++)
			if (in[i].start <= in[j].last && in[j].start <= in[i].last)
				return -EINVAL;
		if (ioas_reserved(iommufd, ioas, in[i].start, in[i].last))
			return -EADDRINUSE;
	}
	free(ioas->allowed);
	ioas->allowed = model_xalloc((cmd->num_iovas + 1) * sizeof(*ioas->allowed));
	ioas->allowed_count = cmd->num_iovas;
	for (uint32_t i = 0; i < cmd->num_iovas; i++)
		ioas->allowed[i] = (struct pt_iova_range){in[i].start, in[i].last};
	return 0;
}

static int pin(struct model_iommufd *iommufd, const struct model_area *area)
{
	struct model *model = iommufd->file.model;

	if (area->dmabuf)
		return 0;
	if (area->va && model_mem_is_device(model, area->va, area->size))
		return -EFAULT;
	return model_pin(model, area->size, iommufd->counts);
}

static void unpin(struct model_iommufd *iommufd, const struct model_area *area)
{
	if (!area->dmabuf)
		model_unpin(iommufd->file.model, area->size, iommufd->counts);
}

static int area_add(struct model_iommufd *iommufd, struct model_object *ioas, uint32_t flags,
		    struct model_area area, uint64_t page_offset)
{
	uint64_t mask = model_ioas_pinned(ioas) ? MODEL_PAGE - 1 : 0;
	uint64_t last;
	int ret;

	if (!(flags & IOMMU_IOAS_MAP_FIXED_IOVA)) {
		model_violate(iommufd->file.model, "mapped without a fixed IOVA");
		return -EINVAL;
	}
	if ((area.size & mask) || area.size == 0 || (area.iova & mask))
		return -EINVAL;
	if (__builtin_add_overflow(area.iova, area.size - 1, &last))
		return -EOVERFLOW;
	if (ioas_reserved(iommufd, ioas, area.iova, last))
		return -EINVAL;
	for (unsigned i = 0; i < ioas->area_count; i++)
		if (area.iova <= ioas->areas[i].iova + (ioas->areas[i].size - 1) &&
		    ioas->areas[i].iova <= last)
			return -EEXIST;
	if (page_offset & mask)
		return -EINVAL;
	ret = model_ioas_pinned(ioas) ? pin(iommufd, &area) : 0;
	if (ret)
		return ret;
	ioas->areas =
		model_grow(ioas->areas, ioas->area_count, &ioas->area_max, sizeof(*ioas->areas));
	ioas->areas[ioas->area_count++] = area;
	return 0;
}

#define MAP_FLAGS (IOMMU_IOAS_MAP_FIXED_IOVA | IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)

static int map_check(uint32_t flags, uint64_t iova, uint64_t length)
{
	if (flags & ~(uint32_t)MAP_FLAGS)
		return -EOPNOTSUPP;
	if (iova == UINT64_MAX || length == UINT64_MAX)
		return -EOVERFLOW;
	if (!(flags & (IOMMU_IOAS_MAP_WRITEABLE | IOMMU_IOAS_MAP_READABLE)))
		return -EINVAL;
	return 0;
}

int model_ioas_map(struct model_iommufd *iommufd, struct iommu_ioas_map *cmd)
{
	struct model_object *ioas = model_ioas(iommufd, cmd->ioas_id);
	int ret = map_check(cmd->flags, cmd->iova, cmd->length);

	if (cmd->__reserved)
		return -EOPNOTSUPP;
	if (ret)
		return ret;
	if (!ioas)
		return -ENOENT;
	if (!cmd->user_va)
		return -EFAULT;
	return area_add(
		iommufd, ioas, cmd->flags,
		(struct model_area){.iova = cmd->iova, .size = cmd->length, .va = cmd->user_va},
		cmd->user_va);
}

static int dmabuf_add(struct model_iommufd *iommufd, struct model_object *ioas,
		      const struct model_map_file *cmd, struct model_file *file)
{
	int ret = model_dmabuf_map(file, cmd->start, cmd->length);

	if (ret)
		return ret;
	ret = area_add(iommufd, ioas, cmd->flags,
		       (struct model_area){.iova = cmd->iova, .size = cmd->length, .dmabuf = file},
		       cmd->start);
	if (ret)
		model_dmabuf_unmap(file);
	return ret;
}

int model_ioas_map_file(struct model_iommufd *iommufd, struct model_map_file *cmd)
{
	struct model_file *file = model_fd_file(iommufd->file.model, cmd->fd);
	struct model_object *ioas = model_ioas(iommufd, cmd->ioas_id);
	int ret = map_check(cmd->flags, cmd->iova, cmd->length);
	uint64_t end;

	if (ret)
		return ret;
	if (!ioas)
		return -ENOENT;
	if (!file)
		return -EBADF;
	if (file->ops == &model_dmabuf_ops)
		return dmabuf_add(iommufd, ioas, cmd, file);
	if (file->ops != &model_memfd_ops ||
	    __builtin_add_overflow(cmd->start, cmd->length, &end) || end > model_memfd_size(file))
		return -EINVAL;
	return area_add(iommufd, ioas, cmd->flags,
			(struct model_area){.iova = cmd->iova, .size = cmd->length}, cmd->start);
}

int model_ioas_unmap(struct model_iommufd *iommufd, struct iommu_ioas_unmap *cmd)
{
	struct model_object *ioas = model_ioas(iommufd, cmd->ioas_id);
	bool all = cmd->iova == 0 && cmd->length == UINT64_MAX;
	uint64_t last = cmd->iova + (cmd->length - 1);
	uint64_t unmapped = 0;

	if (!ioas)
		return -ENOENT;
	if (!all && (cmd->iova == UINT64_MAX || cmd->length == UINT64_MAX))
		return -EOVERFLOW;
	if (!all && (cmd->length == 0 || last < cmd->iova))
		return cmd->length == 0 ? -EINVAL : -EOVERFLOW;
	for (unsigned i = 0; i < ioas->area_count;) {
		struct model_area area = ioas->areas[i];
		uint64_t area_last = area.iova + (area.size - 1);

		if (!all && (area_last < cmd->iova || area.iova > last)) {
			i++;
			continue;
		}
		if (!all && (area.iova < cmd->iova || area_last > last))
			return -ENOENT;
		if (model_ioas_pinned(ioas))
			unpin(iommufd, &area);
		if (area.dmabuf)
			model_dmabuf_unmap(area.dmabuf);
		ioas->areas[i] = ioas->areas[--ioas->area_count];
		unmapped += area.size;
		model_dirty_forget(iommufd, ioas, area.iova, area.size);
	}
	cmd->length = unmapped;
	return unmapped || all ? 0 : -ENOENT;
}

void model_ioas_clear(struct model_object *ioas)
{
	for (unsigned i = 0; i < ioas->area_count; i++)
		if (ioas->areas[i].dmabuf)
			model_dmabuf_unmap(ioas->areas[i].dmabuf);
	free(ioas->areas);
	free(ioas->allowed);
}

int model_ioas_admits(const struct model_object *ioas, const struct model_device *device)
{
	for (unsigned i = 0; i < ioas->area_count; i++) {
		const struct model_area *area = &ioas->areas[i];

		if (meets_reserved(device, area->iova, area->iova + (area->size - 1)) ||
		    area->iova % MODEL_PAGE || area->size % MODEL_PAGE || area->va % MODEL_PAGE)
			return -EADDRINUSE;
	}
	for (unsigned i = 0; i < ioas->allowed_count; i++)
		if (meets_reserved(device, ioas->allowed[i].first, ioas->allowed[i].last))
			return -EADDRINUSE;
	return 0;
}

int model_ioas_pin(struct model_iommufd *iommufd, const struct model_object *ioas)
{
	for (unsigned i = 0; i < ioas->area_count; i++) {
		int ret = pin(iommufd, &ioas->areas[i]);

		if (!ret)
			continue;
		while (i-- > 0)
			unpin(iommufd, &ioas->areas[i]);
		return ret;
	}
	return 0;
}

void model_ioas_unpin(struct model_iommufd *iommufd, const struct model_object *ioas)
{
	for (unsigned i = 0; i < ioas->area_count; i++)
		unpin(iommufd, &ioas->areas[i]);
}
