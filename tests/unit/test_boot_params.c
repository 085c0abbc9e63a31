/* SPDX-License-Identifier: MIT */
/* What a kernel is handed: the zero page, the memory map, page tables, the processor's state. */
#include <criterion/criterion.h>
#include <string.h>

#include "boot/params.h"

static struct boot_params params;
static struct vm_plan plan;
static const struct bzimage image = {.header = {.header = 0x53726448, .version = 0x20f}};
static const struct boot_layout layout = {
	.kernel = 0x1000000,
	.entry = 0x1000200,
	.initrd = 0x7000000,
	.initrd_size = 0x12345,
};

static void fill(void)
{
	memset(&params, 0xee, sizeof(params));
	boot_params_fill(&params, &image, &layout, &plan, 0xe06c0);
}

Test(boot_params, header_and_pointers)
{
	plan.ram_count = 1;
	plan.ram[0] = (struct plan_ram){0, 0x10000000, 0};
	fill();
	cr_assert_eq(params.hdr.type_of_loader, 0xff);
	cr_assert_eq(params.hdr.ramdisk_image, 0x7000000);
	cr_assert_eq(params.hdr.ramdisk_size, 0x12345);
	cr_assert_eq(params.hdr.cmd_line_ptr, BOOT_CMDLINE);
	cr_assert_eq(params.acpi_rsdp_addr, 0xe06c0);
	cr_assert_eq(params.sentinel, 0, "else the kernel distrusts it all");
}

Test(boot_params, the_memory_map_ascends_and_keeps_holes)
{
	uint64_t ram = 0, end = 0;

	plan.ram_count = 2;
	plan.ram[0] = (struct plan_ram){0, PLAN_LOW_RAM_END, 0};
	plan.ram[1] = (struct plan_ram){PLAN_HIGH_RAM_BASE, 0x40000000, PLAN_LOW_RAM_END};
	fill();
	cr_assert_eq(params.e820_entries, 5);
	for (unsigned i = 0; i < params.e820_entries; i++) {
		const struct boot_e820_entry *entry = &params.e820_table[i];

		cr_assert_geq(entry->addr, end);
		end = entry->addr + entry->size;
		if (entry->type == 1)
			ram += entry->size;
	}
	cr_assert_eq(ram, PLAN_LOW_RAM_END + 0x40000000 - (BOOT_HIGH - BOOT_LOW_END));
	cr_assert_eq(params.e820_table[3].addr, PLAN_ECAM_BASE);
	cr_assert_eq(params.e820_table[3].type, 2);
}

/* Walks the tables as the processor would. */
static uint64_t translate(const uint64_t *tables, uint64_t address)
{
	uint64_t table = BOOT_PAGE_TABLES;

	for (unsigned shift = 39; shift >= 21; shift -= 9) {
		uint64_t entry = tables[(table - BOOT_PAGE_TABLES) / 8 + (address >> shift & 511)];

		cr_assert(entry & 1, "0x%lx", address);
		table = entry & ~0xfffull;
	}
	return table | (address & 0x1fffff);
}

Test(boot_params, page_tables_are_the_identity)
{
	static uint64_t tables[BOOT_PAGE_TABLES_SIZE / 8];

	boot_page_tables_fill(tables);
	for (uint64_t address = 0; address < 1ull << 32; address += 0x1fff000)
		cr_assert_eq(translate(tables, address), address);
}

Test(boot_params, the_processor_is_in_64_bit_mode)
{
	struct kvm_sregs sregs = {.apic_base = 0xfee00900};
	struct kvm_regs regs = {.rbx = 1};

	boot_cpu_state(&sregs, &regs, &layout);
	cr_assert_eq(regs.rip, layout.entry);
	cr_assert_eq(regs.rsi, BOOT_PARAMS);
	cr_assert_eq(regs.rflags, 2);
	cr_assert_eq(regs.rbx, 0);
	cr_assert_eq(sregs.efer, 0x500);
	cr_assert(sregs.cs.l && !sregs.cs.db);
	cr_assert_eq(sregs.cs.selector, 0x10);
	cr_assert_eq(sregs.ds.selector, 0x18);
	cr_assert_eq(sregs.apic_base, 0xfee00900, "the rest stays");
}
