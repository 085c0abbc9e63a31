/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/vm_config.h"
#include "plan/plan_steps.h"

_Static_assert(PLAN_DEVICES_MAX <= VM_SLOT_MAX, "every device finds a slot");
_Static_assert(PLAN_PORTS_MAX == VM_SLOT_MAX, "every slot can have a port");
_Static_assert(PLAN_FUNCTIONS_MAX == VM_FUNCTION_MAX + 1, "config and plan disagree");

/* Where in the guest a device is. */
struct place {
	unsigned slot;
	unsigned function;
};

#define VENDOR_NVIDIA 0x10de
#define CLASS_DISPLAY 0x03

static int check_bars(const struct pt_host_device *host, struct pt_error *err)
{
	for (unsigned i = 0; i < PT_BARS; i++) {
		uint64_t size = host->bars[i].size;

		if (size & (size - 1))
			return pt_error_set(err, -EINVAL,
					    "%s: the size of BAR %u is 0x%" PRIx64
					    ", which is no power of two",
					    host->name, i, size);
		if (size && !host->bars[i].io && host->bars[i].is_64bit && i == PT_BARS - 1)
			return pt_error_set(err, -EINVAL,
					    "%s: BAR %u has 64 bits and no upper half", host->name,
					    i);
	}
	return 0;
}

/* Pins are swizzled by the port, by device number; for device 0, the only one behind it, that changes nothing, whatever the
 * function (PCI Express base specification 2.2.8.1). */
unsigned plan_pin_gsi(unsigned slot, unsigned pin)
{
	return pin ? PLAN_INTX_GSI + (slot + pin - 1) % PLAN_INTX_GSIS : 0;
}

static int describe(const struct device_facts *facts, const struct plan_port *ports, unsigned port,
		    unsigned function, struct plan_device *ret_device, struct pt_error *err)
{
	const struct pt_host_device *host = &facts->host;
	struct plan_device device = {
		.fd = facts->fd,
		.group = host->group,
		.vendor = host->vendor,
		.device = host->device,
		.class_code = host->class_code,
		.port = port,
		.function = function,
		.root_bus = !ports[port].bus,
		.irq_pin = host->irq_pin,
	};
	int ret = check_bars(host, err);

	if (ret < 0)
		return ret;
	if (host->irq_pin > PLAN_INTX_GSIS)
		return pt_error_set(err, -EINVAL, "%s: it has interrupt pin %u, and there are 4",
				    host->name, host->irq_pin);
	if (strlen(facts->name) >= sizeof(device.name))
		return pt_error_set(err, -ENAMETOOLONG, "%s: the device's name is too long",
				    host->name);
	(void)snprintf(device.name, sizeof(device.name), "%s", facts->name);
	(void)snprintf(device.bdf, sizeof(device.bdf), "%s", host->name);
	device.gsi = plan_pin_gsi(ports[port].place, host->irq_pin);
	memcpy(device.bars, host->bars, sizeof(host->bars));
	*ret_device = device;
	return 0;
}

/* What is none leaves the register to the library, which says why when the guest turns it on. */
static uint64_t device_rom_space(uint64_t size)
{
	return size && size == pt_rom_space(size) ? size : 0;
}

static int plan_rom(const struct vm_config_device *config, const struct device_facts *facts,
		    struct plan_device *device, struct pt_error *err)
{
	uint64_t *space = &device->bars[PT_BAR_ROM].size;

	switch (config->rom) {
	case VM_ROM_DEVICE:
		device->rom = PT_ROM_DEVICE;
		*space = device_rom_space(facts->host.rom_size);
		break;
	case VM_ROM_OFF:
		device->rom = PT_ROM_NONE;
		break;
	case VM_ROM_FILE:
		if (strlen(config->rom_file) >= sizeof(device->rom_file))
			return pt_error_set(err, -ENAMETOOLONG,
					    "%s: the path of its expansion ROM is too long",
					    device->bdf);
		(void)snprintf(device->rom_file, sizeof(device->rom_file), "%s", config->rom_file);
		device->rom = PT_ROM_BYTES;
		*space = pt_rom_space(facts->rom_file_size);
		break;
	}
	return 0;
}

static int plan_clique(const struct vm_config_device *config, struct plan_device *device,
		       struct pt_error *err)
{
	if (!config->has_gpudirect_clique)
		return 0;
	if (device->vendor != VENDOR_NVIDIA || device->class_code >> 16 != CLASS_DISPLAY)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL,
				     "%s: gpudirect-clique is for NVIDIA display controllers, and "
				     "this is [%04x:%04x], class %06x",
				     device->bdf, device->vendor, device->device,
				     device->class_code),
			"leave it out");
	device->has_gpudirect_clique = 1;
	device->gpudirect_clique = config->gpudirect_clique;
	return 0;
}

