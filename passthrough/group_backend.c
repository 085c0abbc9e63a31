/* SPDX-License-Identifier: MIT */
/*
 * The group backend: IOMMU groups and one container with the type1v2 IOMMU.
 *
 * A container can map only while a group is in it. So what is mapped before the first device is attached is kept in the
 * space's list, and brought into the container by that attach; this is what an IOAS does by itself.
 */
#include <fcntl.h>
#include <inttypes.h>

#include "container_ioctl.h"
#include "group.h"
#include "refusal.h"
#include "sysfs.h"
#include "uuid.h"
#include "vfio_reset_ioctl.h"

#define ENTRY_LIMIT "/sys/module/vfio_iommu_type1/parameters/dma_entry_limit"

static int open_container(const struct pt_sys *sys, int *ret_fd, struct pt_error *err)
{
	int fd = sys->open(sys->ctx, PT_CONTAINER_NODE, O_RDWR);

	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	pt_error_set(err, fd, PT_CONTAINER_NODE ": %s", strerror(-fd));
	if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO)
		pt_error_remedy(err, fd, PT_CONTAINER_REMEDY);
	else if (fd == -EACCES || fd == -EPERM)
		pt_error_remedy(err, fd,
				"run as root, or chmod 666 " PT_CONTAINER_NODE
				": it gives nothing without a group's node");
	return fd;
}

static int check_container(struct pt_space *space, struct pt_error *err)
{
	bool noiommu = space->setup.unsafe_noiommu;
	int r = container_check(space->sys, space->fd, noiommu);

	if (r == -ENODEV && noiommu) {
		pt_error_set(err, r,
			     PT_CONTAINER_NODE ": this kernel gives no device without an IOMMU");
		return pt_error_remedy(err, r,
				       "as root: echo Y > /sys/module/vfio/parameters/"
				       "enable_unsafe_noiommu_mode, in a kernel with "
				       "CONFIG_VFIO_NOIOMMU");
	}
	if (r == -ENODEV) {
		pt_error_set(err, r, PT_CONTAINER_NODE ": no type1v2 IOMMU answers");
		return pt_error_remedy(err, r, PT_CONTAINER_REMEDY);
	}
	if (r < 0 && !space->owns_fd)
		/* What is asked of a file that does not know it is ENOTTY or EINVAL. */
		return pt_error_set(err, r == -EINVAL ? -ENOTTY : r,
				    "descriptor %d: is not a " PT_CONTAINER_NODE " descriptor",
				    space->fd);
	if (r < 0)
		return pt_error_set(err, r, PT_CONTAINER_NODE ": what it is: %s", strerror(-r));
	return 0;
}

static int group_space_open(struct pt_space *space, int fd, struct pt_error *err)
{
	int r;

	space->fd = fd;
	space->counts_process = true;
	if (fd < 0) {
		r = open_container(space->sys, &space->fd, err);
		if (r < 0)
			return r;
		space->owns_fd = true;
	}
	r = check_container(space, err);
	if (r < 0 && space->owns_fd)
		pt_close_fd(space->sys, &space->fd);
	return r;
}

static void group_space_close(struct pt_space *space)
{
	if (space->owns_fd)
		pt_close_fd(space->sys, &space->fd);
}

static int group_map(struct pt_space *space, uint64_t iova, uint64_t size,
		     const struct pt_memory *memory, unsigned access, bool *ret_by_file)
{
	int r = 0;

	if (space->container_live)
		r = container_map(space->sys, space->fd, iova, size, memory->hva, access);
	if (r < 0)
		return r;
	*ret_by_file = false;
	return 0;
}

/* As memory, which type1 takes BARs for: it looks their pages up, and neither pins nor counts them. */
static int group_map_bar(struct pt_device *device, unsigned region, const struct pt_area *area,
			 void *hva, uint64_t iova)
{
	(void)region;
	return container_map(device->sys, device->space->fd, iova, area->size, hva,
			     PT_MAP_READ | PT_MAP_WRITE);
}

