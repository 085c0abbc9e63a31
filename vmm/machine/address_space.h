/* SPDX-License-Identifier: MIT */
/*
 * The IO address space that the guest's devices share: made when the first of them comes, and filled with the guest's memory
 * once one of them is attached, so that a failure names the range.
 */
#ifndef TENON_MACHINE_ADDRESS_SPACE_H
#define TENON_MACHINE_ADDRESS_SPACE_H

#include <passthrough/space.h>

#include "kvm/kvm.h"
#include "machine/ram.h"
#include "plan/plan.h"

/**
 * address_space_open() - an empty one, which knows what will be mapped in it
 *
 * Inverse: pt_space_close(). Errors: of pt_space_open(), pt_space_check_limit() and pt_space_allow().
 */
int address_space_open(struct kvm *kvm, const struct vm_plan *plan, struct pt_space **ret_space,
		       struct pt_error *err);

/** address_space_fill() - map the guest's memory, unless the devices are had without an IOMMU. Errors: of pt_space_map(). */
int address_space_fill(struct pt_space *space, const struct vm_plan *plan, const struct ram *ram,
		       struct pt_error *err);

#endif
