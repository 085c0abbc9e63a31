/* SPDX-License-Identifier: MIT */
/*
 * Why a cdev was not bound or attached. Source: drivers/vfio/device_cdev.c, drivers/iommu/iommufd/device.c and
 * what they call, Linux 6.6 to 7.3.
 */
#include "refusal.h"
#include "sysfs.h"
#include "vfio_ioctl.h"

#define NO_DESCRIPTOR INT_MAX /* never open: the kernel gives the lowest free number */

static int refused_flag(const struct pt_device *device, int code, struct pt_error *err)
{
	const char *name = device->host.name, *physfn = device->host.physfn;
	int r = pt_refused_no_token(device, code, err);

	if (r < 0)
		return r;
	pt_error_set(err, code, "%s: this kernel takes no VF token with a device's cdev", name);
	return pt_error_remedy(
		err, code,
		"give the physical function %s back to its host driver and leave vf-token out; or use "
		"backend=group, or Linux 6.17",
		physfn[0] != '\0' ? physfn : name);
}

/*
 * With a token, the kernel looks at the flag before anything else and at the token before the iommufd (Linux 6.17);
 * asked with a descriptor that cannot be one, it binds nothing and says how far it came.
 */
static int refused_with_token(const struct pt_device *device, int code, struct pt_error *err)
{
	uint32_t devid;
	int r;

	if (!device->has_vf_token)
		return 0;
	r = vfio_bind_iommufd(device->sys, device->fd, NO_DESCRIPTOR, device->vf_token, &devid);
	return r == -EINVAL ? refused_flag(device, code, err) : 0;
}

/* One that is not bound answers nothing but BIND. */
static bool is_bound(const struct pt_device *device)
{
	unsigned regions, irqs;
	bool reset;

	return vfio_device_info(device->sys, device->fd, &regions, &irqs, &reset) == 0;
}

/* Those of Intel and AMD keep caches coherent with DMA. Source: intel_iommu_capable(), amd_iommu_capable(), Linux 6.2 to 7.3. */
static bool is_coherent(const struct pt_device *device)
{
	char iommu[PT_NAME_SIZE] = "";

	(void)pt_sysfs_link(device->sys, device->host.name, "iommu", iommu, sizeof(iommu));
	return strncmp(iommu, "dmar", 4) == 0 || strncmp(iommu, "ivhd", 4) == 0;
}

static int refused_einval(const struct pt_device *device, int code, const char *node,
			  struct pt_error *err)
{
	const char *name = device->host.name;
	int r = refused_with_token(device, code, err);

	if (r == 0)
		r = pt_refused_by_power(device, code, err);
	if (r == 0)
		r = pt_refused_by_holder(device, code, node, err);
	if (r < 0)
		return r;
	if (is_bound(device)) {
		pt_error_set(err, code, "%s: descriptor %d is bound already", name, device->fd);
		return pt_error_remedy(
			err, code,
			"hand in a descriptor as open(\"%s\") gives it, for each guest anew", node);
	}
	if (is_coherent(device))
		pt_error_set(err, code, "%s: another process has it, which this one cannot see",
			     name);
	else
		pt_error_set(
			err, code,
			"%s: its IOMMU does not keep caches coherent with DMA; or another process has it, "
			"which this one cannot see",
			name);
	return pt_error_remedy(
		err, code, "as root, see who has it open: fuser -v %s; and see the kernel's log",
		node);
}

static int refused_ebusy(const struct pt_device *device, int code, struct pt_error *err)
{
	char node[PT_NODE_SIZE];
	int r;

	(void)snprintf(node, sizeof(node), "/dev/vfio/%d", device->host.group);
	if (pt_self_holds(device->sys, node)) {
		pt_error_set(err, code,
			     "%s: this process has %s open, and a group cannot be used both ways",
			     device->host.name, node);
		return pt_error_remedy(err, code, "reach all functions of a group in the same way");
	}
	r = pt_refused_by_holder(device, code, node, err);
	if (r < 0)
		return r;
	pt_error_set(
		err, code,
		"%s: someone whom this process cannot see has its IOMMU group open (%s), or the group's DMA is "
		"set up by the host",
		device->host.name, node);
	return pt_error_remedy(
		err, code,
		"as root, see who has it open: fuser -v %s; a device is given away by its group or by its cdev, not both",
		node);
}

