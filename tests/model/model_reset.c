/* SPDX-License-Identifier: MIT */
/*
 * Resets: a function's own, and that of its bus. A bus is the functions whose BDF has the same domain and bus number;
 * bus 0 is a root bus and cannot be reset. Functions bound to vfio-pci are known to VFIO (its dev_set); a bus reset needs
 * all of them known, and owned by the iommufd of the caller. Config space is saved before a reset and restored after it.
 */
#include "model_group.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define PCI_COMMAND	   0x04
#define PCI_COMMAND_MASTER 0x0004
#define PM_CONTROL	   4

/* Whoever was not let to write COMMAND cannot be blamed for what it is. */
static bool masters(const struct model_device *device)
{
	const struct model_fault *fault = &device->model->fault;

	return (device->private->config[PCI_COMMAND] & PCI_COMMAND_MASTER) && !device->dead &&
	       !(fault->fired && !strncmp(fault->where, "pwrite", 6));
}

static void check_quiet(struct model_device *device)
{
	if (masters(device))
		model_violate(device->model, "%s is reset with bus mastering on", device->pci.bdf);
	if (model_guest_has(device->model, device))
		model_violate(device->model, "%s is reset with BARs in the guest", device->pci.bdf);
}

static void was_reset(struct model_device *device, bool by_bus)
{
	enum model_after_reset after =
		by_bus && device->bus_wakes ? MODEL_WORKS : device->after_reset;

	device->power_state = 0;
	model_region_reset(device);
	if (after == MODEL_DIES)
		device->dead = true;
	if (after != MODEL_SLEEPS || !device->private->pm)
		return;
	device->power_state = 3;
	device->private->config[device->private->pm + PM_CONTROL] |= 3;
}

int model_reset_function(struct model_device *device)
{
	if (device->no_reset)
		return -EINVAL;
	check_quiet(device);
	if (device->reset_eagain > 0) {
		device->reset_eagain--;
		return -EAGAIN;
	}
	if (device->reset_error || device->dead)
		return device->reset_error ? device->reset_error : -ENOTTY;
	device->resets++;
	was_reset(device, false);
	return 0;
}

/* "0000:02:" is the bus of 0000:02:00.0. */
static bool same_bus(const struct model_device *a, const struct model_device *b)
{
	return !strncmp(a->pci.bdf, b->pci.bdf, strlen("0000:02:"));
}

static bool resettable(const struct model_device *device)
{
	return strncmp(device->pci.bdf + strlen("0000:"), "00:", 3) != 0 && !device->no_bus_reset;
}

static bool known(const struct model_device *device)
{
	return device->pci.driver && !strcmp(device->pci.driver, "vfio-pci");
}

/* vfio_iommufd_get_dev_id(): an id, 0 for owned by way of its IOMMU group, -1 for neither. */
static int devid(const struct model_device *device, struct model_file *iommufd)
{
	const struct model *model = device->model;
	uint32_t id = known(device) ? model_iommufd_devid(iommufd, device) : 0;

	if (id > 0)
		return (int)id;
	for (unsigned i = 0; known(device) && i < model->device_count; i++)
		if (model->devices[i]->pci.group == device->pci.group &&
		    model_iommufd_devid(iommufd, model->devices[i]) > 0)
			return VFIO_PCI_DEVID_OWNED;
	return VFIO_PCI_DEVID_NOT_OWNED;
}

/* A device that is open by its group: the group's number. */
static int group_or_devid(const struct model_vfio_file *vfio, const struct model_device *device)
{
	return vfio->group ? device->pci.group : devid(device, vfio->iommufd);
}

static void describe(const struct model_device *device, int id,
		     struct vfio_pci_dependent_device *ret_entry)
{
	unsigned segment, bus, slot, function;

	if (sscanf(device->pci.bdf, "%x:%x:%x.%x", &segment, &bus, &slot, &function) != 4)
		abort();
	ret_entry->devid = (uint32_t)id;
	ret_entry->segment = (uint16_t)segment;
	ret_entry->bus = (uint8_t)bus;
	ret_entry->devfn = (uint8_t)(slot << 3 | function);
}

