/* SPDX-License-Identifier: MIT */
/*
 * Which page table of the space a device is attached to.
 *
 * iommufd attaches a device to an IOAS by picking or making an HWPT that the device's IOMMU can use:
 * one for each kind of IOMMU that the guest's devices have. An HWPT with dirty tracking is not made
 * that way. Where a device's IOMMU has it, the HWPT is made here, and the list that the kernel would
 * have gone through is gone through here: an HWPT of the space's that says EINVAL is another IOMMU's.
 *
 * While dirty pages are tracked, all HWPTs of the list do it, and no device is attached to another.
 */
#include "cdev_hwpt.h"

#include "iommufd_ioctl.h"
#include "vfio_ioctl.h"

struct pt_hwpt {
	uint32_t id;
	unsigned users; /* devices attached to it */
	struct pt_hwpt *next;
};

/* A mediated device has no IOMMU to ask of (ENOENT), and an IOMMU that does not answer has no
 * capability that could be used. */
static bool tracks_dirty(const struct pt_device *device)
{
	bool dirty;

	return iommufd_hw_dirty(device->sys, device->space->fd, device->devid, &dirty) == 0 &&
	       dirty;
}

static void destroy(struct pt_space *space, struct pt_hwpt *hwpt)
{
	(void)iommufd_destroy(space->sys, space->fd, hwpt->id);
	pt_free(space->sys, hwpt);
}

static int attach_new(struct pt_device *device)
{
	struct pt_space *space = device->space;
	struct pt_hwpt *hwpt = pt_alloc(space->sys, sizeof(*hwpt));
	int r;

	if (!hwpt)
		return -ENOMEM;
	r = iommufd_hwpt_alloc(space->sys, space->fd, device->devid, space->ioas_id, &hwpt->id);
	if (r < 0) {
		pt_free(space->sys, hwpt);
		return r;
	}
	if (space->tracks_dirty)
		r = iommufd_hwpt_track_dirty(space->sys, space->fd, hwpt->id, true);
	if (r == 0)
		r = vfio_attach(device->sys, device->fd, hwpt->id);
	if (r < 0) {
		destroy(space, hwpt);
		return r;
	}
	hwpt->users = 1;
	hwpt->next = space->hwpts;
	space->hwpts = hwpt;
	device->hwpt = hwpt;
	return 0;
}

static int attach_untracked(struct pt_device *device)
{
	int r;

	if (device->space->tracks_dirty)
		return -EOPNOTSUPP;
	r = vfio_attach(device->sys, device->fd, device->space->ioas_id);
	device->untracked = r == 0;
	return r;
}

static int attach(struct pt_device *device)
{
	struct pt_space *space = device->space;

	if (!tracks_dirty(device))
		return attach_untracked(device);
	for (struct pt_hwpt *hwpt = space->hwpts; hwpt; hwpt = hwpt->next) {
		int r = vfio_attach(device->sys, device->fd, hwpt->id);

		if (r == -EINVAL)
			continue;
		if (r < 0)
			return r;
		hwpt->users++;
		device->hwpt = hwpt;
		return 0;
	}
	return attach_new(device);
}

int cdev_hwpt_attach(struct pt_device *device)
{
	struct pt_space *space = device->space;
	int r;

	(void)pthread_mutex_lock(&space->map_lock);
	r = attach(device);
	(void)pthread_mutex_unlock(&space->map_lock);
	return r;
}

static void destroy_unused(struct pt_space *space)
{
	struct pt_hwpt **link = &space->hwpts, *hwpt;

	while ((hwpt = *link)) {
		if (hwpt->users > 0) {
			link = &hwpt->next;
			continue;
		}
		*link = hwpt->next;
		destroy(space, hwpt);
	}
}

static void detach(struct pt_device *device)
{
	(void)vfio_detach(device->sys, device->fd);
	if (device->hwpt)
		device->hwpt->users--;
	device->hwpt = NULL;
	device->untracked = false;
	if (!device->space->tracks_dirty)
		destroy_unused(device->space);
}

void cdev_hwpt_detach(struct pt_device *device)
{
	struct pt_space *space = device->space;

	(void)pthread_mutex_lock(&space->map_lock);
	detach(device);
	(void)pthread_mutex_unlock(&space->map_lock);
}

static int track(struct pt_space *space, const struct pt_hwpt *hwpt, bool on)
{
	return iommufd_hwpt_track_dirty(space->sys, space->fd, hwpt->id, on);
}

int cdev_hwpt_track_dirty(struct pt_space *space, bool on)
{
	for (struct pt_hwpt *hwpt = space->hwpts; hwpt; hwpt = hwpt->next) {
		int r = track(space, hwpt, on);

		if (r == 0 || !on)
			continue;
		for (struct pt_hwpt *undo = space->hwpts; undo != hwpt; undo = undo->next)
			(void)track(space, undo, false);
		return r;
	}
	if (!on)
		destroy_unused(space);
	return 0;
}

int cdev_hwpt_read_dirty(struct pt_space *space, uint64_t iova, uint64_t size, uint64_t page_size,
			 uint64_t *bitmap)
{
	for (const struct pt_hwpt *hwpt = space->hwpts; hwpt; hwpt = hwpt->next) {
		int r = iommufd_hwpt_read_dirty(space->sys, space->fd, hwpt->id, iova, size,
						page_size, bitmap);

		if (r < 0)
			return r;
	}
	return 0;
}
