/* SPDX-License-Identifier: MIT */
/*
 * What the host knows of a PCI function beyond what assigning it needs. Kernels, privileges and containers differ in what
 * they show, so that nothing here is an error: what cannot be read keeps the value that stands for unknown.
 */
#include <fcntl.h>
#include <stdlib.h>

#include "caps.h"
#include "sysfs.h"

#define CONFIG_CLASS_DWORD 0x08 /* revision and class */
#define CLASS_DISPLAY	   0x03

struct reader {
	const struct pt_sys *sys;
	const char *name;
};

/* A file's text, cut where it does not fit. Return: whether there is such a file. */
static bool read_text(const struct reader *reader, const char *file, char *buf, size_t size)
{
	char path[PT_PATH_SIZE];

	pt_sysfs_path(reader->name, file, path);
	if (pt_read_file(reader->sys, path, buf, size) >= 0)
		return true;
	buf[0] = '\0';
	return false;
}

static bool read_number(const struct reader *reader, const char *file, int base, long long *ret)
{
	char text[32], *end;
	long long number;

	if (!read_text(reader, file, text, sizeof(text)))
		return false;
	number = strtoll(text, &end, base);
	if (end == text || *end)
		return false;
	*ret = number;
	return true;
}

static int read_int(const struct reader *reader, const char *file)
{
	long long number;

	if (!read_number(reader, file, 10, &number) || number < 0 || number > INT_MAX)
		return PT_UNKNOWN;
	return (int)number;
}

static uint16_t read_id(const struct reader *reader, const char *file)
{
	long long number = 0;

	return read_number(reader, file, 16, &number) ? (uint16_t)number : 0;
}

/* "8.0 GT/s PCIe"; "Unknown". */
static unsigned read_speed(const struct reader *reader, const char *file)
{
	char text[32], *end;
	unsigned long whole, tenths = 0;

	if (!read_text(reader, file, text, sizeof(text)))
		return 0;
	whole = strtoul(text, &end, 10);
	if (end == text || whole > 1000)
		return 0;
	if (end[0] == '.' && end[1] >= '0' && end[1] <= '9')
		tenths = (unsigned long)(end[1] - '0');
	return (unsigned)(whole * 1000 + tenths * 100);
}

/* Six bits of a register; all ones where nobody answers. PCI Express base 7.5.3.6. */
static unsigned read_width(const struct reader *reader, const char *file)
{
	int width = read_int(reader, file);

	return width > 0 && width <= 32 ? (unsigned)width : 0;
}

static bool exists(const struct reader *reader, const char *file)
{
	char path[PT_PATH_SIZE];
	struct pt_stat stat;

	pt_sysfs_path(reader->name, file, path);
	return reader->sys->stat(reader->sys->ctx, path, &stat) == 0;
}

/* Kernels since 5.15 list the methods, older ones show whether there is one. Neither file is there when there is none. */
static void read_resets(const struct reader *reader, struct pt_host_details *details)
{
	if (read_text(reader, "reset_method", details->resets, sizeof(details->resets)))
		details->resettable = details->resets[0] != '\0';
	else if (exists(reader, "reset"))
		details->resettable = 1;
	else
		details->resettable = exists(reader, "vendor") ? 0 : PT_UNKNOWN;
}

static void read_power(const struct reader *reader, struct pt_host_details *details)
{
	(void)read_text(reader, "power_state", details->power_state, sizeof(details->power_state));
	(void)read_text(reader, "power/runtime_status", details->runtime_status,
			sizeof(details->runtime_status));
	(void)read_text(reader, "power/control", details->runtime_control,
			sizeof(details->runtime_control));
}

static void read_link(const struct reader *reader, struct pt_host_details *details)
{
	details->link_max.speed = read_speed(reader, "max_link_speed");
	/* Most functions of a host have none. */
	if (details->link_max.speed == 0)
		return;
	details->link_max.width = read_width(reader, "max_link_width");
	details->link.speed = read_speed(reader, "current_link_speed");
	details->link.width = read_width(reader, "current_link_width");
}

static void read_sriov(const struct reader *reader, struct pt_host_details *details)
{
	details->vfs_max = read_int(reader, "sriov_totalvfs");
	if (details->vfs_max == PT_UNKNOWN)
		return;
	details->vfs = read_int(reader, "sriov_numvfs");
	details->vfs_autoprobe = read_int(reader, "sriov_drivers_autoprobe");
}

