/* SPDX-License-Identifier: MIT */
/*
 * The parts of ACPI's description that say what is near what. A guest without NUMA nodes has none of them.
 */
#ifndef TENON_BOOT_ACPI_NUMA_H
#define TENON_BOOT_ACPI_NUMA_H

#include "boot/acpi_writer.h"
#include "plan/plan.h"

/** acpi_write_srat() - each CPU's node and each piece of memory's. Return: guest address. */
uint64_t acpi_write_srat(struct acpi_writer *writer, const struct vm_plan *plan);

/** acpi_write_slit() - the nodes' distances. Return: guest address. */
uint64_t acpi_write_slit(struct acpi_writer *writer, const struct vm_plan *plan);

/**
 * acpi_near() - AML that says the nodes of the host bridge and of root ports, for the end of a definition block
 * @aml: room for acpi_near_size() bytes
 */
void acpi_near(const struct vm_plan *plan, uint8_t *aml);

size_t acpi_near_size(const struct vm_plan *plan);

#endif
