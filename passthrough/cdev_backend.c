/* SPDX-License-Identifier: MIT */
/* The cdev backend: device cdevs and one iommufd. */
#include <fcntl.h>

#include "cdev_hwpt.h"
#include "internal.h"
#include "iommufd_ioctl.h"
#include "noiommu.h"
#include "refusal.h"
#include "sysfs.h"
#include "vfio_feature_ioctl.h"
#include "vfio_ioctl.h"
#include "vfio_reset_ioctl.h"

static int open_iommu(const struct pt_sys *sys, int *ret_fd, struct pt_error *err)
{
	int fd = sys->open(sys->ctx, PT_IOMMU_NODE, O_RDWR);

	if (fd >= 0) {
		*ret_fd = fd;
		return 0;
	}
	pt_error_set(err, fd, PT_IOMMU_NODE ": %s", strerror(-fd));
	if (fd == -ENOENT || fd == -ENODEV || fd == -ENXIO)
		pt_error_remedy(
			err, fd,
			"load it with `modprobe iommufd`; where there is no such module, run a kernel "
			"with CONFIG_IOMMUFD and CONFIG_VFIO_DEVICE_CDEV (6.6 or newer)");
	else if (fd == -EACCES || fd == -EPERM)
		pt_error_remedy(err, fd,
				"run as root, or give this user the node with a udev rule: "
				"KERNEL==\"iommu\", GROUP=\"...\", MODE=\"0660\"");
	return fd;
}

static int cdev_space_open(struct pt_space *space, int fd, struct pt_error *err)
{
	int r;

	space->fd = fd;
	if (fd < 0) {
		r = open_iommu(space->sys, &space->fd, err);
		if (r < 0)
			return r;
		space->owns_fd = true;
		/* Possible before there is any object, and for who may raise the limit; else the
		 * user's sum it is. */
		space->counts_process = iommufd_count_process(space->sys, space->fd) == 0;
	}
	r = iommufd_ioas_alloc(space->sys, space->fd, &space->ioas_id);
	if (r == -ENOTTY && !space->owns_fd)
		return pt_error_set(err, r, "descriptor %d: is not a " PT_IOMMU_NODE " descriptor",
				    fd);
	if (r < 0) {
		(void)pt_refused_space(space, "IOMMU_IOAS_ALLOC", r, err);
		if (space->owns_fd)
			pt_close_fd(space->sys, &space->fd);
	}
	return r;
}

static void cdev_space_close(struct pt_space *space)
{
	(void)iommufd_destroy(space->sys, space->fd, space->ioas_id);
	if (space->owns_fd)
		pt_close_fd(space->sys, &space->fd);
}

/*
 * MAP_FILE takes folios from the file itself; a kernel before 6.13 does not know it (ENOTTY), and
 * one that knows it may not know this kind of file (EINVAL, EOPNOTSUPP): then the page-table walk
 * of MAP decides.
 */
static int cdev_map(struct pt_space *space, uint64_t iova, uint64_t size,
		    const struct pt_memory *memory, unsigned access, bool *ret_by_file)
{
	int r;

	if (memory->fd >= 0 && !space->no_map_file) {
		r = iommufd_ioas_map_file(space->sys, space->fd, space->ioas_id, iova, size,
					  memory->fd, memory->offset, access);
		if (r >= 0)
			*ret_by_file = true;
		if (r != -ENOTTY && r != -EINVAL && r != -EOPNOTSUPP)
			return r;
		if (r == -ENOTTY)
			space->no_map_file = true;
	}
	r = iommufd_ioas_map(space->sys, space->fd, space->ioas_id, iova, size, memory->hva,
			     access);
	if (r >= 0)
		*ret_by_file = false;
	return r;
}

static int cdev_unmap(struct pt_space *space, uint64_t iova, uint64_t size)
{
	return iommufd_ioas_unmap(space->sys, space->fd, space->ioas_id, iova, size);
}

