/* SPDX-License-Identifier: MIT */
#include "devices/pci_host.h"

#include <stdbool.h>
#include <string.h>

#define ADDRESS_ENABLE 0x80000000u
#define ADDRESS_MASK   0x80fffffcu

/* The bridge itself: nothing to set, so that its space is read only. Red Hat's generic PCI Express host. */
static const uint32_t bridge_space[] = {
	[0x00 / 4] = 0x00081b36, /* device, vendor */
	[0x08 / 4] = 0x06000000, /* class: bridge, host; revision 0 */
	[0x2c / 4] = 0x11001af4, /* subsystem: "a virtual machine" */
};

static uint32_t bridge_read(void *state, unsigned offset, unsigned size)
{
	unsigned index = offset / 4;
	uint32_t value = 0;

	(void)state;
	if (index < sizeof(bridge_space) / sizeof(bridge_space[0]))
		value = bridge_space[index] >> (offset & 3) * 8;
	return size < 4 ? value & ((1u << size * 8) - 1) : value;
}

static void bridge_write(void *state, unsigned offset, unsigned size, uint32_t value)
{
	(void)state;
	(void)offset;
	(void)size;
	(void)value;
}

static const struct pci_function_ops bridge_ops = {
	.config_read = bridge_read,
	.config_write = bridge_write,
};

/* @address has ECAM's form: bus, slot, function, 4096 bytes each. Return: NULL where nobody is. */
static const struct pci_function *find(const struct pci_host *host, uint64_t address)
{
	unsigned bus = address >> 20 & 0xff, devfn = address >> 12 & 0xff;
	const struct pci_function *found = NULL;

	if (!bus) {
		found = &host->functions[devfn];
		return found->ops ? found : NULL;
	}
	for (unsigned i = 0; i < PCI_FUNCTIONS && !found; i++) {
		const struct pci_function *bridge = &host->functions[i];

		if (bridge->ops && bridge->ops->below)
			found = bridge->ops->below(bridge->state, bus, devfn);
	}
	return found;
}

/* How much of an access fits an aligned dword, as config spaces want it: 1, 2 or 4 bytes. */
static unsigned part_size(uint64_t address, unsigned size)
{
	if (size >= 4 && !(address & 3))
		return 4;
	return size >= 2 && !(address & 1) ? 2 : 1;
}

static void config_read(const struct pci_host *host, uint64_t address, uint8_t *data, unsigned size)
{
	const struct pci_function *function = find(host, address);

	memset(data, 0xff, size);
	for (unsigned done = 0, part; function && done < size; done += part) {
		unsigned offset = (unsigned)(address + done) & (PCI_CONFIG_SIZE - 1);
		uint32_t value;

		part = part_size(address + done, size - done);
		value = function->ops->config_read(function->state, offset, part);
		memcpy(data + done, &value, part);
	}
}

static void config_write(const struct pci_host *host, uint64_t address, const uint8_t *data,
			 unsigned size)
{
	const struct pci_function *function = find(host, address);

	for (unsigned done = 0, part; function && done < size; done += part) {
		unsigned offset = (unsigned)(address + done) & (PCI_CONFIG_SIZE - 1);
		uint32_t value = 0;

		part = part_size(address + done, size - done);
		memcpy(&value, data + done, part);
		function->ops->config_write(function->state, offset, part, value);
	}
}

static void ecam_read(void *state, uint64_t offset, void *data, unsigned size)
{
	config_read(state, offset, data, size);
}

static void ecam_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	config_write(state, offset, data, size);
}

const struct device_ops pci_ecam_ops = {
	.name = "PCI configuration space",
	.read = ecam_read,
	.write = ecam_write,
};

/*
 * Ports. The address register is there as a dword only; any other access to 0xcf8 is not for it.
 * Return: whether the ports at @offset lead to a config space; if so, @ret_address is where, in ECAM's form.
 */
static bool port_address(struct pci_host *host, uint64_t offset, unsigned size,
			 uint64_t *ret_address)
{
	uint32_t address = atomic_load(&host->address);

	if (offset < 4 || offset + size > PCI_CONFIG_PORTS || !(address & ADDRESS_ENABLE))
		return false;
	*ret_address = (uint64_t)(address & 0x00ffff00) << 4 | (address & 0xfc) | (offset - 4);
	return true;
}

static void ports_read(void *state, uint64_t offset, void *data, unsigned size)
{
	struct pci_host *host = state;
	uint64_t address;

	if (port_address(host, offset, size, &address)) {
		config_read(host, address, data, size);
	} else if (!offset && size == 4) {
		uint32_t value = atomic_load(&host->address);

		memcpy(data, &value, sizeof(value));
	} else {
		memset(data, 0xff, size);
	}
}

static void ports_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	struct pci_host *host = state;
	uint64_t address;

	if (port_address(host, offset, size, &address)) {
		config_write(host, address, data, size);
	} else if (!offset && size == 4) {
		uint32_t value;

		memcpy(&value, data, sizeof(value));
		atomic_store(&host->address, value & ADDRESS_MASK);
	}
}

const struct device_ops pci_ports_ops = {
	.name = "PCI configuration ports",
	.read = ports_read,
	.write = ports_write,
};

void pci_host_init(struct pci_host *host)
{
	memset(host->functions, 0, sizeof(host->functions));
	atomic_init(&host->address, 0);
	host->functions[0].ops = &bridge_ops;
}

void pci_host_plug(struct pci_host *host, unsigned slot, unsigned function,
		   const struct pci_function_ops *ops, void *state)
{
	host->functions[slot * 8 + function] = (struct pci_function){.ops = ops, .state = state};
}

void pci_host_reset(struct pci_host *host)
{
	atomic_store(&host->address, 0);
}
