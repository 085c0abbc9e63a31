/* SPDX-License-Identifier: MIT */
#include <ctype.h>
#include <fcntl.h>
#include <stdlib.h>

#include "internal.h"

#define SYSFS_GROUPS "/sys/kernel/iommu_groups/"

/* Type bits of the `resource` file. Source: include/linux/ioport.h. */
#define RESOURCE_IO	  0x00000100ull
#define RESOURCE_MEM	  0x00000200ull
#define RESOURCE_PREFETCH 0x00002000ull
#define RESOURCE_MEM_64	  0x00100000ull

#define CLASS_BRIDGE_PCI     0x0604 /* class and subclass */
#define CONFIG_INTERRUPT_PIN 0x3d

int pt_read_file(const struct pt_sys *sys, const char *path, char *buf, size_t size)
{
	int fd = sys->open(sys->ctx, path, O_RDONLY);
	size_t used = 0;
	int64_t n = 0;

	if (fd < 0)
		return fd;
	while (used < size - 1) {
		n = sys->pread(sys->ctx, fd, buf + used, size - 1 - used, used);
		if (n <= 0)
			break;
		used += (size_t)n;
	}
	pt_close_fd(sys, &fd);
	if (n < 0)
		return (int)n;
	while (used > 0 && isspace((unsigned char)buf[used - 1]))
		used--;
	buf[used] = '\0';
	return (int)used;
}

static const char *last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash ? slash + 1 : path;
}

static bool parse_hex(const char **text, unsigned long max, char stop, unsigned long *ret_value)
{
	char *end;

	/* strtoul() would take a "0x" too. */
	if (!isxdigit((unsigned char)**text) || (*text)[1] == 'x' || (*text)[1] == 'X')
		return false;
	*ret_value = strtoul(*text, &end, 16);
	if (*end != stop || *ret_value > max)
		return false;
	*text = stop ? end + 1 : end;
	return true;
}

PT_PUBLIC int pt_bdf_parse(const char *text, char *ret_bdf)
{
	unsigned long domain = 0, bus, slot, function;
	const char *first = strchr(text, ':');

	if (first && strchr(first + 1, ':') && !parse_hex(&text, 0xfffffff, ':', &domain))
		return -EINVAL;
	if (!parse_hex(&text, 0xff, ':', &bus) || !parse_hex(&text, 0x1f, '.', &slot) ||
	    !parse_hex(&text, 7, '\0', &function))
		return -EINVAL;
	(void)snprintf(ret_bdf, PT_NAME_SIZE, "%04lx:%02lx:%02lx.%lx", domain, bus, slot, function);
	return 0;
}

/* Looks whether the function is there. */
static int require_function(const struct pt_sys *sys, const char *bdf, struct pt_error *err)
{
	char path[PT_PATH_SIZE], buf[16];
	int r;

	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/vendor", bdf);
	r = pt_read_file(sys, path, buf, sizeof(buf));
	if (r >= 0)
		return 0;
	if (r != -ENOENT)
		return pt_error_set(err, r, "%s: %s", path, strerror(-r));
	pt_error_set(err, -ENODEV, "%s: no such PCI device on this host", bdf);
	return pt_error_remedy(
		err, -ENODEV,
		"`ls /sys/bus/pci/devices` lists the addresses there are; `lspci -D` names them");
}

static int resolve_node(const struct pt_sys *sys, const char *name, char *ret_bdf,
			struct pt_error *err)
{
	char link[PT_PATH_SIZE], real[PT_PATH_SIZE];
	const char *node = name + strlen(PT_VFIO_NODES);
	char *cut;
	int r;

	if (strchr(node, '/') || strlen(node) >= PT_NODE_SIZE)
		return pt_error_set(err, -EINVAL, "%s: not a VFIO device node", name);
	(void)snprintf(link, sizeof(link), "/sys/class/vfio-dev/%s", node);
	r = sys->realpath(sys->ctx, link, real, sizeof(real));
	if (r == -ENOENT) {
		pt_error_set(err, -ENODEV, "%s: no such VFIO device", name);
		return pt_error_remedy(err, -ENODEV,
				       "`ls " PT_VFIO_NODES
				       "` lists those there are; name the device by its PCI "
				       "address, since node numbers change");
	}
	if (r < 0)
		return pt_error_set(err, r, "%s: %s: %s", name, link, strerror(-r));
	/* .../0000:02:00.0/vfio-dev/vfio3 */
	for (int i = 0; i < 2; i++) {
		cut = strrchr(real, '/');
		if (cut)
			*cut = '\0';
	}
	if (pt_bdf_parse(last_part(real), ret_bdf) < 0)
		return pt_error_set(err, -ENOTTY, "%s: is not a PCI device (%s)", name, real);
	return 0;
}

