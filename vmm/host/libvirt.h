/* SPDX-License-Identifier: MIT */
/*
 * libvirt's node-device API, where libvirt manages the host: it then knows who has a device, and gives none to a domain of
 * its own that a guest of ours has.
 *
 * The library is looked for when it is used, and not needed to build or to run anything else. Source: libvirt's API reference,
 * libvirt-nodedev.
 */
#ifndef TENON_HOST_LIBVIRT_H
#define TENON_HOST_LIBVIRT_H

#include <passthrough/error.h>

#define LIBVIRT_LIBRARY "libvirt.so.0"

enum libvirt_action { LIBVIRT_DETACH, LIBVIRT_REATTACH };

/**
 * libvirt_do() - have PCI function @name taken from its driver and given to vfio-pci, or the inverse
 * @library: LIBVIRT_LIBRARY
 * @uri: of the libvirt daemon: "qemu:///system"
 * @limit: milliseconds; after that it goes on without this process
 *
 * Errors: -ENOENT there is no libvirt, or not this device; -ECONNREFUSED its daemon does not answer; -EBUSY it refuses, and the
 * message says why; -ETIMEDOUT.
 */
int libvirt_do(const char *library, const char *uri, const char *name, enum libvirt_action action,
	       unsigned limit, struct pt_error *err);

#endif
