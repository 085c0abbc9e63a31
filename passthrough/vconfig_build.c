/* SPDX-License-Identifier: MIT */
/*
 * The tables of what a guest sees of a config space, and the building of one by them.
 *
 * What no row names is the device's; the kernel's vfio-pci has its own rules behind it
 * (vfio_pci_config.c). docs/passthrough.md says the same to people.
 */
#include <string.h>

#include "clique.h"
#include "rebar.h"
#include "vconfig.h"

#define STATUS		0x06
#define STATUS_CAP_LIST 0x0010u
#define HEADER_TYPE	0x0e
#define MULTIFUNCTION	0x80u
#define CAPABILITY_LIST 0x34
#define HEADER_SIZE	0x40u
#define CAP_NEXT	1

#define EXT_ID_AND_VERSION 0x000fffffu

#define PM_CONTROL 0x04

#define PCIE_FLAGS		  0x02
#define PCIE_VERSION		  0x000fu
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

static const struct rule header_rules[] = {
	{0x0e, 1, MULTIFUNCTION, 0, 0,
	 "multi-function: whether the guest's slot has others, not the host's"},
	{0x28, 4, ALL, 0, 0, "CardBus CIS pointer: leads into a ROM or BAR that may not be shown"},
	{0x30, 4, ALL, 0, 0,
	 "expansion ROM: the guest's address of what is served from memory, or none"},
	{0x34, 1, ALL, 0, 0, "capability list: relinked to what the guest is shown"},
	{0x3c, 1, ALL, ALL, 0,
	 "interrupt line: a note between guest firmware and guest, the host has its own"},
	{0x3d, 1, ALL, 0, 0, "interrupt pin: the device's where it can be served, else none"},
};

#define DEVICE_CONTROL_2 0x28
#define HOST_LATENCY	 0x6400u

static const struct rule pcie_rules[] = {
	{0x08, 2, 0x8000, 0, 0,
	 "initiate FLR: done as our reset, so that its failure is seen and BARs are out before"},
};

/* Version 2 of the capability goes on to 0x3c. The port above is the VMM's and speaks neither. */
static const struct rule pcie_v2_rules[] = {
	{0x24, 4, 0x000c0800, 0, 0, "LTR and OBFF supported: the guest's port is not told of them"},
	{DEVICE_CONTROL_2, 2, HOST_LATENCY, 0, 0,
	 "LTR and OBFF enabled: the host's, whose port they reach; the device keeps them"},
};

/* PCI Express base 7.5.3: these registers are of the link, which an integrated endpoint does not
 * have. */
static const struct rule pcie_integrated_rules[] = {
	{0x02, 2, PCIE_TYPE, 0, PCIE_TYPE_RC_ENDPOINT << 4,
	 "type: on a root bus it is an integrated endpoint"},
	{0x0c, 4, ALL, 0, 0, "link capabilities: no link"},
	{0x10, 4, ALL, 0, 0, "link control and status: no link"},
};

static const struct rule pcie_integrated_v2_rules[] = {
	{0x2c, 4, ALL, 0, 0, "link capabilities 2: no link"},
	{0x30, 4, ALL, 0, 0, "link control 2 and status 2: no link"},
};

static const struct rule pcie_behind_port_rules[] = {
	{0x0c, 4, 0x00040c00, 0, 0,
	 "ASPM and clock power management: the link's state is the host's"},
};

/* An integrated endpoint of the host that the guest finds behind a port: what it lacks is the
 * slowest link there is, 2.5 GT/s and one lane. */
static const struct rule pcie_endpoint_rules[] = {
	{0x02, 2, PCIE_TYPE, 0, PCIE_TYPE_ENDPOINT << 4, "type: behind a port it is an endpoint"},
	{0x0c, 4, ALL, 0, 0x00000011, "link capabilities: 2.5 GT/s, x1, no power management"},
	{0x10, 4, ALL, 0, 0x00110000, "link control and status: 2.5 GT/s, x1"},
};

