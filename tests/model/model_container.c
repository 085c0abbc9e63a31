/* SPDX-License-Identifier: MIT */
/*
 * /dev/vfio/vfio: a container, and the type1v2 IOMMU that it has while groups are in it. All groups share what is mapped.
 * With the last group the IOMMU goes, and all that was mapped in it. Checks in the order of Linux 6.12's container.c and
 * vfio_iommu_type1.c; pages are counted against the limit of the process.
 */
#include "model_group.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdlib.h>
#include <string.h>

struct area {
	uint64_t iova;
	uint64_t size;
	uint64_t pinned; /* bytes */
};

struct model_container {
	struct model_file file;
	unsigned groups;
	bool iommu;
	uint32_t room; /* for so many mappings more */
	struct area *areas;
	unsigned area_count, area_max;
};

static struct model_container *to_container(struct model_file *file)
{
	return container_of(file, struct model_container, file);
}

struct model_container *model_container_of(struct model_file *file)
{
	return file->ops == &model_container_ops ? to_container(file) : NULL;
}

bool model_container_has_iommu(const struct model_container *container)
{
	return container->iommu;
}

/* Reserved ranges of a group's functions. */

static bool group_meets(const struct model *model, const struct model_group *group, uint64_t first,
			uint64_t last)
{
	struct pt_iova_range range;

	for (unsigned i = 0; i < model->device_count; i++)
		for (unsigned j = 0; model_group_has(group, model->devices[i]) &&
				     model_reserved(model->devices[i], j, &range);
		     j++)
			if (first <= range.last && range.first <= last)
				return true;
	return false;
}

static bool meets_reserved(const struct model_container *container, uint64_t first, uint64_t last)
{
	const struct model *model = container->file.model;

	for (const struct model_group *group = model->groups; group; group = group->next)
		if (group->container == container && group_meets(model, group, first, last))
			return true;
	return false;
}

/* The first reserved stretch that ends at or after @from. */
static bool next_reserved(const struct model_container *container, uint64_t from,
			  struct pt_iova_range *ret_range)
{
	const struct model *model = container->file.model;
	struct pt_iova_range range;
	bool found = false;

	for (unsigned i = 0; i < model->device_count; i++) {
		const struct model_group *group =
			model_group_find(model, model->devices[i]->pci.group);

		if (!group || group->container != container)
			continue;
		for (unsigned j = 0; model_reserved(model->devices[i], j, &range); j++) {
			if (range.last < from || (found && range.first >= ret_range->first))
				continue;
			*ret_range = range;
			found = true;
		}
	}
	return found;
}

/* Groups come and go. */

/* Once a group is in, only the drivers of its kind are asked. */
static bool holds_noiommu(const struct model_container *container)
{
	const struct model *model = container->file.model;

	for (const struct model_group *group = model->groups; group; group = group->next)
		if (group->container == container)
			return model_group_is_noiommu(model, group);
	return false;
}

int model_container_attach(struct model_container *container, struct model_group *group)
{
	const struct model *model = container->file.model;

	/* vfio_container_attach_group(): groups with and without an IOMMU do not mix. */
	if (container->groups > 0 &&
	    holds_noiommu(container) != model_group_is_noiommu(model, group))
		return -EPERM;
	for (unsigned i = 0; container->iommu && i < container->area_count; i++)
		if (group_meets(model, group, container->areas[i].iova,
				container->areas[i].iova + (container->areas[i].size - 1)))
			return -EINVAL;
	if (container->iommu && !model_group_isolated(model, group))
		return -EPERM;
	group->container = container;
	container->groups++;
	model_file_get(&container->file);
	return 0;
}

static void drop(struct model_container *container, unsigned index)
{
	model_unpin(container->file.model, container->areas[index].pinned, MODEL_PIN_CONTAINER);
	container->areas[index] = container->areas[--container->area_count];
	container->room++;
}

void model_container_detach(struct model_container *container, struct model_group *group)
{
	group->container = NULL;
	if (--container->groups == 0) {
		while (container->area_count > 0)
			drop(container, 0);
		container->iommu = false;
	}
	model_file_put(&container->file);
}

static int check_extension(const struct model_container *container, uintptr_t extension)
{
	const struct model_host *host = &container->file.model->host;

	if (container->groups > 0 && holds_noiommu(container) != (extension == VFIO_NOIOMMU_IOMMU))
		return 0;
	if (extension == VFIO_NOIOMMU_IOMMU)
		return host->noiommu == PT_NOIOMMU_GROUP;
	if (container->file.model->host.no_type1)
		return 0;
	return extension == VFIO_TYPE1_IOMMU || extension == VFIO_TYPE1v2_IOMMU ||
	       extension == VFIO_TYPE1_NESTING_IOMMU || extension == VFIO_UNMAP_ALL;
}

