/* SPDX-License-Identifier: MIT */
/* ACPI: every table can be reached from the root, sums to zero, and says what the plan says. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "boot/acpi.h"
#include "boot/acpi_tables.h"
#include "boot/layout.h"

static uint8_t bytes[BOOT_ACPI_SIZE];
static struct vm_plan plan;
static struct pt_error err;
static uint64_t rsdp_address;

static void up(void)
{
	plan = (struct vm_plan){
		.cpus = 3,
		.topology = {1, 3, 1},
		.bus_last = 5,
		.io_window = {PLAN_IO_BASE, PLAN_IO_END - PLAN_IO_BASE},
		.mmio32_window = {0x80000000, 0x60000000},
		.mmio64_window = {0x4000000000, 0x8000000000},
	};
	memset(bytes, 0xee, sizeof(bytes));
	cr_assert_eq(acpi_build(&plan, bytes, sizeof(bytes), BOOT_ACPI, &rsdp_address, &err), 0,
		     "%s", err.message);
}

TestSuite(acpi, .init = up);

static const void *at(uint64_t address)
{
	cr_assert_geq(address, BOOT_ACPI);
	cr_assert_lt(address, BOOT_ACPI + sizeof(bytes));
	return bytes + (address - BOOT_ACPI);
}

static uint8_t sum(const void *from, size_t size)
{
	const uint8_t *byte = from;
	uint8_t total = 0;

	for (size_t i = 0; i < size; i++)
		total = (uint8_t)(total + byte[i]);
	return total;
}

static const struct acpi_rsdp *rsdp(void)
{
	return at(rsdp_address);
}

/* The table of this name that XSDT lists, its sum checked. */
static const void *table(const char *signature)
{
	const struct acpi_header *xsdt = at(rsdp()->xsdt);
	size_t count = (xsdt->length - sizeof(*xsdt)) / sizeof(uint64_t);

	cr_assert_eq(sum(xsdt, xsdt->length), 0);
	for (size_t i = 0; i < count; i++) {
		uint64_t address;
		const struct acpi_header *header;

		memcpy(&address, (const uint8_t *)(xsdt + 1) + i * sizeof(address),
		       sizeof(address));
		header = at(address);
		cr_assert_eq(sum(header, header->length), 0, "%.4s", header->signature);
		if (!memcmp(header->signature, signature, 4))
			return header;
	}
	cr_assert_fail("no %s", signature);
	return NULL;
}

Test(acpi, the_root_pointer_has_both_sums)
{
	cr_assert_eq(rsdp_address % 16, 0);
	cr_assert_eq(memcmp(rsdp()->signature, "RSD PTR ", 8), 0);
	cr_assert_eq(rsdp()->revision, 2);
	cr_assert_eq(sum(rsdp(), 20), 0);
	cr_assert_eq(sum(rsdp(), 36), 0);
}

Test(acpi, fadt_leads_to_dsdt_and_facs_and_the_reset_register)
{
	const struct acpi_fadt *fadt = table("FACP");
	const struct acpi_header *dsdt = at(fadt->x_dsdt);
	const struct acpi_facs *facs = at(fadt->facs);
	size_t size;
	const uint8_t *compiled = acpi_dsdt(&size);

	cr_assert_eq(memcmp(dsdt, compiled, size), 0);
	cr_assert_eq(sum(dsdt, dsdt->length), 0);
	cr_assert_eq(dsdt->length, size);
	cr_assert_eq(memcmp(facs->signature, "FACS", 4), 0);
	cr_assert_eq(fadt->facs % 64, 0);
	cr_assert_eq(fadt->reset.address, 0xcf9);
	cr_assert_eq(fadt->reset_value, 6);
	cr_assert(fadt->flags & FADT_RESET_REGISTER);
	cr_assert_eq(fadt->pm_timer, 0x608);
	cr_assert_eq(fadt->x_pm1a_control.address, 0x604);
	cr_assert_eq(fadt->sci, 9);
	cr_assert_eq(fadt->smi_command, 0);
}

static unsigned tables_called(const char *signature)
{
	const struct acpi_header *xsdt = at(rsdp()->xsdt);
	const uint8_t *entry = (const uint8_t *)(xsdt + 1),
		      *end = (const uint8_t *)xsdt + xsdt->length;
	unsigned count = 0;

	for (; entry < end; entry += sizeof(uint64_t)) {
		uint64_t address;

		memcpy(&address, entry, sizeof(address));
		count += !memcmp(at(address), signature, 4);
	}
	return count;
}

