/* SPDX-License-Identifier: MIT */
#include "boot/acpi_writer.h"

#include <string.h>

void *acpi_take(struct acpi_writer *writer, size_t size, uint64_t *ret_address)
{
	size_t at = (writer->used + ACPI_TABLE_ALIGN - 1) & ~(size_t)(ACPI_TABLE_ALIGN - 1);

	if (writer->full || at > writer->size || size > writer->size - at) {
		writer->full = true;
		*ret_address = 0;
		return NULL;
	}
	writer->used = at + size;
	*ret_address = writer->base + at;
	return writer->bytes + at;
}

uint8_t acpi_checksum(const void *bytes, size_t size)
{
	const uint8_t *byte = bytes;
	uint8_t sum = 0;

	for (size_t i = 0; i < size; i++)
		sum = (uint8_t)(sum + byte[i]);
	return (uint8_t)-sum;
}

void acpi_seal(struct acpi_header *header, const char *signature, uint8_t revision, size_t length)
{
	memcpy(header->signature, signature, sizeof(header->signature));
	header->length = (uint32_t)length;
	header->revision = revision;
	memcpy(header->oem_id, "TENON ", sizeof(header->oem_id));
	memcpy(header->oem_table_id, "TENONVM ", sizeof(header->oem_table_id));
	header->oem_revision = 1;
	memcpy(header->creator_id, "TNON", sizeof(header->creator_id));
	header->creator_revision = 1;
	header->checksum = 0;
	header->checksum = acpi_checksum(header, length);
}
