/* SPDX-License-Identifier: MIT */
/*
 * What is around the process as a whole; each holds for the calling thread, those that it makes, and for ever.
 */
#ifndef TENON_SANDBOX_CONFINE_H
#define TENON_SANDBOX_CONFINE_H

#include <passthrough/error.h>
#include <stdbool.h>

/**
 * confine_namespaces() - an empty root directory, no network, and no System V objects of others; for whom may have them (root)
 *
 * Without the capability for it nothing is done. Errors: from unshare(2), mount(2), pivot_root(2).
 */
int confine_namespaces(struct pt_error *err);

/**
 * confine_capabilities() - none, but for memory to be locked (CAP_IPC_LOCK), which devices that come need where the limit is low
 * @rawio: CAP_SYS_RAWIO too, which VFIO asks for without an IOMMU
 * @tap: CAP_NET_ADMIN too, which tun asks for of a tap device that is nobody's; in the network of its own, it is for nothing else
 *
 * Only what the process has stays. Errors: from capset(2).
 */
int confine_capabilities(bool rawio, bool tap, struct pt_error *err);

/**
 * confine_files() - no path can be opened, looked at or changed, and no process outside sent a signal (Landlock)
 *
 * A kernel without it is said on standard error, and no failure. Errors: from landlock_restrict_self(2).
 */
int confine_files(struct pt_error *err);

#endif
