/* SPDX-License-Identifier: MIT */
#include "group.h"

#include <fcntl.h>

#include "container_ioctl.h"
#include "refusal.h"
#include "sysfs.h"

void pt_group_node(const struct pt_host_device *host, char *ret_path, size_t size)
{
	(void)snprintf(ret_path, size, PT_GROUP_NODES "%s%d",
		       host->noiommu ? PT_NOIOMMU_PREFIX : "", host->group);
}

static struct pt_group *find(const struct pt_space *space, int number)
{
	struct pt_group *group = space->groups;

	while (group && group->number != number)
		group = group->next;
	return group;
}

int pt_group_fd(const struct pt_space *space, int number)
{
	const struct pt_group *group = find(space, number);

	return group ? group->fd : -1;
}

/* Opening. */

static int open_node(struct pt_device *device, const char *node, int *ret_fd, struct pt_error *err)
{
	int fd = device->sys->open(device->sys->ctx, node, O_RDWR);

	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	return group_refused_open(device, node, fd, err);
}

/* @fd is what was opened for @device: the right group, which nobody else has the DMA of. */
static int check_file(struct pt_device *device, const char *node, int fd, struct pt_error *err)
{
	char number[PT_NODE_SIZE * 2];
	bool viable = false;
	int r;

	(void)snprintf(number, sizeof(number), "/sys/class/vfio/%s%d/dev",
		       device->host.noiommu ? PT_NOIOMMU_PREFIX : "", device->host.group);
	r = pt_node_check(device->sys, fd, node, number, device->host.name, err);
	if (r < 0)
		return r;
	r = group_viable(device->sys, fd, &viable);
	if (r < 0)
		return group_refused_status(device, r, err);
	return viable ? 0 : group_refused_owner(device, -EBUSY, err);
}

static int open_group(struct pt_device *device, int fd, struct pt_error *err)
{
	const struct pt_sys *sys = device->sys;
	struct pt_group *group = pt_alloc(sys, sizeof(*group));
	char node[PT_NODE_SIZE];
	int opened = -1, r = 0;

	if (!group)
		return pt_no_memory(err, device->host.name);
	pt_group_node(&device->host, node, sizeof(node));
	if (fd < 0) {
		r = open_node(device, node, &opened, err);
		fd = opened;
	}
	if (r == 0)
		r = check_file(device, node, fd, err);
	if (r == 0)
		r = pt_kvm_file_add(device->space, fd, device->host.name, err);
	if (r < 0) {
		pt_close_fd(sys, &opened);
		pt_free(sys, group);
		return r;
	}
	group->number = device->host.group;
	group->fd = fd;
	group->next = device->space->groups;
	device->space->groups = group;
	device->group = group;
	return 0;
}

/* The group is open; @fd is -1, its own descriptor, or another of the same file. */
static int enter_group(struct pt_device *device, struct pt_group *group, int fd,
		       struct pt_error *err)
{
	char node[PT_NODE_SIZE];
	int r;

	if (pt_space_device(device->space, device->host.name))
		return pt_error_remedy(
			err, pt_error_set(err, -EBUSY, "%s: is open already", device->host.name),
			"name each device once");
	if (fd >= 0 && fd != group->fd) {
		pt_group_node(&device->host, node, sizeof(node));
		r = check_file(device, node, fd, err);
		if (r < 0)
			return r;
		pt_close_fd(device->sys, &fd);
	}
	device->group = group;
	return 0;
}

int pt_group_get(struct pt_device *device, int fd, struct pt_error *err)
{
	struct pt_group *group = find(device->space, device->host.group);
	int r = group ? enter_group(device, group, fd, err) : open_group(device, fd, err);

	if (r < 0)
		return r;
	device->group->users++;
	return 0;
}

void pt_group_put(struct pt_device *device)
{
	struct pt_space *space = device->space;
	struct pt_group *group = device->group, **link = &space->groups;

	device->group = NULL;
	if (--group->users > 0)
		return;
	pt_kvm_file_del(space, group->fd);
	pt_close_fd(space->sys, &group->fd);
	while (*link != group)
		link = &(*link)->next;
	*link = group->next;
	pt_free(space->sys, group);
}

/* The container. */

bool pt_container_has_iommu(const struct pt_space *space)
{
	for (const struct pt_group *group = space->groups; group; group = group->next) {
		if (group->joined)
			return true;
	}
	return false;
}

int pt_group_join(struct pt_device *device, struct pt_error *err)
{
	struct pt_space *space = device->space;
	struct pt_group *group = device->group;
	bool first = !pt_container_has_iommu(space);
	int r;

	if (group->joined)
		return 0;
	r = group_set_container(space->sys, group->fd, space->fd);
	if (r < 0)
		return group_refused_container(device, r, err);
	/* There is no IOMMU to set before there is a group, and one is set for all of them. */
	if (first) {
		r = container_set_iommu(space->sys, space->fd, space->setup.unsafe_noiommu);
		if (r < 0) {
			(void)group_unset_container(space->sys, group->fd);
			return group_refused_iommu(device, r, err);
		}
	}
	group->joined = true;
	return 0;
}

void pt_group_leave(struct pt_space *space, struct pt_group *group)
{
	bool last;

	for (const struct pt_device *device = space->devices; device; device = device->next) {
		if (device->group == group && device->bound)
			return;
	}
	if (!group->joined)
		return;
	group->joined = false;
	last = !pt_container_has_iommu(space);
	/* The kernel drops what is mapped with the last group. Not every container does: iommufd's stand-in for one
	 * keeps it. */
	for (size_t i = 0; i < space->mapping_count && last && space->container_live; i++)
		(void)container_unmap(space->sys, space->fd, space->mappings[i].iova,
				      space->mappings[i].size);
	if (last)
		space->container_live = false;
	group->joined = group_unset_container(space->sys, group->fd) < 0;
}