static int plan_settings(const struct vm_config_device *config, const struct device_facts *facts,
			 struct plan_device *device, struct pt_error *err)
{
	int ret = plan_rom(config, facts, device, err);

	if (config->id)
		(void)snprintf(device->id, sizeof(device->id), "%s", config->id);
	device->low_power = config->low_power;
	if (config->vf_token)
		(void)snprintf(device->vf_token, sizeof(device->vf_token), "%s", config->vf_token);
	return ret < 0 ? ret : plan_clique(config, device, err);
}

int plan_device(const struct vm_config_device *config, const struct device_facts *facts,
		const struct plan_port *ports, unsigned port, unsigned function,
		struct plan_device *ret_device, struct pt_error *err)
{
	int ret = describe(facts, ports, port, function, ret_device, err);

	return ret < 0 ? ret : plan_settings(config, facts, ret_device, err);
}

static int check_twice(const struct vm_plan *plan, const char *bdf, struct pt_error *err)
{
	for (unsigned i = 0; i < plan->device_count; i++) {
		if (strcmp(plan->devices[i].bdf, bdf) == 0)
			return pt_error_remedy(err,
					       pt_error_set(err, -EEXIST, "%s is named twice", bdf),
					       "name each device once");
	}
	return 0;
}

static const struct vm_config_device *settings_of(const struct vm_config *config, size_t i)
{
	static const struct vm_config_device none;

	return i < config->device_count ? &config->devices[i] : &none;
}

static int place_twice(const struct host_facts *facts, size_t i, size_t j,
		       const struct place *place, struct pt_error *err)
{
	return pt_error_remedy(err,
			       pt_error_set(err, -EEXIST, "slot %u.%u is asked for by %s and by %s",
					    place->slot, place->function,
					    facts->devices[i].host.name,
					    facts->devices[j].host.name),
			       "give each a slot of its own, or a function of it, such as "
			       "slot=%u.%u; or leave slot out",
			       place->slot, place->function ? 0 : 1);
}

/* Where function 0 does not answer, a guest looks for no other (PCI local bus specification 3.2.2.3.4). */
static int check_first_function(const struct host_facts *facts, const struct place *places,
				size_t i, struct pt_error *err)
{
	for (size_t j = 0; j < facts->device_count; j++) {
		if (places[j].slot == places[i].slot && places[j].function == 0)
			return 0;
	}
	return pt_error_remedy(err,
			       pt_error_set(err, -EINVAL,
					    "%s: it would be function %u of slot %u, which has no "
					    "function 0; a guest would not find it",
					    facts->devices[i].host.name, places[i].function,
					    places[i].slot),
			       "put a device at slot=%u.0, this one or another", places[i].slot);
}

static int asked_places(const struct vm_config *config, const struct host_facts *facts,
			struct place *ret_places, struct pt_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < facts->device_count; i++) {
		const struct vm_config_device *asked = settings_of(config, i);

		ret_places[i] = (struct place){asked->slot, asked->function};
		for (size_t j = 0; j < i && asked->slot; j++) {
			if (ret_places[j].slot == asked->slot &&
			    ret_places[j].function == asked->function)
				return place_twice(facts, j, i, &ret_places[i], err);
		}
	}
	for (size_t i = 0; i < facts->device_count && ret == 0; i++) {
		if (ret_places[i].slot)
			ret = check_first_function(facts, ret_places, i, err);
	}
	return ret;
}

/* A virtio device has its slot for itself. */
static int check_alone(const struct host_facts *facts, const struct place *places,
		       const struct vm_plan *plan, unsigned index, struct pt_error *err)
{
	unsigned slot = plan->virtio[index].slot;
	int twice = 0;

	for (size_t i = 0; i < facts->device_count; i++)
		twice |= places[i].slot == slot;
	for (unsigned i = 0; i < index; i++)
		twice |= plan->virtio[i].slot == slot;
	if (!slot || !twice)
		return 0;
	return pt_error_remedy(
		err,
		pt_error_set(err, -EEXIST,
			     "slot %u is asked for twice, and a %s is alone in its slot", slot,
			     plan->virtio[index].kind == PLAN_VIRTIO_DISK ? "disk"
									  : "virtio device"),
		"give each a slot of its own, or leave slot out");
}