static const struct rule pcie_endpoint_v2_rules[] = {
	{0x2c, 4, ALL, 0, 0x00000002, "link capabilities 2: 2.5 GT/s"},
	{0x30, 4, ALL, 0, 0x00000001, "link control 2 and status 2: 2.5 GT/s"},
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

/* Several of these the kernel hides too, some of them since a few years only. */
static const struct hidden hidden_ext_caps[] = {
	{PT_EXT_CAP_VC, "virtual channels are agreed on with the host's port"},
	{PT_EXT_CAP_MFVC, "virtual channels are agreed on with the host's port"},
	{PT_EXT_CAP_VC9, "virtual channels are agreed on with the host's port"},
	{PT_EXT_CAP_ACS, "isolates functions from each other by the host's IOMMU"},
	{PT_EXT_CAP_ARI, "function numbers of the host's slot"},
	{PT_EXT_CAP_ATS, "needs an IOMMU in the guest"},
	{PT_EXT_CAP_SRIOV, "virtual functions are made on the host"},
	{PT_EXT_CAP_MULTICAST, "its windows are addresses of the host"},
	{PT_EXT_CAP_PRI, "needs an IOMMU in the guest"},
	{PT_EXT_CAP_DPA, "the kernel drops writes to it"},
	{PT_EXT_CAP_TPH, "steering tags name CPUs of the host"},
	{PT_EXT_CAP_LTR, "the guest's port does not take its messages"},
	{PT_EXT_CAP_SECONDARY, "equalisation of the host's link"},
	{PT_EXT_CAP_PASID, "needs an IOMMU in the guest"},
	{PT_EXT_CAP_DPC, "contains errors at the host's port"},
	{PT_EXT_CAP_L1SS, "power states of the host's link"},
	{PT_EXT_CAP_PTM, "the guest's port has no clock to ask"},
	{PT_EXT_CAP_VF_REBAR, "virtual functions are made on the host"},
	{PT_EXT_CAP_DATA_LINK, "the host's link"},
	{PT_EXT_CAP_16GT, "the host's link"},
	{PT_EXT_CAP_MARGINING, "measures the host's link"},
	{PT_EXT_CAP_32GT, "the host's link"},
	{PT_EXT_CAP_DOE, "a mailbox that the kernel does not carry"},
	{PT_EXT_CAP_IDE, "keys of the host's link"},
	{PT_EXT_CAP_64GT, "the host's link"},
};

#define COUNT(a) (sizeof(a) / sizeof((a)[0]))

#define ANY_ROOM PT_CONFIG_SIZE

/* A row that a capability's @room, which ends where the next one starts, does not hold is left out. */
static void apply(struct pt_vconfig *vconfig, unsigned base, unsigned room,
		  const struct rule *rules, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (rules[i].offset + rules[i].size <= room)
			pt_vconfig_own(vconfig, base + rules[i].offset, rules[i].size,
				       rules[i].virt, rules[i].writable, rules[i].value);
	}
}

static bool is_hidden(const struct hidden *list, size_t count, unsigned id)
{
	for (size_t i = 0; i < count; i++) {
		if (list[i].id == id)
			return true;
	}
	return false;
}

static void apply_header(struct pt_vconfig *vconfig, const struct pt_vconfig_setup *setup)
{
	apply(vconfig, 0, HEADER_SIZE, header_rules, COUNT(header_rules));
	pt_vconfig_own(vconfig, HEADER_TYPE, 1, MULTIFUNCTION, 0,
		       setup->multifunction ? MULTIFUNCTION : 0);
	pt_vconfig_own(vconfig, PT_CONFIG_INTERRUPT_PIN, 1, 0xff, 0, setup->pin);
}

static void apply_msi(struct pt_vconfig *vconfig, const uint8_t *raw, unsigned offset,
		      unsigned room)
{
	unsigned control = pt_load_le(raw + offset + MSI_CONTROL, 2);
	/* Mask and pending bits are the last two rows. */
	size_t unmaskable = control & MSI_MASKABLE ? 0 : 2;

	/* The whole word is ours, so that no write of it reaches the device: drivers write it again
	 * with every change of a message, and VFIO would pass the enable bit on as it comes. */
	pt_vconfig_own(vconfig, offset + MSI_CONTROL, 2, 0xffff, MSI_ENABLE | MSI_ALLOWED,
		       control & ~(MSI_ENABLE | MSI_ALLOWED));
	apply(vconfig, offset, room, msi_rules, COUNT(msi_rules));
	if (control & MSI_64BIT)
		apply(vconfig, offset, room, msi_64bit_rules, COUNT(msi_64bit_rules) - unmaskable);
	else
		apply(vconfig, offset, room, msi_32bit_rules, COUNT(msi_32bit_rules) - unmaskable);
}