int model_hot_reset_info(struct model_vfio_file *vfio, struct vfio_pci_hot_reset_info *info)
{
	const struct model *model = vfio->file.model;
	unsigned count = 0, room;

	if (info->argsz < sizeof(*info))
		return -EINVAL;
	info->flags = 0;
	if (!resettable(vfio->device))
		return -ENODEV;
	for (unsigned i = 0; i < model->device_count; i++)
		count += same_bus(model->devices[i], vfio->device);
	info->count = count;
	room = (unsigned)((info->argsz - sizeof(*info)) / sizeof(info->devices[0]));
	if (count > room)
		return -ENOSPC;
	count = 0;
	if (!vfio->group)
		info->flags = VFIO_PCI_HOT_RESET_FLAG_DEV_ID | VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;
	for (unsigned i = 0; i < model->device_count; i++) {
		int id;

		if (!same_bus(model->devices[i], vfio->device))
			continue;
		id = group_or_devid(vfio, model->devices[i]);
		if (vfio->group && id < 0)
			return -EPERM;
		if (id == VFIO_PCI_DEVID_NOT_OWNED)
			info->flags &= ~(uint32_t)VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED;
		describe(model->devices[i], id, &info->devices[count++]);
	}
	return 0;
}

/* Whether one of the descriptors is of the group that the function is in. */
static bool in_groups(const struct model_device *device, const struct vfio_pci_hot_reset *reset)
{
	const struct model_group *group = model_group_find(device->model, device->pci.group);

	for (unsigned i = 0; known(device) && i < reset->count; i++)
		if (group && group->opened &&
		    group->opened == model_fd_file(device->model, reset->group_fds[i]))
			return true;
	return false;
}

static int check_groups(const struct model *model, const struct vfio_pci_hot_reset *reset,
			unsigned functions)
{
	if (reset->count > functions ||
	    reset->argsz < sizeof(*reset) + reset->count * sizeof(reset->group_fds[0]))
		return -EINVAL;
	for (unsigned i = 0; i < reset->count; i++) {
		const struct model_file *file = model_fd_file(model, reset->group_fds[i]);

		if (!file)
			return -EBADF;
		if (file->ops != &model_group_ops)
			return -EINVAL;
	}
	return 0;
}

static int may_reset(const struct model_vfio_file *vfio, const struct vfio_pci_hot_reset *reset)
{
	const struct model *model = vfio->file.model;
	unsigned functions = 0;

	for (unsigned i = 0; i < model->device_count; i++) {
		const struct model_device *device = model->devices[i];

		if (!same_bus(device, vfio->device))
			continue;
		functions++;
		if (vfio->group ? !in_groups(device, reset)
				: devid(device, vfio->iommufd) == VFIO_PCI_DEVID_NOT_OWNED)
			return -EINVAL;
	}
	return vfio->group ? check_groups(model, reset, functions) : 0;
}

int model_hot_reset(struct model_vfio_file *vfio, const struct vfio_pci_hot_reset *reset)
{
	struct model *model = vfio->file.model;
	struct model_device *device = vfio->device;
	int ret;

	if (reset->argsz < sizeof(*reset) || reset->flags || (reset->count != 0) != !!vfio->group)
		return -EINVAL;
	if (!resettable(device))
		return -ENODEV;
	ret = may_reset(vfio, reset);
	if (ret)
		return ret;
	if (device->bus_reset_busy > 0) {
		device->bus_reset_busy--;
		return -EBUSY;
	}
	if (device->bus_reset_error || device->dead)
		return device->bus_reset_error ? device->bus_reset_error : -ENOTTY;
	for (unsigned i = 0; i < model->device_count; i++) {
		if (!same_bus(model->devices[i], device))
			continue;
		check_quiet(model->devices[i]);
		model->devices[i]->bus_resets++;
		was_reset(model->devices[i], true);
	}
	return 0;
}
