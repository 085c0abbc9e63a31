/* SPDX-License-Identifier: MIT */
/*
 * struct pt_space: the list of what devices can reach.
 *
 * Invariant: the list holds exactly what the kernel was told and has not been untold. An entry's
 * place is reserved before the kernel maps, so that nothing can fail after it; an entry leaves the
 * list only when the kernel has unmapped it. The lock is held from the look at the list to its
 * change, the kernel's call included.
 */
#include <inttypes.h>

#include "refusal.h"

#define RANGES_SHOWN 64

static const struct pt_backend *const backends[] = {
	[PT_BACKEND_CDEV] = &pt_cdev_backend,
	[PT_BACKEND_GROUP] = &pt_group_backend,
};

static int space_open(const struct pt_sys *sys, const struct pt_space_setup *setup, int fd,
		      struct pt_space **ret_space, struct pt_error *err)
{
	const struct pt_backend *backend = backends[setup ? setup->backend : PT_BACKEND_CDEV];
	struct pt_space *space = pt_alloc(sys, sizeof(*space));
	int r;

	if (!space)
		return pt_no_memory(err, backend->node);
	space->sys = sys;
	space->backend = backend;
	if (setup)
		space->setup = *setup;
	space->fd = -1;
	r = pthread_mutex_init(&space->map_lock, NULL);
	if (r != 0) {
		pt_free(sys, space);
		return pt_error_set(err, -r, "%s: a lock for it: %s", backend->node, strerror(r));
	}
	r = space->backend->space_open(space, fd, err);
	if (r < 0) {
		(void)pthread_mutex_destroy(&space->map_lock);
		pt_free(sys, space);
		return r;
	}
	(void)pthread_mutex_init(&space->lock, NULL);
	*ret_space = space;
	return 0;
}

PT_PUBLIC int pt_space_open(const struct pt_sys *sys, const struct pt_space_setup *setup,
			    struct pt_space **ret_space, struct pt_error *err)
{
	return space_open(sys, setup, -1, ret_space, err);
}

PT_PUBLIC int pt_space_open_fd(const struct pt_sys *sys, const struct pt_space_setup *setup, int fd,
			       struct pt_space **ret_space, struct pt_error *err)
{
	if (fd < 0)
		return pt_error_set(err, -EBADF, "descriptor %d: not a descriptor", fd);
	return space_open(sys, setup, fd, ret_space, err);
}

PT_PUBLIC void pt_space_close(struct pt_space *space)
{
	if (!space)
		return;
	pt_space_dirty_stop(space);
	while (space->mapping_count > 0) {
		const struct pt_mapping *m = &space->mappings[--space->mapping_count];

		(void)space->backend->unmap(space, m->iova, m->size);
	}
	space->backend->space_close(space);
	(void)pthread_mutex_destroy(&space->lock);
	(void)pthread_mutex_destroy(&space->map_lock);
	pt_free(space->sys, space->mappings);
	pt_free(space->sys, space->allowed);
	pt_free(space->sys, space);
}

static int reserve_entry(struct pt_space *space)
{
	size_t max = space->mapping_max ? space->mapping_max * 2 : 8;
	struct pt_mapping *mappings;

	if (space->mapping_count < space->mapping_max)
		return 0;
	mappings = pt_alloc(space->sys, max * sizeof(*mappings));
	if (!mappings)
		return -ENOMEM;
	if (space->mapping_count > 0)
		memcpy(mappings, space->mappings, space->mapping_count * sizeof(*mappings));
	pt_free(space->sys, space->mappings);
	space->mappings = mappings;
	space->mapping_max = max;
	return 0;
}

int pt_range_check(uint64_t iova, uint64_t size, struct pt_error *err)
{
	uint64_t end;

	if (size == 0 || !pt_aligned(iova, PT_PAGE_SIZE) || !pt_aligned(size, PT_PAGE_SIZE))
		return pt_error_set(err, -EINVAL,
				    "IOVA 0x%" PRIx64 ", 0x%" PRIx64 " bytes: not whole pages",
				    iova, size);
	if (pt_add_overflow(iova, size, &end))
		return pt_error_set(err, -EOVERFLOW,
				    "IOVA 0x%" PRIx64 ", 0x%" PRIx64 " bytes: ends beyond 64 bits",
				    iova, size);
	return 0;
}

