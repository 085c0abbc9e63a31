/* SPDX-License-Identifier: MIT */
/* Before anything is opened: how a function can be reached, and what is in its way. */
#include "noiommu.h"
#include "sysfs.h"

#define CLASS_BRIDGE_PCI 0x0604 /* class and subclass */

static int bind_remedy(const struct pt_host_device *device, int code, struct pt_error *err)
{
	const char *bdf = device->name;

	if (device->driver[0] != '\0')
		return pt_error_remedy(err, code,
				       "as root: modprobe vfio-pci; echo vfio-pci > " PT_SYSFS_PCI
				       "%s/driver_override; "
				       "echo %s > " PT_SYSFS_PCI
				       "%s/driver/unbind; echo %s > /sys/bus/pci/drivers_probe",
				       bdf, bdf, bdf, bdf);
	return pt_error_remedy(err, code,
			       "as root: modprobe vfio-pci; echo vfio-pci > " PT_SYSFS_PCI
			       "%s/driver_override; "
			       "echo %s > /sys/bus/pci/drivers_probe",
			       bdf, bdf);
}

static int no_cdev(const struct pt_host_device *device, struct pt_error *err)
{
	pt_error_set(err, -ENOENT, "%s: this kernel offers no " PT_VFIO_NODES " node for it",
		     device->name);
	return pt_error_remedy(
		err, -ENOENT,
		"run a kernel with CONFIG_VFIO_DEVICE_CDEV and CONFIG_IOMMUFD (6.6 or newer)");
}

int pt_blocked_by_sibling(const struct pt_host_device *device, int code, struct pt_error *err)
{
	for (unsigned i = 0; i < device->sibling_count; i++) {
		const struct pt_host_sibling *sibling = &device->siblings[i];

		if (!sibling->blocks)
			continue;
		pt_error_set(
			err, code,
			"%s: cannot be assigned while %s, of the same IOMMU group (%d), is bound to %s",
			device->name, sibling->name, device->group, sibling->driver);
		return pt_error_remedy(err, code,
				       "unbind it (echo %s > " PT_SYSFS_PCI
				       "%s/driver/unbind) or bind it to vfio-pci too",
				       sibling->name, sibling->name);
	}
	return 0;
}

/* Its driver is a VFIO driver, and no IOMMU stands behind it: all that can be missing is the cdev. */
static int mediated_assignable(const struct pt_host_device *device, struct pt_error *err)
{
	if (device->node[0] != '\0')
		return 0;
	if (device->driver[0] == '\0') {
		pt_error_set(err, -ENODEV, "%s: the mediated device has no driver", device->name);
		return pt_error_remedy(err, -ENODEV,
				       "load the module of its parent, or make the device anew");
	}
	return no_cdev(device, err);
}

PT_PUBLIC enum pt_backend_kind pt_host_backend(const struct pt_sys *sys,
					       const struct pt_host_device *device)
{
	(void)sys;
	(void)device;
	return PT_BACKEND_CDEV;
}

PT_PUBLIC int pt_host_assignable(const struct pt_sys *sys, const struct pt_host_device *device,
				 const struct pt_space_setup *setup, struct pt_error *err)
{
	if (setup && setup->unsafe_noiommu)
		return pt_noiommu_assignable(sys, device, setup->backend, err);
	if (device->mediated)
		return mediated_assignable(device, err);
	if (device->class_code >> 8 == CLASS_BRIDGE_PCI)
		return pt_error_set(err, -ENODEV, "%s: is a PCI bridge, which cannot be assigned",
				    device->name);
	if (device->driver[0] == '\0') {
		pt_error_set(err, -ENODEV, "%s: has no driver; it must be bound to vfio-pci",
			     device->name);
		return bind_remedy(device, -ENODEV, err);
	}
	if (!strstr(device->driver, "vfio") && device->node[0] == '\0') {
		pt_error_set(err, -EBUSY, "%s: is bound to %s, not to vfio-pci", device->name,
			     device->driver);
		return bind_remedy(device, -EBUSY, err);
	}
	if (pt_noiommu_unwanted(device, err) < 0)
		return -ENODEV;
	if (device->group < 0) {
		pt_error_set(err, -ENODEV, "%s: is in no IOMMU group: no IOMMU translates its DMA",
			     device->name);
		return pt_error_remedy(
			err, -ENODEV,
			"enable VT-d or AMD-Vi in the firmware, and boot with intel_iommu=on where the "
			"kernel does not turn it on by itself");
	}
	if (device->node[0] == '\0')
		return no_cdev(device, err);
	return pt_blocked_by_sibling(device, -EBUSY, err);
}
