/* SPDX-License-Identifier: MIT */
#include "inventory/cap_name.h"

#include <stddef.h>

/* By id. PCI Code and ID Assignment Specification, 2. */
static const char *const standard[] = {
	[0x01] = "power management",
	[0x03] = "vital product data",
	[0x05] = "MSI",
	[0x09] = "vendor-specific",
	[0x0d] = "subsystem",
	[0x10] = "PCI Express",
	[0x11] = "MSI-X",
	[0x12] = "SATA",
	[0x13] = "advanced features",
	[0x14] = "enhanced allocation",
};

/* The same, 3. */
static const char *const extended[] = {
	[0x01] = "AER",
	[0x02] = "virtual channels",
	[0x03] = "serial number",
	[0x04] = "power budgeting",
	[0x08] = "multi-function virtual channels",
	[0x09] = "virtual channels",
	[0x0b] = "vendor-specific",
	[0x0d] = "ACS",
	[0x0e] = "ARI",
	[0x0f] = "ATS",
	[0x10] = "SR-IOV",
	[0x12] = "multicast",
	[0x13] = "PRI",
	[0x15] = "resizable BAR",
	[0x16] = "DPA",
	[0x17] = "TPH",
	[0x18] = "LTR",
	[0x19] = "secondary PCI Express",
	[0x1b] = "PASID",
	[0x1d] = "DPC",
	[0x1e] = "L1 substates",
	[0x1f] = "PTM",
	[0x23] = "designated vendor-specific",
	[0x24] = "VF resizable BAR",
	[0x25] = "data link feature",
	[0x26] = "16 GT/s",
	[0x27] = "lane margining",
	[0x2a] = "32 GT/s",
	[0x2e] = "DOE",
	[0x30] = "IDE",
	[0x31] = "64 GT/s",
};

const char *cap_name(const struct pt_host_cap *cap)
{
	const char *const *names = cap->extended ? extended : standard;
	size_t count = cap->extended ? sizeof(extended) / sizeof(extended[0])
				     : sizeof(standard) / sizeof(standard[0]);

	return cap->id < count ? names[cap->id] : NULL;
}