/* A place in the list for a range that meets none there. */
static int make_place(struct pt_space *space, uint64_t iova, uint64_t size, struct pt_error *err)
{
	for (size_t i = 0; i < space->mapping_count; i++) {
		const struct pt_mapping *m = &space->mappings[i];

		if (pt_overlaps(iova, size, m->iova, m->size))
			return pt_error_set(err, -EEXIST,
					    "IOVA 0x%" PRIx64 "-0x%" PRIx64 ": overlaps 0x%" PRIx64
					    "-0x%" PRIx64 ", which is mapped",
					    iova, iova + size - 1, m->iova, m->iova + m->size - 1);
	}
	return reserve_entry(space) < 0 ? pt_no_memory(err, space->backend->node) : 0;
}

PT_PUBLIC int pt_space_map(struct pt_space *space, uint64_t iova, uint64_t size,
			   const struct pt_memory *memory, unsigned access, struct pt_error *err)
{
	const struct pt_mapping wanted = {
		.iova = iova,
		.size = size,
		.hva = memory->hva,
		.access = access,
	};
	bool by_file = false;
	int r = pt_range_check(iova, size, err), mapped = 0;

	if (r < 0)
		return r;
	if (space->setup.unsafe_noiommu)
		return pt_error_set(err, -EOPNOTSUPP,
				    "IOVA 0x%" PRIx64 "-0x%" PRIx64
				    ": nothing is mapped for devices without an IOMMU",
				    iova, iova + size - 1);
	if ((access & ~(PT_MAP_READ | PT_MAP_WRITE)) || access == 0)
		return pt_error_set(err, -EINVAL, "IOVA 0x%" PRIx64 ": access %#x is none", iova,
				    access);
	(void)pthread_mutex_lock(&space->map_lock);
	r = make_place(space, iova, size, err);
	if (r == 0)
		mapped = space->backend->map(space, iova, size, memory, access, &by_file);
	if (r == 0 && mapped >= 0) {
		space->mappings[space->mapping_count++] = wanted;
		space->stats.maps++;
		space->stats.by_file += by_file;
		space->stats.bytes += size;
	}
	(void)pthread_mutex_unlock(&space->map_lock);
	return mapped < 0 ? pt_refused_map(space, &wanted, mapped, err) : r;
}

int pt_space_map_bar(struct pt_device *device, unsigned region, const struct pt_area *area,
		     void *hva, uint64_t iova, struct pt_error *err)
{
	const struct pt_mapping wanted = {
		.iova = iova,
		.size = area->size,
		.hva = hva,
		.access = PT_MAP_READ | PT_MAP_WRITE,
		.bar = true,
	};
	struct pt_space *space = device->space;
	int r = pt_range_check(iova, area->size, err), mapped = 0;

	if (r < 0)
		return r;
	(void)pthread_mutex_lock(&space->map_lock);
	r = make_place(space, iova, area->size, err);
	if (r == 0)
		mapped = space->backend->map_bar(device, region, area, hva, iova);
	if (r == 0 && mapped >= 0) {
		space->mappings[space->mapping_count++] = wanted;
		space->stats.bars++;
	}
	(void)pthread_mutex_unlock(&space->map_lock);
	return mapped < 0 ? pt_refused_map(space, &wanted, mapped, err) : r;
}

/* @bar: a device's, not memory. */
static struct pt_mapping *find(struct pt_space *space, uint64_t iova, uint64_t size, bool bar)
{
	for (size_t i = 0; i < space->mapping_count; i++) {
		struct pt_mapping *m = &space->mappings[i];

		if (m->iova == iova && m->size == size && m->bar == bar)
			return m;
	}
	return NULL;
}

static int unmap(struct pt_space *space, uint64_t iova, uint64_t size, bool bar,
		 struct pt_error *err)
{
	struct pt_mapping *mapping;
	int r = 0;