static int set_iommu(struct model_container *container, uintptr_t type)
{
	const struct model *model = container->file.model;

	if (container->groups == 0 || container->iommu)
		return -EINVAL;
	if (type == VFIO_TYPE1_IOMMU)
		model_violate(container->file.model, "the IOMMU is set to the old type1");
	if (check_extension(container, type) <= 0)
		return -ENODEV;
	if (type == VFIO_NOIOMMU_IOMMU) {
		container->iommu = !model->host.no_rawio;
		return container->iommu ? 0 : -EPERM;
	}
	for (const struct model_group *group = model->groups; group; group = group->next)
		if (group->container == container && !model_group_isolated(model, group))
			return -EPERM;
	container->iommu = true;
	container->room = model->host.dma_entries;
	return 0;
}

/* Mappings. */

static int pin(struct model *model, uint64_t vaddr, uint64_t size, uint64_t *ret_pinned)
{
	/* Pages of a BAR are mapped and not counted. */
	*ret_pinned = model_mem_is_device(model, vaddr, size) ? 0 : size;
	return model_pin(model, *ret_pinned, MODEL_PIN_CONTAINER);
}

static int map_dma(struct model_container *container, const struct vfio_iommu_type1_dma_map *map)
{
	uint32_t access = VFIO_DMA_MAP_FLAG_READ | VFIO_DMA_MAP_FLAG_WRITE;
	uint64_t last = map->iova + (map->size - 1);
	struct area area = {map->iova, map->size, 0};
	int ret;

	if (map->argsz < sizeof(*map) || map->flags & ~access || !(map->flags & access))
		return -EINVAL;
	if (map->size == 0 || (map->size | map->iova | map->vaddr) % MODEL_PAGE)
		return -EINVAL;
	if (last < map->iova || map->vaddr + (map->size - 1) < map->vaddr)
		return -EINVAL;
	for (unsigned i = 0; i < container->area_count; i++)
		if (map->iova <= container->areas[i].iova + (container->areas[i].size - 1) &&
		    container->areas[i].iova <= last)
			return -EEXIST;
	if (container->room == 0)
		return -ENOSPC;
	if (meets_reserved(container, map->iova, last))
		return -EINVAL;
	ret = pin(container->file.model, map->vaddr, map->size, &area.pinned);
	if (ret)
		return ret;
	container->room--;
	container->areas = model_grow(container->areas, container->area_count, &container->area_max,
				      sizeof(*container->areas));
	container->areas[container->area_count++] = area;
	return 0;
}

/* Nothing that is mapped may be cut in two. Where nothing is mapped, there is nothing to do. */
static int unmap_dma(struct model_container *container, struct vfio_iommu_type1_dma_unmap *unmap)
{
	bool all = unmap->flags & VFIO_DMA_UNMAP_FLAG_ALL;
	uint64_t first = unmap->iova, last = all ? UINT64_MAX : first + (unmap->size - 1);
	uint64_t unmapped = 0;

	if (unmap->argsz < sizeof(*unmap) || unmap->flags & ~(uint32_t)VFIO_DMA_UNMAP_FLAG_ALL)
		return -EINVAL;
	if (first % MODEL_PAGE || unmap->size % MODEL_PAGE)
		return -EINVAL;
	if (all ? first || unmap->size : unmap->size == 0 || last < first)
		return -EINVAL;
	for (unsigned i = 0; i < container->area_count; i++) {
		const struct area *area = &container->areas[i];
		uint64_t area_last = area->iova + (area->size - 1);

		if ((area->iova < first && first <= area_last) ||
		    (area->iova <= last && last < area_last))
			return -EINVAL;
	}
	for (unsigned i = 0; i < container->area_count;) {
		if (container->areas[i].iova < first || container->areas[i].iova > last) {
			i++;
			continue;
		}
		unmapped += container->areas[i].size;
		drop(container, i);
	}
	unmap->size = unmapped;
	return 0;
}

/* What it says of itself: the struct, and a chain of capabilities if the caller made room for it. */

#define RANGES_MAX 16