/* The event that slots have, and the table with its method; others know nothing of it. */
Test(acpi, slots_that_are_flat)
{
	const struct acpi_fadt *fadt = table("FACP");
	const struct acpi_header *code;
	size_t size;

	cr_assert_eq(fadt->gpe0 | fadt->gpe0_length, 0);
	cr_assert_eq(tables_called("SSDT"), 1);
	plan.flat = 1;
	cr_assert_eq(acpi_build(&plan, bytes, sizeof(bytes), BOOT_ACPI, &rsdp_address, &err), 0);
	fadt = table("FACP");
	cr_assert_eq(fadt->gpe0, 0x60c);
	cr_assert_eq(fadt->gpe0_length, 2);
	cr_assert_eq(fadt->x_gpe0.address, 0x60c);
	cr_assert_eq(tables_called("SSDT"), 2);
	code = (const struct acpi_header *)acpi_slots_code(&size);
	cr_assert_eq(code->length, size);
	cr_assert_eq(sum(code, size), 0);
}

Test(acpi, madt_lists_every_processor_once)
{
	const struct acpi_madt *madt = table("APIC");
	const uint8_t *entry = (const uint8_t *)(madt + 1);
	const uint8_t *end = (const uint8_t *)madt + madt->header.length;
	unsigned cpus = 0, ioapics = 0, overrides = 0;

	for (; entry < end; entry += entry[1]) {
		cr_assert_geq(entry[1], 2);
		if (entry[0] == MADT_CPU)
			cr_assert_eq(((const struct acpi_madt_cpu *)entry)->apic_id, cpus++);
		else if (entry[0] == MADT_IOAPIC)
			ioapics++;
		else if (entry[0] == MADT_OVERRIDE)
			overrides++;
	}
	cr_assert_eq(entry, end);
	cr_assert_eq(cpus, 3);
	cr_assert_eq(ioapics, 1);
	cr_assert_eq(overrides, 1);
}

Test(acpi, mcfg_promises_the_buses_that_are_there)
{
	const struct acpi_mcfg *mcfg = table("MCFG");

	cr_assert_eq(mcfg->base, PLAN_ECAM_BASE);
	cr_assert_eq(mcfg->bus_last, 5);
}

Test(acpi, ssdt_has_the_windows)
{
	const struct acpi_header *ssdt = table("SSDT");
	const struct acpi_name *names = (const struct acpi_name *)(ssdt + 1);

	cr_assert_eq(ssdt->length, sizeof(*ssdt) + 7 * sizeof(*names));
	cr_assert_eq(memcmp(names[0].name, "WIOB", 4), 0);
	cr_assert_eq(names[0].value, 0x1000);
	cr_assert_eq(names[1].value, 0xf000);
	cr_assert_eq(memcmp(names[4].name, "WM6B", 4), 0);
	cr_assert_eq(names[4].value, 0x4000000000);
	cr_assert_eq(names[5].value, 0x8000000000);
	cr_assert_eq(memcmp(names[6].name, "BUSL", 4), 0);
	cr_assert_eq(names[6].value, 5);
}

/* 50 cores of 3 threads in each of 2 sockets: 2 bits for threads, 6 for cores; so socket 1 begins at 256. */
Test(acpi, ids_of_more_than_8_bits_have_entries_of_their_own)
{
	const struct acpi_madt *madt;
	const uint8_t *entry, *end;
	unsigned cpus = 0, wide_nmis = 0;

	plan.cpus = 300;
	plan.topology = (struct plan_topology){2, 50, 3};
	cr_assert_eq(acpi_build(&plan, bytes, sizeof(bytes), BOOT_ACPI, &rsdp_address, &err), 0);
	madt = table("APIC");
	entry = (const uint8_t *)(madt + 1);
	end = (const uint8_t *)madt + madt->header.length;
	for (; entry < end; entry += entry[1]) {
		const struct acpi_madt_cpu *cpu = (const struct acpi_madt_cpu *)entry;
		const struct acpi_madt_wide_cpu *wide = (const struct acpi_madt_wide_cpu *)entry;
		unsigned id = cpus / 150 << 8 | cpus / 3 % 50 << 2 | cpus % 3;

		if (entry[0] == MADT_CPU) {
			cr_assert_lt(id, 255);
			cr_assert_eq(cpu->apic_id, id);
			cr_assert_eq(cpu->processor_id, cpus++);
		} else if (entry[0] == MADT_WIDE_CPU) {
			cr_assert_geq(id, 255);
			cr_assert_eq(wide->apic_id, id);
			cr_assert_eq(wide->processor_id, cpus++);
		}
		wide_nmis += entry[0] == MADT_WIDE_NMI;
	}
	cr_assert_eq(entry, end);
	cr_assert_eq(cpus, 300);
	cr_assert_eq(wide_nmis, 1);
}

static void two_nodes(void)
{
	plan.cpus = 4;
	plan.topology = (struct plan_topology){2, 2, 1};
	plan.ram_count = 2;
	plan.ram[0] = (struct plan_ram){.gpa = 0, .size = 2ull << 30};
	plan.ram[1] =
		(struct plan_ram){.gpa = 4ull << 30, .size = 2ull << 30, .offset = 2ull << 30};
	plan.node_count = 2;
	plan.nodes[0] = (struct plan_node){
		.memory = 3ull << 30, .cpus = {{0x3}}, .host_node = -1, .distances = {10, 21}};
	plan.nodes[1] = (struct plan_node){
		.memory = 1ull << 30, .cpus = {{0xc}}, .host_node = -1, .distances = {22, 10}};
	plan.port_count = 3;
	plan.ports[0] = (struct plan_port){.slot = 1, .place = 1, .node = 1};
	plan.ports[1] = (struct plan_port){.slot = 2, .place = 2, .node = -1};
	plan.ports[2] = (struct plan_port){.slot = 31, .place = 31, .node = 1};
}

