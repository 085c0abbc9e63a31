/* SPDX-License-Identifier: MIT */
/*
 * struct pci_names: what vendors, devices and classes are called, from pci.ids, or from udev's database where that file is
 * not installed.
 */
#ifndef TENON_INVENTORY_PCI_NAMES_H
#define TENON_INVENTORY_PCI_NAMES_H

#include <passthrough/host.h>

#define PCI_NAME_SIZE 128

struct pci_names;

/** pci_names_open() - @file: pci.ids, NULL for the installed one. Inverse: pci_names_close(). Return: NULL without libpci. */
struct pci_names *pci_names_open(const char *file);
void pci_names_close(struct pci_names *names);

/* Each writes a name, PCI_NAME_SIZE bytes, of printable UTF-8; empty when it is not known. @names may be NULL, and knows none. */
void pci_names_vendor(struct pci_names *names, unsigned vendor, char *ret_name);
void pci_names_device(struct pci_names *names, unsigned vendor, unsigned device, char *ret_name);
void pci_names_class(struct pci_names *names, uint32_t class_code, char *ret_name);
void pci_names_subsystem(struct pci_names *names, const struct pt_host_device *device,
			 const struct pt_host_details *details, char *ret_name);

/** pci_names_short() - vendor and device, of the vendor what tells it from others: "Intel 82576 Gigabit Network Connection" */
void pci_names_short(const char *vendor, const char *device, char *ret_name);

#endif