struct caps {
	struct vfio_iommu_type1_info_cap_migration migration;
	struct vfio_iommu_type1_info_dma_avail avail;
	uint32_t pad; /* each begins at a multiple of 8 */
	struct vfio_iommu_type1_info_cap_iova_range ranges;
	struct vfio_iova_range range[RANGES_MAX];
};

static void fill_ranges(const struct model_container *container, struct caps *caps)
{
	struct pt_iova_range hole = {0, 0};
	uint64_t from = 0;
	bool more;

	do {
		more = next_reserved(container, from, &hole);
		if ((!more || hole.first > from) && caps->ranges.nr_iovas < RANGES_MAX)
			caps->range[caps->ranges.nr_iovas++] =
				(struct vfio_iova_range){from, more ? hole.first - 1 : UINT64_MAX};
		from = hole.last + 1;
	} while (more && hole.last != UINT64_MAX);
}

static int get_info(const struct model_container *container, struct vfio_iommu_type1_info *info)
{
	struct caps caps = {
		.migration = {{VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION, 1, 0}, 0, 4096, 1 << 28},
		.avail = {{VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL, 1, 0}, container->room},
		.ranges = {.header = {VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE, 1, 0}},
	};
	uint32_t size;

	if (info->argsz < offsetof(struct vfio_iommu_type1_info, cap_offset))
		return -EINVAL;
	fill_ranges(container, &caps);
	caps.migration.header.next = (uint32_t)(sizeof(*info) + offsetof(struct caps, avail));
	caps.avail.header.next = (uint32_t)(sizeof(*info) + offsetof(struct caps, ranges));
	size = (uint32_t)(offsetof(struct caps, range) +
			  caps.ranges.nr_iovas * sizeof(caps.range[0]));
	info->flags = VFIO_IOMMU_INFO_PGSIZES | VFIO_IOMMU_INFO_CAPS;
	info->iova_pgsizes = 0x40201000;
	if (info->argsz < sizeof(*info) + size) {
		info->argsz = (uint32_t)sizeof(*info) + size;
		return 0;
	}
	info->cap_offset = sizeof(*info);
	memcpy(info + 1, &caps, size);
	return 0;
}

static void map_detail(struct model *model, const struct vfio_iommu_type1_dma_map *map)
{
	const char *access = "read-write";

	if (!(map->flags & VFIO_DMA_MAP_FLAG_WRITE))
		access = "read-only";
	if (!(map->flags & VFIO_DMA_MAP_FLAG_READ))
		access = "write-only";
	model_detail(model, "iova=0x%llx size=0x%llx start=0x%llx %s",
		     (unsigned long long)map->iova, (unsigned long long)map->size,
		     (unsigned long long)map->vaddr, access);
}

static int container_ioctl(struct model_file *file, unsigned long request, void *arg)
{
	struct model_container *container = to_container(file);

	switch (request) {
	case VFIO_GET_API_VERSION:
		return VFIO_API_VERSION;
	case VFIO_CHECK_EXTENSION:
		return check_extension(container, (uintptr_t)arg);
	case VFIO_SET_IOMMU:
		return set_iommu(container, (uintptr_t)arg);
	default:
		break;
	}
	/* The rest is the IOMMU's. */
	if (!container->iommu)
		return -EINVAL;
	if (holds_noiommu(container))
		return -ENOTTY;
	switch (request) {
	case VFIO_IOMMU_GET_INFO:
		return get_info(container, arg);
	case VFIO_IOMMU_MAP_DMA:
		map_detail(file->model, arg);
		return map_dma(container, arg);
	case VFIO_IOMMU_UNMAP_DMA:
		return unmap_dma(container, arg);
	default:
		return -ENOTTY;
	}
}

/* A group holds a reference, so none is in it any more. */
static void container_release(struct model_file *file)
{
	struct model_container *container = to_container(file);

	free(container->areas);
	free(container);
}

const struct model_file_ops model_container_ops = {
	.name = "container",
	.ioctl = container_ioctl,
	.release = container_release,
};

struct model_file *model_container_new(struct model *model)
{
	struct model_container *container = model_xalloc(sizeof(*container));

	model_file_init(model, &container->file, &model_container_ops, "");
	return &container->file;
}

bool model_container_covers(const struct model_file *file, uint64_t iova, uint64_t size)
{
	const struct model_container *container =
		container_of(file, const struct model_container, file);

	for (unsigned i = 0; i < container->area_count; i++)
		if (container->areas[i].iova == iova && container->areas[i].size == size)
			return true;
	return false;
}