static unsigned take_free(uint32_t *taken)
{
	unsigned slot = 0;

	while (*taken & 1u << slot)
		slot++;
	*taken |= 1u << slot;
	return slot;
}

static int check_count(const struct host_facts *facts, const struct vm_plan *plan,
		       struct pt_error *err)
{
	size_t count = facts->device_count + plan->virtio_count;

	if (count <= VM_SLOT_MAX)
		return 0;
	return pt_error_remedy(err,
			       pt_error_set(err, -E2BIG, "%zu devices, and a guest has room for %d",
					    count, VM_SLOT_MAX),
			       "divide them among guests");
}

/* Those that are asked for first; the others take what is free, in order. */
static int choose_places(const struct vm_config *config, const struct host_facts *facts,
			 struct vm_plan *plan, struct place *ret_places, struct pt_error *err)
{
	uint32_t taken = 1u; /* slot 0 is the host bridge */
	int ret = asked_places(config, facts, ret_places, err);

	for (unsigned i = 0; i < plan->virtio_count && ret == 0; i++)
		ret = check_alone(facts, ret_places, plan, i, err);
	if (ret)
		return ret;
	for (size_t i = 0; i < facts->device_count; i++)
		taken |= 1u << ret_places[i].slot;
	for (unsigned i = 0; i < plan->virtio_count; i++)
		taken |= 1u << plan->virtio[i].slot;
	for (size_t i = 0; i < facts->device_count; i++) {
		if (ret_places[i].slot == 0)
			ret_places[i].slot = take_free(&taken);
	}
	for (unsigned i = 0; i < plan->virtio_count; i++) {
		if (plan->virtio[i].slot == 0)
			plan->virtio[i].slot = take_free(&taken);
	}
	return 0;
}

/* One address space, or none, for all devices of a guest. */
static int plan_noiommu(const struct host_facts *facts, struct vm_plan *plan, struct pt_error *err)
{
	const struct pt_host_device *first;

	if (facts->device_count == 0)
		return 0;
	first = &facts->devices[0].host;
	for (size_t i = 1; i < facts->device_count; i++) {
		const struct pt_host_device *other = &facts->devices[i].host;

		if (other->noiommu == first->noiommu)
			continue;
		(void)pt_error_set(
			err, -EINVAL,
			"%s: no IOMMU stands before it, so it cannot share an address space with %s",
			first->noiommu ? first->name : other->name,
			first->noiommu ? other->name : first->name);
		return pt_error_remedy(err, -EINVAL, "divide them among guests");
	}
	plan->unsafe_noiommu = first->noiommu;
	return 0;
}

/* Where a slot's port is: in the place of the slot's number, if nothing else was said. */
static struct plan_port port_at(const struct vm_config *config, unsigned slot)
{
	struct plan_port port = {.slot = slot, .place = slot};

	(void)snprintf(port.id, sizeof(port.id), "pci.%u", slot);
	for (unsigned i = 0; i < config->port_count; i++) {
		const struct vm_config_port *said = &config->ports[i];

		if (said->slot != slot)
			continue;
		port.place = said->place;
		port.function = said->function;
		(void)snprintf(port.id, sizeof(port.id), "%s", said->id);
	}
	return port;
}

static int by_place(const void *a, const void *b)
{
	const struct plan_port *left = a, *right = b;

	if (left->place != right->place)
		return left->place < right->place ? -1 : 1;
	return (left->function > right->function) - (left->function < right->function);
}

/* As of the functions of a device: a guest looks for others only where function 0 says that there are. */
static int check_port(const struct vm_plan *plan, unsigned index, struct pt_error *err)
{
	const struct plan_port *port = &plan->ports[index], *before = port - 1;
	bool follows = index && before->place == port->place;

	if (follows && before->function == port->function)
		return pt_error_remedy(err,
				       pt_error_set(err, -EEXIST,
						    "the root ports of slots %u and %u are both to "
						    "be at 00:%02x.%u",
						    before->slot, port->slot, port->place,
						    port->function),
				       "give each a place of its own");
	if (!follows && port->function)
		return pt_error_remedy(
			err,
			pt_error_set(err, -EINVAL,
				     "the root port of slot %u would be 00:%02x.%u, where nothing "
				     "is function 0; a guest would not find it",
				     port->slot, port->place, port->function),
			"put one at 00:%02x.0", port->place);
	return 0;
}

/* Every slot in use has a port; ports, and with them buses, in the order of their places. */
static int plan_ports(const struct vm_config *config, uint32_t used, struct vm_plan *plan,
		      struct pt_error *err)
{
	int ret = 0;