static int group_unmap(struct pt_space *space, uint64_t iova, uint64_t size)
{
	return space->container_live ? container_unmap(space->sys, space->fd, iova, size) : 0;
}

static int group_map_full(struct pt_space *space, int code, struct pt_error *err)
{
	char limit[32];
	uint32_t room;

	if (container_room(space->sys, space->fd, &room) < 0 || room > 0 ||
	    pt_read_file(space->sys, ENTRY_LIMIT, limit, sizeof(limit)) < 0)
		return 0;
	pt_error_set(err, code, "a container takes %s mappings and has them all", limit);
	return pt_error_remedy(err, code,
			       "raise the limit for new containers: echo 1000000 > " ENTRY_LIMIT);
}

static int group_ranges(struct pt_space *space, struct pt_iova_range *ranges, size_t max,
			size_t *ret_count)
{
	if (pt_container_has_iommu(space) && !space->setup.unsafe_noiommu)
		return container_ranges(space->sys, space->fd, ranges, max, ret_count);
	if (max > 0)
		ranges[0] = (struct pt_iova_range){.first = 0, .last = UINT64_MAX};
	*ret_count = 1;
	return 0;
}

static int group_of_fd(const struct pt_sys *sys, int fd, int *ret_number, struct pt_error *err)
{
	struct pt_node node;
	int r = pt_host_identify(sys, fd, &node, err);

	if (r < 0)
		return r;
	if (node.kind != PT_NODE_GROUP)
		return pt_error_remedy(
			err, pt_error_set(err, -ENOTTY, "descriptor %d: is not an IOMMU group", fd),
			"hand in the group's " PT_GROUP_NODES
			"N, or have the devices by their cdevs");
	*ret_number = node.group;
	return 0;
}

static int group_identify(const struct pt_space *space, int fd, const char *wanted, char *ret_name,
			  struct pt_error *err)
{
	struct pt_host_device host;
	int number = -1, r = group_of_fd(space->sys, fd, &number, err);

	if (r < 0)
		return r;
	if (!wanted)
		return pt_error_set(
			err, -EINVAL,
			"descriptor %d: is IOMMU group %d; which function of it is meant "
			"must be said",
			fd, number);
	r = pt_host_read(space->sys, wanted, &host, err);
	if (r < 0)
		return r;
	if (host.group != number)
		return pt_error_set(err, -EINVAL,
				    "descriptor %d: is IOMMU group %d, and %s is in %d", fd, number,
				    wanted, host.group);
	memcpy(ret_name, host.name, sizeof(host.name));
	return 0;
}

static int group_open(struct pt_device *device, int fd, struct pt_error *err)
{
	return pt_group_get(device, fd, err);
}

/* What the kernel finds the device by. Source: vfio_pci_core_match(). */
static void device_name(const struct pt_device *device, char *ret_name, size_t size)
{
	char token[PT_UUID_TEXT];

	if (!device->has_vf_token) {
		(void)snprintf(ret_name, size, "%s", device->host.name);
		return;
	}
	pt_uuid_format(device->vf_token, token);
	(void)snprintf(ret_name, size, "%s vf_token=%s", device->host.name, token);
}

static int group_bind(struct pt_device *device, struct pt_error *err)
{
	char name[PT_NAME_SIZE + sizeof(" vf_token=") + PT_UUID_TEXT];
	int r = pt_group_join(device, err);

	if (r < 0)
		return r;
	device_name(device, name, sizeof(name));
	for (unsigned i = 0;; i++) {
		r = group_device_fd(device->sys, device->group->fd, name);
		if (r != -EAGAIN || i == PT_RETRIES)
			break;
		device->sys->sleep_ms(device->sys->ctx, PT_RETRY_MS);
	}
	if (r < 0) {
		pt_group_leave(device->space, device->group);
		return group_refused_bind(device, r, err);
	}
	device->fd = r;
	if (device->space->setup.unsafe_noiommu)
		device->noiommu = PT_NOIOMMU_GROUP;
	return 0;
}

