/* SPDX-License-Identifier: MIT */
/*
 * Whether the host itself lives on a PCI function: its disks and its network.
 */
#ifndef TENON_HOST_DEVICE_USE_H
#define TENON_HOST_DEVICE_USE_H

#include <passthrough/error.h>
#include <passthrough/host.h>
#include <passthrough/sys.h>
#include <stdbool.h>

/**
 * device_use_disks() - file systems and swap on its disks, be it through RAID, LVM or encryption
 *
 * Seen from this process' mount namespace; what else has claimed a disk for itself is found by asking for the same
 * (open(2), O_EXCL), and named less well. Return: 0; -EBUSY and what; -errno.
 */
int device_use_disks(const struct pt_sys *sys, const char *name, struct pt_error *err);

/**
 * device_use_network() - the default route and SSH connections through its interfaces, be it through bridges, bonds or VLANs
 *
 * Return: 0; -EBUSY and what; -errno.
 */
int device_use_network(const struct pt_sys *sys, const char *name, struct pt_error *err);

/** device_use_is_display() - whether it is the display that the firmware chose: a console may be on it */
bool device_use_is_display(const struct pt_sys *sys, const char *name);

/**
 * device_use_framebuffer() - whether the kernel still holds a BAR of it for the picture that the firmware left there
 * @ret_owner: what /proc/iomem, which only root can read in full, calls that: "BOOTFB"
 *
 * vfio-pci ends that by itself from Linux 6.0 on.
 */
bool device_use_framebuffer(const struct pt_sys *sys, const char *name, char *ret_owner,
			    size_t size);

#endif
