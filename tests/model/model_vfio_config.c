/* SPDX-License-Identifier: MIT */
/*
 * Reads and writes of a device's regions through its descriptor.
 *
 * Config space: what may be written is a mask per byte, as vfio_pci_config.c has it: the header's command, cache line,
 * latency, BIST, BARs and interrupt line; of capabilities the power state, PCI Express device control, MSI's address,
 * data and enable, and all of a vendor's own. MSI-X is not among them. BARs are VFIO's own, the hardware keeps its
 * addresses. What stops the device from decoding while the guest has its BARs is a violation.
 */
#include "model_dmabuf.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define COMMAND	       0x04
#define COMMAND_MEMORY 0x02
#define COMMAND_MASTER 0x04
#define BARS	       0x10
#define BARS_END       0x28
#define CAPABILITIES   0x34

static uint16_t get16(const uint8_t *bytes)
{
	return (uint16_t)(bytes[0] | bytes[1] << 8);
}

static void allow(struct model_device *device, unsigned at, unsigned size, uint32_t mask)
{
	for (unsigned i = 0; i < size; i++)
		device->private->writable[at + i] = (uint8_t)(mask >> 8 * i);
}

static void learn_cap(struct model_device *device, unsigned at, uint8_t id)
{
	struct model_device_private *private = device->private;
	bool msi64 = private->config[at + 2] & 0x80;

	switch (id) {
	case 0x01:
		private
		->pm = at;
		allow(device, at + 4, 2, 0x0103);
		break;
	case 0x05:
		private
		->msi = at;
		allow(device, at + 2, 1, 0x71);
		allow(device, at + 4, 4, 0xfffffffc);
		if (msi64)
			allow(device, at + 8, 4, 0xffffffff);
		allow(device, at + (msi64 ? 12 : 8), 2, 0xffff);
		if (private->config[at + 3] & 0x01)
			allow(device, at + (msi64 ? 16 : 12), 4, 0xffffffff);
		break;
	case 0x09:
		for (unsigned i = 3; i < private->config[at + 2] && at + i < 256; i++)
			allow(device, at + i, 1, 0xff);
		break;
	case 0x10:
		private
		->express = at;
		allow(device, at + 8, 2, 0x7fff);
		allow(device, at + 0x28, 2, 0xffdf);
		break;
	case 0x11:
		private
		->msix = at;
		break;
	default:
		break;
	}
}

void model_config_learn(struct model_device *device)
{
	const uint8_t *config = device->private->config;
	unsigned at = config[CAPABILITIES] & ~3u;

	/* The samples have a COMMAND register that cannot be written. */
	if (!device->pci.mediated)
		allow(device, COMMAND, 2, 0x0547);
	allow(device, 0x0c, 2, 0xffff);
	allow(device, 0x0f, 1, 0xff);
	allow(device, 0x3c, 1, 0xff);
	/* A chain that a test has broken ends where it breaks: the kernel looks at 48 entries. */
	for (unsigned i = 0; i < 48 && at >= 0x40 && at <= 0xfc; i++) {
		learn_cap(device, at, config[at]);
		at = config[at + 1] & ~3u;
	}
}

static uint8_t bar_byte(const struct model_device *device, unsigned at)
{
	unsigned index = (at - BARS) / 4;
	unsigned byte = (at - BARS) % 4;
	const struct model_bar *bar = &device->pci.bars[index];
	uint64_t mask = ~(bar->size - 1);
	uint32_t value;

	if (index > 0 && device->pci.bars[index - 1].is_64bit) {
		mask = ~(device->pci.bars[index - 1].size - 1) >> 32;
		memcpy(&value, device->private->bar_virtual + 4 * index, sizeof(value));
		value &= (uint32_t)mask;
		return (uint8_t)(value >> 8 * byte);
	}
	if (bar->size == 0)
		return 0;
	memcpy(&value, device->private->bar_virtual + 4 * index, sizeof(value));
	value &= (uint32_t)mask;
	value |= bar->io ? 1u : (bar->is_64bit ? 4u : 0u) | (bar->prefetchable ? 8u : 0u);
	return (uint8_t)(value >> 8 * byte);
}

static int config_read(const struct model_device *device, uint8_t *buf, size_t size, uint64_t at)
{
	if (at >= device->pci.config_size || at + size > device->pci.config_size)
		return -EFAULT;
	for (size_t i = 0; i < size; i++) {
		unsigned offset = (unsigned)(at + i);

		/* Ids are VFIO's own copy. */
		if (device->dead && offset >= 4)
			buf[i] = 0xff;
		else if (offset >= BARS && offset < BARS_END)
			buf[i] = bar_byte(device, offset);
		else
			buf[i] = device->private->config[offset];
	}
	return 0;
}

