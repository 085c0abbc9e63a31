/* SPDX-License-Identifier: MIT */
/* Before anything is opened: how a function can be reached, and what is in its way. */
#include "group.h"
#include "noiommu.h"
#include "sysfs.h"

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

/* One look at @device; what is found goes to the caller's @each, until that returns non-zero. */
struct walk {
	const struct pt_sys *sys;
	const struct pt_host_device *device;
	int (*each)(void *arg, const struct pt_obstacle *obstacle);
	void *arg;
};

static struct pt_obstacle in_file(const char *name, enum pt_obstacle_kind kind, const char *file,
				  const char *value)
{
	struct pt_obstacle obstacle = {.kind = kind, .error = PT_ERROR_INIT};

	pt_sysfs_path(name, file, obstacle.path);
	(void)snprintf(obstacle.value, sizeof(obstacle.value), "%s", value);
	return obstacle;
}

static int found(const struct walk *walk, const struct pt_obstacle *obstacle)
{
	return walk->each(walk->arg, obstacle);
}

static int walk_driver(const struct walk *walk)
{
	const struct pt_host_device *device = walk->device;
	struct pt_obstacle obstacle =
		in_file(device->name, PT_OBSTACLE_DRIVER, "driver", device->driver);

	if (device->driver[0] == '\0') {
		pt_error_set(&obstacle.error, -ENODEV,
			     "%s: has no driver; it must be bound to vfio-pci", device->name);
		bind_remedy(device, -ENODEV, &obstacle.error);
		return found(walk, &obstacle);
	}
	if (on_vfio_driver(device))
		return 0;
	pt_error_set(&obstacle.error, -EBUSY, "%s: is bound to %s, not to vfio-pci", device->name,
		     device->driver);
	bind_remedy(device, -EBUSY, &obstacle.error);
	return found(walk, &obstacle);
}

static int walk_iommu(const struct walk *walk)
{
	const struct pt_host_device *device = walk->device;
	struct pt_obstacle obstacle = in_file(device->name, PT_OBSTACLE_IOMMU, "iommu_group", "");

	if (pt_noiommu_unwanted(device, &obstacle.error) < 0) {
		(void)snprintf(obstacle.path, sizeof(obstacle.path), PT_SYSFS_GROUPS "%d/name",
			       device->group);
		(void)snprintf(obstacle.value, sizeof(obstacle.value), "vfio-noiommu");
		return found(walk, &obstacle);
	}
	if (device->group >= 0)
		return 0;
	pt_error_set(&obstacle.error, -ENODEV,
		     "%s: is in no IOMMU group: no IOMMU translates its DMA", device->name);
	pt_error_remedy(
		&obstacle.error, -ENODEV,
		"enable VT-d or AMD-Vi in the firmware, and boot with intel_iommu=on where the "
		"kernel does not turn it on by itself");
	return found(walk, &obstacle);
}

/* Its driver is a VFIO driver by nature, and no IOMMU stands behind it. */
static int walk_mediated(const struct walk *walk)
{
	const struct pt_host_device *device = walk->device;
	struct pt_obstacle obstacle = in_file(device->name, PT_OBSTACLE_DRIVER, "driver", "");

	if (device->driver[0] != '\0')
		return 0;
	pt_error_set(&obstacle.error, -ENODEV, "%s: the mediated device has no driver",
		     device->name);
	pt_error_remedy(&obstacle.error, -ENODEV,
			"load the module of its parent, or make the device anew");
	return found(walk, &obstacle);
}

static int walk_cdev(const struct walk *walk)
{
	const struct pt_host_device *device = walk->device;
	struct pt_obstacle obstacle = in_file(device->name, PT_OBSTACLE_NODE, "vfio-dev", "");

	if (device->node[0] != '\0')
		return 0;
	pt_error_set(&obstacle.error, -ENOENT,
		     "%s: this kernel offers no " PT_VFIO_NODES " node for it", device->name);
	pt_error_remedy(&obstacle.error, -ENOENT,
			"run a kernel with CONFIG_VFIO_DEVICE_CDEV and CONFIG_IOMMUFD (6.6 or "
			"newer), or reach it by its IOMMU group (backend: group)");
	return found(walk, &obstacle);
}

/* A node that the device is reached by, and what to do where there is none. */
static int walk_node(const struct walk *walk, const char *node, const char *remedy)
{
	struct pt_obstacle obstacle = {.kind = PT_OBSTACLE_NODE, .error = PT_ERROR_INIT};
	const char *name = walk->device->name;
	int r = look_for(walk->sys, node);

	if (r == 0)
		return 0;
	(void)snprintf(obstacle.path, sizeof(obstacle.path), "%s", node);
	if (r != -ENOENT) {
		pt_error_set(&obstacle.error, r, "%s: looking for %s: %s", name, node,
			     strerror(-r));
		return found(walk, &obstacle);
	}
	pt_error_set(&obstacle.error, r, "%s: there is no %s to reach it by", name, node);
	pt_error_remedy(&obstacle.error, r, "%s", remedy);
	return found(walk, &obstacle);
}

