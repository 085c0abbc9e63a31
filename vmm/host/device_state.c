/* SPDX-License-Identifier: MIT */
#include "host/device_state.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "host/read_text.h"

#define NO_OVERRIDE "(null)"

void pci_path(const char *name, const char *file, char *ret_path)
{
	(void)snprintf(ret_path, PT_PATH_SIZE, PCI_DEVICES "%s/%s", name, file);
}

int pci_exists(const struct driver_host *host, const char *path)
{
	char real[PT_PATH_SIZE];
	int ret = host->sys->realpath(host->sys->ctx, path, real, sizeof(real));

	return ret == -ENOENT ? 0 : ret < 0 ? ret : 1;
}

int pci_driver(const struct driver_host *host, const char *name, char *ret_driver)
{
	char path[PT_PATH_SIZE], target[PT_PATH_SIZE];
	const char *last;
	int ret;

	pci_path(name, "driver", path);
	ret = host->sys->readlink(host->sys->ctx, path, target, sizeof(target));
	if (ret < 0 && ret != -ENOENT)
		return ret;
	last = ret < 0 ? "" : strrchr(target, '/');
	last = last && *last ? last + 1 : "";
	if (strlen(last) >= PT_DRIVER_SIZE)
		return -ENAMETOOLONG;
	(void)snprintf(ret_driver, PT_DRIVER_SIZE, "%s", last);
	return 0;
}

/* A file that does not wait for anything. */
static int read_file(const struct driver_host *host, const char *name, const char *file, char *buf,
		     size_t size)
{
	char path[PT_PATH_SIZE];
	int ret;

	pci_path(name, file, path);
	ret = read_text(host->sys, path, buf, size);
	if (ret == 0)
		buf[strcspn(buf, "\n")] = '\0';
	return ret;
}

int pci_number(const struct driver_host *host, const char *name, const char *file,
	       unsigned *ret_number)
{
	char text[32], *end;
	unsigned long number;
	int ret = read_file(host, name, file, text, sizeof(text));

	if (ret < 0)
		return ret;
	number = strtoul(text, &end, 0);
	if (end == text || *end)
		return -EIO;
	*ret_number = (unsigned)number;
	return 0;
}

int pci_write(const struct driver_host *host, const char *name, const char *file, const char *text)
{
	char path[PT_PATH_SIZE];

	pci_path(name, file, path);
	return host->ops->write(host->ctx, path, text, host->limit);
}

static int read_override(const struct driver_host *host, const char *name, char *ret_override)
{
	char path[PT_PATH_SIZE];
	int ret;

	pci_path(name, "driver_override", path);
	ret = host->ops->read(host->ctx, path, ret_override, PT_DRIVER_SIZE, host->limit);
	if (ret == 0 && strcmp(ret_override, NO_OVERRIDE) == 0)
		ret_override[0] = '\0';
	return ret;
}

static int read_vfs(const struct driver_host *host, const char *name, struct journal_record *record)
{
	int ret = pci_number(host, name, "sriov_numvfs", &record->vfs);

	if (ret == 0)
		ret = pci_number(host, name, "sriov_drivers_autoprobe", &record->autoprobe);
	record->has_vfs = ret == 0;
	return ret == -ENOENT ? 0 : ret;
}

static int read_all(const struct driver_host *host, const char *name, struct journal_record *record)
{
	unsigned vendor = 0, device = 0;
	int ret = pci_number(host, name, "vendor", &vendor);

	if (ret == 0)
		ret = pci_number(host, name, "device", &device);
	if (ret == 0)
		ret = pci_driver(host, name, record->driver);
	if (ret == 0)
		ret = read_override(host, name, record->override);
	if (ret == 0)
		ret = read_vfs(host, name, record);
	if (ret == 0)
		ret = read_file(host, name, "power/control", record->power, sizeof(record->power));
	record->vendor = (uint16_t)vendor;
	record->device = (uint16_t)device;
	/* A kernel without CONFIG_PM. */
	return ret == -ENOENT ? 0 : ret;
}

/* Empty on a kernel without CONFIG_SYSCTL. */
static int read_boot(const struct driver_host *host, char *ret_boot)
{
	int ret = read_text(host->sys, "/proc/sys/kernel/random/boot_id", ret_boot,
			    JOURNAL_BOOT_SIZE);

	if (ret < 0)
		ret_boot[0] = '\0';
	else
		ret_boot[strcspn(ret_boot, "\n")] = '\0';
	return ret == -ENOENT ? 0 : ret;
}

int device_state_read(const struct driver_host *host, const char *name,
		      struct journal_record *ret_record, struct pt_error *err)
{
	struct journal_record record = {.kept = false};
	char path[PT_PATH_SIZE];
	int ret;

	pci_path(name, "", path);
	ret = pci_exists(host, path);
	if (ret == 0)
		return pt_error_remedy(
			err,
			pt_error_set(err, -ENODEV, "%s: no such PCI device on this host", name),
			"tenon devices lists those there are");
	(void)snprintf(record.name, sizeof(record.name), "%s", name);
	if (ret > 0)
		ret = read_boot(host, record.boot);
	if (ret == 0)
		ret = read_all(host, name, &record);
	if (ret == -ETIMEDOUT)
		return pt_error_remedy(
			err,
			pt_error_set(err, ret,
				     "%s: the kernel is still taking it from its driver (%s), or "
				     "giving it one",
				     name, record.driver[0] ? record.driver : "none"),
			"wait for that, or see what it waits for: dmesg | grep %s", name);
	if (ret < 0)
		return pt_error_set(err, ret, "%s: reading what sysfs has of it: %s", name,
				    strerror(-ret));
	*ret_record = record;
	return 0;
}
