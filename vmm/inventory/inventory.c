/* SPDX-License-Identifier: MIT */
#include "inventory/inventory.h"

#include "inventory/class_word.h"
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

/* What stands between a device and a guest, counted over all obstacles. */
struct obstacles {
	bool bridge;
	bool iommu;
	bool driver;
	bool node;
	unsigned siblings;
	const char *sibling; /* the first of them */
};

static int note_obstacle(void *arg, const struct pt_obstacle *obstacle)
{
	struct obstacles *found = arg;

	switch (obstacle->kind) {
	case PT_OBSTACLE_BRIDGE:
		found->bridge = true;
		break;
	case PT_OBSTACLE_IOMMU:
		found->iommu = true;
		break;
	case PT_OBSTACLE_DRIVER:
		found->driver = true;
		break;
	case PT_OBSTACLE_NODE:
	case PT_OBSTACLE_REQUEST:
		found->node = true;
		break;
	case PT_OBSTACLE_SIBLING:
		if (found->siblings++ == 0 && obstacle->sibling)
			found->sibling = obstacle->sibling->name;
		break;
	}
	return 0;
}

static void no(struct inventory_device *device, const char *why)
{
	device->verdict = VERDICT_NO;
	(void)snprintf(device->verdict_text, sizeof(device->verdict_text), "no: %s", why);
}

/* Its driver, or those of its group, are in the way, which can be changed. */
static void judge_drivers(struct inventory_device *device, const struct obstacles *found)
{
	char *text = device->verdict_text;
	const size_t size = sizeof(device->verdict_text);

	device->verdict = VERDICT_BIND;
	if (found->siblings == 0)
		(void)snprintf(text, size, "bind first");
	else if (found->siblings > 1)
		(void)snprintf(text, size,
			       found->driver ? "bind with %u of its group"
					     : "bind %u of its group first",
			       found->siblings);
	else
		(void)snprintf(text, size, found->driver ? "bind with %s" : "bind %s first",
			       found->sibling ? found->sibling : "another");
}

/* A look at every interrupt of the host. */
static bool isolated(const struct pt_sys *sys, enum pt_backend_kind backend,
		     struct interrupts *interrupts)
{
	const unsigned index = backend == PT_BACKEND_GROUP;
	char parameter[PT_PATH_SIZE];

	if (!interrupts->asked[index])
		interrupts->isolated[index] =
			pt_host_isolation(sys, backend, parameter) != PT_NOT_ISOLATED;
	interrupts->asked[index] = true;
	return interrupts->isolated[index];
}

/* What cannot be changed comes before what can. */
static void judge(const struct pt_sys *sys, struct interrupts *interrupts,
		  struct inventory_device *device)
{
	const struct pt_space_setup setup = {.backend = pt_host_backend(sys, &device->host)};
	struct obstacles found = {0};

	(void)pt_host_obstacles(sys, &device->host, &setup, note_obstacle, &found);
	if (found.bridge || class_is_plumbing(device->host.class_code))
		no(device, "a bridge");
	else if (device->details.answers == 0)
		no(device, "does not answer");
	else if (found.iommu || (!device->host.mediated && device->host.group < 0))
		no(device, "no IOMMU");
	else if (!device->host.mediated && !isolated(sys, setup.backend, interrupts))
		no(device, "interrupts not remapped");
	else if (found.driver && device->host.mediated)
		no(device, "no driver");
	else if (found.driver || found.siblings)
		judge_drivers(device, &found);
	else if (found.node)
		no(device, "kernel without VFIO nodes");
	else {
		device->verdict = VERDICT_YES;
		(void)snprintf(device->verdict_text, sizeof(device->verdict_text), "yes");
	}
}

void inventory_describe(const struct pt_sys *sys, struct pci_names *names,
			struct interrupts *interrupts, struct inventory_device *device)
{
	pt_host_details(sys, &device->host, &device->details);
	if (device->host.mediated) {
		device->vendor[0] = '\0';
		device->name[0] = '\0';
	} else {
		pci_names_vendor(names, device->host.vendor, device->vendor);
		pci_names_device(names, device->host.vendor, device->host.device, device->name);
	}
	judge(sys, interrupts, device);
}

/* Reads one into the next free place. */
static int add(const struct pt_sys *sys, const struct device_filter *filter,
	       struct pci_names *names, const char *name, struct inventory *inventory)
{
	struct inventory_device *device = &inventory->devices[inventory->count];
	struct pt_error err = PT_ERROR_INIT;
	bool bridge;
	int ret = pt_host_read(sys, name, &device->host, &err);

	/* It was unplugged since they were listed. */
	if (ret == -ENODEV)
		return 0;
	if (ret == -ENOMEM)
		return ret;
	if (ret < 0) {
		inventory->unreadable++;
		inventory->reason = err;
		return 0;
	}
	if (!device_filter_fits(filter, device->host.name, device->host.class_code, &bridge)) {
		inventory->bridges_left_out += bridge;
		return 0;
	}
	inventory_describe(sys, names, &inventory->interrupts, device);
	inventory->count++;
	return 0;
}

static int add_all(const struct pt_sys *sys, const struct device_filter *filter,
		   struct pci_names *pci_names, const struct pt_host_name *names, size_t count,
		   struct inventory *ret_inventory, struct pt_error *err)
{
	struct inventory inventory = {.devices = calloc(count + 1, sizeof(*inventory.devices))};
	int ret = inventory.devices ? 0 : -ENOMEM;

	for (size_t i = 0; i < count && ret == 0; i++)
		ret = add(sys, filter, pci_names, names[i].name, &inventory);
	if (ret < 0) {
		inventory_done(&inventory);
		return pt_error_set(err, ret, "out of memory");
	}
	*ret_inventory = inventory;
	return 0;
}

int inventory_read(const struct pt_sys *sys, const struct device_filter *filter,
		   struct pci_names *pci_names, struct inventory *ret_inventory,
		   struct pt_error *err)
{
	struct pt_host_name *names;
	size_t count;
	int ret;

	if (device_filter_by_name(filter))
		return add_all(sys, filter, pci_names, filter->names, filter->name_count,
			       ret_inventory, err);
	ret = pt_host_list(sys, &names, &count, err);
	if (ret < 0)
		return ret;
	ret = add_all(sys, filter, pci_names, names, count, ret_inventory, err);
	pt_host_list_free(sys, names);
	return ret;
}

void inventory_done(struct inventory *inventory)
{
	free(inventory->devices);
	*inventory = (struct inventory){0};
}
