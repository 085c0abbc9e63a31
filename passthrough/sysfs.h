/* SPDX-License-Identifier: MIT */
/* What of sysfs is read in more than one place. A device's @name is canonical: a BDF, or the UUID of a mediated device. */
#ifndef PASSTHROUGH_SYSFS_H
#define PASSTHROUGH_SYSFS_H

#include "internal.h"

#define PT_SYSFS_PCI	"/sys/bus/pci/devices/"
#define PT_SYSFS_MDEV	"/sys/bus/mdev/devices/"
#define PT_SYSFS_GROUPS "/sys/kernel/iommu_groups/"
#define PT_SYSFS_IRQS	"/sys/kernel/irq"

/* Whether a canonical name is a mediated device's. */
bool pt_is_mediated(const char *name);

/* Nodes and groups of devices without an IOMMU: noiommu-vfio3, noiommu-7. */
#define PT_NOIOMMU_PREFIX "noiommu-"
bool pt_is_noiommu_node(const char *node);

/* Path of a device's file; PT_PATH_SIZE bytes. */
void pt_sysfs_path(const char *name, const char *file, char *ret_path);

/* A hexadecimal number in a PCI function's file. -ENODEV: no such function. */
int pt_sysfs_hex(const struct pt_sys *sys, const char *name, const char *file,
		 unsigned long *ret_value, struct pt_error *err);

/* Name of what a device's link points to, empty when there is no such link. */
int pt_sysfs_link(const struct pt_sys *sys, const char *name, const char *link, char *buf,
		  size_t size);

/* The device's cdev, PT_NODE_SIZE bytes; empty when its driver is not a VFIO driver or the kernel has no cdevs. */
int pt_sysfs_node(const struct pt_sys *sys, const char *name, char *ret_node);

/* Path of the file with the device number of a device's cdev; PT_PATH_SIZE bytes. */
void pt_node_number_path(const char *name, const char *node, char *ret_path);

/* What is behind the last slash. */
const char *pt_last_part(const char *path);

#endif
