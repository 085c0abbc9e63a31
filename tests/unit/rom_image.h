/* SPDX-License-Identifier: MIT */
/* Expansion ROMs for tests, made by the rules of the PCI Firmware Specification 3.3, 5.1. */
#ifndef ROM_IMAGE_H
#define ROM_IMAGE_H

#include <stdint.h>
#include <string.h>

#define ROM_DATA 0x20 /* where its data structure is, from an image's start */

static inline void rom_put(uint8_t *at, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++)
		at[i] = (uint8_t)(value >> 8 * i);
}

/** rom_image() - an image of @units times 512 bytes, whose other bytes can be told from each other */
static inline void rom_image(uint8_t *at, unsigned units, uint16_t vendor, uint16_t device,
			     int last)
{
	for (unsigned i = 0; i < units * 512; i++)
		at[i] = (uint8_t)(i * 7 + i / 256);
	rom_put(at, 2, 0xaa55);
	rom_put(at + 0x18, 2, ROM_DATA);
	memset(at + ROM_DATA, 0, 0x18);
	memcpy(at + ROM_DATA, "PCIR", 4);
	rom_put(at + ROM_DATA + 0x04, 2, vendor);
	rom_put(at + ROM_DATA + 0x06, 2, device);
	rom_put(at + ROM_DATA + 0x0a, 2, 0x18);
	at[ROM_DATA + 0x0c] = 3;
	rom_put(at + ROM_DATA + 0x10, 2, units);
	at[ROM_DATA + 0x15] = last ? 0x80 : 0;
}

#endif
