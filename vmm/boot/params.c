/* SPDX-License-Identifier: MIT */
#include "boot/params.h"

#include <stdbool.h>
#include <string.h>

#define LOADER_TYPE_UNDEFINED 0xffu /* boot.rst, type_of_loader: no number of our own is assigned */

#define E820_TYPE_RAM	   1u
#define E820_TYPE_RESERVED 2u

#define SELECTOR_CODE 0x10u /* __BOOT_CS, __BOOT_DS: boot.rst asks for these two */
#define SELECTOR_DATA 0x18u

#define CR0_PE	      0x1u
#define CR0_ET	      0x10u
#define CR0_NE	      0x20u
#define CR0_WP	      0x10000u
#define CR0_PG	      0x80000000u
#define CR4_PAE	      0x20u
#define EFER_LME      0x100u
#define EFER_LMA      0x400u
#define RFLAGS_ALWAYS 0x2u

#define PTE_PRESENT 0x1ull
#define PTE_WRITE   0x2ull
#define PTE_LARGE   0x80ull

struct map {
	struct boot_e820_entry *entries;
	unsigned count;
};

static void add(struct map *map, uint64_t base, uint64_t end, uint32_t type)
{
	if (end <= base || map->count == BOOT_MAP_MAX)
		return;
	map->entries[map->count++] = (struct boot_e820_entry){
		.addr = base,
		.size = end - base,
		.type = type,
	};
}

/* ECAM is reserved here too: Linux uses it only where firmware says that it is taken (arch/x86/pci/mmconfig-shared.c). */
unsigned boot_map_fill(struct boot_e820_entry *entries, const struct vm_plan *plan)
{
	struct map map = {.entries = entries};

	add(&map, 0, BOOT_LOW_END, E820_TYPE_RAM);
	add(&map, BOOT_LOW_END, BOOT_HIGH, E820_TYPE_RESERVED);
	for (unsigned i = 0; i < plan->ram_count; i++) {
		const struct plan_ram *ram = &plan->ram[i];

		if (ram->gpa >= PLAN_HIGH_RAM_BASE)
			continue;
		add(&map, ram->gpa < BOOT_HIGH ? BOOT_HIGH : ram->gpa, ram->gpa + ram->size,
		    E820_TYPE_RAM);
	}
	add(&map, PLAN_ECAM_BASE, PLAN_ECAM_BASE + PLAN_ECAM_SIZE, E820_TYPE_RESERVED);
	for (unsigned i = 0; i < plan->ram_count; i++) {
		const struct plan_ram *ram = &plan->ram[i];

		if (ram->gpa >= PLAN_HIGH_RAM_BASE)
			add(&map, ram->gpa, ram->gpa + ram->size, E820_TYPE_RAM);
	}
	return map.count;
}

void boot_params_fill(struct boot_params *params, const struct bzimage *image,
		      const struct boot_layout *layout, const struct vm_plan *plan, uint64_t rsdp)
{
	memset(params, 0, sizeof(*params));
	params->hdr = image->header;
	params->hdr.type_of_loader = LOADER_TYPE_UNDEFINED;
	params->hdr.code32_start = (uint32_t)layout->kernel;
	params->hdr.cmd_line_ptr = (uint32_t)BOOT_CMDLINE;
	params->hdr.ramdisk_image = (uint32_t)layout->initrd;
	params->hdr.ramdisk_size = (uint32_t)layout->initrd_size;
	params->acpi_rsdp_addr = rsdp;
	params->e820_entries = (uint8_t)boot_map_fill(params->e820_table, plan);
}

void boot_gdt_fill(uint64_t *gdt)
{
	gdt[0] = 0;
	gdt[1] = 0;
	gdt[SELECTOR_CODE / 8] = 0x00af9b000000ffffull; /* present, code, 64-bit, 4 GiB */
	gdt[SELECTOR_DATA / 8] = 0x00cf93000000ffffull; /* present, data, writable, 4 GiB */
}

void boot_page_tables_fill(uint64_t *tables)
{
	uint64_t *pml4 = tables;
	uint64_t *pdpt = tables + 512;
	uint64_t *directories = tables + 1024;

	memset(tables, 0, BOOT_PAGE_TABLES_SIZE);
	pml4[0] = (BOOT_PAGE_TABLES + 0x1000) | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < 4; i++)
		pdpt[i] = (BOOT_PAGE_TABLES + 0x2000 + i * 0x1000) | PTE_PRESENT | PTE_WRITE;
	for (uint64_t i = 0; i < 4 * 512ull; i++)
		directories[i] = i << 21 | PTE_PRESENT | PTE_WRITE | PTE_LARGE;
}

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type, bool code)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = !code,
		.s = 1,
		.l = code,
		.g = 1,
	};
}

void boot_cpu_state(struct kvm_sregs *sregs, struct kvm_regs *regs,
		    const struct boot_layout *layout)
{
	struct kvm_segment data = flat_segment(SELECTOR_DATA, 0x3, false);

	sregs->cs = flat_segment(SELECTOR_CODE, 0xb, true);
	sregs->ds = data;
	sregs->es = data;
	sregs->fs = data;
	sregs->gs = data;
	sregs->ss = data;
	sregs->gdt.base = BOOT_GDT;
	sregs->gdt.limit = BOOT_GDT_SIZE - 1;
	sregs->cr0 = CR0_PE | CR0_ET | CR0_NE | CR0_WP | CR0_PG;
	sregs->cr3 = BOOT_PAGE_TABLES;
	sregs->cr4 = CR4_PAE;
	sregs->efer = EFER_LME | EFER_LMA;
	memset(regs, 0, sizeof(*regs));
	regs->rip = layout->entry;
	regs->rsi = BOOT_PARAMS;
	regs->rflags = RFLAGS_ALWAYS;
}
