/* SPDX-License-Identifier: MIT */
/*
 * ACPI's description of the machine, made from the plan. Pure: a plan in, bytes out.
 *
 * Source: ACPI specification 6.5, chapter 5; PCI Firmware specification 3.3, 4.1.2 for MCFG.
 */
#ifndef TENON_BOOT_ACPI_H
#define TENON_BOOT_ACPI_H

#include <passthrough/error.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/plan.h"

/**
 * acpi_build() - write the tables
 * @bytes: the guest's memory from @base, @size bytes of it; all are written
 * @base: guest physical address, a multiple of 64
 * @ret_rsdp: where the root pointer is, guest physical
 *
 * Errors: -ENOSPC @size is too small.
 */
int acpi_build(const struct vm_plan *plan, uint8_t *bytes, size_t size, uint64_t base,
	       uint64_t *ret_rsdp, struct pt_error *err);

/** acpi_dsdt() - the compiled boot/dsdt.asl */
const uint8_t *acpi_dsdt(size_t *ret_size);

/** acpi_slots_code() - the compiled boot/slots.asl, for a guest that is flat */
const uint8_t *acpi_slots_code(size_t *ret_size);

#endif
