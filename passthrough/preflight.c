/* SPDX-License-Identifier: MIT */
/* Before anything is opened: how a function can be reached, and what is in its way. */
#include "group.h"
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

/* Return: 0, -ENOENT, or why it cannot be told. */
static int look_for(const struct pt_sys *sys, const char *path)
{
	char real[PT_PATH_SIZE];
	int r = sys->realpath(sys->ctx, path, real, sizeof(real));

	return r < 0 ? r : 0;
}

static bool on_vfio_driver(const struct pt_host_device *device)
{
	return device->mediated || strstr(device->driver, "vfio") || device->node[0] != '\0';
}

PT_PUBLIC enum pt_backend_kind pt_host_backend(const struct pt_sys *sys,
					       const struct pt_host_device *device)
{
	char node[PT_NODE_SIZE];

	if (device->node[0] != '\0' && look_for(sys, PT_IOMMU_NODE) == 0)
		return PT_BACKEND_CDEV;
	if (device->group < 0 || !on_vfio_driver(device))
		return PT_BACKEND_CDEV;
	pt_group_node(device, node, sizeof(node));
	return look_for(sys, node) == 0 ? PT_BACKEND_GROUP : PT_BACKEND_CDEV;
}

static int check_driver(const struct pt_host_device *device, struct pt_error *err)
{
	if (device->class_code >> 8 == CLASS_BRIDGE_PCI)
		return pt_error_set(err, -ENODEV, "%s: is a PCI bridge, which cannot be assigned",
				    device->name);
	if (device->driver[0] == '\0') {
		pt_error_set(err, -ENODEV, "%s: has no driver; it must be bound to vfio-pci",
			     device->name);
		return bind_remedy(device, -ENODEV, err);
	}
	if (!on_vfio_driver(device)) {
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
	return 0;
}

/* Its driver is a VFIO driver by nature, and no IOMMU stands behind it. */
static int check_mediated(const struct pt_host_device *device, struct pt_error *err)
{
	if (device->driver[0] != '\0')
		return 0;
	pt_error_set(err, -ENODEV, "%s: the mediated device has no driver", device->name);
	return pt_error_remedy(err, -ENODEV,
			       "load the module of its parent, or make the device anew");
}

static int check_cdev(const struct pt_host_device *device, struct pt_error *err)
{
	if (device->node[0] != '\0')
		return 0;
	pt_error_set(err, -ENOENT, "%s: this kernel offers no " PT_VFIO_NODES " node for it",
		     device->name);
	return pt_error_remedy(
		err, -ENOENT,
		"run a kernel with CONFIG_VFIO_DEVICE_CDEV and CONFIG_IOMMUFD (6.6 or "
		"newer), or reach it by its IOMMU group (backend: group)");
}

/* A node that @device is reached by, and what to do where there is none. */
static int check_node(const struct pt_sys *sys, const struct pt_host_device *device,
		      const char *node, const char *remedy, struct pt_error *err)
{
	int r = look_for(sys, node);

	if (r == 0)
		return 0;
	if (r != -ENOENT)
		return pt_error_set(err, r, "%s: looking for %s: %s", device->name, node,
				    strerror(-r));
	pt_error_set(err, r, "%s: there is no %s to reach it by", device->name, node);
	return pt_error_remedy(err, r, "%s", remedy);
}

static int check_group(const struct pt_sys *sys, const struct pt_host_device *device,
		       struct pt_error *err)
{
	char node[PT_NODE_SIZE];
	int r;

	pt_group_node(device, node, sizeof(node));
	r = check_node(sys, device, node,
		       "run a kernel with CONFIG_VFIO_GROUP; in a container or a jail, make the "
		       "host's node visible",
		       err);
	if (r == 0)
		r = check_node(sys, device, PT_CONTAINER_NODE, PT_CONTAINER_REMEDY, err);
	return r;
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

PT_PUBLIC int pt_host_assignable(const struct pt_sys *sys, const struct pt_host_device *device,
				 const struct pt_space_setup *setup, struct pt_error *err)
{
	bool by_group = setup && setup->backend == PT_BACKEND_GROUP;
	int r;

	if (setup && setup->unsafe_noiommu)
		return pt_noiommu_assignable(sys, device, setup->backend, err);
	r = device->mediated ? check_mediated(device, err) : check_driver(device, err);
	if (r == 0)
		r = by_group ? check_group(sys, device, err) : check_cdev(device, err);
	return r < 0 ? r : pt_blocked_by_sibling(device, -EBUSY, err);
}