/* Which rows make the function fit where the guest finds it. PCI Express base 7.5.3.2, 1.3.2.3. */
static void apply_pcie_type(struct pt_vconfig *vconfig, unsigned offset, unsigned room,
			    unsigned type, unsigned v2_room, bool root_bus)
{
	bool endpoint = type == PCIE_TYPE_ENDPOINT || type == PCIE_TYPE_LEGACY_ENDPOINT;

	if (root_bus && endpoint) {
		apply(vconfig, offset, room, pcie_integrated_rules, COUNT(pcie_integrated_rules));
		apply(vconfig, offset, v2_room, pcie_integrated_v2_rules,
		      COUNT(pcie_integrated_v2_rules));
	} else if (!root_bus && endpoint) {
		apply(vconfig, offset, room, pcie_behind_port_rules, COUNT(pcie_behind_port_rules));
	} else if (!root_bus && type == PCIE_TYPE_RC_ENDPOINT && room >= PT_PCIE_V1_SIZE) {
		/* One of version 1 may end before the link's registers; it stays what it is. */
		apply(vconfig, offset, room, pcie_endpoint_rules, COUNT(pcie_endpoint_rules));
		apply(vconfig, offset, v2_room, pcie_endpoint_v2_rules,
		      COUNT(pcie_endpoint_v2_rules));
	}
}

static void apply_pcie(struct pt_vconfig *vconfig, const uint8_t *raw, unsigned offset,
		       unsigned room, bool root_bus)
{
	unsigned flags = pt_load_le(raw + offset + PCIE_FLAGS, 2);
	unsigned v2_room = (flags & PCIE_VERSION) >= 2 ? room : 0;

	apply(vconfig, offset, v2_room, pcie_v2_rules, COUNT(pcie_v2_rules));
	if (v2_room >= DEVICE_CONTROL_2 + 2)
		pt_vconfig_hold(vconfig, offset + DEVICE_CONTROL_2, 2, HOST_LATENCY,
				pt_load_le(raw + offset + DEVICE_CONTROL_2, 2));
	apply_pcie_type(vconfig, offset, room, (flags & PCIE_TYPE) >> 4, v2_room, root_bus);
}

/*
 * The first of a kind is the one that counts, for the guest and for us. But the kernel acts on
 * power states and resets in any that it finds, also in one that another capability overlaps, and
 * takes the BARs away under the guest: none of those is ever passed on unseen.
 */
static void remember(unsigned *place, unsigned offset)
{
	if (*place == 0)
		*place = offset;
}

static void apply_cap(struct pt_vconfig *vconfig, const uint8_t *raw, const struct pt_cap *cap,
		      unsigned room, bool root_bus)
{
	switch (cap->id) {
	case PT_CAP_PM:
		if (vconfig->pm != 0)
			pt_vconfig_own(vconfig, cap->offset + PM_CONTROL, 2, 0xffff, 0, 0);
		remember(&vconfig->pm, cap->offset);
		break;
	case PT_CAP_MSI:
		remember(&vconfig->msi, cap->offset);
		apply_msi(vconfig, raw, cap->offset, room);
		break;
	case PT_CAP_PCIE:
		remember(&vconfig->pcie, cap->offset);
		apply_pcie(vconfig, raw, cap->offset, room, root_bus);
		apply(vconfig, cap->offset, ANY_ROOM, pcie_rules, COUNT(pcie_rules));
		break;
	case PT_CAP_MSIX:
		remember(&vconfig->msix, cap->offset);
		apply(vconfig, cap->offset, room, msix_rules, COUNT(msix_rules));
		break;
	case PT_CAP_AF:
		remember(&vconfig->af, cap->offset);
		apply(vconfig, cap->offset, ANY_ROOM, af_rules, COUNT(af_rules));
		break;
	default:
		break;
	}
}

