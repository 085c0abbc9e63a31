/* SPDX-License-Identifier: MIT */
#include "vconfig.h"

#include <string.h>

#define CAPABILITY_LIST 0x34
#define CAP_NEXT	1

#define PCIE_FLAGS		  0x02
#define PCIE_TYPE		  0x00f0u
#define PCIE_TYPE_ENDPOINT	  0x0
#define PCIE_TYPE_LEGACY_ENDPOINT 0x1
#define PCIE_TYPE_RC_ENDPOINT	  0x9

#define MSI_CONTROL  0x02
#define MSI_ENABLE   0x0001u
#define MSI_ALLOWED  0x0070u /* number of messages that the guest gave */
#define MSI_64BIT    0x0080u
#define MSI_MASKABLE 0x0100u

#define ALL 0xffffffffu

/* One row: at @offset (from the capability's start, or of the header) the @virt bits are ours and
 * read @value at first. */
struct rule {
	uint16_t offset;
	uint8_t size;
	uint32_t virt;
	uint32_t writable;
	uint32_t value;
	const char *reason;
};

/* What no row names is the device's; the kernel's vfio-pci has its own rules behind it
 * (vfio_pci_config.c). */
static const struct rule header_rules[] = {
	{0x0e, 1, 0x80, 0, 0, "multi-function: the other functions are not in this slot"},
	{0x28, 4, ALL, 0, 0, "CardBus CIS pointer: leads into a ROM or BAR that may not be shown"},
	{0x30, 4, ALL, 0, 0, "expansion ROM: not shown"},
	{0x34, 1, ALL, 0, 0, "capability list: relinked to what the guest is shown"},
	{0x3c, 1, ALL, ALL, 0,
	 "interrupt line: a note between guest firmware and guest, the host has its own"},
};

static const struct rule pcie_rules[] = {
	{0x08, 2, 0x8000, 0, 0,
	 "initiate FLR: done as our reset, so that its failure is seen and BARs are out before"},
};

/* PCI Express base 7.5.3: these registers are of the link, which an integrated endpoint does not
 * have. */
static const struct rule pcie_integrated_rules[] = {
	{0x02, 2, PCIE_TYPE, 0, PCIE_TYPE_RC_ENDPOINT << 4,
	 "type: on a root bus it is an integrated endpoint"},
	{0x0c, 4, ALL, 0, 0, "link capabilities: no link"},
	{0x10, 4, ALL, 0, 0, "link control and status: no link"},
	{0x2c, 4, ALL, 0, 0, "link capabilities 2: no link"},
	{0x30, 4, ALL, 0, 0, "link control 2 and status 2: no link"},
};

static const struct rule msi_rules[] = {
	{0x04, 4, ALL, ~3u, 0, "message address: the guest's, routed by KVM"},
};

static const struct rule msi_32bit_rules[] = {
	{0x08, 2, ALL, ALL, 0, "message data"},
	{0x0c, 4, ALL, ALL, 0, "mask bits: done by not delivering"},
	{0x10, 4, ALL, 0, 0, "pending bits: what came while masked"},
};

static const struct rule msi_64bit_rules[] = {
	{0x08, 4, ALL, ALL, 0, "message upper address"},
	{0x0c, 2, ALL, ALL, 0, "message data"},
	{0x10, 4, ALL, ALL, 0, "mask bits: done by not delivering"},
	{0x14, 4, ALL, 0, 0, "pending bits: what came while masked"},
};

static const struct rule msix_rules[] = {
	{0x02, 2, 0xc000, 0xc000, 0, "enable and function mask: the host programs its own"},
};

static const struct rule af_rules[] = {
	{0x04, 1, 0x01, 0, 0, "initiate FLR: done as our reset"},
};

struct hidden {
	uint16_t id;
	const char *reason;
};

static const struct hidden hidden_caps[] = {
	{PT_CAP_EA,
	 "enhanced allocation: fixed addresses of the host, which the guest's BARs do not have"},
};