static int refused_enodev(const struct pt_device *device, int code, struct pt_error *err)
{
	const struct pt_host_device *host = &device->host;
	int r = pt_refused_by_state(device, code, err);

	if (r < 0)
		return r;
	if (host->group < 0 && !host->mediated)
		return pt_error_set(err, code, "%s: is in no IOMMU group", host->name);
	pt_error_set(err, code, "%s: its driver %s is being unbound from it", host->name,
		     host->driver);
	return pt_error_remedy(err, code, "bind it to vfio-pci again, and try again");
}

static int refused_eacces(const struct pt_device *device, int code, struct pt_error *err)
{
	int r = pt_refused_by_state(device, code, err);

	return r < 0 ? r : pt_refused_token(device, code, err);
}

int cdev_refused_bind(struct pt_device *device, int code, struct pt_error *err)
{
	const char *name = device->host.name;
	char node[PT_NODE_SIZE * 2];

	/* Siblings may have changed since the device was opened. */
	(void)pt_host_read(device->sys, name, &device->host, NULL);
	(void)snprintf(node, sizeof(node), PT_VFIO_NODES "%s", device->host.node);
	switch (code) {
	case -EPERM:
		return pt_refused_dma(device, code, "iommufd", err);
	case -EINVAL:
		return refused_einval(device, code, node, err);
	case -EBUSY:
		return refused_ebusy(device, code, err);
	case -EACCES:
		return refused_eacces(device, code, err);
	case -ENODEV:
		return refused_enodev(device, code, err);
	case -EAGAIN:
		return pt_refused_reset(device, code, err);
	case -EBADF:
		pt_error_set(err, code,
			     "%s: descriptor %d, which is to be a " PT_IOMMU_NODE ", is closed",
			     name, device->space->fd);
		return pt_error_remedy(err, code, PT_KEEP_SPACE);
	case -EBADFD:
		pt_error_set(err, code, "%s: descriptor %d is open, and is no " PT_IOMMU_NODE, name,
			     device->space->fd);
		return pt_error_remedy(err, code,
				       "make the space with one of " PT_IOMMU_NODE
				       ", and do not close it while it is in use");
	case -ENOTTY:
		pt_error_set(err, code,
			     "%s: this kernel's VFIO does not know VFIO_DEVICE_BIND_IOMMUFD", name);
		return pt_error_remedy(err, code,
				       "run a kernel with CONFIG_VFIO_DEVICE_CDEV (6.6 or newer)");
	case -E2BIG:
		pt_error_set(
			err, code,
			"%s: this kernel's VFIO_DEVICE_BIND_IOMMUFD takes less than it was given%s",
			name, device->has_vf_token ? ": no VF token" : "");
		return pt_error_remedy(err, code,
				       "run Linux 6.17 or newer (this is: uname -r), or use "
				       "backend=group");
	case -EFAULT:
		pt_error_set(err, code,
			     "%s: the kernel could not read or write what "
			     "VFIO_DEVICE_BIND_IOMMUFD was given",
			     name);
		return pt_error_remedy(err, code, PT_REPORT);
	case -ENOMEM:
		pt_error_set(err, code, "%s: the host has no memory left to bind it", name);
		return pt_error_remedy(err, code, "free memory on the host");
	default:
		return pt_refused_otherwise(device, code, err);
	}
}

/* Another function of the group is in another address space: through the same iommufd, else BIND had refused it. */
static int refused_by_sibling(const struct pt_device *device, int code, struct pt_error *err)
{
	const struct pt_host_device *host = &device->host;
	char node[PT_PATH_SIZE], holder[128];

	for (unsigned i = 0; i < host->sibling_count; i++) {
		const struct pt_host_sibling *sibling = &host->siblings[i];

		(void)snprintf(node, sizeof(node), PT_VFIO_NODES "%s", sibling->node);
		if (sibling->node[0] == '\0' || pt_space_device(device->space, sibling->name))
			continue;
		if (pt_host_holder(device->sys, node, holder, sizeof(holder)) == 0) {
			if (!pt_self_holds(device->sys, node))
				continue;
			(void)snprintf(holder, sizeof(holder), "this process");
		}
		pt_error_set(
			err, code,
			"%s: %s, of the same IOMMU group (%d), is in another address space: %s "
			"has it",
			host->name, sibling->name, host->group, holder);
		return pt_error_remedy(
			err, code,
			"give all functions of the group to one guest; else leave %s "
			"out",
			host->name);
	}
	return 0;
}

