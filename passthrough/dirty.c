/* SPDX-License-Identifier: MIT */
/*
 * What devices have written: dirty tracking of a space.
 *
 * Bits are kept in the page tables of the devices' IOMMUs, in as many as their kinds need; a page is
 * dirty when one of them says so.
 *
 * Invariant: while it is on, no write of an attached device is missed. What cannot be tracked is not
 * attached, and a page table stays when its last device has left, since its bits may not have been
 * read. Both locks of the space are held to turn it on, so that no device comes meanwhile.
 */
#include <inttypes.h>

#include "refusal.h"

static int refuse_device(const struct pt_device *device, struct pt_error *err)
{
	const struct pt_host_device *host = &device->host;

	if (host->mediated) {
		pt_error_set(err, -EOPNOTSUPP,
			     "%s: what it writes cannot be tracked: a mediated device is behind no "
			     "IOMMU that could",
			     host->name);
		return pt_error_remedy(err, -EOPNOTSUPP, "leave %s out", host->name);
	}
	pt_error_set(err, -EOPNOTSUPP,
		     "%s: what it writes cannot be tracked: its IOMMU keeps no dirty bits",
		     host->name);
	return pt_error_remedy(
		err, -EOPNOTSUPP,
		"leave %s out; an Intel IOMMU that can (SSADS) has to be in scalable mode, with "
		"intel_iommu=on,sm_on on the host's command line",
		host->name);
}

static int refuse_backend(const struct pt_space *space, struct pt_error *err)
{
	if (space->setup.unsafe_noiommu)
		return pt_error_set(
			err, -EOPNOTSUPP,
			"%s: without an IOMMU nothing keeps track of what devices write",
			space->backend->node);
	pt_error_set(err, -EOPNOTSUPP,
		     "%s: a container cannot tell what devices write: it takes all memory that is "
		     "pinned for dirty",
		     space->backend->node);
	return pt_error_remedy(err, -EOPNOTSUPP, "reach the devices by their cdevs: backend=cdev");
}

static int start(struct pt_space *space, struct pt_error *err)
{
	int r;

	if (!space->backend->track_dirty || space->setup.unsafe_noiommu)
		return refuse_backend(space, err);
	if (space->tracks_dirty)
		return pt_error_set(err, -EALREADY,
				    "%s: what devices write is being tracked already",
				    space->backend->node);
	for (struct pt_device *device = space->devices; device; device = device->next)
		if (device->untracked)
			return refuse_device(device, err);
	r = space->backend->track_dirty(space, true);
	if (r < 0)
		return pt_refused_space(space, "keeping track of what devices write", r, err);
	space->tracks_dirty = true;
	return 0;
}

PT_PUBLIC int pt_space_dirty_start(struct pt_space *space, struct pt_error *err)
{
	int r;

	(void)pthread_mutex_lock(&space->lock);
	(void)pthread_mutex_lock(&space->map_lock);
	r = start(space, err);
	(void)pthread_mutex_unlock(&space->map_lock);
	(void)pthread_mutex_unlock(&space->lock);
	return r;
}

PT_PUBLIC void pt_space_dirty_stop(struct pt_space *space)
{
	(void)pthread_mutex_lock(&space->map_lock);
	if (space->tracks_dirty)
		(void)space->backend->track_dirty(space, false);
	space->tracks_dirty = false;
	(void)pthread_mutex_unlock(&space->map_lock);
}

int pt_dirty_admit(struct pt_device *device, struct pt_error *err)
{
	struct pt_space *space = device->space;
	bool tracks;

	(void)pthread_mutex_lock(&space->map_lock);
	tracks = space->tracks_dirty;
	(void)pthread_mutex_unlock(&space->map_lock);
	return tracks ? refuse_device(device, err) : 0;
}

/* The end of what is mapped from @iova on: @iova itself when that is not. */
static uint64_t mapped_until(const struct pt_space *space, uint64_t iova, uint64_t end)
{
	bool more = true;

	while (more && iova < end) {
		more = false;
		for (size_t i = 0; i < space->mapping_count; i++) {
			const struct pt_mapping *m = &space->mappings[i];

			if (m->bar || iova < m->iova || iova - m->iova >= m->size)
				continue;
			iova = m->iova + m->size;
			more = true;
		}
	}
	return iova;
}

static int read_dirty(struct pt_space *space, uint64_t iova, uint64_t size, uint64_t page_size,
		      uint64_t *bitmap, struct pt_error *err)
{
	uint64_t mapped = mapped_until(space, iova, iova + size);
	int r;

	if (!space->tracks_dirty)
		return pt_error_set(err, -EBADFD,
				    "IOVA 0x%" PRIx64 "-0x%" PRIx64
				    ": what devices write is not being tracked",
				    iova, iova + size - 1);
	if (mapped < iova + size)
		return pt_error_set(err, -ENOENT,
				    "IOVA 0x%" PRIx64 "-0x%" PRIx64 ": 0x%" PRIx64
				    " is not mapped, so nothing writes there",
				    iova, iova + size - 1, mapped);
	r = space->backend->read_dirty(space, iova, size, page_size, bitmap);
	if (r < 0) {
		(void)pt_refused_space(space, "reading what devices wrote", r, err);
		return pt_error_prefix(err, r, "IOVA 0x%" PRIx64 "-0x%" PRIx64, iova,
				       iova + size - 1);
	}
	return 0;
}

PT_PUBLIC int pt_space_dirty_read(struct pt_space *space, uint64_t iova, uint64_t size,
				  uint64_t page_size, uint64_t *bitmap, struct pt_error *err)
{
	int r = pt_range_check(iova, size, err);

	if (r < 0)
		return r;
	if (page_size < PT_PAGE_SIZE || (page_size & (page_size - 1)) ||
	    !pt_aligned(iova | size, page_size))
		return pt_error_set(err, -EINVAL,
				    "IOVA 0x%" PRIx64 ", 0x%" PRIx64
				    " bytes: not whole pages of 0x%" PRIx64 " bytes",
				    iova, size, page_size);
	(void)pthread_mutex_lock(&space->map_lock);
	r = read_dirty(space, iova, size, page_size, bitmap, err);
	(void)pthread_mutex_unlock(&space->map_lock);
	return r;
}