static const struct hidden hidden_ext_caps[] = {
	{PT_EXT_CAP_ARI, "function numbers of the host's slot"},
	{PT_EXT_CAP_ATS, "needs an IOMMU in the guest"},
	{PT_EXT_CAP_SRIOV, "virtual functions are made on the host"},
	{PT_EXT_CAP_PRI, "needs an IOMMU in the guest"},
	{PT_EXT_CAP_REBAR, "the kernel drops writes to it; the size is the host's"},
	{PT_EXT_CAP_PASID, "needs an IOMMU in the guest"},
	{PT_EXT_CAP_VF_REBAR, "virtual functions are made on the host"},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

static void store(uint8_t *bytes, unsigned size, uint32_t value)
{
	for (unsigned i = 0; i < size; i++)
		bytes[i] = (uint8_t)(value >> (8 * i));
}

/* Rules of a capability that is cut off by the end of the config space are cut with it. */
void pt_vconfig_own(struct pt_vconfig *vconfig, unsigned offset, unsigned size, uint32_t virt,
		    uint32_t writable, uint32_t value)
{
	for (unsigned i = 0; i < size && offset + i < vconfig->size; i++) {
		uint8_t v = (uint8_t)(virt >> (8 * i));
		uint8_t *bits = &vconfig->virt[offset + i];

		*bits |= v;
		vconfig->writable[offset + i] = (uint8_t)((vconfig->writable[offset + i] & ~v) |
							  ((writable >> (8 * i)) & v));
		vconfig->initial[offset + i] =
			(uint8_t)((vconfig->initial[offset + i] & ~v) | ((value >> (8 * i)) & v));
		vconfig->value[offset + i] = vconfig->initial[offset + i];
	}
}

static void apply(struct pt_vconfig *vconfig, unsigned base, const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++)
		pt_vconfig_own(vconfig, base + rules[i].offset, rules[i].size, rules[i].virt,
			       rules[i].writable, rules[i].value);
}

static bool is_hidden(const struct hidden *list, size_t count, unsigned id)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].id == id)
			return true;
	}
	return false;
}

static void apply_msi(struct pt_vconfig *vconfig, const uint8_t *raw, unsigned offset)
{
	unsigned control = pt_load_le(raw + offset + MSI_CONTROL, 2);
	/* Mask and pending bits are the last two rows. */
	size_t unmaskable = control & MSI_MASKABLE ? 0 : 2;

	/* The whole word is ours, so that no write of it reaches the device: drivers write it again
	 * with every change of a message, and VFIO would pass the enable bit on as it comes. */
	pt_vconfig_own(vconfig, offset + MSI_CONTROL, 2, 0xffff, MSI_ENABLE | MSI_ALLOWED,
		       control & ~(MSI_ENABLE | MSI_ALLOWED));
	apply(vconfig, offset, msi_rules, COUNT(msi_rules));
	if (control & MSI_64BIT)
		apply(vconfig, offset, msi_64bit_rules, COUNT(msi_64bit_rules) - unmaskable);
	else
		apply(vconfig, offset, msi_32bit_rules, COUNT(msi_32bit_rules) - unmaskable);
}

static void apply_pcie(struct pt_vconfig *vconfig, const uint8_t *raw, unsigned offset,
		       bool root_bus)
{
	unsigned type = (pt_load_le(raw + offset + PCIE_FLAGS, 2) & PCIE_TYPE) >> 4;

	apply(vconfig, offset, pcie_rules, COUNT(pcie_rules));
	if (root_bus && (type == PCIE_TYPE_ENDPOINT || type == PCIE_TYPE_LEGACY_ENDPOINT))
		apply(vconfig, offset, pcie_integrated_rules, COUNT(pcie_integrated_rules));
}

/* The first of a kind is the one that counts, for the guest and for us. */
static void remember(unsigned *place, unsigned offset)
{
	if (*place == 0)
		*place = offset;
}

static void apply_cap(struct pt_vconfig *vconfig, const uint8_t *raw, const struct pt_cap *cap,
		      bool root_bus)
{
	switch (cap->id) {
	case PT_CAP_PM:
		remember(&vconfig->pm, cap->offset);
		break;
	case PT_CAP_MSI:
		remember(&vconfig->msi, cap->offset);
		apply_msi(vconfig, raw, cap->offset);
		break;
	case PT_CAP_PCIE:
		remember(&vconfig->pcie, cap->offset);
		apply_pcie(vconfig, raw, cap->offset, root_bus);
		break;
	case PT_CAP_MSIX:
		remember(&vconfig->msix, cap->offset);
		apply(vconfig, cap->offset, msix_rules, COUNT(msix_rules));
		break;
	case PT_CAP_AF:
		remember(&vconfig->af, cap->offset);
		apply(vconfig, cap->offset, af_rules, COUNT(af_rules));
		break;
	default:
		break;
	}
}

