/* SPDX-License-Identifier: MIT */
/*
 * The expansion ROM as the guest finds it: one more BAR, served from memory.
 *
 * The device's own is read once, when the guest first turns it on: slow on many devices, the kernel
 * reads only while the device decodes memory, and most guests never look. It is never mapped, since
 * on many devices the ROM and a BAR share their address decoder (PCI 3.0, 6.2.5.2).
 */
#include <inttypes.h>

#include "function_internal.h"
#include "rom.h"

static void warn_of_absent(struct pt_function *function, struct pt_error *err)
{
	(void)pt_error_prefix(err, err->code, "%s: the guest does not see its expansion ROM",
			      pt_device_name(function->device));
	pt_error_remedy(err, err->code, "give the guest one from a file, or none");
	pt_warn(function, err);
}

static struct pt_rom_id device_id(const uint8_t *raw)
{
	return (struct pt_rom_id){
		.vendor = (uint16_t)pt_load_le(raw + PT_CONFIG_VENDOR, 2),
		.device = (uint16_t)pt_load_le(raw + PT_CONFIG_VENDOR + 2, 2),
	};
}

/* A card's firmware is at times used with another of its family, so this is no error. */
static void warn_of_other(struct pt_function *function, const uint8_t *raw)
{
	struct pt_rom_id device = device_id(raw), named = {0};
	struct pt_error err = PT_ERROR_INIT;

	if (pt_rom_is_for(function->rom.bytes, function->rom.size, device, &named))
		return;
	pt_error_set(&err, -EINVAL,
		     "%s: the expansion ROM given for it is for [%04x:%04x], and it is [%04x:%04x]",
		     pt_device_name(function->device), named.vendor, named.device, device.vendor,
		     device.device);
	pt_warn(function, &err);
}

static int take_bytes(struct pt_function *function, const uint8_t *raw, struct pt_error *err)
{
	const struct pt_rom_setup *setup = &function->setup.rom;
	const char *bdf = pt_device_name(function->device);
	int r = pt_rom_check(setup->bytes, setup->size, err);

	if (r < 0)
		return pt_error_prefix(err, r, "%s: expansion ROM", bdf);
	function->rom.bytes = pt_alloc(function->sys, setup->size);
	if (!function->rom.bytes)
		return pt_no_memory(err, bdf);
	memcpy(function->rom.bytes, setup->bytes, setup->size);
	function->rom.size = setup->size;
	warn_of_other(function, raw);
	return 0;
}

/* Return: bytes of address space that the device's own takes, 0 when it has none to show. */
static uint64_t device_space(struct pt_function *function)
{
	uint64_t size = pt_device_region(function->device, PT_REGION_ROM)->size;
	struct pt_error err = PT_ERROR_INIT;

	if (size == 0 || (size >= PT_ROM_SPACE_MIN && size == pt_rom_space(size)))
		return size;
	pt_error_set(&err, -EIO, "its size, 0x%" PRIx64 ", is none that a ROM can have", size);
	warn_of_absent(function, &err);
	return 0;
}

int pt_rom_init(struct pt_function *function, const uint8_t *raw, struct pt_error *err)
{
	const struct pt_rom_setup *setup = &function->setup.rom;
	struct pt_bar *bar = &function->bars[PT_BAR_ROM].bar;
	int r = 0;

	if (setup->source == PT_ROM_BYTES)
		r = take_bytes(function, raw, err);
	if (r < 0 || setup->source == PT_ROM_NONE)
		return r;
	bar->size =
		setup->source == PT_ROM_BYTES ? pt_rom_space(setup->size) : device_space(function);
	if (bar->size == 0)
		return 0;
	if (setup->address > UINT32_MAX || !pt_aligned(setup->address, bar->size))
		return pt_error_set(err, -EINVAL,
				    "%s: 0x%" PRIx64
				    " is no address for its expansion ROM (0x%" PRIx64 " bytes)",
				    pt_device_name(function->device), setup->address, bar->size);
	bar->kind = PT_BAR_MEM32;
	bar->address = setup->address;
	return 0;
}

void pt_rom_done(struct pt_function *function)
{
	pt_free(function->sys, function->rom.bytes);
	function->rom = (struct pt_rom){0};
}

static int read_device(struct pt_function *function, struct pt_error *err)
{
	uint64_t size = function->bars[PT_BAR_ROM].bar.size;
	int r;

	function->rom.bytes = pt_alloc(function->sys, size);
	if (!function->rom.bytes)
		return pt_error_set(err, -ENOMEM, "out of memory");
	r = pt_device_read(function->device, PT_REGION_ROM, 0, function->rom.bytes, size);
	if (r < 0)
		return pt_error_set(err, r, "it cannot be read: %s", strerror(-r));
	function->rom.size = size;
	return pt_rom_check(function->rom.bytes, size, err);
}

bool pt_rom_load(struct pt_function *function)
{
	struct pt_error err = PT_ERROR_INIT;

	if (function->rom.bytes)
		return true;
	if (read_device(function, &err) == 0)
		return true;
	pt_rom_done(function);
	function->bars[PT_BAR_ROM].bar = (struct pt_bar){0};
	pt_vconfig_own(&function->config, PT_CONFIG_ROM, 4, UINT32_MAX, 0, 0);
	warn_of_absent(function, &err);
	return false;
}

void pt_rom_read(const struct pt_function *function, uint64_t offset, uint8_t *buf, size_t size)
{
	const struct pt_rom *rom = &function->rom;

	memset(buf, 0xff, size);
	if (offset >= rom->size)
		return;
	memcpy(buf, rom->bytes + offset, size < rom->size - offset ? size : rom->size - offset);
}