/* Two steps, of which a kernel may lack either: the device's driver exports the BAR as a dma-buf,
 * and the IOAS takes it as it takes memory. The IOAS holds it from then on. */
static int cdev_map_bar(struct pt_device *device, unsigned region, const struct pt_area *area,
			void *hva, uint64_t iova)
{
	struct pt_space *space = device->space;
	int fd = vfio_feature_dma_buf(device->sys, device->fd, region, area->offset, area->size);
	int r;

	(void)hva;
	if (fd < 0)
		return fd == -ENOTTY ? -EOPNOTSUPP : fd;
	r = iommufd_ioas_map_file(space->sys, space->fd, space->ioas_id, iova, area->size, fd, 0,
				  PT_MAP_READ | PT_MAP_WRITE);
	pt_close_fd(device->sys, &fd);
	return r == -ENOTTY ? -EOPNOTSUPP : r;
}

static int cdev_ranges(struct pt_space *space, struct pt_iova_range *ranges, size_t max,
		       size_t *ret_count)
{
	return iommufd_ioas_ranges(space->sys, space->fd, space->ioas_id, ranges, max, ret_count);
}

static int cdev_allow(struct pt_space *space, const struct pt_iova_range *ranges, size_t count)
{
	return iommufd_ioas_allow(space->sys, space->fd, space->ioas_id, ranges, count);
}

/* Whether @fd is the node that sysfs names for the function. */
static int check_identity(const struct pt_sys *sys, const struct pt_host_device *host, int fd,
			  struct pt_error *err)
{
	char node[PT_NODE_SIZE * 2], number[PT_PATH_SIZE];

	(void)snprintf(node, sizeof(node), PT_VFIO_NODES "%s", host->node);
	pt_node_number_path(host->name, host->node, number);
	return pt_node_check(sys, fd, node, number, host->name, err);
}

static int cdev_identify(const struct pt_space *space, int fd, const char *wanted, char *ret_name,
			 struct pt_error *err)
{
	struct pt_node node;
	int r = pt_host_identify(space->sys, fd, &node, err);

	if (r < 0)
		return r;
	if (node.kind == PT_NODE_GROUP)
		return pt_error_remedy(
			err,
			pt_error_set(err, -ENOTTY,
				     "descriptor %d: is IOMMU group %d, not the cdev of a device",
				     fd, node.group),
			"hand in the device's " PT_VFIO_NODES
			"vfioN, or have the devices by their groups");
	if (node.kind != PT_NODE_DEVICE)
		return pt_error_remedy(err,
				       pt_error_set(err, -ENOTTY,
						    "descriptor %d: is not the cdev of a device",
						    fd),
				       "hand in the device's " PT_VFIO_NODES "vfioN");
	if (wanted && strcmp(wanted, node.name) != 0)
		return pt_error_set(err, -EINVAL, "descriptor %d: is %s, not %s", fd, node.name,
				    wanted);
	memcpy(ret_name, node.name, sizeof(node.name));
	return 0;
}

static int open_node(const struct pt_sys *sys, const struct pt_host_device *host, int *ret_fd,
		     struct pt_error *err)
{
	char path[PT_NODE_SIZE * 2];
	int fd;

	(void)snprintf(path, sizeof(path), PT_VFIO_NODES "%s", host->node);
	fd = sys->open(sys->ctx, path, O_RDWR);
	if (fd < 0)
		return pt_refused_open(host, path, fd, err);
	*ret_fd = fd;
	return 0;
}

static int cdev_open(struct pt_device *device, int fd, struct pt_error *err)
{
	const struct pt_sys *sys = device->sys;
	int opened = -1, r = 0;

	if (fd < 0) {
		r = open_node(sys, &device->host, &opened, err);
		if (r < 0)
			return r;
		fd = opened;
	}
	r = check_identity(sys, &device->host, fd, err);
	if (r == 0)
		r = pt_kvm_file_add(device->space, fd, device->host.name, err);
	if (r < 0) {
		pt_close_fd(sys, &opened);
		return r;
	}
	device->fd = fd;
	return 0;
}