/* Bytes to the next capability of the same list, whatever the order; that is as far as this one can
 * reach. */
static unsigned reach(const struct pt_cap *caps, unsigned count, unsigned offset, unsigned end)
{
	for (unsigned i = 0; i < count; i++) {
		if (caps[i].offset > offset && caps[i].offset < end)
			end = caps[i].offset;
	}
	return end - offset;
}

static void hide_body(struct pt_vconfig *vconfig, unsigned offset, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		pt_vconfig_own(vconfig, offset + i, 1, 0xff, 0, 0);
}

static void build_caps(struct pt_vconfig *vconfig, const uint8_t *raw, bool root_bus, bool hide_msi,
		       bool hide_msix)
{
	struct pt_cap caps[PT_CAPS_MAX];
	unsigned count = pt_caps_walk(raw, vconfig->size, caps);
	unsigned link = CAPABILITY_LIST;

	for (unsigned i = 0; i < count; i++) {
		const struct pt_cap *cap = &caps[i];

		if (is_hidden(hidden_caps, COUNT(hidden_caps), cap->id) ||
		    (hide_msi && cap->id == PT_CAP_MSI) || (hide_msix && cap->id == PT_CAP_MSIX)) {
			hide_body(vconfig, cap->offset, reach(caps, count, cap->offset, 0x100));
			continue;
		}
		pt_vconfig_own(vconfig, link, 1, 0xff, 0, cap->offset);
		link = cap->offset + CAP_NEXT;
		pt_vconfig_own(vconfig, link, 1, 0xff, 0, 0);
		apply_cap(vconfig, raw, cap, root_bus);
	}
}

/*
 * The list begins at 0x100 and cannot begin elsewhere: when the first is hidden, a null capability
 * (id 0, PCI Express base 7.9.28) stands in its place and carries the link.
 */
static void build_ext_caps(struct pt_vconfig *vconfig, const uint8_t *raw)
{
	struct pt_cap caps[PT_CAPS_MAX];
	unsigned count = pt_ext_caps_walk(raw, vconfig->size, caps);
	unsigned last = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned offset = caps[i].offset;
		bool hidden = is_hidden(hidden_ext_caps, COUNT(hidden_ext_caps), caps[i].id);

		if (hidden) {
			hide_body(vconfig, offset, reach(caps, count, offset, PT_CONFIG_SIZE));
			if (i > 0)
				continue;
		}
		if (last != 0)
			pt_vconfig_own(vconfig, last + 2, 2, 0xfff0, 0, offset << 4);
		/* The version nibble shares its byte with the link and stays the device's. */
		pt_vconfig_own(vconfig, offset + 2, 2, 0xfff0, 0, 0);
		last = offset;
	}
}

void pt_vconfig_build(struct pt_vconfig *vconfig, const uint8_t *raw, unsigned size, bool root_bus,
		      bool hide_msi, bool hide_msix)
{
	memset(vconfig, 0, sizeof(*vconfig));
	vconfig->size = size;
	apply(vconfig, 0, header_rules, COUNT(header_rules));
	build_caps(vconfig, raw, root_bus, hide_msi, hide_msix);
	build_ext_caps(vconfig, raw);
}

void pt_vconfig_reset(struct pt_vconfig *vconfig)
{
	memcpy(vconfig->value, vconfig->initial, sizeof(vconfig->value));
}

uint32_t pt_vconfig_virt(const struct pt_vconfig *vconfig, unsigned offset, unsigned size)
{
	return pt_load_le(vconfig->virt + offset, size);
}

uint32_t pt_vconfig_get(const struct pt_vconfig *vconfig, unsigned offset, unsigned size)
{
	return pt_load_le(vconfig->value + offset, size) & pt_load_le(vconfig->virt + offset, size);
}

void pt_vconfig_put(struct pt_vconfig *vconfig, unsigned offset, unsigned size, uint32_t value)
{
	uint32_t writable = pt_load_le(vconfig->writable + offset, size);
	uint32_t old = pt_load_le(vconfig->value + offset, size);

	store(vconfig->value + offset, size, (old & ~writable) | (value & writable));
}