static int resolve_path(const struct pt_sys *sys, const char *name, char *ret_bdf,
			struct pt_error *err)
{
	char real[PT_PATH_SIZE];
	int r = sys->realpath(sys->ctx, name, real, sizeof(real));

	if (r == -ENOENT) {
		pt_error_set(err, -ENODEV, "%s: does not exist", name);
		return pt_error_remedy(err, -ENODEV,
				       "name a device by its PCI address, such as 0000:02:00.0");
	}
	if (r < 0)
		return pt_error_set(err, r, "%s: %s", name, strerror(-r));
	if (pt_bdf_parse(last_part(real), ret_bdf) < 0) {
		pt_error_set(err, -EINVAL, "%s: is not a PCI device", name);
		return pt_error_remedy(
			err, -EINVAL,
			"give a PCI address such as 0000:02:00.0, its directory in sysfs, or a " PT_VFIO_NODES
			"vfioN node");
	}
	return require_function(sys, ret_bdf, err);
}

PT_PUBLIC int pt_host_resolve(const struct pt_sys *sys, const char *name, char *ret_bdf,
			      struct pt_error *err)
{
	char bdf[PT_NAME_SIZE];
	int r;

	if (!strncmp(name, PT_VFIO_NODES, strlen(PT_VFIO_NODES))) {
		r = resolve_node(sys, name, bdf, err);
	} else if (name[0] == '/') {
		r = resolve_path(sys, name, bdf, err);
	} else if (pt_bdf_parse(name, bdf) < 0) {
		pt_error_set(err, -EINVAL, "\"%s\" is not a device", name);
		return pt_error_remedy(
			err, -EINVAL,
			"give a PCI address such as 0000:02:00.0, its directory in sysfs, or a " PT_VFIO_NODES
			"vfioN node");
	} else {
		r = require_function(sys, bdf, err);
	}
	if (r == 0)
		memcpy(ret_bdf, bdf, sizeof(bdf));
	return r;
}

static int read_number(const struct pt_sys *sys, const char *bdf, const char *file,
		       unsigned long *ret_value, struct pt_error *err)
{
	char path[PT_PATH_SIZE], buf[32], *end;
	int r;

	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/%s", bdf, file);
	r = pt_read_file(sys, path, buf, sizeof(buf));
	if (r == -ENOENT)
		return pt_error_set(err, -ENODEV, "%s: no such PCI device on this host", bdf);
	if (r < 0)
		return pt_error_set(err, r, "%s: %s", path, strerror(-r));
	*ret_value = strtoul(buf, &end, 16);
	if (end == buf || *end)
		return pt_error_set(err, -EIO, "%s: \"%s\" is not a number", path, buf);
	return 0;
}

int pt_sysfs_link(const struct pt_sys *sys, const char *bdf, const char *link, char *buf,
		  size_t size)
{
	char path[PT_PATH_SIZE], target[PT_PATH_SIZE];
	int r;

	buf[0] = '\0';
	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/%s", bdf, link);
	r = sys->readlink(sys->ctx, path, target, sizeof(target));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	if ((size_t)snprintf(buf, size, "%s", last_part(target)) >= size)
		return -ENAMETOOLONG;
	return 0;
}

static int first_vfio_node(void *arg, const char *name)
{
	char *node = arg;

	if (strncmp(name, "vfio", 4) || strlen(name) >= PT_NODE_SIZE)
		return 0;
	(void)snprintf(node, PT_NODE_SIZE, "%s", name);
	return 1;
}

/*
 * The function's cdev; empty when its driver is not a VFIO driver or the kernel has no cdevs. Without
 * CONFIG_VFIO_DEVICE_CDEV there is a vfio-dev/vfioN as well, but no device number in it.
 */
static int read_node(const struct pt_sys *sys, const char *bdf, char *ret_node)
{
	char path[PT_PATH_SIZE], node[PT_NODE_SIZE] = "", number[32];
	int r;

	ret_node[0] = '\0';
	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/vfio-dev", bdf);
	r = sys->list(sys->ctx, path, first_vfio_node, node);
	if (r < 0 || node[0] == '\0')
		return r == -ENOENT ? 0 : r;
	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/vfio-dev/%s/dev", bdf, node);
	r = pt_read_file(sys, path, number, sizeof(number));
	if (r < 0)
		return r == -ENOENT ? 0 : r;
	memcpy(ret_node, node, sizeof(node));
	return 0;
}

