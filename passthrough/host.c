/* SPDX-License-Identifier: MIT */
#include <fcntl.h>
#include <stdlib.h>

#include "iommu_group.h"

/* Type bits of the `resource` file. Source: include/linux/ioport.h. */
#define RESOURCE_IO	  0x00000100ull
#define RESOURCE_MEM	  0x00000200ull
#define RESOURCE_PREFETCH 0x00002000ull
#define RESOURCE_MEM_64	  0x00100000ull

#define CONFIG_INTERRUPT_PIN 0x3d

/* One line of `resource`: start, end, flags. Return: where the next one begins, NULL when it is not
 * three numbers. */
static const char *read_resource(const char *line, struct pt_host_bar *ret_bar)
{
	unsigned long long field[3];
	char *end;

	*ret_bar = (struct pt_host_bar){0};
	for (unsigned f = 0; f < 3; f++, line = end) {
		field[f] = strtoull(line, &end, 16);
		if (end == line)
			return NULL;
	}
	if (!(field[2] & (RESOURCE_IO | RESOURCE_MEM)) || field[1] < field[0])
		return line;
	*ret_bar = (struct pt_host_bar){
		.size = field[1] - field[0] + 1,
		.io = !!(field[2] & RESOURCE_IO),
		.is_64bit = !!(field[2] & RESOURCE_MEM_64),
		.prefetchable = !!(field[2] & RESOURCE_PREFETCH),
	};
	return line;
}

/* Six lines for the BARs, and one for the expansion ROM. */
static int read_bars(const struct pt_sys *sys, const char *bdf, struct pt_host_device *device,
		     struct pt_error *err)
{
	char path[PT_PATH_SIZE], buf[2048];
	const char *line = buf;
	struct pt_host_bar rom;
	int r;

	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/resource", bdf);
	r = pt_read_file(sys, path, buf, sizeof(buf));
	if (r < 0)
		return pt_error_set(err, r, "%s: %s", path, strerror(-r));
	for (unsigned i = 0; i < PT_BARS; i++) {
		line = read_resource(line, &device->bars[i]);
		if (!line)
			return pt_error_set(err, -EIO, "%s: line %u is not three numbers", path,
					    i + 1);
	}
	if (read_resource(line, &rom))
		device->rom_size = rom.size;
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

static int read_function(const struct pt_sys *sys, struct pt_host_device *device,
			 struct pt_error *err)
{
	const char *bdf = device->name;
	unsigned long vendor = 0, id = 0, class_code = 0;
	int r = pt_sysfs_hex(sys, bdf, "vendor", &vendor, err);

	if (r == 0)
		r = pt_sysfs_hex(sys, bdf, "device", &id, err);
	if (r == 0)
		r = pt_sysfs_hex(sys, bdf, "class", &class_code, err);
	if (r == 0)
		r = read_bars(sys, bdf, device, err);
	if (r == 0)
		r = read_pin(sys, bdf, &device->irq_pin, err);
	device->vendor = (uint16_t)vendor;
	device->device = (uint16_t)id;
	device->class_code = (uint32_t)(class_code & 0xffffff);
	return r;
}

static int read_mediated(const struct pt_sys *sys, const struct pt_host_device *device,
			 struct pt_error *err)
{
	char path[PT_PATH_SIZE], real[PT_PATH_SIZE];
	int r;

	pt_sysfs_path(device->name, "", path);
	r = sys->realpath(sys->ctx, path, real, sizeof(real));
	if (r == -ENOENT)
		return pt_error_set(err, -ENODEV, "%s: no such mediated device on this host",
				    device->name);
	return r < 0 ? pt_error_set(err, r, "%s: %s", path, strerror(-r)) : 0;
}

PT_PUBLIC int pt_host_read(const struct pt_sys *sys, const char *name,
			   struct pt_host_device *ret_device, struct pt_error *err)
{
	struct pt_host_device device = {.group = -1, .mediated = pt_is_mediated(name)};
	bool made_up = false;
	int r;

	(void)snprintf(device.name, sizeof(device.name), "%s", name);
	r = device.mediated ? read_mediated(sys, &device, err) : read_function(sys, &device, err);
	if (r < 0)
		return r;
	r = pt_host_driver(sys, name, device.driver);
	if (r == 0)
		r = pt_sysfs_link(sys, name, "physfn", device.physfn, sizeof(device.physfn));
	if (r == 0)
		r = pt_sysfs_node(sys, name, device.node);
	if (r == 0)
		r = pt_group_read(sys, &device);
	/* The group of a mediated device is made up as well, and has the same name. */
	if (r == 0 && !device.mediated)
		r = pt_group_is_noiommu(sys, device.group, &made_up);
	device.noiommu = made_up || pt_is_noiommu_node(device.node);
	if (r < 0)
		return pt_error_set(err, r, "%s: reading what sysfs has of it: %s", name,
				    strerror(-r));
	*ret_device = device;
	return 0;
}