static int read_answers(const struct reader *reader)
{
	char path[PT_PATH_SIZE];
	uint8_t config[CONFIG_CLASS_DWORD + 4] = {0};
	int64_t n;
	int fd;

	pt_sysfs_path(reader->name, "config", path);
	fd = reader->sys->open(reader->sys->ctx, path, O_RDONLY);
	if (fd < 0)
		return PT_UNKNOWN;
	/* Every dword is an access to the hardware, and takes as long. */
	n = reader->sys->pread(reader->sys->ctx, fd, config + CONFIG_CLASS_DWORD, 4,
			       CONFIG_CLASS_DWORD);
	pt_close_fd(reader->sys, &fd);
	return n == 4 ? pt_config_answers(config) : PT_UNKNOWN;
}

/* Most BARs cannot be resized, so that most of these files are not there. */
static void read_bar_sizes(const struct reader *reader, const struct pt_host_device *device,
			   struct pt_host_details *details)
{
	char file[32];
	long long sizes;

	for (unsigned i = 0; i < PT_BARS; i++) {
		if (device->bars[i].size == 0 || device->bars[i].io)
			continue;
		(void)snprintf(file, sizeof(file), "resource%u_resize", i);
		if (read_number(reader, file, 16, &sizes))
			details->bar_sizes[i] = (uint64_t)sizes;
	}
}

/*
 * The IOMMU's drivers add a directory of their own to the IOMMU's device; virtio's is below a virtio device. An IOMMU that
 * is a PCI function has a directory `iommu`, where those that it translates for have a link.
 */
static void read_iommu(const struct reader *reader, struct pt_host_details *details)
{
	char path[PT_PATH_SIZE], real[PT_PATH_SIZE];

	if (pt_sysfs_link(reader->sys, reader->name, "iommu", details->iommu_name,
			  sizeof(details->iommu_name)) < 0)
		details->iommu_name[0] = '\0';
	if (details->iommu_name[0] == '\0')
		return;
	pt_sysfs_path(reader->name, "iommu", path);
	if (reader->sys->realpath(reader->sys->ctx, path, real, sizeof(real)) < 0)
		real[0] = '\0';
	if (exists(reader, "iommu/intel-iommu"))
		details->iommu = PT_IOMMU_INTEL;
	else if (exists(reader, "iommu/amd-iommu"))
		details->iommu = PT_IOMMU_AMD;
	else
		details->iommu = strstr(real, "/virtio") ? PT_IOMMU_VIRTIO : PT_IOMMU_OTHER;
}

static void read_ids(const struct reader *reader, struct pt_host_details *details)
{
	details->subsystem_vendor = read_id(reader, "subsystem_vendor");
	details->subsystem_device = read_id(reader, "subsystem_device");
	details->revision = (uint8_t)read_id(reader, "revision");
	(void)read_text(reader, "modalias", details->modalias, sizeof(details->modalias));
	(void)read_text(reader, "driver_override", details->driver_override,
			sizeof(details->driver_override));
	if (!strcmp(details->driver_override, "(null)"))
		details->driver_override[0] = '\0';
}

PT_PUBLIC void pt_host_details(const struct pt_sys *sys, const struct pt_host_device *device,
			       struct pt_host_details *ret_details)
{
	const struct reader reader = {sys, device->name};
	struct pt_host_details details = {
		.resettable = PT_UNKNOWN,
		.numa_node = PT_UNKNOWN,
		.boot_vga = PT_UNKNOWN,
		.answers = PT_UNKNOWN,
		.vfs = PT_UNKNOWN,
		.vfs_max = PT_UNKNOWN,
		.vfs_autoprobe = PT_UNKNOWN,
	};

	if (!device->mediated) {
		read_ids(&reader, &details);
		read_resets(&reader, &details);
		details.numa_node = read_int(&reader, "numa_node");
		if (device->class_code >> 16 == CLASS_DISPLAY)
			details.boot_vga = read_int(&reader, "boot_vga");
		details.answers = read_answers(&reader);
		read_power(&reader, &details);
		read_link(&reader, &details);
		read_sriov(&reader, &details);
		read_bar_sizes(&reader, device, &details);
		read_iommu(&reader, &details);
	}
	*ret_details = details;
}

PT_PUBLIC int pt_host_vf(const struct pt_sys *sys, const struct pt_host_device *device,
			 unsigned index, char *ret_name)
{
	char link[32], name[PT_NAME_SIZE];
	int r;

	(void)snprintf(link, sizeof(link), "virtfn%u", index);
	r = pt_sysfs_link(sys, device->name, link, name, sizeof(name));
	if (r == 0 && name[0] == '\0')
		r = -ENOENT;
	if (r == 0)
		memcpy(ret_name, name, sizeof(name));
	return r;
}