static int read_bars(const struct pt_sys *sys, const char *bdf, struct pt_host_bar *bars,
		     struct pt_error *err)
{
	char path[PT_PATH_SIZE], buf[2048], *at = buf, *end;
	unsigned long long field[3];
	int r;

	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/resource", bdf);
	r = pt_read_file(sys, path, buf, sizeof(buf));
	if (r < 0)
		return pt_error_set(err, r, "%s: %s", path, strerror(-r));
	for (unsigned i = 0; i < PT_BARS; i++) {
		for (unsigned f = 0; f < 3; f++, at = end) {
			field[f] = strtoull(at, &end, 16);
			if (end == at)
				return pt_error_set(err, -EIO, "%s: line %u is not three numbers",
						    path, i + 1);
		}
		bars[i] = (struct pt_host_bar){0};
		if (!(field[2] & (RESOURCE_IO | RESOURCE_MEM)) || field[1] < field[0])
			continue;
		bars[i].size = field[1] - field[0] + 1;
		bars[i].io = !!(field[2] & RESOURCE_IO);
		bars[i].is_64bit = !!(field[2] & RESOURCE_MEM_64);
		bars[i].prefetchable = !!(field[2] & RESOURCE_PREFETCH);
	}
	return 0;
}

static int read_pin(const struct pt_sys *sys, const char *bdf, unsigned *ret_pin,
		    struct pt_error *err)
{
	char path[PT_PATH_SIZE];
	uint8_t pin = 0;
	int64_t n;
	int fd;

	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/config", bdf);
	fd = sys->open(sys->ctx, path, O_RDONLY);
	if (fd < 0)
		return pt_error_set(err, fd, "%s: %s", path, strerror(-fd));
	n = sys->pread(sys->ctx, fd, &pin, 1, CONFIG_INTERRUPT_PIN);
	pt_close_fd(sys, &fd);
	if (n < 0)
		return pt_error_set(err, (int)n, "%s: %s", path, strerror((int)-n));
	*ret_pin = n == 1 && pin <= 4 ? pin : 0;
	return 0;
}

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
	int r = pt_sysfs_link(walk->sys, bdf, "driver", sibling->driver, sizeof(sibling->driver));

	if (r == 0)
		r = read_node(walk->sys, bdf, sibling->node);
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
	walk->result = read_number(walk->sys, bdf, "class", &class_code, NULL);
	/* Gone since the directory was read. */
	if (walk->result == -ENODEV)
		walk->result = 0;
	else if (walk->result == 0 && class_code >> 8 != CLASS_BRIDGE_PCI)
		walk->result = describe_sibling(walk, bdf);
	return walk->result < 0;
}

static int read_group(const struct pt_sys *sys, struct pt_host_device *device)
{
	struct sibling_walk walk = {.sys = sys, .device = device};
	char path[PT_PATH_SIZE], group[32];
	int r = pt_sysfs_link(sys, device->name, "iommu_group", group, sizeof(group));

	device->group = -1;
	if (r < 0 || group[0] == '\0')
		return r;
	device->group = atoi(group);
	(void)snprintf(path, sizeof(path), SYSFS_GROUPS "%d/devices", device->group);
	r = sys->list(sys->ctx, path, add_sibling, &walk);
	return r < 0 ? r : walk.result;
}

PT_PUBLIC int pt_host_read(const struct pt_sys *sys, const char *bdf,
			   struct pt_host_device *ret_device, struct pt_error *err)
{
	struct pt_host_device device = {.group = -1};
	unsigned long vendor = 0, id = 0, class_code = 0;
	int r;

	(void)snprintf(device.name, sizeof(device.name), "%s", bdf);
	r = read_number(sys, bdf, "vendor", &vendor, err);
	if (r == 0)
		r = read_number(sys, bdf, "device", &id, err);
	if (r == 0)
		r = read_number(sys, bdf, "class", &class_code, err);
	if (r == 0)
		r = read_bars(sys, bdf, device.bars, err);
	if (r == 0)
		r = read_pin(sys, bdf, &device.irq_pin, err);
	if (r < 0)
		return r;
	device.vendor = (uint16_t)vendor;
	device.device = (uint16_t)id;
	device.class_code = (uint32_t)(class_code & 0xffffff);
	r = pt_sysfs_link(sys, bdf, "driver", device.driver, sizeof(device.driver));
	if (r == 0)
		r = pt_sysfs_link(sys, bdf, "physfn", device.physfn, sizeof(device.physfn));
	if (r == 0)
		r = read_node(sys, bdf, device.node);
	if (r == 0)
		r = read_group(sys, &device);
	if (r < 0)
		return pt_error_set(err, r, "%s: reading " PT_SYSFS_PCI "%s: %s", bdf, bdf,
				    strerror(-r));
	*ret_device = device;
	return 0;
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
	(void)snprintf(path, sizeof(path), SYSFS_GROUPS "%d/reserved_regions", device->group);
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

	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/iommu/intel-iommu/cap", device->name);
	if (pt_read_file(sys, path, buf, sizeof(buf)) >= 0)
		return intel_bits(strtoull(buf, NULL, 16));
	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/iommu/amd-iommu/cap", device->name);
	if (pt_read_file(sys, path, buf, sizeof(buf)) >= 0)
		return 48;
	return 0;
}