static void cdev_close(struct pt_device *device)
{
	pt_kvm_file_del(device->space, device->fd);
	pt_close_fd(device->sys, &device->fd);
}

/* Whether to ask once more, after a while. @asked: how often so far. */
static bool try_again(const struct pt_device *device, unsigned *asked)
{
	if ((*asked)++ == PT_RETRIES)
		return false;
	device->sys->sleep_ms(device->sys->ctx, PT_RETRY_MS);
	return true;
}

static int bind_to(struct pt_device *device, int iommufd)
{
	unsigned asked = 0;
	int r;

	do
		r = vfio_bind_iommufd(device->sys, device->fd, iommufd,
				      device->has_vf_token ? device->vf_token : NULL,
				      &device->devid);
	while (r == -EAGAIN && try_again(device, &asked));
	return r;
}

/*
 * Without an IOMMU, a kernel takes either the iommufd or, the patches that brought BIND, a negative descriptor. Those have
 * no IOMMU group to bind to an iommufd: ENODEV, or EINVAL; every release refuses the negative one before it does anything.
 */
static int cdev_bind(struct pt_device *device, struct pt_error *err)
{
	bool noiommu = device->space->setup.unsafe_noiommu;
	int r = bind_to(device, device->space->fd), negative;

	if (noiommu)
		device->noiommu = PT_NOIOMMU_IOMMUFD;
	if (noiommu && (r == -ENODEV || r == -EINVAL)) {
		negative = bind_to(device, PT_NOIOMMU_FD);
		if (negative == -EPERM)
			return pt_noiommu_no_rawio(device->host.name, negative, err);
		if (negative == 0) {
			device->noiommu = PT_NOIOMMU_NEGATIVE;
			return 0;
		}
	}
	return r < 0 ? cdev_refused_bind(device, r, err) : 0;
}

/* EBUSY: the device or another of its group is being reset (Linux 7.2). */
static int cdev_attach(struct pt_device *device, struct pt_error *err)
{
	unsigned asked = 0;
	int r;

	/* Nothing would be mapped in what it is attached to. */
	if (device->space->setup.unsafe_noiommu)
		return 0;
	do
		r = cdev_hwpt_attach(device);
	while (r == -EBUSY && try_again(device, &asked));
	return r < 0 ? cdev_refused_attach(device, r, err) : 0;
}

static void cdev_detach(struct pt_device *device)
{
	if (!device->space->setup.unsafe_noiommu)
		cdev_hwpt_detach(device);
}

/*
 * 0 stands for a function that is not bound, but in an IOMMU group that the iommufd owns: nobody else
 * can bind it. One that is bound to the iommufd for another space may be in use there.
 */
static bool cdev_owns(const struct pt_space *space, const struct pt_bus_function *function)
{
	if (function->id == VFIO_DEVID_NOT_OWNED)
		return false;
	return function->id == 0 || pt_space_device(space, function->name);
}

/* The kernel takes the iommufd for the proof of ownership. */
static int cdev_bus_reset(struct pt_device *device, const struct pt_bus_function *functions,
			  unsigned count)
{
	(void)functions;
	(void)count;
	return vfio_hot_reset(device->sys, device->fd, NULL, 0);
}

const struct pt_backend pt_cdev_backend = {
	.name = "cdev",
	.node = PT_IOMMU_NODE,
	.space_open = cdev_space_open,
	.space_close = cdev_space_close,
	.map = cdev_map,
	.unmap = cdev_unmap,
	.map_bar = cdev_map_bar,
	.ranges = cdev_ranges,
	.track_dirty = cdev_hwpt_track_dirty,
	.read_dirty = cdev_hwpt_read_dirty,
	.identify = cdev_identify,
	.allow = cdev_allow,
	.open = cdev_open,
	.close = cdev_close,
	.bind = cdev_bind,
	.attach = cdev_attach,
	.detach = cdev_detach,
	.owns = cdev_owns,
	.bus_reset = cdev_bus_reset,
};
