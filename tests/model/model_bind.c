/* SPDX-License-Identifier: MIT */
/*
 * Drivers are bound and unbound by writing to sysfs. Source: Documentation/ABI/testing/sysfs-bus-pci and what drivers/base/bus.c,
 * drivers/pci/pci-driver.c and drivers/pci/iov.c do with it.
 */
#include "model_private.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define VFIO	 "vfio-pci"
#define NO_TEXT	 "(null)"
#define VFS_MAX	 7
#define VF_NAMES "0000:02:10.%u"

static int store_override(struct model *model, void *arg, const char *value);
static int store_power(struct model *model, void *arg, const char *value);
static int store_numvfs(struct model *model, void *arg, const char *value);
static int store_autoprobe(struct model *model, void *arg, const char *value);
static int store_bind(struct model *model, void *arg, const char *value);
static int store_unbind(struct model *model, void *arg, const char *value);

static void put(struct model_device *device, const char *file, const char *text, model_store store)
{
	char place[MODEL_TEXT / 2], path[MODEL_TEXT], line[MODEL_TEXT];

	model_pci_place(&device->pci, place);
	snprintf(path, sizeof(path), "%s/%s", place, file);
	snprintf(line, sizeof(line), "%s\n", text);
	model_put_store(device->model, path, line, store, device);
}

/* The driver's directory, once. */
static void put_driver(struct model *model, const char *driver)
{
	char path[MODEL_TEXT];

	if (!driver)
		return;
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/bind", driver);
	model_put_store(model, path, "", store_bind, (void *)(uintptr_t)driver);
	snprintf(path, sizeof(path), "/sys/bus/pci/drivers/%s/unbind", driver);
	model_put_store(model, path, "", store_unbind, (void *)(uintptr_t)driver);
}

static struct model_device *find(struct model *model, const char *bdf)
{
	for (unsigned i = 0; i < model->device_count; i++) {
		struct model_device *device = model->devices[i];

		if (!device->removed && !strcmp(device->pci.bdf, bdf))
			return device;
	}
	return NULL;
}

static bool matches(const struct model_device *device, const char *driver)
{
	if (device->override)
		return !strcmp(device->override, driver);
	return device->native && !strcmp(device->native, driver);
}

static void attach(struct model_device *device, const char *driver)
{
	if (device->refused && !strcmp(device->refused, driver))
		return;
	device->pci.driver = driver;
	model_put_driver(device);
	if (!strcmp(driver, VFIO))
		put(device, "power/control", "auto", store_power);
}

static void remove_vfs(struct model_device *device);

static void detach(struct model_device *device)
{
	if (!strcmp(device->pci.driver, VFIO))
		put(device, "power/control", "on", store_power);
	remove_vfs(device);
	model_remove_driver(device);
	device->pci.driver = NULL;
}

void model_drive(struct model_device *device, const char *driver)
{
	if (device->pci.driver)
		detach(device);
	if (driver)
		attach(device, driver);
}

static int store_bind(struct model *model, void *arg, const char *value)
{
	struct model_device *device = find(model, value);
	const char *driver = arg;

	if (!device || !matches(device, driver))
		return -ENODEV;
	if (device->pci.driver)
		return -EBUSY;
	attach(device, driver);
	return device->pci.driver ? 0 : -ENODEV;
}

static int store_unbind(struct model *model, void *arg, const char *value)
{
	struct model_device *device = find(model, value);

	if (!device || !device->pci.driver || strcmp(device->pci.driver, arg) != 0)
		return -ENODEV;
	detach(device);
	return 0;
}

static int store_probe(struct model *model, void *arg, const char *value)
{
	struct model_device *device = find(model, value);

	(void)arg;
	if (!device)
		return -ENODEV;
	if (device->pci.driver)
		return 0;
	if (device->override && !strcmp(device->override, VFIO))
		attach(device, VFIO);
	else if (device->native && matches(device, device->native))
		attach(device, device->native);
	return 0;
}

static int store_override(struct model *model, void *arg, const char *value)
{
	struct model_device *device = arg;

	device->override = *value ? model_own(model, strdup(value)) : NULL;
	put(device, "driver_override", *value ? value : NO_TEXT, store_override);
	return 0;
}

