/* SPDX-License-Identifier: MIT */
/*
 * Which page table of the space a device is attached to.
 *
 * iommufd attaches a device to an IOAS by picking or making an HWPT that the device's IOMMU can use:
 * one for each kind of IOMMU that the guest's devices have. An HWPT with dirty tracking is not made
 * that way. Where a device's IOMMU has it, the HWPT is made here, and the list that the kernel would
 * have gone through is gone through here: an HWPT of the space's that says EINVAL is another IOMMU's.
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

static int attach(struct pt_device *device)
{
	struct pt_space *space = device->space;

	if (!tracks_dirty(device))
		return vfio_attach(device->sys, device->fd, space->ioas_id);
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

static void detach(struct pt_device *device)
{
	struct pt_hwpt **link = &device->space->hwpts;
	struct pt_hwpt *hwpt = device->hwpt;

	(void)vfio_detach(device->sys, device->fd);
	device->hwpt = NULL;
	if (!hwpt || --hwpt->users > 0)
		return;
	while (*link != hwpt)
		link = &(*link)->next;
	*link = hwpt->next;
	destroy(device->space, hwpt);
}

void cdev_hwpt_detach(struct pt_device *device)
{
	struct pt_space *space = device->space;

	(void)pthread_mutex_lock(&space->map_lock);
	detach(device);
	(void)pthread_mutex_unlock(&space->map_lock);
}
