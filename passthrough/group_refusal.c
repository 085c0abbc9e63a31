/* SPDX-License-Identifier: MIT */
/*
 * Why a group was not opened, put into a container, or asked for a device. Source: drivers/vfio/group.c, container.c,
 * vfio_iommu_type1.c, Linux 6.2 to 7.3.
 */
#include <inttypes.h>

#include "group.h"
#include "noiommu.h"
#include "refusal.h"
#include "sysfs.h"

#define MODULE	       "vfio_iommu_type1" /* whose parameter allow_unsafe_interrupts counts */
#define RESERVED_SHOWN 32

/* Whether @node is open somewhere; then says so. */
static bool held(struct pt_device *device, const char *node, const char *what, struct pt_error *err)
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

static bool held_by_cdev(struct pt_device *device, const char *name, struct pt_error *err)
{
	char node[PT_NODE_SIZE * 2], what[PT_NAME_SIZE + 64];
	struct pt_host_device function;

	if (pt_host_read(device->sys, name, &function, NULL) < 0 || function.node[0] == '\0')
		return false;
	(void)snprintf(node, sizeof(node), PT_VFIO_NODES "%s", function.node);
	(void)snprintf(what, sizeof(what), "the cdev of %s, and a group cannot be used both ways",
		       name);
	return held(device, node, what, err);
}

/* The node is open already, or a function of the group is bound by its cdev. */
static int refused_busy(struct pt_device *device, const char *node, struct pt_error *err)
{
	const struct pt_host_device *host = &device->host;

	if (held(device, node, "which can be open once", err) ||
	    held_by_cdev(device, host->name, err))
		return -EBUSY;
	for (unsigned i = 0; i < host->sibling_count; i++) {
		if (held_by_cdev(device, host->siblings[i].name, err))
			return -EBUSY;
	}
	pt_error_set(err, -EBUSY, "%s: %s: somebody has IOMMU group %d, or a function of it",
		     host->name, node, host->group);
	return pt_error_remedy(
		err, -EBUSY,
		"see who has %s or a node in " PT_VFIO_NODES " open (`fuser -v` as root)", node);
}

int group_refused_open(struct pt_device *device, const char *node, int code, struct pt_error *err)
{
	return code == -EBUSY ? refused_busy(device, node, err)
			      : pt_refused_open(&device->host, node, code, err);
}

int group_refused_owner(struct pt_device *device, int code, struct pt_error *err)
{
	int r;

	/* Siblings may have changed since the function was looked at. */
	(void)pt_host_read(device->sys, device->host.name, &device->host, NULL);
	r = pt_refused_by_owner(device, code, err);
	if (r < 0)
		return r;
	pt_error_set(err, code, "%s: IOMMU group %d cannot be used: another owner has its DMA",
		     device->host.name, device->host.group);
	return pt_error_remedy(err, code,
			       "see the drivers of the group's functions: ls -l "
			       "/sys/kernel/iommu_groups/%d/devices/*/driver",
			       device->host.group);
}

/* What is mapped and what the group's IOMMU keeps for itself: whether they meet; then says so. */
static bool collides(struct pt_device *device, struct pt_error *err)
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

static const struct pt_refusal status_rows[] = {
	{-ENODEV, "its driver is being unbound from it",
	 "bind it to vfio-pci again, and try again"},
	{-ENOTTY, "it is no descriptor of an IOMMU group",
	 "hand in the group's " PT_GROUP_NODES "N"},
	{-EBADF, "its descriptor is closed", PT_KEEP_DEVICE},
};

static const struct pt_refusal container_rows[] = {
	{-EINVAL,
	 "the group is in a container already, or its IOMMU does not fit those of the other devices",
	 "hand in a descriptor of a group that is in no container; else leave the device out"},
	{-EBADF, "the container's descriptor is closed", PT_KEEP_SPACE},
	{-EBADFD, "the space's descriptor is no container",
	 "make the space with one of " PT_CONTAINER_NODE},
	{-ENODEV, "its driver is being unbound from it",
	 "bind it to vfio-pci again, and try again"},
	{-EBUSY, "the DMA of its IOMMU group is somebody else's",
	 "see who has a function of it, as root: fuser -v /dev/vfio/*"},
	{-ENOMEM, PT_NO_MEMORY},
	{-EIO, "its IOMMU did not take it", PT_VFIO_LOG},
	{-EFAULT, "the kernel could not read what it was given", PT_REPORT},
};

