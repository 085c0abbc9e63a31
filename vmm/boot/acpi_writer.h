/* SPDX-License-Identifier: MIT */
/*
 * Where the next ACPI table goes. A table that finds no room leaves the writer full, and every later one as well; whoever writes
 * them looks once, at the end.
 */
#ifndef TENON_BOOT_ACPI_WRITER_H
#define TENON_BOOT_ACPI_WRITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "boot/acpi_tables.h"

#define ACPI_TABLE_ALIGN 64u

/** struct acpi_writer - @bytes: @size of them, zeroed, @base in the guest */
struct acpi_writer {
	uint8_t *bytes;
	size_t size;
	size_t used;
	uint64_t base;
	bool full;
};

/** acpi_take() - Return: @size zeroed bytes, NULL when there is no room, and then @ret_address is 0. */
void *acpi_take(struct acpi_writer *writer, size_t size, uint64_t *ret_address);

/** acpi_checksum() - what makes the sum of the bytes 0, in one of them that is 0 so far */
uint8_t acpi_checksum(const void *bytes, size_t size);

/** acpi_seal() - fill in the header of a table that is complete */
void acpi_seal(struct acpi_header *header, const char *signature, uint8_t revision, size_t length);

#endif
