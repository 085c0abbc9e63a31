/* SPDX-License-Identifier: MIT */
/*
 * Address space: what sys->mmap() gave out, and what of it the guest can reach.
 *
 * The list of mappings is exact to the byte: MAP_FIXED replaces what is there, munmap() of a part splits. Mapping over
 * or unmapping what was not given out is a violation, because in a real process it destroys somebody else's memory.
 */
#include "model_private.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

static void add(struct model *model, uintptr_t start, size_t size, struct model_file *file)
{
	model->mappings = model_grow(model->mappings, model->mapping_count, &model->mapping_max,
				     sizeof(*model->mappings));
	model->mappings[model->mapping_count++] = (struct model_mapping){start, size, file};
	if (file) {
		model_file_get(file);
		file->mappings++;
	}
}

static void drop(struct model *model, unsigned index)
{
	struct model_file *file = model->mappings[index].file;

	model->mappings[index] = model->mappings[--model->mapping_count];
	if (file) {
		file->mappings--;
		model_file_put(file);
	}
}

/* Bytes of [start, start + size) that are given out. */
static size_t covered(const struct model *model, uintptr_t start, size_t size)
{
	size_t bytes = 0;

	for (unsigned i = 0; i < model->mapping_count; i++) {
		const struct model_mapping *map = &model->mappings[i];
		uintptr_t from = map->start > start ? map->start : start;
		uintptr_t to = map->start + map->size < start + size ? map->start + map->size
								     : start + size;

		if (from < to)
			bytes += to - from;
	}
	return bytes;
}

/* Forgets [start, start + size), splitting what sticks out. */
static void forget(struct model *model, uintptr_t start, size_t size)
{
	uintptr_t end = start + size;

	for (unsigned i = 0; i < model->mapping_count;) {
		struct model_mapping map = model->mappings[i];
		uintptr_t map_end = map.start + map.size;

		if (map_end <= start || map.start >= end) {
			i++;
			continue;
		}
		if (map.start < start)
			add(model, map.start, start - map.start, map.file);
		if (map_end > end)
			add(model, end, map_end - end, map.file);
		drop(model, i);
	}
}

int model_mem_map(struct model *model, struct model_file *file, void *hint, size_t size, int prot,
		  int flags, uint64_t offset, void **ret_addr)
{
	int real_fd = -1;
	uint64_t real_offset = 0;
	void *addr;
	int ret;

	if (size == 0 || size % MODEL_PAGE || offset % MODEL_PAGE)
		return -EINVAL;
	if (!file && !(flags & MAP_ANONYMOUS))
		return -EBADF;
	if (file) {
		if (!file->ops->mmap)
			return -ENODEV;
		ret = file->ops->mmap(file, offset, size, flags, &real_fd, &real_offset);
		if (ret)
			return ret;
	}
	if ((flags & MAP_FIXED) && covered(model, (uintptr_t)hint, size) != size) {
		model_violate(model, "mmap with MAP_FIXED over memory that is not the caller's");
		return -EINVAL;
	}
	addr = mmap(hint, size, prot, flags | MAP_NORESERVE, real_fd, (off_t)real_offset);
	if (addr == MAP_FAILED)
		return -errno;
	if (flags & MAP_FIXED)
		forget(model, (uintptr_t)addr, size);
	add(model, (uintptr_t)addr, size, file);
	*ret_addr = addr;
	return 0;
}

int model_mem_unmap(struct model *model, void *addr, size_t size)
{
	uintptr_t start = (uintptr_t)addr;

	if (start % MODEL_PAGE || size % MODEL_PAGE || size == 0 ||
	    covered(model, start, size) != size) {
		model_violate(model, "munmap of memory that is not mapped");
		return -EINVAL;
	}
	for (unsigned i = 0; i < model->seen_count; i++)
		if (model->seen[i].start < start + size &&
		    start < model->seen[i].start + model->seen[i].size)
			model_violate(model, "munmap of memory that the guest has");
	forget(model, start, size);
	return munmap(addr, size) ? -errno : 0;
}

static const struct model_device *device_at(const struct model *model, uintptr_t start, size_t size)
{
	for (unsigned i = 0; i < model->mapping_count; i++) {
		const struct model_mapping *map = &model->mappings[i];

		if (map->file && map->file->ops == &model_vfio_ops && map->start < start + size &&
		    start < map->start + map->size)
			return container_of(map->file, struct model_vfio_file, file)->device;
	}
	return NULL;
}

bool model_mem_is_device(const struct model *model, uint64_t addr, uint64_t size)
{
	return device_at(model, (uintptr_t)addr, (size_t)size) != NULL;
}

void model_guest_sees(struct model *model, const void *hva, size_t size, bool visible)
{
	uintptr_t start = (uintptr_t)hva;

	if (visible) {
		if (covered(model, start, size) != size)
			model_violate(model, "the guest was given memory that is not mapped");
		model->seen = model_grow(model->seen, model->seen_count, &model->seen_max,
					 sizeof(*model->seen));
		model->seen[model->seen_count++] = (struct model_mapping){start, size, NULL};
		return;
	}
	for (unsigned i = 0; i < model->seen_count; i++) {
		if (model->seen[i].start == start && model->seen[i].size == size) {
			model->seen[i] = model->seen[--model->seen_count];
			return;
		}
	}
	model_violate(model, "memory taken from the guest that it does not have");
}

bool model_guest_has(const struct model *model, const struct model_device *device)
{
	for (unsigned i = 0; i < model->seen_count; i++)
		if (device_at(model, model->seen[i].start, model->seen[i].size) == device)
			return true;
	return false;
}
