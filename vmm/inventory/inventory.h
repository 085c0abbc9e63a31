/* SPDX-License-Identifier: MIT */
/*
 * struct inventory: the devices of this host that are asked for, with what is known of each and what is said of it.
 */
#ifndef TENON_INVENTORY_INVENTORY_H
#define TENON_INVENTORY_INVENTORY_H

#include "inventory/device_filter.h"
#include "inventory/pci_names.h"

#define VERDICT_SIZE 128

/** enum verdict_kind - whether a device can be assigned */
enum verdict_kind {
	VERDICT_YES,
	VERDICT_BIND, /* when drivers are taken from it, or from others of its group */
	VERDICT_NO,   /* not on this host as it is */
};

/**
 * struct inventory_device - a device
 * @vendor, @name: as pci.ids has them, empty where it has not
 * @verdict_text: in a few words: "yes", "bind first", "no: no IOMMU"
 */
struct inventory_device {
	struct pt_host_device host;
	struct pt_host_details details;
	char vendor[PCI_NAME_SIZE];
	char name[PCI_NAME_SIZE];
	enum verdict_kind verdict;
	char verdict_text[VERDICT_SIZE];
};

/** struct interrupts - whether the kernel gives devices away, as far as it was asked; by backend, zeroed at first */
struct interrupts {
	bool asked[2];
	bool isolated[2];
};

/**
 * struct inventory - devices by their addresses' order, then mediated ones
 * @bridges_left_out: functions that were not asked for by being bridges
 * @unreadable: functions that are in no list since sysfs does not read as documented; @reason is the last one's
 */
struct inventory {
	struct inventory_device *devices;
	size_t count;
	size_t bridges_left_out;
	size_t unreadable;
	struct interrupts interrupts;
	struct pt_error reason;
};

/**
 * inventory_read() - look at the host
 * @names: NULL for no names
 *
 * Devices that vanish meanwhile are left out. Inverse: inventory_done(). Errors: of pt_host_list(); -ENOMEM.
 */
int inventory_read(const struct pt_sys *sys, const struct device_filter *filter,
		   struct pci_names *names, struct inventory *ret_inventory, struct pt_error *err);
void inventory_done(struct inventory *inventory);

/**
 * inventory_describe() - what is to be said of a device whose @host is read
 * @interrupts: of the host, asked for once for all devices
 */
void inventory_describe(const struct pt_sys *sys, struct pci_names *names,
			struct interrupts *interrupts, struct inventory_device *device);

#endif