	(void)pthread_mutex_lock(&space->map_lock);
	mapping = find(space, iova, size, bar);
	if (mapping)
		r = space->backend->unmap(space, iova, size);
	if (mapping && r == 0) {
		*mapping = space->mappings[--space->mapping_count];
		space->stats.unmaps += !bar;
		space->stats.bytes -= bar ? 0 : size;
		space->stats.bars -= bar;
	}
	(void)pthread_mutex_unlock(&space->map_lock);
	if (!mapping)
		return pt_error_set(err, -ENOENT,
				    "IOVA 0x%" PRIx64 ", 0x%" PRIx64 " bytes: not a mapping", iova,
				    size);
	return r < 0 ? pt_refused_unmap(space, iova, size, r, err) : 0;
}

PT_PUBLIC int pt_space_unmap(struct pt_space *space, uint64_t iova, uint64_t size,
			     struct pt_error *err)
{
	return unmap(space, iova, size, false, err);
}

int pt_space_unmap_bar(struct pt_space *space, uint64_t iova, uint64_t size, struct pt_error *err)
{
	return unmap(space, iova, size, true, err);
}

bool pt_space_first_without_peers(struct pt_space *space)
{
	bool first;

	(void)pthread_mutex_lock(&space->map_lock);
	first = !space->without_peers;
	space->without_peers = true;
	(void)pthread_mutex_unlock(&space->map_lock);
	return first;
}

PT_PUBLIC int pt_space_ranges(struct pt_space *space, struct pt_iova_range *ranges, size_t max,
			      size_t *ret_count, struct pt_error *err)
{
	int r = space->backend->ranges(space, ranges, max, ret_count);

	return r < 0 ? pt_refused_space(space, "reading the usable IOVA ranges", r, err) : 0;
}

PT_PUBLIC int pt_space_check(struct pt_space *space, uint64_t iova, uint64_t size,
			     struct pt_error *err)
{
	struct pt_iova_range ranges[RANGES_SHOWN];
	char text[PT_ERROR_MESSAGE_SIZE / 2] = "";
	size_t count = 0, used = 0;
	int r = pt_range_check(iova, size, err);

	if (r == 0)
		r = pt_space_ranges(space, ranges, RANGES_SHOWN, &count, err);
	if (r < 0)
		return r;
	for (size_t i = 0; i < count && i < RANGES_SHOWN; i++) {
		if (iova >= ranges[i].first && iova + (size - 1) <= ranges[i].last)
			return 0;
		if (used < sizeof(text))
			used += (size_t)snprintf(text + used, sizeof(text) - used,
						 "%s0x%" PRIx64 "-0x%" PRIx64, i > 0 ? ", " : "",
						 ranges[i].first, ranges[i].last);
	}
	return pt_error_set(err, -EADDRNOTAVAIL,
			    "IOVA 0x%" PRIx64 "-0x%" PRIx64
			    ": not within what the devices' IOMMU can address: %s",
			    iova, iova + size - 1, text);
}

PT_PUBLIC struct pt_space_stats pt_space_stats(struct pt_space *space)
{
	struct pt_space_stats stats;

	(void)pthread_mutex_lock(&space->map_lock);
	stats = space->stats;
	(void)pthread_mutex_unlock(&space->map_lock);
	return stats;
}

int pt_kvm_file_add(const struct pt_space *space, int fd, const char *name, struct pt_error *err)
{
	int r;

	if (!space->setup.kvm)
		return 0;
	r = space->setup.kvm->file_add(space->setup.kvm_ctx, fd, err);
	return r < 0 ? pt_error_prefix(err, r, "%s", name) : 0;
}

void pt_kvm_file_del(const struct pt_space *space, int fd)
{
	if (space->setup.kvm)
		space->setup.kvm->file_del(space->setup.kvm_ctx, fd);
}

struct pt_device *pt_space_device(const struct pt_space *space, const char *name)
{
	struct pt_device *device = space->devices;

	while (device && strcmp(device->host.name, name))
		device = device->next;
	return device;
}

PT_PUBLIC enum pt_backend_kind pt_space_backend(const struct pt_space *space)
{
	return space->setup.backend;
}

PT_PUBLIC int pt_space_fd(const struct pt_space *space)
{
	return space->fd;
}
