/* SPDX-License-Identifier: MIT */
#include "boot/acpi_numa.h"

#include <string.h>

#define SRAT_MEMORY_MAX (PLAN_NODES_MAX + PLAN_RAM_MAX)

static unsigned node_of(const struct vm_plan *plan, unsigned cpu)
{
	for (unsigned i = 0; i < plan->node_count; i++) {
		if (cpu_list_has(&plan->nodes[i].cpus, cpu))
			return i;
	}
	return 0;
}

static uint64_t later(uint64_t a, uint64_t b)
{
	return a > b ? a : b;
}

static uint64_t earlier(uint64_t a, uint64_t b)
{
	return a < b ? a : b;
}

/* Nodes divide the guest's memory in turn, whatever pieces it is in. Return: how many. */
static unsigned fill_memory(const struct vm_plan *plan, struct acpi_srat_memory *entries)
{
	unsigned count = 0;
	uint64_t base = 0;

	for (unsigned i = 0; i < plan->node_count; i++) {
		uint64_t end = base + plan->nodes[i].memory;

		for (unsigned j = 0; j < plan->ram_count && count < SRAT_MEMORY_MAX; j++) {
			const struct plan_ram *ram = &plan->ram[j];
			uint64_t from = later(base, ram->offset);
			uint64_t to = earlier(end, ram->offset + ram->size);

			if (from >= to)
				continue;
			entries[count++] = (struct acpi_srat_memory){
				.type = SRAT_MEMORY,
				.length = sizeof(*entries),
				.node = i,
				.base = ram->gpa + (from - ram->offset),
				.size = to - from,
				.flags = SRAT_ENABLED,
			};
		}
		base = end;
	}
	return count;
}

static uint8_t *fill_cpu(uint8_t *at, uint32_t apic_id, unsigned node)
{
	if (apic_id < MADT_WIDE_IDS) {
		*(struct acpi_srat_cpu *)at = (struct acpi_srat_cpu){
			.type = SRAT_CPU,
			.length = sizeof(struct acpi_srat_cpu),
			.node = (uint8_t)node,
			.apic_id = (uint8_t)apic_id,
			.flags = SRAT_ENABLED,
		};
		return at + sizeof(struct acpi_srat_cpu);
	}
	*(struct acpi_srat_wide_cpu *)at = (struct acpi_srat_wide_cpu){
		.type = SRAT_WIDE_CPU,
		.length = sizeof(struct acpi_srat_wide_cpu),
		.node = node,
		.apic_id = apic_id,
		.flags = SRAT_ENABLED,
	};
	return at + sizeof(struct acpi_srat_wide_cpu);
}

static size_t cpus_size(const struct vm_plan *plan)
{
	size_t size = 0;

	for (unsigned i = 0; i < plan->cpus; i++)
		size += plan_apic_id(&plan->topology, i) < MADT_WIDE_IDS
				? sizeof(struct acpi_srat_cpu)
				: sizeof(struct acpi_srat_wide_cpu);
	return size;
}

uint64_t acpi_write_srat(struct acpi_writer *writer, const struct vm_plan *plan)
{
	struct acpi_srat_memory memory[SRAT_MEMORY_MAX];
	unsigned count = fill_memory(plan, memory);
	size_t size = sizeof(struct acpi_srat) + cpus_size(plan) + count * sizeof(memory[0]);
	uint64_t address;
	struct acpi_srat *srat = acpi_take(writer, size, &address);
	uint8_t *at = (uint8_t *)(srat + 1);

	if (!srat)
		return address;
	srat->reserved_one = 1;
	for (unsigned i = 0; i < plan->cpus; i++)
		at = fill_cpu(at, plan_apic_id(&plan->topology, i), node_of(plan, i));
	memcpy(at, memory, count * sizeof(memory[0]));
	acpi_seal(&srat->header, "SRAT", 3, size);
	return address;
}