static int walk_group(const struct walk *walk)
{
	char node[PT_NODE_SIZE];
	int r;

	pt_group_node(walk->device, node, sizeof(node));
	r = walk_node(walk, node,
		      "run a kernel with CONFIG_VFIO_GROUP; in a container or a jail, make the "
		      "host's node visible");
	return r ? r : walk_node(walk, PT_CONTAINER_NODE, PT_CONTAINER_REMEDY);
}

PT_PUBLIC const char *pt_bridge_kind(uint32_t class_code)
{
	switch (class_code >> 8) {
	case 0x0600:
		return "the host's bridge to its PCI buses";
	case 0x0604:
	case 0x0609:
		return "a PCI bridge";
	case 0x0607:
		return "a CardBus bridge";
	default:
		return NULL;
	}
}

static int walk_bridge(const struct walk *walk, const char *kind)
{
	char code[16];
	struct pt_obstacle obstacle;

	(void)snprintf(code, sizeof(code), "0x%06x", walk->device->class_code);
	obstacle = in_file(walk->device->name, PT_OBSTACLE_BRIDGE, "class", code);
	pt_error_set(&obstacle.error, -ENODEV, "%s: is %s, which cannot be assigned",
		     walk->device->name, kind);
	pt_error_remedy(&obstacle.error, -ENODEV, "name a device that is no bridge");
	return found(walk, &obstacle);
}

static int sibling_error(const struct pt_host_device *device, const struct pt_host_sibling *sibling,
			 int code, struct pt_error *err)
{
	pt_error_set(
		err, code,
		"%s: cannot be assigned while %s, of the same IOMMU group (%d), is bound to %s",
		device->name, sibling->name, device->group, sibling->driver);
	return pt_error_remedy(err, code,
			       "unbind it (echo %s > " PT_SYSFS_PCI
			       "%s/driver/unbind) or bind it to vfio-pci too",
			       sibling->name, sibling->name);
}

int pt_blocked_by_sibling(const struct pt_host_device *device, int code, struct pt_error *err)
{
	for (unsigned i = 0; i < device->sibling_count; i++) {
		if (device->siblings[i].blocks)
			return sibling_error(device, &device->siblings[i], code, err);
	}
	return 0;
}

static int walk_siblings(const struct walk *walk)
{
	int r = 0;

	for (unsigned i = 0; i < walk->device->sibling_count && r == 0; i++) {
		const struct pt_host_sibling *sibling = &walk->device->siblings[i];
		struct pt_obstacle obstacle =
			in_file(sibling->name, PT_OBSTACLE_SIBLING, "driver", sibling->driver);

		if (!sibling->blocks)
			continue;
		obstacle.sibling = sibling;
		sibling_error(walk->device, sibling, -EBUSY, &obstacle.error);
		r = found(walk, &obstacle);
	}
	return r;
}

static enum pt_obstacle_kind noiommu_kind(int code)
{
	switch (code) {
	case -EINVAL:
		return PT_OBSTACLE_REQUEST;
	case -ENODEV:
		return PT_OBSTACLE_DRIVER;
	default:
		return PT_OBSTACLE_NODE;
	}
}

static int walk_noiommu(const struct walk *walk, enum pt_backend_kind backend)
{
	const struct pt_host_device *device = walk->device;
	struct pt_obstacle obstacle =
		in_file(device->name, PT_OBSTACLE_REQUEST, "driver", device->driver);
	int r = pt_noiommu_assignable(walk->sys, device, backend, &obstacle.error);

	if (r == 0)
		return 0;
	obstacle.kind = noiommu_kind(r);
	return found(walk, &obstacle);
}

PT_PUBLIC int pt_host_obstacles(const struct pt_sys *sys, const struct pt_host_device *device,
				const struct pt_space_setup *setup,
				int (*each)(void *arg, const struct pt_obstacle *obstacle),
				void *arg)
{
	const char *bridge = pt_bridge_kind(device->class_code);
	const struct walk walk = {sys, device, each, arg};
	int r;

	if (bridge)
		return walk_bridge(&walk, bridge);
	if (setup && setup->unsafe_noiommu)
		return walk_noiommu(&walk, setup->backend);
	r = device->mediated ? walk_mediated(&walk) : walk_driver(&walk);
	if (r == 0 && !device->mediated)
		r = walk_iommu(&walk);
	/* Without its driver and its IOMMU there is no node. */
	if (r == 0 && on_vfio_driver(device) && (device->mediated || device->group >= 0))
		r = setup && setup->backend == PT_BACKEND_GROUP ? walk_group(&walk)
								: walk_cdev(&walk);
	return r ? r : walk_siblings(&walk);
}

static int take_first(void *arg, const struct pt_obstacle *obstacle)
{
	struct pt_error *err = arg;

	if (err)
		*err = obstacle->error;
	return obstacle->error.code;
}

PT_PUBLIC int pt_host_assignable(const struct pt_sys *sys, const struct pt_host_device *device,
				 const struct pt_space_setup *setup, struct pt_error *err)
{
	return pt_host_obstacles(sys, device, setup, take_first, err);
}