	for (unsigned slot = 1; slot <= VM_SLOT_MAX; slot++) {
		if (used & 1u << slot)
			plan->ports[plan->port_count++] = port_at(config, slot);
	}
	qsort(plan->ports, plan->port_count, sizeof(plan->ports[0]), by_place);
	for (unsigned i = 0; i < plan->port_count && ret == 0; i++) {
		struct plan_port *port = &plan->ports[i];

		ret = check_port(plan, i, err);
		port->bus = plan->flat ? 0 : i + 1;
		port->multifunction = port->function ||
				      (i + 1 < plan->port_count && port[1].place == port->place);
	}
	plan->bus_last = plan->flat ? 0 : plan->port_count;
	return ret;
}

static uint64_t power_of_two(uint64_t size)
{
	uint64_t power = UINT64_C(1) << 20; /* the step of a port's windows */

	while (power < size && power < UINT64_C(1) << 63)
		power *= 2;
	return power;
}

/* Slots that are empty at first: those whose port has a place, and the lowest that are free. */
static int plan_empty(const struct vm_config *config, uint32_t used, struct vm_plan *plan,
		      struct pt_error *err)
{
	unsigned left = config->hotplug_slots, room = 0;
	uint32_t empty = 0;
	int ret;

	for (unsigned i = 0; i < config->port_count; i++)
		empty |= 1u << config->ports[i].slot;
	empty &= ~used;
	used |= empty;
	for (unsigned slot = 1; slot <= VM_SLOT_MAX; slot++) {
		if (used & 1u << slot)
			continue;
		room++;
		if (left && left--)
			empty |= 1u << slot;
	}
	if (left) {
		(void)pt_error_set(err, -E2BIG,
				   "%u slots that are empty at first, and the devices leave %u",
				   config->hotplug_slots, room);
		return pt_error_remedy(err, -E2BIG, "--hotplug-slots %u", room);
	}
	ret = plan_ports(config, used | empty, plan, err);
	if (ret < 0)
		return ret;
	for (unsigned i = 0; i < plan->port_count; i++) {
		if (!(empty & 1u << plan->ports[i].slot))
			continue;
		plan->ports[i].reserve_32bit = power_of_two(config->reserve_32bit);
		plan->ports[i].reserve_64bit = power_of_two(config->reserve_64bit);
	}
	return 0;
}

static unsigned port_of(const struct vm_plan *plan, unsigned slot)
{
	unsigned port = 0;

	while (plan->ports[port].slot != slot)
		port++;
	return port;
}

static int shares_slot(const struct vm_plan *plan, unsigned device)
{
	unsigned count = 0;

	for (unsigned i = 0; i < plan->device_count; i++)
		count += plan->devices[i].port == plan->devices[device].port;
	return count > 1;
}

int plan_devices(const struct vm_config *config, const struct host_facts *facts,
		 struct vm_plan *plan, struct pt_error *err)
{
	struct place places[PLAN_DEVICES_MAX] = {{0}};
	uint32_t used = 0;
	int ret;

	plan->flat = config->flat;
	ret = check_count(facts, plan, err);
	if (ret < 0)
		return ret;
	ret = plan_noiommu(facts, plan, err);
	if (ret < 0)
		return ret;
	ret = choose_places(config, facts, plan, places, err);
	if (ret < 0)
		return ret;
	for (size_t i = 0; i < facts->device_count; i++)
		used |= 1u << places[i].slot;
	for (unsigned i = 0; i < plan->virtio_count; i++)
		used |= 1u << plan->virtio[i].slot;
	ret = plan_empty(config, used, plan, err);
	if (ret < 0)
		return ret;
	for (unsigned i = 0; i < facts->device_count; i++) {
		ret = check_twice(plan, facts->devices[i].host.name, err);
		if (ret < 0)
			return ret;
		ret = plan_device(settings_of(config, i), &facts->devices[i], plan->ports,
				  port_of(plan, places[i].slot), places[i].function,
				  &plan->devices[i], err);
		if (ret < 0)
			return ret;
		plan->device_count++;
	}
	for (unsigned i = 0; i < plan->device_count; i++)
		plan->devices[i].multifunction = shares_slot(plan, i);
	for (unsigned i = 0; i < plan->virtio_count; i++) {
		struct plan_virtio *virtio = &plan->virtio[i];

		virtio->port = port_of(plan, virtio->slot);
		virtio->gsi = plan_pin_gsi(plan->ports[virtio->port].place, 1);
	}
	return 0;
}
