/* SPDX-License-Identifier: MIT */
#include "group.h"

#include <fcntl.h>
#include <inttypes.h>

#include "container_ioctl.h"
#include "noiommu.h"
#include "sysfs.h"

#define RESERVED_SHOWN 32

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

/* Whether @node is open somewhere; then says so. */
static bool explain_holder(struct pt_device *device, const char *node, const char *what,
			   struct pt_error *err)
{
	char holder[128];

	if (pt_host_holder(device->sys, node, holder, sizeof(holder)) > 0) {
		pt_error_set(err, -EBUSY, "%s: IOMMU group %d is in use: %s has %s open, %s",
			     device->host.name, device->host.group, holder, node, what);
		pt_error_remedy(err, -EBUSY, "end that process first");
		return true;
	}
	if (!pt_self_holds(device->sys, node))
		return false;
	pt_error_set(err, -EBUSY, "%s: IOMMU group %d is in use: this process has %s open, %s",
		     device->host.name, device->host.group, node, what);
	pt_error_remedy(err, -EBUSY,
			"reach all functions of a group in the same way and in the same space");
	return true;
}

static bool explain_cdev(struct pt_device *device, const char *name, struct pt_error *err)
{
	char node[PT_NODE_SIZE * 2], what[PT_NAME_SIZE + 64];
	struct pt_host_device function;

	if (pt_host_read(device->sys, name, &function, NULL) < 0 || function.node[0] == '\0')
		return false;
	(void)snprintf(node, sizeof(node), PT_VFIO_NODES "%s", function.node);
	(void)snprintf(what, sizeof(what), "the cdev of %s, and a group cannot be used both ways",
		       name);
	return explain_holder(device, node, what, err);
}

/* The node is open already, or a function of the group is bound by its cdev. */
static int explain_busy(struct pt_device *device, const char *node, struct pt_error *err)
{
	const struct pt_host_device *host = &device->host;

	if (explain_holder(device, node, "which can be open once", err) ||
	    explain_cdev(device, host->name, err))
		return -EBUSY;
	for (unsigned i = 0; i < host->sibling_count; i++) {
		if (explain_cdev(device, host->siblings[i].name, err))
			return -EBUSY;
	}
	pt_error_set(err, -EBUSY, "%s: %s: somebody has IOMMU group %d, or a function of it",
		     host->name, node, host->group);
	return pt_error_remedy(
		err, -EBUSY,
		"see who has %s or a node in " PT_VFIO_NODES " open (`fuser -v` as root)", node);
}

static int open_node(struct pt_device *device, const char *node, int *ret_fd, struct pt_error *err)
{
	int fd = device->sys->open(device->sys->ctx, node, O_RDWR);

	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	if (fd == -EBUSY)
		return explain_busy(device, node, err);
	if (fd == -EPERM && device->host.noiommu)
		return pt_noiommu_no_rawio(device->host.name, fd, err);
	pt_error_set(err, fd, "%s: %s: %s", device->host.name, node, strerror(-fd));
	if (fd == -EACCES || fd == -EPERM)
		pt_error_remedy(err, fd, "run as root, or give this user the node: chown $USER %s",
				node);
	return fd;
}

static const struct pt_host_sibling *blocker(const struct pt_host_device *host)
{
	for (unsigned i = 0; i < host->sibling_count; i++) {
		if (host->siblings[i].blocks)
			return &host->siblings[i];
	}
	return NULL;
}