static void hide_body(struct pt_vconfig *vconfig, unsigned offset, unsigned size)
{
	for (unsigned i = 0; i < size; i++)
		pt_vconfig_own(vconfig, offset + i, 1, 0xff, 0, 0);
}

static bool cap_is_hidden(const struct pt_cap *cap, const struct pt_vconfig_setup *setup)
{
	return is_hidden(hidden_caps, COUNT(hidden_caps), cap->id) ||
	       (setup->hide_msi && cap->id == PT_CAP_MSI) ||
	       (setup->hide_msix && cap->id == PT_CAP_MSIX);
}

/* Ids and links come last: a rule that reaches into another capability must not bend the list. */
static void build_caps(struct pt_vconfig *vconfig, const uint8_t *raw,
		       const struct pt_vconfig_setup *setup)
{
	struct pt_cap caps[PT_CAPS_MAX];
	unsigned count = pt_caps_walk(raw, vconfig->size, caps);
	unsigned link = CAPABILITY_LIST;

	for (unsigned i = 0; i < count; i++) {
		unsigned room = pt_cap_room(caps, count, caps[i].offset, 0x100);

		if (cap_is_hidden(&caps[i], setup))
			hide_body(vconfig, caps[i].offset, room);
		else
			apply_cap(vconfig, raw, &caps[i], room, setup->root_bus);
	}
	for (unsigned i = 0; i < count; i++) {
		if (cap_is_hidden(&caps[i], setup))
			continue;
		pt_vconfig_own(vconfig, link, 1, 0xff, 0, caps[i].offset);
		link = caps[i].offset + CAP_NEXT;
		pt_vconfig_own(vconfig, caps[i].offset, 2, 0xffff, 0, caps[i].id);
	}
	if (setup->clique_at == 0)
		return;
	pt_vconfig_own(vconfig, STATUS, 2, STATUS_CAP_LIST, 0, STATUS_CAP_LIST);
	pt_vconfig_own(vconfig, link, 1, 0xff, 0, setup->clique_at);
	pt_clique_show(vconfig, setup->clique_at, setup->clique);
}

/*
 * The list begins at 0x100 and cannot begin elsewhere: when the first is hidden, a null capability
 * (id 0, PCI Express base 7.9.28) stands in its place and carries the link.
 */
static void build_ext_caps(struct pt_vconfig *vconfig, const uint8_t *raw,
			   const struct pt_vconfig_setup *setup)
{
	struct pt_cap caps[PT_CAPS_MAX];
	unsigned count = pt_ext_caps_walk(raw, vconfig->size, caps);
	unsigned last = 0;

	for (unsigned i = 0; i < count; i++) {
		unsigned offset = caps[i].offset;
		unsigned room = pt_cap_room(caps, count, offset, PT_CONFIG_SIZE);
		bool hidden = is_hidden(hidden_ext_caps, COUNT(hidden_ext_caps), caps[i].id);

		if (caps[i].id == PT_EXT_CAP_REBAR)
			hidden = !pt_rebar_show(vconfig, raw, offset, room, setup->bar_size);
		if (hidden) {
			hide_body(vconfig, offset, room);
			if (i > 0)
				continue;
		}
		if (last != 0)
			pt_vconfig_own(vconfig, last + 2, 2, 0xfff0, 0, offset << 4);
		pt_vconfig_own(vconfig, offset, 4, ALL, 0,
			       hidden ? 0 : pt_load_le(raw + offset, 4) & EXT_ID_AND_VERSION);
		last = offset;
	}
}

void pt_vconfig_build(struct pt_vconfig *vconfig, const uint8_t *raw, unsigned size,
		      const struct pt_vconfig_setup *setup)
{
	memset(vconfig, 0, sizeof(*vconfig));
	vconfig->size = size;
	apply_header(vconfig, setup);
	build_caps(vconfig, raw, setup);
	build_ext_caps(vconfig, raw, setup);
}
