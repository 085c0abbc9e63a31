/* SPDX-License-Identifier: MIT */
/* Walking PCI capability lists. Pure: bytes in, offsets out; the bytes are the device's and are not
 * trusted. */
#ifndef PASSTHROUGH_CAPS_H
#define PASSTHROUGH_CAPS_H

#include <stddef.h>
#include <stdint.h>

/* A standard list has at most 48 dword-aligned places (0x40 to 0xfc); an extended one is cut at as
 * many. */
#define PT_CAPS_MAX 48

#define PT_CAP_PM   0x01
#define PT_CAP_MSI  0x05
#define PT_CAP_PCIE 0x10
#define PT_CAP_MSIX 0x11
#define PT_CAP_AF   0x13
#define PT_CAP_EA   0x14

#define PT_EXT_CAP_ARI	    0x0e
#define PT_EXT_CAP_ATS	    0x0f
#define PT_EXT_CAP_SRIOV    0x10
#define PT_EXT_CAP_PRI	    0x13
#define PT_EXT_CAP_REBAR    0x15
#define PT_EXT_CAP_PASID    0x1b
#define PT_EXT_CAP_VF_REBAR 0x24

/* Config space is little-endian; @size is 1 to 4 bytes. */
static inline uint32_t pt_load_le(const uint8_t *bytes, unsigned size)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint32_t)bytes[i] << (8 * i);
	return value;
}

struct pt_cap {
	uint16_t id;
	uint16_t offset;
};

/**
 * pt_caps_walk() - the standard capabilities, in the list's order
 * @config: config space of @size bytes, at least 256
 * @caps: PT_CAPS_MAX elements
 *
 * The walk ends at a pointer that is null, into the header, or already seen. PCI 3.0, 6.7. Return:
 * how many.
 */
unsigned pt_caps_walk(const uint8_t *config, size_t size, struct pt_cap *caps);

/** pt_ext_caps_walk() - the extended capabilities; none when @size is 256. PCI Express base 7.6.
 * Return: how many. */
unsigned pt_ext_caps_walk(const uint8_t *config, size_t size, struct pt_cap *caps);

#endif
