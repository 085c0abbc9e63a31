/* SPDX-License-Identifier: MIT */
/* A device's IOMMU group: who else is in it, and which addresses its IOMMU has. */
#include "iommu_group.h"

#include <stdlib.h>

#define CLASS_BRIDGE_PCI 0x0604 /* class and subclass */

struct sibling_walk {
	const struct pt_sys *sys;
	struct pt_host_device *device;
	int result;
};

/*
 * A sibling does not block when it has no driver, a VFIO driver, or one that does no DMA of its own
 * (driver_managed_dma). Source: Documentation/driver-api/vfio.rst, "Groups".
 */
static bool driver_blocks(const struct pt_host_sibling *sibling)
{
	const char *driver = sibling->driver;

	if (driver[0] == '\0' || !strcmp(driver, "pcieport") || !strcmp(driver, "pci-stub") ||
	    !strcmp(driver, "vfio-pci") || sibling->node[0] != '\0')
		return false;
	/* A variant driver on a kernel without cdevs is known by its name only. */
	return !strstr(driver, "vfio");
}

static int describe_sibling(struct sibling_walk *walk, const char *bdf)
{
	struct pt_host_sibling *sibling = &walk->device->siblings[walk->device->sibling_count];
	int r = pt_host_driver(walk->sys, bdf, sibling->driver);

	if (r == 0)
		r = pt_sysfs_node(walk->sys, bdf, sibling->node);
	if (r < 0)
		return r;
	(void)snprintf(sibling->name, sizeof(sibling->name), "%s", bdf);
	sibling->blocks = driver_blocks(sibling);
	walk->device->sibling_count++;
	return 0;
}

static int add_sibling(void *arg, const char *name)
{
	struct sibling_walk *walk = arg;
	struct pt_host_device *device = walk->device;
	unsigned long class_code = 0;
	char bdf[PT_NAME_SIZE];

	if (pt_bdf_parse(name, bdf) < 0 || !strcmp(bdf, device->name) ||
	    device->sibling_count == PT_GROUP_MAX)
		return 0;
	walk->result = pt_sysfs_hex(walk->sys, bdf, "class", &class_code, NULL);
	/* Gone since the directory was read. */
	if (walk->result == -ENODEV)
		walk->result = 0;
	else if (walk->result == 0 && class_code >> 8 != CLASS_BRIDGE_PCI)
		walk->result = describe_sibling(walk, bdf);
	return walk->result < 0;
}

/* Source: drivers/vfio/group.c, vfio_noiommu_group_alloc(). */
int pt_group_is_noiommu(const struct pt_sys *sys, int group, bool *ret_is)
{
	char path[PT_PATH_SIZE], name[32];
	int r;

	*ret_is = false;
	if (group < 0)
		return 0;
	(void)snprintf(path, sizeof(path), PT_SYSFS_GROUPS "%d/name", group);
	r = pt_read_file(sys, path, name, sizeof(name));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	*ret_is = !strcmp(name, "vfio-noiommu");
	return 0;
}

int pt_group_read(const struct pt_sys *sys, struct pt_host_device *device)
{
	struct sibling_walk walk = {.sys = sys, .device = device};
	char path[PT_PATH_SIZE], group[32];
	int r = pt_sysfs_link(sys, device->name, "iommu_group", group, sizeof(group));

	device->group = -1;
	if (r < 0 || group[0] == '\0')
		return r;
	device->group = atoi(group);
	/* A mediated device has one to itself, which stands for no IOMMU. */
	if (device->mediated)
		return 0;
	(void)snprintf(path, sizeof(path), PT_SYSFS_GROUPS "%d/devices", device->group);
	r = sys->list(sys->ctx, path, add_sibling, &walk);
	return r < 0 ? r : walk.result;
}

PT_PUBLIC int pt_host_reserved(const struct pt_sys *sys, const struct pt_host_device *device,
			       struct pt_iova_range *ranges, size_t max, size_t *ret_count,
			       struct pt_error *err)
{
	char path[PT_PATH_SIZE], buf[4096], *at, *line, *end, *next;
	struct pt_iova_range range;
	size_t count = 0;
	int r;

	if (device->group < 0)
		return pt_error_set(err, -ENOENT, "%s: is in no IOMMU group", device->name);
	if (device->mediated) {
		*ret_count = 0;
		return 0;
	}
	(void)snprintf(path, sizeof(path), PT_SYSFS_GROUPS "%d/reserved_regions", device->group);
	r = pt_read_file(sys, path, buf, sizeof(buf));
	if (r < 0)
		return pt_error_set(err, r, "%s: %s", path, strerror(-r));
	for (line = strtok_r(buf, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		range.first = strtoull(line, &at, 16);
		range.last = strtoull(at, &end, 16);
		if (at == line || end == at || range.last < range.first)
			return pt_error_set(err, -EIO, "%s: \"%s\" is not a range", path, line);
		/* A relaxable range is the firmware's; the kernel does not hold it against an
		 * assigned device. */
		if (strstr(end, "direct-relaxable"))
			continue;
		if (count < max)
			ranges[count] = range;
		count++;
	}
	*ret_count = count;
	return 0;
}

/* Widest second-level table that the unit walks: SAGAW bits 1, 2, 3 are 39, 48, 57 bits. VT-d
 * specification 11.4.2. */
static unsigned intel_bits(uint64_t cap)
{
	unsigned mgaw = (unsigned)(cap >> 16 & 0x3f) + 1;
	unsigned sagaw = (unsigned)(cap >> 8 & 0x1f);
	unsigned walk = sagaw & 8 ? 57 : sagaw & 4 ? 48 : sagaw & 2 ? 39 : 0;

	return walk != 0 && walk < mgaw ? walk : mgaw;
}

PT_PUBLIC unsigned pt_host_iova_bits(const struct pt_sys *sys, const struct pt_host_device *device)
{
	char path[PT_PATH_SIZE], buf[64];

	pt_sysfs_path(device->name, "iommu/intel-iommu/cap", path);
	if (pt_read_file(sys, path, buf, sizeof(buf)) >= 0)
		return intel_bits(strtoull(buf, NULL, 16));
	pt_sysfs_path(device->name, "iommu/amd-iommu/cap", path);
	if (pt_read_file(sys, path, buf, sizeof(buf)) >= 0)
		return 48;
	return 0;
}