static int store_power(struct model *model, void *arg, const char *value)
{
	(void)model;
	if (strcmp(value, "on") != 0 && strcmp(value, "auto") != 0)
		return -EINVAL;
	put(arg, "power/control", value, store_power);
	return 0;
}

static int store_autoprobe(struct model *model, void *arg, const char *value)
{
	(void)model;
	if (strcmp(value, "0") != 0 && strcmp(value, "1") != 0)
		return -EINVAL;
	((struct model_device *)arg)->no_autoprobe = *value == '0';
	put(arg, "sriov_drivers_autoprobe", value, store_autoprobe);
	return 0;
}

static void put_files(struct model_device *device)
{
	put(device, "driver_override", device->override ? device->override : NO_TEXT,
	    store_override);
	put(device, "power/control", "on", store_power);
	if (!device->pci.sriov)
		return;
	put(device, "sriov_numvfs", "0", store_numvfs);
	put(device, "sriov_drivers_autoprobe", "1", store_autoprobe);
}

static void virtfn_path(const struct model_device *device, unsigned index, char *ret_path)
{
	char place[MODEL_TEXT / 2];

	model_pci_place(&device->pci, place);
	snprintf(ret_path, MODEL_TEXT, "%s/virtfn%u", place, index);
}

static void add_vf(struct model_device *physical, unsigned index)
{
	struct model *model = physical->model;
	char path[MODEL_TEXT], target[MODEL_TEXT], bdf[PT_NAME_SIZE];
	struct model_device *device;
	struct model_pci pci;

	snprintf(bdf, sizeof(bdf), VF_NAMES, index);
	pci = model_nvme(model_own(model, strdup(bdf)), 60 + (int)index);
	pci.driver = NULL;
	pci.physfn = physical->pci.bdf;
	device = model_add(model, &pci);
	device->native = physical->native;
	put_files(device);
	virtfn_path(physical, index, path);
	snprintf(target, sizeof(target), "../%s", bdf);
	model_put_link(model, path, target);
	if (!physical->no_autoprobe)
		attach(device, device->native);
}

static void remove_vf(struct model_device *physical, unsigned index)
{
	char path[MODEL_TEXT], place[MODEL_TEXT / 2], bdf[PT_NAME_SIZE];
	struct model *model = physical->model;
	struct model_device *device;

	snprintf(bdf, sizeof(bdf), VF_NAMES, index);
	device = find(model, bdf);
	if (device->pci.driver)
		detach(device);
	virtfn_path(physical, index, path);
	model_remove(model, path);
	snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s", bdf);
	model_remove(model, path);
	snprintf(path, sizeof(path), "/sys/kernel/iommu_groups/%d/devices/%s", device->pci.group,
		 bdf);
	model_remove(model, path);
	model_pci_place(&device->pci, place);
	model_remove(model, place);
	device->removed = true;
}

static void remove_vfs(struct model_device *device)
{
	while (device->vfs > 0)
		remove_vf(device, --device->vfs);
	if (device->pci.sriov)
		put(device, "sriov_numvfs", "0", store_numvfs);
}

static int store_numvfs(struct model *model, void *arg, const char *value)
{
	struct model_device *device = arg;
	unsigned count = (unsigned)strtoul(value, NULL, 10);

	(void)model;
	if (count > VFS_MAX)
		return -ERANGE;
	if (count == device->vfs)
		return 0;
	if (!device->pci.driver || !device->native || strcmp(device->pci.driver, device->native))
		return -ENOENT;
	if (count > 0 && device->vfs > 0)
		return -EBUSY;
	if (count == 0) {
		remove_vfs(device);
		return 0;
	}
	while (device->vfs < count)
		add_vf(device, device->vfs++);
	put(device, "sriov_numvfs", value, store_numvfs);
	return 0;
}

void model_bindable(struct model *model)
{
	put_driver(model, VFIO);
	model_put_store(model, "/sys/bus/pci/drivers_probe", "", store_probe, NULL);
	model_put_file(model, "/proc/sys/kernel/random/boot_id",
		       "0b1a4a3c-6f5e-4d59-8f0e-6a3f0c1d2e3f\n");
	for (unsigned i = 0; i < model->device_count; i++) {
		struct model_device *device = model->devices[i];

		if (device->pci.mediated)
			continue;
		put_driver(model, device->native);
		put_driver(model, device->pci.driver);
		put_files(device);
	}
}