/* Closing its descriptor is what turns the device off; its DMA has no address space once its group has left. */
static void group_detach(struct pt_device *device)
{
	pt_close_fd(device->sys, &device->fd);
	device->bound = false;
	pt_group_leave(device->space, device->group);
}

static void group_close(struct pt_device *device)
{
	group_detach(device);
	pt_group_put(device);
}

static int explain_attach(struct pt_device *device, const struct pt_mapping *mapping, int code,
			  struct pt_error *err)
{
	struct pt_space *space = device->space;

	if (code != -EINVAL ||
	    pt_space_check(space, mapping->iova, mapping->size, NULL) != -EADDRNOTAVAIL) {
		(void)pt_refused_map(space, mapping, code, err);
		return pt_error_prefix(err, code, "%s", device->host.name);
	}
	return pt_space_conflict(space, &device->host, -EADDRINUSE, err);
}

/* All of the space's mappings, in a container that has none. @ret_failed: the one that failed. */
static int map_all(struct pt_space *space, struct pt_mapping *ret_failed)
{
	int r = 0;

	(void)pthread_mutex_lock(&space->map_lock);
	for (size_t i = 0; i < space->mapping_count && !space->container_live && r == 0; i++) {
		const struct pt_mapping *m = &space->mappings[i];

		r = container_map(space->sys, space->fd, m->iova, m->size, m->hva, m->access);
		if (r < 0)
			*ret_failed = *m;
	}
	if (r == 0)
		space->container_live = true;
	(void)pthread_mutex_unlock(&space->map_lock);
	return r;
}

/* To unmap what is not mapped is no error. */
static void unmap_all(struct pt_space *space)
{
	(void)pthread_mutex_lock(&space->map_lock);
	for (size_t i = 0; i < space->mapping_count; i++)
		(void)container_unmap(space->sys, space->fd, space->mappings[i].iova,
				      space->mappings[i].size);
	(void)pthread_mutex_unlock(&space->map_lock);
}

static int group_attach(struct pt_device *device, struct pt_error *err)
{
	struct pt_space *space = device->space;
	struct pt_mapping failed = {0};
	int r = pt_space_admit(space, &device->host, err);

	if (r < 0)
		return r;
	r = map_all(space, &failed);
	if (r < 0) {
		/* While what did fit is still counted. */
		r = explain_attach(device, &failed, r, err);
		unmap_all(space);
	}
	return r;
}

/* A group that is open is nobody else's; but the kernel resets only what has a VFIO driver. */
static bool group_owns(const struct pt_space *space, const struct pt_bus_function *function)
{
	char driver[PT_DRIVER_SIZE];

	return pt_group_fd(space, (int)function->id) >= 0 &&
	       pt_host_driver(space->sys, function->name, driver) == 0 && strstr(driver, "vfio");
}

/* The groups are the proof of ownership, each once. */
static int group_bus_reset(struct pt_device *device, const struct pt_bus_function *functions,
			   unsigned count)
{
	const struct pt_sys *sys = device->sys;
	int *fds = pt_alloc(sys, count * sizeof(*fds));
	unsigned groups = 0, seen;
	int fd, r;

	if (!fds)
		return -ENOMEM;
	for (unsigned i = 0; i < count; i++) {
		fd = pt_group_fd(device->space, (int)functions[i].id);
		for (seen = 0; seen < groups && fds[seen] != fd; seen++)
			;
		fds[seen] = fd;
		groups += seen == groups;
	}
	r = vfio_hot_reset(sys, device->fd, fds, groups);
	pt_free(sys, fds);
	return r;
}

const struct pt_backend pt_group_backend = {
	.name = "group",
	.node = PT_CONTAINER_NODE,
	.space_open = group_space_open,
	.space_close = group_space_close,
	.map = group_map,
	.unmap = group_unmap,
	.map_bar = group_map_bar,
	.map_full = group_map_full,
	.ranges = group_ranges,
	.identify = group_identify,
	.open = group_open,
	.close = group_close,
	.bind = group_bind,
	.attach = group_attach,
	.detach = group_detach,
	.owns = group_owns,
	.bus_reset = group_bus_reset,
};
