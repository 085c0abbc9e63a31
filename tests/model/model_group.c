/* SPDX-License-Identifier: MIT */
/*
 * /dev/vfio/GROUP. A node is opened once; while it is, no function of the group can be bound by its cdev, and the reverse.
 * The group's file lives as long as a device that was opened by it. Checks in the order of Linux 6.12's group.c.
 */
#include "model_group.h"

#include <errno.h>
#include <linux/vfio.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

struct group_file {
	struct model_file file;
	struct model_group *group;
};

static struct model_group *group_of(const struct model_file *file)
{
	return container_of(file, const struct group_file, file)->group;
}

struct model_group *model_group_find(const struct model *model, int number)
{
	struct model_group *group = model->groups;

	while (group && group->number != number)
		group = group->next;
	return group;
}

/* Minor numbers are given in the order in which groups appear. */
unsigned model_group_add(struct model *model, int number)
{
	struct model_group *group = model_group_find(model, number);
	unsigned minor = model->groups ? model->groups->minor + 1 : 0;

	if (group)
		return group->minor;
	group = model_xalloc(sizeof(*group));
	group->number = number;
	group->minor = minor;
	group->next = model->groups;
	model->groups = group;
	return minor;
}

void model_groups_done(struct model *model)
{
	while (model->groups) {
		struct model_group *group = model->groups;

		model->groups = group->next;
		free(group);
	}
}

bool model_group_is_open(const struct model_device *device)
{
	const struct model_group *group = model_group_find(device->model, device->pci.group);

	return device->group_open || (group && group->opened);
}

/* Whether a function of the group is bound by its cdev, here or in another process, or somebody has the node. */
static bool busy(const struct model *model, const struct model_group *group)
{
	for (unsigned i = 0; i < model->device_count; i++) {
		const struct model_device *device = model->devices[i];

		if (model_group_has(group, device) &&
		    (device->held || device->group_open || device->bound))
			return true;
	}
	return group->opened;
}

int model_group_open(struct model *model, unsigned minor, struct model_file **ret_file)
{
	struct model_group *group = model->groups;
	struct group_file *opened;
	char label[16];
	bool driven = false;

	while (group && group->minor != minor)
		group = group->next;
	for (unsigned i = 0; group && i < model->device_count; i++)
		driven |= model_group_has(group, model->devices[i]) &&
			  !model->devices[i]->unregistered;
	if (!driven)
		return -ENODEV;
	if (busy(model, group))
		return -EBUSY;
	if (model_group_is_noiommu(model, group) && model->host.no_rawio)
		return -EPERM;
	opened = model_xalloc(sizeof(*opened));
	snprintf(label, sizeof(label), "%d", group->number);
	model_file_init(model, &opened->file, &model_group_ops, label);
	opened->group = group;
	group->opened = &opened->file;
	*ret_file = &opened->file;
	return 0;
}

bool model_group_claimable(const struct model *model, const struct model_group *group)
{
	for (unsigned i = 0; i < model->device_count; i++) {
		const struct model_device *device = model->devices[i];
		const char *driver = device->pci.driver;

		if (!model_group_has(group, device))
			continue;
		if (device->foreign_owner)
			return false;
		if (driver && strcmp(driver, "vfio-pci") && strcmp(driver, "pcieport") &&
		    strcmp(driver, "pci-stub"))
			return false;
	}
	return true;
}

bool model_group_isolated(const struct model *model, const struct model_group *group)
{
	for (unsigned i = 0; i < model->device_count; i++)
		if (model_group_has(group, model->devices[i]) &&
		    model->devices[i]->unsafe_interrupts)
			return false;
	return true;
}

bool model_group_is_noiommu(const struct model *model, const struct model_group *group)
{
	for (unsigned i = 0; i < model->device_count; i++)
		if (model_group_has(group, model->devices[i]) &&
		    model->devices[i]->private->noiommu)
			return true;
	return false;
}

bool model_group_serves(const struct model_file *file)
{
	return file->ops == &model_group_ops && group_of(file)->users > 0;
}

static int get_status(const struct model *model, const struct model_group *group,
		      struct vfio_group_status *status)
{
	if (status->argsz < sizeof(*status))
		return -EINVAL;
	status->flags = 0;
	if (group->container)
		status->flags = VFIO_GROUP_FLAGS_CONTAINER_SET | VFIO_GROUP_FLAGS_VIABLE;
	else if (model_group_claimable(model, group))
		status->flags = VFIO_GROUP_FLAGS_VIABLE;
	return 0;
}

static int set_container(struct model *model, struct model_group *group, const int *fd)
{
	struct model_file *file = model_fd_file(model, *fd);
	struct model_container *container;

	if (!file)
		return -EBADF;
	if (group->container)
		return -EINVAL;
	container = model_container_of(file);
	if (!container)
		return -EBADFD;
	if (!model_group_claimable(model, group))
		return -EPERM;
	return model_container_attach(container, group);
}

static int unset_container(struct model_group *group)
{
	if (!group->container)
		return -EINVAL;
	if (group->users > 0)
		return -EBUSY;
	model_container_detach(group->container, group);
	return 0;
}

/* "0000:02:00.0", or "0000:02:00.0 vf_token=UUID". */
static int match(const struct model_device *device, const char *name)
{
	size_t size = strlen(device->pci.bdf);
	const char *token = NULL;

	if (strncmp(name, device->pci.bdf, size) || (name[size] && name[size] != ' '))
		return 0;
	if (name[size]) {
		if (strncmp(name + size, " vf_token=", 10) || strlen(name + size + 10) != 36)
			return -EINVAL;
		token = name + size + 10;
	}
	if (token && !device->vf_token)
		return -EINVAL;
	if (device->vf_token && (!token || strcmp(token, device->vf_token)))
		return -EACCES;
	return 1;
}

static int get_device_fd(struct model *model, struct model_group *group, const char *name)
{
	struct model_file *file;
	int ret;

	for (unsigned i = 0; i < model->device_count; i++) {
		struct model_device *device = model->devices[i];

		if (!model_group_has(group, device) || !device->pci.driver ||
		    strcmp(device->pci.driver, "vfio-pci") || device->unregistered)
			continue;
		ret = match(device, name);
		if (ret == 0)
			continue;
		if (ret < 0)
			return ret;
		if (!group->container || !model_container_has_iommu(group->container))
			return -EINVAL;
		ret = model_vfio_open_by_group(device, group->opened, &group->users, &file);
		return ret ? ret : model_fd_new(model, file);
	}
	return -ENODEV;
}

static int group_ioctl(struct model_file *file, unsigned long request, void *arg)
{
	struct model_group *group = group_of(file);

	switch (request) {
	case VFIO_GROUP_GET_STATUS:
		return get_status(file->model, group, arg);
	case VFIO_GROUP_SET_CONTAINER:
		return set_container(file->model, group, arg);
	case VFIO_GROUP_UNSET_CONTAINER:
		return unset_container(group);
	case VFIO_GROUP_GET_DEVICE_FD:
		model_detail(file->model, "\"%s\"", (const char *)arg);
		return get_device_fd(file->model, group, arg);
	default:
		return -ENOTTY;
	}
}

static void group_release(struct model_file *file)
{
	struct model_group *group = group_of(file);

	if (group->container)
		model_container_detach(group->container, group);
	group->opened = NULL;
	free(container_of(file, struct group_file, file));
}

const struct model_file_ops model_group_ops = {
	.name = "group",
	.ioctl = group_ioctl,
	.release = group_release,
};