Test(acpi, nodes_and_distances)
{
	static const uint64_t pieces[][3] = {
		{0, 0, 2ull << 30}, {0, 4ull << 30, 1ull << 30}, {1, 5ull << 30, 1ull << 30}};
	const struct acpi_srat *srat;
	const struct acpi_slit *slit;
	const uint8_t *entry;
	unsigned cpus = 0, memory = 0;

	two_nodes();
	cr_assert_eq(acpi_build(&plan, bytes, sizeof(bytes), BOOT_ACPI, &rsdp_address, &err), 0);
	srat = table("SRAT");
	entry = (const uint8_t *)(srat + 1);
	for (; entry < (const uint8_t *)srat + srat->header.length; entry += entry[1]) {
		const struct acpi_srat_memory *piece = (const struct acpi_srat_memory *)entry;
		const struct acpi_srat_cpu *cpu = (const struct acpi_srat_cpu *)entry;

		if (entry[0] == SRAT_CPU) {
			cr_assert_eq(cpu->node, cpus / 2);
			cr_assert_eq(cpu->apic_id, cpus++);
			continue;
		}
		cr_assert_eq(entry[0], SRAT_MEMORY);
		cr_assert_lt(memory, 3);
		cr_assert_eq(piece->node, pieces[memory][0]);
		cr_assert_eq(piece->base, pieces[memory][1]);
		cr_assert_eq(piece->size, pieces[memory++][2]);
	}
	cr_assert_eq(cpus, 4);
	cr_assert_eq(memory, 3);
	slit = table("SLIT");
	cr_assert_eq(slit->count, 2);
	cr_assert_eq(memcmp(slit + 1, (uint8_t[]){10, 21, 22, 10}, 4), 0);
}

Test(acpi, what_devices_are_near)
{
	static const uint8_t aml[] = {
		0x10, 0x43, 0x04, '\\', 0x2e, '_',  'S',  'B',	'_',  'P',  'C',  'I', '0', 0x08,
		'_',  'P',  'X',  'M',	0x0a, 1,    0x5b, 0x82, 0x16, 'S',  'L',  '0', '1', 0x08,
		'_',  'A',  'D',  'R',	0x0c, 0,    0,	  1,	0,    0x08, '_',  'P', 'X', 'M',
		0x0a, 1,    0x5b, 0x82, 0x16, 'S',  'L',  '1',	'F',  0x08, '_',  'A', 'D', 'R',
		0x0c, 0,    0,	  31,	0,    0x08, '_',  'P',	'X',  'M',  0x0a, 1,
	};
	const struct acpi_header *ssdt;
	size_t names = 7 * sizeof(struct acpi_name);

	two_nodes();
	cr_assert_eq(acpi_build(&plan, bytes, sizeof(bytes), BOOT_ACPI, &rsdp_address, &err), 0);
	ssdt = table("SSDT");
	cr_assert_eq(ssdt->length, sizeof(*ssdt) + names + sizeof(aml), "%zu",
		     ssdt->length - sizeof(*ssdt) - names);
	cr_assert_eq(memcmp((const uint8_t *)(ssdt + 1) + names, aml, sizeof(aml)), 0);
}

Test(acpi, devices_near_different_nodes_have_no_common_one)
{
	const struct acpi_header *ssdt;

	two_nodes();
	plan.ports[2].node = 0;
	cr_assert_eq(acpi_build(&plan, bytes, sizeof(bytes), BOOT_ACPI, &rsdp_address, &err), 0);
	ssdt = table("SSDT");
	cr_assert_eq(ssdt->length, sizeof(*ssdt) + 7 * sizeof(struct acpi_name) +
					   sizeof(struct acpi_scope) +
					   2 * sizeof(struct acpi_port));
}

Test(acpi, the_largest_guest_fits)
{
	plan.cpus = 1024;
	plan.topology = (struct plan_topology){1, 1024, 1};
	plan.node_count = 1;
	cr_assert_eq(acpi_build(&plan, bytes, sizeof(bytes), BOOT_ACPI, &rsdp_address, &err), 0);
	table("APIC");
}

Test(acpi, too_little_room_is_an_error)
{
	for (size_t size = 0; size < 1700; size += 61) {
		memset(bytes, 0xee, sizeof(bytes));
		cr_assert_eq(acpi_build(&plan, bytes, size, BOOT_ACPI, &rsdp_address, &err),
			     -ENOSPC);
		for (size_t i = size; i < 4096; i++)
			cr_assert_eq(bytes[i], 0xee, "byte %zu behind %zu", i, size);
	}
}