static void stops_decoding(struct model_device *device, const char *how)
{
	model_dmabuf_revoke(device, how);
	if (model_guest_has(device->model, device))
		model_violate(device->model, "%s: %s with BARs in the guest", device->pci.bdf, how);
}

/* What a write did beyond changing bytes. */
static void config_effects(struct model_device *device, uint16_t old_command)
{
	struct model_device_private *private = device->private;
	uint8_t none = 0, *control = private->pm ? &private->config[private->pm + 4] : &none;
	unsigned power;

	if (device->only_d0)
		*control &= 0xfc;
	power = *control & 3;
	if ((old_command & COMMAND_MEMORY) && !(private->config[COMMAND] & COMMAND_MEMORY))
		stops_decoding(device, "memory decode off");
	if (power != 0 && device->power_state == 0)
		stops_decoding(device, "power state changed");
	if (private->noiommu && private->config[COMMAND] & COMMAND_MASTER)
		model_violate(device->model, "%s: bus mastering on without an IOMMU",
			      device->pci.bdf);
	device->power_state = power;
	if ((old_command ^ get16(private->config + COMMAND)) & 0x0400)
		model_irq_intx_disable_changed(device);
}

static int config_write(struct model_device *device, const uint8_t *buf, size_t size, uint64_t at)
{
	struct model_device_private *private = device->private;
	uint16_t old_command = get16(private->config + COMMAND);

	if (at >= device->pci.config_size || at + size > device->pci.config_size)
		return -EFAULT;
	for (size_t i = 0; i < size && !device->dead; i++) {
		unsigned offset = (unsigned)(at + i);
		uint8_t mask = private->writable[offset];

		if (offset >= BARS && offset < BARS_END)
		private->bar_virtual[offset - BARS] = buf[i];
		else private->config[offset] =
			(uint8_t)((private->config[offset] & ~mask) | (buf[i] & mask));
		/* VFIO virtualises the bit that starts a function-level reset, and resets. */
		if (private->express && offset == private->express + 9 && (buf[i] & 0x80))
			model_violate(device->model, "%s: a guest's FLR was forwarded",
				      device->pci.bdf);
		/* vfio_msi_config_write() passes the word on to the device as it is. */
		if (private->msi && offset == private->msi + 2 && device->irq_index == PT_IRQ_MSI &&
		    !(buf[i] & 1))
			model_violate(device->model, "%s: MSI was turned off behind SET_IRQS",
				      device->pci.bdf);
	}
	if (!device->dead)
		config_effects(device, old_command);
	return 0;
}

/* The part of a BAR's access that is in the MSI-X table: reads give ones, writes are dropped. */
static bool in_msix_table(const struct model_device *device, unsigned bar, uint64_t offset)
{
	const struct model_device_private *private = device->private;
	uint32_t table;

	if (!private->msix)
		return false;
	memcpy(&table, private->config + private->msix + 4, sizeof(table));
	return (table & 7) == bar && offset >= (table & ~7u) &&
	       offset < (table & ~7u) + 16ull * model_irq_count(device, PT_IRQ_MSIX);
}

static int bar_check(const struct model_device *device, unsigned bar, size_t *size, uint64_t offset)
{
	const struct model_bar *info = &device->pci.bars[bar];

	if (info->size == 0 || offset >= info->size)
		return -EINVAL;
	if (*size > info->size - offset)
		*size = (size_t)(info->size - offset);
	if (!info->io &&
	    (!(device->private->config[COMMAND] & COMMAND_MEMORY) || device->power_state == 3))
		return -EIO;
	return 0;
}

static int64_t bar_read(const struct model_device *device, unsigned bar, uint8_t *buf, size_t size,
			uint64_t offset)
{
	int ret = bar_check(device, bar, &size, offset);

	if (ret)
		return ret;
	model_read_bar((struct model_device *)device, bar, offset, buf, size);
	for (size_t i = 0; i < size; i++)
		if (device->dead || in_msix_table(device, bar, offset + i))
			buf[i] = 0xff;
	return (int64_t)size;
}

/* Read only, and like a BAR only while the device decodes memory. */
static int64_t rom_read(const struct model_device *device, uint8_t *buf, size_t size,
			uint64_t offset)
{
	const struct model_pci *pci = &device->pci;

	if (offset >= pci->rom_space)
		return -EINVAL;
	if (size > pci->rom_space - offset)
		size = (size_t)(pci->rom_space - offset);
	if (!(device->private->config[COMMAND] & COMMAND_MEMORY) || device->power_state == 3)
		return -EIO;
	for (size_t i = 0; i < size; i++)
		buf[i] = device->dead || offset + i >= pci->rom_size ? 0xff : pci->rom[offset + i];
	return (int64_t)size;
}

