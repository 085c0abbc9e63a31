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
#define PT_CAP_VPD  0x03
#define PT_CAP_MSI  0x05
#define PT_CAP_VNDR 0x09
#define PT_CAP_PCIE 0x10
#define PT_CAP_MSIX 0x11
#define PT_CAP_AF   0x13
#define PT_CAP_EA   0x14

#define PT_EXT_CAP_VC	     0x02
#define PT_EXT_CAP_MFVC	     0x08
#define PT_EXT_CAP_VC9	     0x09
#define PT_EXT_CAP_ACS	     0x0d
#define PT_EXT_CAP_ARI	     0x0e
#define PT_EXT_CAP_ATS	     0x0f
#define PT_EXT_CAP_SRIOV     0x10
#define PT_EXT_CAP_MULTICAST 0x12
#define PT_EXT_CAP_PRI	     0x13
#define PT_EXT_CAP_REBAR     0x15
#define PT_EXT_CAP_DPA	     0x16
#define PT_EXT_CAP_TPH	     0x17
#define PT_EXT_CAP_LTR	     0x18
#define PT_EXT_CAP_SECONDARY 0x19
#define PT_EXT_CAP_PASID     0x1b
#define PT_EXT_CAP_DPC	     0x1d
#define PT_EXT_CAP_L1SS	     0x1e
#define PT_EXT_CAP_PTM	     0x1f
#define PT_EXT_CAP_VF_REBAR  0x24
#define PT_EXT_CAP_DATA_LINK 0x25
#define PT_EXT_CAP_16GT	     0x26
#define PT_EXT_CAP_MARGINING 0x27
#define PT_EXT_CAP_32GT	     0x2a
#define PT_EXT_CAP_DOE	     0x2e
#define PT_EXT_CAP_IDE	     0x30
#define PT_EXT_CAP_64GT	     0x31

/* PCI Express capability of an endpoint: version 1 ends behind the link's registers, version 2 goes
 * on. */
#define PT_PCIE_V1_SIZE 0x14u
#define PT_PCIE_V2_SIZE 0x3cu

/* Config space is little-endian; @size is 1 to 4 bytes. */
static inline uint32_t pt_load_le(const uint8_t *bytes, unsigned size)
{
	uint32_t value = 0;

	for (unsigned i = 0; i < size; i++)
		value |= (uint32_t)bytes[i] << (8 * i);
	return value;
}

/*
 * Whether somebody is there: revision and class code cannot be all ones. The vendor, where one would
 * look, vfio-pci answers from a copy of its own (vfio_pci_config.c, init_pci_cap_basic_perm()).
 */
static inline int pt_config_answers(const uint8_t *config)
{
	return pt_load_le(config + 8, 4) != UINT32_MAX;
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

/**
 * pt_cap_room() - bytes from a capability to the next one of the list that lies behind it
 * @end: of the space for such lists, 0x100 or 0x1000
 *
 * As far as it can reach, whatever the list's order.
 */
unsigned pt_cap_room(const struct pt_cap *caps, unsigned count, unsigned offset, unsigned end);

/**
 * pt_cap_size() - bytes that a standard capability takes, by its kind
 * @config: the config space that it was found in
 * @room: from pt_cap_room(); the answer for one of a kind that is not known here
 *
 * May be more than @room: it runs into another then, and cannot be what it says it is.
 */
unsigned pt_cap_size(const uint8_t *config, const struct pt_cap *cap, unsigned room);

/** pt_ext_caps_walk() - the extended capabilities; none when @size is 256. PCI Express base 7.6.
 * Return: how many. */
unsigned pt_ext_caps_walk(const uint8_t *config, size_t size, struct pt_cap *caps);

#endif
