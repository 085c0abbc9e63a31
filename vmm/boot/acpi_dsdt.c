/* SPDX-License-Identifier: MIT */
/*
 * iasl's output is a definition, not a declaration; this file keeps it to itself.
 */
#include "boot/acpi.h"
#include "dsdt.hex"

const uint8_t *acpi_dsdt(size_t *ret_size)
{
	*ret_size = sizeof(dsdt_aml_code);
	return dsdt_aml_code;
}