static int64_t bar_write(struct model_device *device, unsigned bar, const uint8_t *buf, size_t size,
			 uint64_t offset)
{
	int ret = bar_check(device, bar, &size, offset);

	if (ret)
		return ret;
	for (size_t i = 0; i < size; i++)
		if (!device->dead && !in_msix_table(device, bar, offset + i))
			model_write_bar(device, bar, offset + i, buf + i, 1);
	return (int64_t)size;
}

uint64_t model_region_offset(const struct model_device *device, unsigned index)
{
	if (device->pci.packed)
		return index == PT_REGION_BAR0 ? MODEL_PAGE : 0;
	return (uint64_t)index << MODEL_OFFSET_SHIFT;
}

unsigned model_region_at(const struct model_device *device, uint64_t offset, uint64_t *ret_at)
{
	if (device->pci.packed) {
		*ret_at = offset < MODEL_PAGE ? offset : offset - MODEL_PAGE;
		return offset < MODEL_PAGE ? PT_REGION_CONFIG : PT_REGION_BAR0;
	}
	*ret_at = offset & ((1ull << MODEL_OFFSET_SHIFT) - 1);
	return (unsigned)(offset >> MODEL_OFFSET_SHIFT);
}

int64_t model_region_read(struct model_device *device, void *buf, size_t size, uint64_t offset)
{
	uint64_t at;
	unsigned index = model_region_at(device, offset, &at);
	int ret;

	if (index == PT_REGION_CONFIG) {
		ret = config_read(device, buf, size, at);
		model_detail(device->model, "config read 0x%llx", (unsigned long long)at);
		return ret ? ret : (int64_t)size;
	}
	model_detail(device->model, "bar %u read 0x%llx", index, (unsigned long long)at);
	if (index == PT_REGION_ROM)
		return rom_read(device, buf, size, at);
	return index < PT_BARS ? bar_read(device, (unsigned)index, buf, size, at) : -EINVAL;
}

int64_t model_region_write(struct model_device *device, const void *buf, size_t size,
			   uint64_t offset)
{
	uint64_t value = 0, at;
	unsigned index = model_region_at(device, offset, &at);
	int ret;

	memcpy(&value, buf, size < sizeof(value) ? size : sizeof(value));
	if (index == PT_REGION_CONFIG) {
		ret = config_write(device, buf, size, at);
		model_detail(device->model, "config write 0x%llx value 0x%llx",
			     (unsigned long long)at, (unsigned long long)value);
		return ret ? ret : (int64_t)size;
	}
	model_detail(device->model, "bar %u write 0x%llx value 0x%llx", index,
		     (unsigned long long)at, (unsigned long long)value);
	return index < PT_BARS ? bar_write(device, (unsigned)index, buf, size, at) : -EINVAL;
}

void model_region_reset(struct model_device *device)
{
	for (unsigned i = 0; i < PT_BARS; i++)
		if (device->private->bar_fd[i] >= 0 &&
		    fallocate(device->private->bar_fd[i],
			      FALLOC_FL_PUNCH_HOLE | FALLOC_FL_KEEP_SIZE, 0,
			      (off_t)device->pci.bars[i].size))
			abort();
	if (device->private->pm)
		device->private->config[device->private->pm + 4] &= 0xfc;
}

void model_read_bar(struct model_device *device, unsigned bar, uint64_t offset, void *buf,
		    size_t size)
{
	if (pread(device->private->bar_fd[bar], buf, size, (off_t)offset) != (ssize_t)size)
		abort();
}

void model_write_bar(struct model_device *device, unsigned bar, uint64_t offset, const void *buf,
		     size_t size)
{
	if (pwrite(device->private->bar_fd[bar], buf, size, (off_t)offset) != (ssize_t)size)
		abort();
}

/* COMMAND and the power state are VFIO's word as much as the hardware's: they stay. */
void model_scribble(struct model_device *device, unsigned at, unsigned size, uint32_t seed)
{
	unsigned power = device->private->pm + 4;

	for (unsigned i = at; i < at + size && i < MODEL_CONFIG_SIZE; i++) {
		seed = seed * 1103515245u + 12345u;
		if (i != COMMAND && i != COMMAND + 1 && i != power && i != power + 1)
			device->private->config[i] = (uint8_t)(seed >> 16);
	}
}

uint32_t model_device_config(const struct model_device *device, unsigned at, unsigned size)
{
	uint32_t value = 0;

	memcpy(&value, device->private->config + at, size);
	return value;
}