uint64_t acpi_write_slit(struct acpi_writer *writer, const struct vm_plan *plan)
{
	size_t count = plan->node_count;
	size_t size = sizeof(struct acpi_slit) + count * count;
	uint64_t address;
	struct acpi_slit *slit = acpi_take(writer, size, &address);

	if (!slit)
		return address;
	slit->count = count;
	for (size_t i = 0; i < count; i++)
		memcpy((uint8_t *)(slit + 1) + i * count, plan->nodes[i].distances, count);
	acpi_seal(&slit->header, "SLIT", 1, size);
	return address;
}

/* The node that all devices are near, -1 when they are near different ones or none. */
static int common_node(const struct vm_plan *plan)
{
	int node = -1;

	for (unsigned i = 0; i < plan->port_count; i++) {
		if (plan->ports[i].node < 0)
			continue;
		if (node >= 0 && node != plan->ports[i].node)
			return -1;
		node = plan->ports[i].node;
	}
	return node;
}

static unsigned near_ports(const struct vm_plan *plan)
{
	unsigned count = 0;

	for (unsigned i = 0; i < plan->port_count && plan->node_count; i++)
		count += plan->ports[i].node >= 0;
	return count;
}

/* Slots on bus 0 have a description of their own, boot/slots.asl. */
static unsigned described_ports(const struct vm_plan *plan)
{
	return plan->flat ? 0 : near_ports(plan);
}

size_t acpi_near_size(const struct vm_plan *plan)
{
	if (!near_ports(plan))
		return 0;
	return sizeof(struct acpi_scope) + described_ports(plan) * sizeof(struct acpi_port) +
	       (common_node(plan) >= 0 ? sizeof(struct acpi_pxm) : 0);
}

static struct acpi_pxm pxm(int node)
{
	return (struct acpi_pxm){
		.name_op = AML_NAME_OP,
		.name = {'_', 'P', 'X', 'M'},
		.byte_prefix = AML_BYTE_PREFIX,
		.value = (uint8_t)node,
	};
}

static struct acpi_port port(const struct plan_port *port)
{
	static const char digits[] = "0123456789ABCDEF";

	return (struct acpi_port){
		.ext_op = AML_EXT_OP,
		.device_op = AML_DEVICE_OP,
		.length = sizeof(struct acpi_port) - offsetof(struct acpi_port, length),
		.name = {'S', 'L', digits[port->slot >> 4 & 15], digits[port->slot & 15]},
		.name_op = AML_NAME_OP,
		.adr = {'_', 'A', 'D', 'R'},
		.dword_prefix = AML_DWORD_PREFIX,
		.address = port->place << 16 | port->function,
		.pxm = pxm(port->node),
	};
}

/*
 * Scope (\_SB.PCI0) { Name (_PXM, N)  Device (SLxx) { Name (_ADR, ...) Name (_PXM, N) } ... }
 *
 * A system that takes the node of devices from the host bridge alone, as Linux does, is told where all of them are at one.
 */
void acpi_near(const struct vm_plan *plan, uint8_t *aml)
{
	size_t size = acpi_near_size(plan);
	size_t length = size - offsetof(struct acpi_scope, length);
	int common = common_node(plan);

	if (!size)
		return;
	*(struct acpi_scope *)aml = (struct acpi_scope){
		.scope_op = AML_SCOPE_OP,
		.length = {(uint8_t)(0x40u | (length & 0xfu)), (uint8_t)(length >> 4)},
		.root = '\\',
		.dual_prefix = AML_DUAL_PREFIX,
		.path = {'_', 'S', 'B', '_', 'P', 'C', 'I', '0'},
	};
	aml += sizeof(struct acpi_scope);
	if (common >= 0) {
		*(struct acpi_pxm *)aml = pxm(common);
		aml += sizeof(struct acpi_pxm);
	}
	for (unsigned i = 0; i < plan->port_count && described_ports(plan); i++) {
		if (plan->ports[i].node < 0)
			continue;
		*(struct acpi_port *)aml = port(&plan->ports[i]);
		aml += sizeof(struct acpi_port);
	}
}