/* Somebody else has the group's DMA: look who. */
static int explain_owner(struct pt_device *device, int code, struct pt_error *err)
{
	const struct pt_host_sibling *sibling;

	/* Siblings may have changed since the function was looked at. */
	(void)pt_host_read(device->sys, device->host.name, &device->host, NULL);
	sibling = blocker(&device->host);
	if (!sibling) {
		pt_error_set(err, code,
			     "%s: IOMMU group %d cannot be used: another owner has its DMA",
			     device->host.name, device->host.group);
		return pt_error_remedy(err, code,
				       "see the drivers of the group's functions: ls -l "
				       "/sys/kernel/iommu_groups/%d/devices/*/driver",
				       device->host.group);
	}
	pt_error_set(err, code,
		     "%s: IOMMU group %d cannot be used: %s, of the same group, is bound to %s",
		     device->host.name, device->host.group, sibling->name, sibling->driver);
	return pt_error_remedy(err, code, "bind %s to vfio-pci too, or unbind it from %s",
			       sibling->name, sibling->driver);
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
		return pt_error_set(err, r, "%s: %s: VFIO_GROUP_GET_STATUS: %s", device->host.name,
				    node, strerror(-r));
	return viable ? 0 : explain_owner(device, -EBUSY, err);
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

static int explain_interrupts(struct pt_device *device, struct pt_error *err)
{
	pt_error_set(err, -EPERM,
		     "%s: cannot be bound: its interrupts are not isolated, so that a guest could "
		     "forge those of others",
		     device->host.name);
	return pt_error_remedy(
		err, -EPERM,
		"enable interrupt remapping in the firmware; on a machine without it, and with "
		"guests you trust, set the module parameter vfio_iommu_type1.allow_unsafe_interrupts=1");
}

/* What is mapped and what the group's IOMMU keeps for itself: whether they meet; then says so. */
static bool explain_collision(struct pt_device *device, struct pt_error *err)
{
	const struct pt_space *space = device->space;
	struct pt_iova_range reserved[RESERVED_SHOWN];
	size_t count = 0;

	if (!space->container_live || pt_host_reserved(device->sys, &device->host, reserved,
						       RESERVED_SHOWN, &count, NULL) < 0)
		return false;
	for (size_t i = 0; i < count && i < RESERVED_SHOWN; i++) {
		for (size_t j = 0; j < space->mapping_count; j++) {
			const struct pt_mapping *m = &space->mappings[j];
			uint64_t last = m->iova + (m->size - 1);

			if (m->iova > reserved[i].last || last < reserved[i].first)
				continue;
			pt_error_set(err, -EADDRINUSE,
				     "%s: its IOMMU reserves 0x%" PRIx64 "-0x%" PRIx64
				     ", and 0x%" PRIx64 "-0x%" PRIx64
				     " is already mapped for devices",
				     device->host.name, reserved[i].first, reserved[i].last,
				     m->iova, last);
			pt_error_remedy(err, -EADDRINUSE,
					"see /sys/kernel/iommu_groups/%d/reserved_regions",
					device->host.group);
			return true;
		}
	}
	return false;
}

static int explain_container(struct pt_device *device, int code, bool first, struct pt_error *err)
{
	if (code == -EPERM) {
		/* The first group's interrupts are looked at when the IOMMU is set. */
		(void)pt_host_read(device->sys, device->host.name, &device->host, NULL);
		return first || blocker(&device->host) ? explain_owner(device, code, err)
						       : explain_interrupts(device, err);
	}
	if (code == -EINVAL && explain_collision(device, err))
		return -EADDRINUSE;
	pt_error_set(err, code, "%s: VFIO_GROUP_SET_CONTAINER: %s", device->host.name,
		     strerror(-code));
	if (code == -EINVAL)
		pt_error_remedy(
			err, code,
			"a descriptor of a group that was handed in must not be in a container; "
			"else the group's IOMMU does not fit those of the other devices");
	return code;
}

static int explain_iommu(struct pt_device *device, int code, struct pt_error *err)
{
	if (code == -EPERM && device->host.noiommu)
		return pt_noiommu_no_rawio(device->host.name, code, err);
	if (code == -EPERM)
		return explain_interrupts(device, err);
	pt_error_set(err, code, "%s: VFIO_SET_IOMMU: %s", device->host.name, strerror(-code));
	if (code == -ENODEV)
		pt_error_remedy(err, code, "load the driver: modprobe vfio_iommu_type1");
	else if (code == -EINVAL)
		pt_error_remedy(err, code,
				"a descriptor of " PT_CONTAINER_NODE
				" that was handed in must be fresh");
	return code;
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
		return explain_container(device, r, first, err);
	/* There is no IOMMU to set before there is a group, and one is set for all of them. */
	if (first) {
		r = container_set_iommu(space->sys, space->fd, space->setup.unsafe_noiommu);
		if (r < 0) {
			(void)group_unset_container(space->sys, group->fd);
			return explain_iommu(device, r, err);
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
