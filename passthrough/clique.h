/* SPDX-License-Identifier: MIT */
/*
 * The capability by which a guest's NVIDIA driver is told which GPUs reach each other by
 * peer-to-peer DMA. Pure.
 *
 * In a guest the driver cannot see what is between two GPUs. A vendor-specific capability warrants
 * it: GPUs with the same clique, 0 to 15, reach each other. Source: NVIDIA, "GPUDirect P2P on a
 * virtual machine" (specification of the virtual P2P approval capability, as published on
 * qemu-devel, 2017-08 and 2023-06). 8 bytes:
 *
 *   0  id 09h   1  next   2  length 8   3 to 5  "P2P"   6  version 0 (3 bits), clique (4 bits)   7  0
 */
#ifndef PASSTHROUGH_CLIQUE_H
#define PASSTHROUGH_CLIQUE_H

#include "vconfig.h"

#define PT_CLIQUE_MAX 15u

/** pt_clique_device() - whether the device is one that knows cliques: an NVIDIA display controller */
bool pt_clique_device(const uint8_t *raw);

/**
 * pt_clique_place() - where the capability can be
 *
 * At 0xc8, or 0xd4 on GPUs that have MSI-X there: drivers look at no other place, and no other is
 * promised to be without registers. Return: the offset, 0 when the device's capabilities take both.
 */
unsigned pt_clique_place(const uint8_t *raw, unsigned size);

/** pt_clique_show() - the capability at @offset, the last of its list */
void pt_clique_show(struct pt_vconfig *vconfig, unsigned offset, unsigned clique);

#endif
