/* SPDX-License-Identifier: MIT */
/*
 * A device that comes into an empty slot while the guest runs. What the guest has stays as it is: RAM, windows, the addresses of
 * the others, the way in which devices are had.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/size.h"
#include "plan/plan_steps.h"

/*
 * Whether a device cannot come to be this function of a slot. One with others comes function by function, the first one last:
 * with that the guest is told, and no more can come.
 * @joins: others may be there already
 */
static bool taken(const struct vm_plan *plan, unsigned port, unsigned function, bool joins)
{
	for (unsigned i = 0; i < plan->device_count; i++) {
		const struct plan_device *other = &plan->devices[i];

		if (!other->id[0] || other->port != port)
			continue;
		if (!joins || other->function == 0 || other->function == function)
			return true;
	}
	for (unsigned i = 0; i < plan->virtio_count; i++) {
		if (plan->virtio[i].id[0] && plan->virtio[i].port == port)
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

/* The one that was asked for, 0 for none; else the first that is empty. */
static int find_port(const struct vm_plan *plan, unsigned slot, unsigned function, bool joins,
		     const char *name, unsigned *ret_port, struct pt_error *err)
{
	for (unsigned i = 0; i < plan->port_count; i++) {
		if ((slot && plan->ports[i].slot != slot) ||
		    taken(plan, i, function, slot && joins))
			continue;
		*ret_port = i;
		return 0;
	}
	return no_slot(name, slot, err);
}

static bool has_others(const struct vm_plan *plan, unsigned port)
{
	for (unsigned i = 0; i < plan->device_count; i++) {
		if (plan->devices[i].id[0] && plan->devices[i].port == port)
			return true;
	}
	return false;
}

int plan_is_without_devices(const struct vm_plan *plan)
{
	for (unsigned i = 0; i < plan->device_count; i++) {
		if (plan->devices[i].id[0])
			return 0;
	}
	return 1;
}

static int check_host_side(const struct vm_plan *plan, const struct host_facts *facts,
			   struct pt_error *err)
{
	const struct device_facts *device = &facts->devices[0];
	const struct plan_ram *top = &plan->ram[plan->ram_count - 1];
	const char *name = device->host.name;

	if (facts->backend != plan->backend && !plan_is_without_devices(plan))
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

static bool port_has(const struct plan_virtio *virtio, const char *id)
{
	if (virtio->kind != PLAN_VIRTIO_CONSOLE || !virtio->id[0])
		return false;
	for (unsigned i = 0; i < virtio->console.port_count; i++) {
		if (strcmp(virtio->console.ports[i].id, id) == 0)
			return true;
	}
	return false;
}

/* Who has an id: how messages name it, NULL for nobody. */
static const char *owner_of(const struct vm_plan *plan, const char *id)
{
	for (unsigned i = 0; i < plan->device_count; i++) {
		if (strcmp(plan->devices[i].id, id) == 0)
			return plan->devices[i].bdf;
	}
	for (unsigned i = 0; i < plan->virtio_count; i++) {
		const struct plan_virtio *virtio = &plan->virtio[i];

		if (strcmp(virtio->id, id) == 0 || port_has(virtio, id))
			return plan_virtio_noun(virtio);
	}
	return NULL;
}

/* An id that nobody has: as asked for, or @noun and the lowest number that is free. */
static int choose_id(const struct vm_plan *plan, const char *name, const char *noun, char *id,
		     struct pt_error *err)
{
	const char *owner = id[0] ? owner_of(plan, id) : NULL;

	if (owner)
		return pt_error_remedy(
			err, pt_error_set(err, -EEXIST, "%s: the id %s is %s's", name, id, owner),
			"another id, or none");
	for (unsigned number = 0; !id[0]; number++) {
		(void)snprintf(id, PLAN_ID_SIZE, "%s%u", noun, number);
		if (owner_of(plan, id))
			id[0] = '\0';
	}
	return 0;
}

static int check_once(const struct vm_plan *plan, const char *bdf, struct pt_error *err)
{
	for (unsigned i = 0; i < plan->device_count; i++) {
		const struct plan_device *other = &plan->devices[i];

		if (other->id[0] && strcmp(other->bdf, bdf) == 0)
			return pt_error_set(err, -EEXIST, "%s: the guest has it already, as %s",
					    bdf, other->id);
	}
	return 0;
}

/* What the functions that are in the slot leave of one of its windows. */
static struct plan_range rest_of(const struct vm_plan *plan, unsigned port, enum bar_space space,
				 const struct plan_range *window)
{
	uint64_t end = window->base + window->size, from = window->base;

	for (unsigned i = 0; i < plan->device_count; i++) {
		const struct plan_device *other = &plan->devices[i];

		for (unsigned j = 0; j < PLAN_BARS && other->id[0] && other->port == port; j++) {
			uint64_t last = other->bar_address[j] + other->bars[j].size;

			if (other->bars[j].size && bar_space(&other->bars[j]) == space &&
			    last > from)
				from = last;
		}
	}
	if (space != BAR_SPACE_IO)
		from = (from + PLAN_PAGE_SIZE - 1) & ~(PLAN_PAGE_SIZE - 1);
	return (struct plan_range){from, from < end ? end - from : 0};
}

static int place_bars(const struct vm_plan *plan, struct plan_device *device, struct pt_error *err)
{
	const struct plan_port *port = &plan->ports[device->port];
	const struct plan_range memory =
		rest_of(plan, device->port, BAR_SPACE_MEM32, &port->memory);
	const struct plan_range prefetch =
		rest_of(plan, device->port, BAR_SPACE_MEM64, &port->prefetch);
	const struct plan_range io = rest_of(plan, device->port, BAR_SPACE_IO, &port->io);
	char size[SIZE_TEXT_SIZE];

	if (!plan_bars_fit(&memory, BAR_SPACE_MEM32, device)) {
		pt_error_set(err, -ENOSPC,
			     "%s: its BARs below 4 GiB do not fit slot %u, which has %s",
			     device->bdf, port->slot, size_text(port->memory.size, size));
		return pt_error_remedy(err, -ENOSPC,
				       "start the guest with a larger --reserve-32bit");
	}
	if (!plan_bars_fit(&prefetch, BAR_SPACE_MEM64, device)) {
		pt_error_set(err, -ENOSPC,
			     "%s: its 64-bit prefetchable BARs do not fit slot %u, which has %s",
			     device->bdf, port->slot, size_text(port->prefetch.size, size));
		return pt_error_remedy(err, -ENOSPC,
				       "start the guest with a larger --reserve-64bit");
	}
	/* A function has to work without ports (PCI Express base specification 1.3.2.2). */
	if (!plan_bars_fit(&io, BAR_SPACE_IO, device)) {
		for (unsigned i = 0; i < PLAN_BARS; i++) {
			if (device->bars[i].io)
				device->bar_address[i] = 0;
		}
	}
	return 0;
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
	ret = find_port(plan, asked->slot, asked->function, true, facts->devices[0].host.name,
			&port, err);
	if (ret == 0)
		ret = check_host_side(plan, facts, err);
	if (ret == 0)
		ret = plan_device(asked, &facts->devices[0], plan->ports, port, asked->function,
				  &device, err);
	if (ret == 0)
		ret = check_once(plan, device.bdf, err);
	if (ret == 0)
		ret = choose_id(plan, device.bdf, "passthrough", device.id, err);
	device.multifunction = device.function || has_others(plan, port);
	if (ret == 0)
		ret = place_bars(plan, &device, err);
	device.backend = facts->backend;
	if (ret == 0)
		*ret_device = device;
	return ret;
}

/* What messages call one that has no id yet. */
static const char *name_of(const struct plan_virtio *virtio)
{
	const struct plan_console_port *port = &virtio->console.ports[0];

	switch (virtio->kind) {
	case PLAN_VIRTIO_DISK:
		return virtio->disk.path;
	case PLAN_VIRTIO_NET:
		return virtio->net.tap;
	case PLAN_VIRTIO_CONSOLE:
		if (port->channel)
			return port->name;
		if (port->path[0])
			return port->path;
		break;
	case PLAN_VIRTIO_VSOCK:
	case PLAN_VIRTIO_BALLOON:
	case PLAN_VIRTIO_RNG:
		break;
	}
	return plan_virtio_noun(virtio);
}

/* There can be as many as one likes. */
static bool is_pty(const struct plan_virtio *virtio)
{
	return virtio->kind == PLAN_VIRTIO_CONSOLE && !virtio->console.ports[0].channel &&
	       virtio->console.ports[0].kind == PLAN_CONSOLE_PTY;
}

/* A guest has one disk of a file, one card of a tap device, and one of the others. */
static int check_only(const struct vm_plan *plan, const struct plan_virtio *virtio,
		      struct pt_error *err)
{
	for (unsigned i = 0; i < plan->virtio_count; i++) {
		const struct plan_virtio *other = &plan->virtio[i];

		if (other->id[0] && other->kind == virtio->kind && !is_pty(virtio) &&
		    strcmp(plan_virtio_noun(other), plan_virtio_noun(virtio)) == 0 &&
		    strcmp(name_of(other), name_of(virtio)) == 0)
			return pt_error_set(err, -EEXIST, "%s: the guest has it already, as %s",
					    name_of(virtio), other->id);
	}
	return 0;
}

static int place_virtio(const struct vm_plan *plan, unsigned port, struct plan_virtio *virtio,
			struct pt_error *err)
{
	const struct plan_range *window = &plan->ports[port].memory;

	virtio->port = port;
	virtio->slot = plan->ports[port].slot;
	virtio->gsi = plan_pin_gsi(plan->ports[virtio->port].place, 1);
	virtio->bar = window->base;
	/* The step of a port's window is more than any of them needs. */
	if (window->size)
		return 0;
	return pt_error_remedy(err,
			       pt_error_set(err, -ENOSPC,
					    "%s: slot %u has no room for memory below 4 GiB, since "
					    "what it was planned for needs none",
					    name_of(virtio), virtio->slot),
			       "choose another slot");
}

int plan_hotplug_virtio(const struct vm_plan *plan, const struct vm_config *config,
			struct plan_virtio *ret_virtio, struct pt_error *err)
{
	CLEANUP_FREE struct vm_plan *alone = calloc(1, sizeof(*alone));
	struct plan_virtio *virtio;
	unsigned port = 0;
	int ret;

	if (!alone)
		return pt_error_set(err, -ENOMEM, "out of memory");
	memcpy(alone->name, plan->name, sizeof(alone->name));
	alone->cpus = plan->cpus;
	ret = plan_virtio(config, alone, err);
	if (ret < 0)
		return ret;
	if (alone->virtio_count != 1)
		return pt_error_set(err, -EINVAL, "one device at a time");
	virtio = &alone->virtio[0];
	ret = check_only(plan, virtio, err);
	if (ret == 0)
		ret = find_port(plan, virtio->slot, 0, false, name_of(virtio), &port, err);
	if (ret == 0)
		ret = choose_id(plan, name_of(virtio), plan_virtio_noun(virtio), virtio->id, err);
	if (ret == 0)
		ret = place_virtio(plan, port, virtio, err);
	if (ret == 0)
		*ret_virtio = *virtio;
	return ret;
}
