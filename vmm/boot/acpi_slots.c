/* SPDX-License-Identifier: MIT */
/*
 * iasl's output is a definition, not a declaration; this file keeps it to itself.
 */
#include "boot/acpi.h"
#include "slots.hex"

const uint8_t *acpi_slots_code(size_t *ret_size)
{
	*ret_size = sizeof(slots_aml_code);
	return slots_aml_code;
}
