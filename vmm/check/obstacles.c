/* SPDX-License-Identifier: MIT */
/* What libpassthrough finds in the way of a device; here is why it matters, and what to type on Debian. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check/rules.h"
#include "host/device_use.h"

#define MODULE		   "/sys/module/vfio_pci"
#define DENYLIST_PARAMETER MODULE "/parameters/disable_denylist"
#define MODULE_OPTIONS	   "/etc/modprobe.d/tenon.conf"

struct kind {
	const char *id;
	const char *why;
};

static const struct kind kinds[] = {
	[PT_OBSTACLE_BRIDGE] = {"bridge", "a bridge leads to other devices, and is the host's"},
	[PT_OBSTACLE_DRIVER] =
		{"driver", "a device has one driver at a time; a guest has it through vfio-pci"},
	[PT_OBSTACLE_IOMMU] = {"iommu", "its DMA would reach all of the host's memory"},
	[PT_OBSTACLE_REQUEST] = {"request", "it cannot be had in the way that is asked for"},
	[PT_OBSTACLE_NODE] = {"node", "a device is opened by a node that the kernel makes"},
	[PT_OBSTACLE_SIBLING] =
		{"sibling",
		 "the IOMMU cannot tell functions of one group apart, so none of them may have "
		 "another owner"},
};

/* What vfio-pci refuses by its ids. Source: drivers/vfio/pci/vfio_pci.c, vfio_pci_dev_in_denylist(). */
static bool is_denied(const struct pt_host_device *device)
{
	static const uint16_t ids[] = {0x0435, 0x0443, 0x0b25, 0x0cfe,
				       0x19e2, 0x19e3, 0x37c8, 0x37c9};

	for (size_t i = 0; i < sizeof(ids) / sizeof(ids[0]) && device->vendor == 0x8086; i++) {
		if (device->device == ids[i])
			return true;
	}
	return false;
}

static void check_denylist(struct check_run *check, const struct device_facts *device)
{
	struct finding *finding;
	char value[8];
	bool root;

	if (!is_denied(&device->host) || strcmp(device->host.driver, "vfio-pci") == 0)
		return;
	if (check_read(check, DENYLIST_PARAMETER, value, sizeof(value)) && value[0] == 'Y')
		return;
	finding = findings_add(
		check->findings, FINDING_BLOCKS, "denylist", device->host.name,
		"such devices have faults that a guest can harm the host with; vfio-pci takes "
		"them only when told so");
	finding_what(finding, "%s: vfio-pci refuses a device with these ids, %04x:%04x",
		     device->host.name, device->host.vendor, device->host.device);
	finding_seen(finding, DENYLIST_PARAMETER, "%s", value);
	/* A module that is built in has parameters, and no state. */
	if (check_exists(check, DENYLIST_PARAMETER) && !check_exists(check, MODULE "/initstate")) {
		check_boot_with(check, finding, "vfio_pci.disable_denylist=1");
		return;
	}
	root = check_is_root(check);
	finding_root_command(finding, root,
			     "echo options vfio_pci disable_denylist=1 >> " MODULE_OPTIONS);
	finding_root_command(finding, root, "modprobe -r vfio_pci");
	finding_root_command(finding, root, "modprobe vfio_pci");
	finding_hint(finding, "for guests that you trust; while the module is in use by other "
			      "devices it is not removed, and the next start of the host does it");
}

/* Then it is not simply taken away: what it would lose comes before the command that takes it. */
static void check_host_use(struct check_run *check, const struct device_facts *device,
			   const struct pt_obstacle *obstacle)
{
	struct pt_error err = PT_ERROR_INIT;
	const char *bdf = device->host.name;

	if (obstacle->kind == PT_OBSTACLE_SIBLING)
		bdf = obstacle->sibling->name;
	else if (obstacle->kind != PT_OBSTACLE_DRIVER || !device->host.driver[0])
		return;
	if (device_use_disks(check->sys, bdf, &err) != -EBUSY &&
	    device_use_network(check->sys, bdf, &err) != -EBUSY)
		return;
	finding_error(findings_add(check->findings, FINDING_BLOCKS, "host-use", device->host.name,
				   "the host lives on it, and would lose that"),
		      &err);
}

