/* SPDX-License-Identifier: MIT */
/*
 * Devices that no IOMMU stands before. The kernel gives them to user space in one of three ways, see enum pt_noiommu; what
 * is common is that their DMA would reach all of the host's memory, so it must be asked for by name.
 */
#include "noiommu.h"

#include "group.h"
#include "sysfs.h"

#define PARAMETER "/sys/module/vfio/parameters/enable_unsafe_noiommu_mode"

/* By its group. Return: 0, or why it cannot be told. */
static int by_group(const struct pt_sys *sys, const struct pt_host_device *device,
		    enum pt_noiommu *ret_kind)
{
	char path[PT_PATH_SIZE], real[PT_PATH_SIZE];
	int r;

	pt_group_node(device, path, sizeof(path));
	r = sys->realpath(sys->ctx, path, real, sizeof(real));
	*ret_kind = r >= 0 ? PT_NOIOMMU_GROUP : PT_NOIOMMU_NONE;
	return r < 0 && r != -ENOENT ? r : 0;
}

/* As the backend would have it; else in the other way, where there is one. */
static int look(const struct pt_sys *sys, const struct pt_host_device *device,
		enum pt_backend_kind backend, enum pt_noiommu *ret_kind)
{
	if (pt_is_noiommu_node(device->node) && backend == PT_BACKEND_CDEV) {
		*ret_kind = PT_NOIOMMU_IOMMUFD;
		return 0;
	}
	return by_group(sys, device, ret_kind);
}

PT_PUBLIC enum pt_noiommu pt_host_noiommu(const struct pt_sys *sys,
					  const struct pt_host_device *device)
{
	enum pt_noiommu kind = PT_NOIOMMU_NONE;

	if (device->noiommu)
		(void)look(sys, device, PT_BACKEND_CDEV, &kind);
	return kind;
}

int pt_noiommu_unwanted(const struct pt_host_device *device, struct pt_error *err)
{
	if (!device->noiommu)
		return 0;
	pt_error_set(err, -ENODEV,
		     "%s: no IOMMU translates its DMA, which would reach all of the host's memory",
		     device->name);
	return pt_error_remedy(
		err, -ENODEV,
		"enable VT-d or AMD-Vi in the firmware, and boot with intel_iommu=on where the kernel does not turn "
		"it on by itself; noiommu=unsafe gives a guest the device without its DMA");
}

static int not_bound(const struct pt_sys *sys, const struct pt_host_device *device,
		     struct pt_error *err)
{
	const char *bdf = device->name;
	char value[8];
	bool on = pt_read_file(sys, PARAMETER, value, sizeof(value)) > 0 && value[0] == 'Y';

	pt_error_set(err, -ENODEV, "%s: is not bound to vfio-pci%s", bdf,
		     on ? ""
			: ", which takes a device without an IOMMU only with the module parameter "
			  "vfio.enable_unsafe_noiommu_mode");
	return pt_error_remedy(err, -ENODEV,
			       "as root: modprobe vfio-pci; %secho vfio-pci > " PT_SYSFS_PCI
			       "%s/driver_override; echo %s > /sys/bus/pci/drivers_probe",
			       on ? "" : "echo Y > " PARAMETER "; ", bdf, bdf);
}

int pt_noiommu_assignable(const struct pt_sys *sys, const struct pt_host_device *device,
			  enum pt_backend_kind backend, struct pt_error *err)
{
	enum pt_noiommu kind;
	int r;

	if (device->mediated || (!device->noiommu && device->group >= 0)) {
		pt_error_set(
			err, -EINVAL,
			device->mediated
				? "%s: is a mediated device, which does no DMA of its own"
				: "%s: an IOMMU translates its DMA, and it is asked for without",
			device->name);
		return pt_error_remedy(err, -EINVAL, "leave noiommu=unsafe out");
	}
	if (!device->noiommu)
		return not_bound(sys, device, err);
	r = look(sys, device, backend, &kind);
	if (r < 0)
		return pt_error_set(err, r, "%s: looking for its group's node: %s", device->name,
				    strerror(-r));
	if (kind == PT_NOIOMMU_GROUP && backend == PT_BACKEND_CDEV) {
		pt_error_set(err, -ENOENT,
			     "%s: this kernel has devices without an IOMMU by their group only, "
			     "/dev/vfio/" PT_NOIOMMU_PREFIX "%d",
			     device->name, device->group);
		return pt_error_remedy(err, -ENOENT, "use backend=group, or Linux 7.3");
	}
	if (kind == PT_NOIOMMU_NONE) {
		pt_error_set(err, -ENOENT, "%s: this kernel has no node for it", device->name);
		return pt_error_remedy(err, -ENOENT, "run a kernel with CONFIG_VFIO_NOIOMMU");
	}
	return 0;
}

int pt_noiommu_no_rawio(const char *name, int code, struct pt_error *err)
{
	pt_error_set(err, code, "%s: a device without an IOMMU needs CAP_SYS_RAWIO", name);
	return pt_error_remedy(
		err, code, "run as root, or as a service with AmbientCapabilities=CAP_SYS_RAWIO");
}