static int refused_pairing(struct pt_device *device, int code, struct pt_error *err)
{
	const struct pt_host_device *host = &device->host;
	char iommu[PT_NAME_SIZE] = "";

	(void)pt_host_read(device->sys, host->name, &device->host, NULL);
	if (refused_by_sibling(device, code, err) < 0)
		return code;
	(void)pt_sysfs_link(device->sys, host->name, "iommu", iommu, sizeof(iommu));
	pt_error_set(
		err, code,
		"%s: its IOMMU%s%s cannot share an address space with the other devices', or another function "
		"of its IOMMU group (%d) is in another one",
		host->name, iommu[0] != '\0' ? " " : "", iommu, host->group);
	return pt_error_remedy(err, code,
			       "give all functions of the group to one guest; else leave %s out",
			       host->name);
}

/* The first attach holds the pages of all that is mapped already. */
static int refused_pages(struct pt_device *device, int code, struct pt_error *err)
{
	struct pt_space *space = device->space;
	int r = 0;

	(void)pthread_mutex_lock(&space->map_lock);
	for (size_t i = 0; i < space->mapping_count && r == 0; i++)
		r = pt_refused_memory(space, &space->mappings[i], code, err);
	(void)pthread_mutex_unlock(&space->map_lock);
	if (r < 0)
		return pt_error_prefix(err, code, "%s: cannot be attached", device->host.name);
	pt_error_set(
		err, code,
		"%s: cannot be attached: the kernel could not hold the pages of the guest's memory",
		device->host.name);
	return pt_error_remedy(err, code,
			       "have the guest's memory from memfd_create(), or from a file of "
			       "/dev/shm or hugetlbfs");
}

static int refused_attach_otherwise(const struct pt_device *device, int code, struct pt_error *err)
{
	static const struct pt_refusal rows[] = {
		{-EIO, "its IOMMU did not take it", PT_IOMMU_LOG},
		{-ENODEV, "it has no IOMMU any more, or is gone", PT_VFIO_LOG},
		{-EPERM, "its IOMMU group belongs to somebody else",
		 "see who has a function of it, as root: fuser -v /dev/vfio/* " PT_VFIO_NODES "*"},
		{-EBADF, "its descriptor is closed", PT_KEEP_DEVICE},
		{-ENOTTY, "this kernel's VFIO does not know VFIO_DEVICE_ATTACH_IOMMUFD_PT",
		 "run a kernel with CONFIG_VFIO_DEVICE_CDEV (6.6 or newer)"},
		{-EOPNOTSUPP, "its IOMMU has no page table of the kind that is asked for",
		 PT_IOMMU_LOG},
	};

	return pt_refused_by_row(rows, PT_ARRAY_SIZE(rows), device, "cannot be attached", code,
				 err);
}

int cdev_refused_attach(struct pt_device *device, int code, struct pt_error *err)
{
	const struct pt_host_device *host = &device->host;
	const char *name = host->name;

	switch (code) {
	case -EADDRINUSE:
		return pt_space_conflict(device->space, host, code, err);
	case -EOPNOTSUPP:
		if (pt_dirty_admit(device, err) < 0)
			return code;
		return refused_attach_otherwise(device, code, err);
	case -EINVAL:
		return refused_pairing(device, code, err);
	case -EFAULT:
		return refused_pages(device, code, err);
	case -ENOENT:
		pt_error_set(
			err, code,
			"%s: the IO address space is gone: someone destroyed it by descriptor %d",
			name, device->space->fd);
		return pt_error_remedy(
			err, code,
			"hand in a descriptor that nobody else uses: fuser -v " PT_IOMMU_NODE);
	case -ENOMEM:
		/* The first attach pins what is mapped already. */
		return pt_error_prefix(
			err,
			pt_memlock_explain(device->space, pt_space_stats(device->space).bytes, err),
			"%s: cannot be attached", name);
	case -EBUSY:
		pt_error_set(err, code,
			     "%s: it, or a function of its IOMMU group (%d), is being reset", name,
			     host->group);
		return pt_error_remedy(err, code, "try again");
	default:
		return refused_attach_otherwise(device, code, err);
	}
}