/* A driver that the launch takes a device from, this one or its sibling. What the host lives on is looked at nevertheless. */
static bool will_be_no_more(struct check_run *check, const struct device_facts *device,
			    const struct pt_obstacle *obstacle)
{
	if (obstacle->kind == PT_OBSTACLE_SIBLING)
		device = check_find(check, obstacle->sibling->name);
	else if (obstacle->kind != PT_OBSTACLE_DRIVER)
		return false;
	if (!device || !check_is_to_be_taken(check, device))
		return false;
	if (obstacle->kind == PT_OBSTACLE_DRIVER)
		check_host_use(check, device, obstacle);
	return true;
}

static void bind_command(const struct check_run *check, struct finding *finding, const char *bdf)
{
	finding_root_command(finding, check_is_root(check), "tenon bind %s", bdf);
	finding_hint(finding, "tenon unbind %s gives it back", bdf);
}

static void another_device(struct finding *finding)
{
	finding_command(finding, "tenon devices");
	finding_hint(finding, "that lists those that a guest can have; name one of them");
}

static void how_to_get_node(const struct check_run *check, const struct pt_obstacle *obstacle,
			    struct finding *finding)
{
	if (strcmp(obstacle->path, "/dev/vfio/vfio") == 0)
		finding_root_command(finding, check_is_root(check), "modprobe vfio_iommu_type1");
}

/* Debian's kernel leaves it out of translation unless told otherwise, and no other device. Source: Debian's bug 935270. */
static bool is_integrated_graphics(const struct pt_host_device *device)
{
	return device->vendor == 0x8086 && device->class_code >> 16 == 0x03 &&
	       strncmp(device->name + 4, ":00:", 4) == 0;
}

struct obstacle_walk {
	struct check_run *check;
	const struct device_facts *device;
};

static int add_obstacle(void *arg, const struct pt_obstacle *obstacle)
{
	const struct obstacle_walk *walk = arg;
	const struct device_facts *device = walk->device;
	const struct kind *kind = &kinds[obstacle->kind];
	struct check_run *check = walk->check;
	struct finding *finding;

	if (will_be_no_more(check, device, obstacle))
		return 0;
	/* One cause for all devices was said of the host; not so of one that was bound nevertheless. */
	if (obstacle->kind == PT_OBSTACLE_IOMMU && !device->host.noiommu &&
	    findings_has(check->findings, "iommu", SUBJECT_HOST))
		return 0;
	check_host_use(check, device, obstacle);
	finding = findings_add(check->findings, FINDING_BLOCKS, kind->id, device->host.name,
			       kind->why);
	finding_error(finding, &obstacle->error);
	finding_seen(finding, obstacle->path, "%s", obstacle->value);
	if (obstacle->kind == PT_OBSTACLE_SIBLING)
		bind_command(check, finding, obstacle->sibling->name);
	else if (obstacle->kind == PT_OBSTACLE_DRIVER && !device->host.mediated &&
		 !check_config_of(check, device)->unsafe_noiommu)
		bind_command(check, finding, device->host.name);
	else if (obstacle->kind == PT_OBSTACLE_IOMMU && is_integrated_graphics(&device->host))
		check_boot_with(check, finding, "intel_iommu=on");
	else if (obstacle->kind == PT_OBSTACLE_BRIDGE)
		another_device(finding);
	else if (obstacle->kind == PT_OBSTACLE_NODE)
		how_to_get_node(check, obstacle, finding);
	return 0;
}

void check_obstacles(struct check_run *check, const struct device_facts *device)
{
	const struct pt_space_setup setup = {
		.backend = check->facts->backend,
		.unsafe_noiommu = check_config_of(check, device)->unsafe_noiommu,
	};
	struct obstacle_walk walk = {check, device};

	/* Before it can be bound. */
	check_denylist(check, device);
	(void)pt_host_obstacles(check->sys, &device->host, &setup, add_obstacle, &walk);
	/* Only asking the device itself found it. */
	if (device->refused.code && !findings_has(check->findings, "node", device->host.name) &&
	    device->host.mediated && !findings_has(check->findings, "driver", device->host.name))
		finding_error(findings_add(check->findings, FINDING_BLOCKS, "device",
					   device->host.name, "it was asked what it is like"),
			      &device->refused);
}
