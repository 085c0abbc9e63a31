/* SPDX-License-Identifier: MIT */
/* What is in an expansion ROM. Pure; the bytes are a device's or a file's and are not trusted. PCI
 * Firmware Specification 3.3, 5.1. */
#ifndef PASSTHROUGH_ROM_H
#define PASSTHROUGH_ROM_H

#include <passthrough/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PT_ROM_SPACE_MIN 2048u

/** struct pt_rom_id - the device that an image says it is for */
struct pt_rom_id {
	uint16_t vendor;
	uint16_t device;
};

/**
 * pt_rom_is_for() - whether one of the images is for a device, by its ids or by its list of devices
 * @bytes: @size of them, which pt_rom_check() has accepted
 * @ret_first: what the first image says
 */
bool pt_rom_is_for(const uint8_t *bytes, size_t size, struct pt_rom_id id,
		   struct pt_rom_id *ret_first);

#endif
