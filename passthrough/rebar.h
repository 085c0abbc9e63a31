/* SPDX-License-Identifier: MIT */
/*
 * The Resizable BAR capability as a guest is shown it: every BAR of it has the one size that the
 * host gave it. Pure. PCI Express base 7.8.6.
 */
#ifndef PASSTHROUGH_REBAR_H
#define PASSTHROUGH_REBAR_H

#include <stdbool.h>
#include <stdint.h>

#include "vconfig.h"

/**
 * pt_rebar_show() - make the capability at @offset virtual
 * @raw: the device's config space; it says how many BARs there are and which, and nothing else of it
 *	is believed
 * @room: bytes to the next capability
 * @bar_size: PT_VCONFIG_BARS sizes in bytes, 0 for a BAR that there is not
 *
 * The kernel drops writes to it, and a BAR that changed its size under VFIO would be lost. So that
 * the guest does not try, the capability register offers the current size alone.
 *
 * Return: false when the capability cannot say what the BARs are: it is to be hidden then, and
 * nothing was done.
 */
bool pt_rebar_show(struct pt_vconfig *vconfig, const uint8_t *raw, unsigned offset, unsigned room,
		   const uint64_t *bar_size);

#endif