static const struct pt_refusal iommu_rows[] = {
	{-ENODEV, "no driver for a container's IOMMU is loaded",
	 "load the driver: modprobe vfio_iommu_type1"},
	{-EINVAL, "the container has an IOMMU already, or no group any more",
	 "a descriptor of " PT_CONTAINER_NODE " that was handed in must be fresh"},
	{-EBUSY, "the DMA of its IOMMU group is somebody else's",
	 "see who has a function of it, as root: fuser -v /dev/vfio/*"},
	{-ENOMEM, PT_NO_MEMORY},
	{-EIO, "its IOMMU did not take it", PT_VFIO_LOG},
	{-ENOTTY, "the space's descriptor is no container",
	 "make the space with one of " PT_CONTAINER_NODE},
	{-EBADF, "the container's descriptor is closed", PT_KEEP_SPACE},
};

static const struct pt_refusal bind_rows[] = {
	{-EINVAL, "its group is in no container with an IOMMU any more, or the IOMMU does not fit",
	 "make the space anew, with descriptors that nobody else has"},
	{-EBUSY, "somebody else has it open", "see who, as root: fuser -v /dev/vfio/*"},
	{-EFAULT, "the kernel could not read its name", PT_REPORT},
	{-EMFILE, "this process has too many files open", "raise the limit: ulimit -n"},
	{-EBADF, "its group's descriptor is closed", PT_KEEP_DEVICE},
	{-ENOMEM, PT_NO_MEMORY},
};

int group_refused_container(struct pt_device *device, int code, struct pt_error *err)
{
	if (code == -EPERM) {
		(void)pt_host_read(device->sys, device->host.name, &device->host, NULL);
		return pt_refused_dma(device, code, MODULE, err);
	}
	if (code == -EINVAL && collides(device, err))
		return -EADDRINUSE;
	return pt_refused_by_row(container_rows, PT_ARRAY_SIZE(container_rows), device,
				 "VFIO_GROUP_SET_CONTAINER", code, err);
}

int group_refused_iommu(struct pt_device *device, int code, struct pt_error *err)
{
	if (code == -EPERM && device->host.noiommu)
		return pt_noiommu_no_rawio(device->host.name, code, err);
	if (code == -EPERM)
		return pt_refused_dma(device, code, MODULE, err);
	return pt_refused_by_row(iommu_rows, PT_ARRAY_SIZE(iommu_rows), device, "VFIO_SET_IOMMU",
				 code, err);
}

int group_refused_status(const struct pt_device *device, int code, struct pt_error *err)
{
	return pt_refused_by_row(status_rows, PT_ARRAY_SIZE(status_rows), device,
				 "VFIO_GROUP_GET_STATUS", code, err);
}

int group_refused_bind(const struct pt_device *device, int code, struct pt_error *err)
{
	const char *name = device->host.name;

	switch (code) {
	case -EACCES:
		return pt_refused_token(device, code, err);
	case -EPERM:
		return pt_refused_dma(device, code, MODULE, err);
	case -EINVAL:
		if (!device->has_vf_token && pt_refused_by_power(device, code, err) < 0)
			return code;
		if (!device->has_vf_token)
			return pt_refused_by_row(bind_rows, PT_ARRAY_SIZE(bind_rows), device,
						 "VFIO_GROUP_GET_DEVICE_FD", code, err);
		if (pt_refused_no_token(device, code, err) < 0)
			return code;
		pt_error_set(err, code, "%s: takes no VF token", name);
		return pt_error_remedy(
			err, code,
			"leave vf-token out: it is for virtual functions whose physical function is "
			"bound to vfio-pci");
	case -ENODEV:
		pt_error_set(err, code, "%s: is no longer in IOMMU group %d for VFIO", name,
			     device->host.group);
		return pt_error_remedy(err, code, "bind it to vfio-pci again, and try again");
	case -EAGAIN:
		return pt_refused_reset(device, code, err);
	case -EBUSY:
	case -EFAULT:
	case -EMFILE:
	case -EBADF:
	case -ENOMEM:
		return pt_refused_by_row(bind_rows, PT_ARRAY_SIZE(bind_rows), device,
					 "VFIO_GROUP_GET_DEVICE_FD", code, err);
	default:
		return pt_refused_otherwise(device, code, err);
	}
}
