/* SPDX-License-Identifier: MIT */
/*
 * A device that comes into an empty slot while the guest runs. What the guest has stays as it is: RAM, windows, the addresses of
 * the others, the way in which devices are had.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "config/size.h"
#include "plan/plan_steps.h"

static bool occupied(const struct vm_plan *plan, unsigned port)
{
	for (unsigned i = 0; i < plan->device_count; i++) {
		if (plan->devices[i].id[0] && plan->devices[i].port == port)
			return true;
	}
	for (unsigned i = 0; i < plan->virtio_count; i++) {
		if (plan->virtio[i].port == port)
			return true;
	}
	return false;
}

static int no_slot(const char *name, unsigned slot, struct pt_error *err)
{
	if (slot)
		pt_error_set(err, -EBUSY, "%s: slot %u is taken, or the guest has no such slot",
			     name, slot);
	else
		pt_error_set(err, -ENOSPC, "%s: no slot of the guest is empty", name);
	return pt_error_remedy(err, slot ? -EBUSY : -ENOSPC,
			       "remove another device first; or start the guest with a larger "
			       "--hotplug-slots");
}

/* The one that was asked for; else the first that is empty. */
static int find_port(const struct vm_plan *plan, const struct vm_config_device *asked,
		     const char *name, unsigned *ret_port, struct pt_error *err)
{
	if (asked->function)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL,
				     "%s: a device that comes into a slot is its function 0", name),
			"leave .%u out; devices that share a slot are given when the guest starts",
			asked->function);
	for (unsigned i = 0; i < plan->port_count; i++) {
		if (occupied(plan, i) || (asked->slot && plan->ports[i].slot != asked->slot))
			continue;
		*ret_port = i;
		return 0;
	}
	return no_slot(name, asked->slot, err);
}

static int check_host_side(const struct vm_plan *plan, const struct host_facts *facts,
			   struct pt_error *err)
{
	const struct device_facts *device = &facts->devices[0];
	const struct plan_ram *top = &plan->ram[plan->ram_count - 1];
	const char *name = device->host.name;

	if (facts->backend != plan->backend)
		return pt_error_set(
			err, -EINVAL, "%s: the guest's devices are had by %s, and so must this one",
			name, plan->backend == PT_BACKEND_GROUP ? "their IOMMU groups" : "cdevs");
	if (device->host.noiommu != plan->unsafe_noiommu)
		return pt_error_set(
			err, -EINVAL,
			device->host.noiommu
				? "%s: no IOMMU stands before it, and the guest's memory is mapped for devices"
				: "%s: the guest's devices are had without an IOMMU, and this one has one",
			name);
	if (device->iova_bits && device->iova_bits < 64 &&
	    (top->gpa + top->size - 1) >> device->iova_bits)
		return pt_error_set(err, -ERANGE,
				    "%s: its IOMMU translates %u bits, and the guest has memory "
				    "above that, to 0x%" PRIx64,
				    name, device->iova_bits, top->gpa + top->size - 1);
	return plan_ram_check(plan, device, err);
}

static int check_names(const struct vm_plan *plan, const struct plan_device *device,
		       struct pt_error *err)
{
	for (unsigned i = 0; i < plan->device_count; i++) {
		const struct plan_device *other = &plan->devices[i];

		if (!other->id[0])
			continue;
		if (strcmp(other->bdf, device->bdf) == 0)
			return pt_error_set(err, -EEXIST, "%s: the guest has it already, as %s",
					    device->bdf, other->id);
		if (strcmp(other->id, device->id) == 0)
			return pt_error_remedy(err,
					       pt_error_set(err, -EEXIST, "%s: the id %s is %s's",
							    device->bdf, device->id, other->bdf),
					       "another id, or none");
	}
	for (unsigned i = 0; i < plan->virtio_count; i++) {
		if (strcmp(plan->virtio[i].id, device->id) == 0)
			return pt_error_remedy(err,
					       pt_error_set(err, -EEXIST,
							    "%s: the id %s is a virtio device's",
							    device->bdf, device->id),
					       "another id, or none");
	}
	return 0;
}

static int place_bars(const struct plan_port *port, struct plan_device *device,
		      struct pt_error *err)
{
	char size[SIZE_TEXT_SIZE];

	if (!plan_bars_fit(&port->memory, BAR_SPACE_MEM32, device)) {
		pt_error_set(err, -ENOSPC,
			     "%s: its BARs below 4 GiB do not fit slot %u, which has %s",
			     device->bdf, port->slot, size_text(port->memory.size, size));
		return pt_error_remedy(err, -ENOSPC,
				       "start the guest with a larger --reserve-32bit");
	}
	if (!plan_bars_fit(&port->prefetch, BAR_SPACE_MEM64, device)) {
		pt_error_set(err, -ENOSPC,
			     "%s: its 64-bit prefetchable BARs do not fit slot %u, which has %s",
			     device->bdf, port->slot, size_text(port->prefetch.size, size));
		return pt_error_remedy(err, -ENOSPC,
				       "start the guest with a larger --reserve-64bit");
	}
	/* A function has to work without ports (PCI Express base specification 1.3.2.2). */
	if (!plan_bars_fit(&port->io, BAR_SPACE_IO, device)) {
		for (unsigned i = 0; i < PLAN_BARS; i++) {
			if (device->bars[i].io)
				device->bar_address[i] = 0;
		}
	}
	return 0;
}

/* The lowest number that no device has. */
static void choose_id(const struct vm_plan *plan, struct plan_device *device)
{
	unsigned number = 0;
	bool taken;

	do {
		(void)snprintf(device->id, sizeof(device->id), "passthrough%u", number++);
		taken = false;
		for (unsigned i = 0; i < plan->device_count; i++)
			taken = taken || strcmp(plan->devices[i].id, device->id) == 0;
	} while (taken);
}

int plan_hotplug(const struct vm_plan *plan, const struct vm_config *config,
		 const struct host_facts *facts, struct plan_device *ret_device,
		 struct pt_error *err)
{
	const struct vm_config_device *asked = &config->devices[0];
	struct plan_device device = {0};
	unsigned port = 0;
	int ret;

	if (config->device_count != 1 || facts->device_count != 1)
		return pt_error_set(err, -EINVAL, "one device at a time");
	ret = find_port(plan, asked, facts->devices[0].host.name, &port, err);
	if (ret == 0)
		ret = check_host_side(plan, facts, err);
	if (ret == 0)
		ret = plan_device(asked, &facts->devices[0], plan->ports, port, 0, &device, err);
	if (ret < 0)
		return ret;
	if (!device.id[0])
		choose_id(plan, &device);
	ret = check_names(plan, &device, err);
	if (ret == 0)
		ret = place_bars(&plan->ports[port], &device, err);
	if (ret == 0)
		*ret_device = device;
	return ret;
}
