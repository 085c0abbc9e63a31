/* SPDX-License-Identifier: MIT */
/*
 * What a kernel is handed: boot_params with the memory map, and the processor's state. Pure but for kvm's structs.
 *
 * Source: Documentation/arch/x86/boot.rst, "64-bit Boot Protocol"; Documentation/arch/x86/zero-page.rst.
 */
#ifndef TENON_BOOT_PARAMS_H
#define TENON_BOOT_PARAMS_H

#include <linux/kvm.h>

#include "boot/layout.h"
#include "plan/plan.h"

#define BOOT_MAP_MAX (PLAN_RAM_MAX + 4u)

/** boot_map_fill() - the memory map, ascending, into BOOT_MAP_MAX @entries. Return: how many there are. */
unsigned boot_map_fill(struct boot_e820_entry *entries, const struct vm_plan *plan);

/**
 * boot_params_fill() - the zero page
 * @params: every byte is written
 * @rsdp: guest physical address of ACPI's root pointer
 */
void boot_params_fill(struct boot_params *params, const struct bzimage *image,
		      const struct boot_layout *layout, const struct vm_plan *plan, uint64_t rsdp);

#define BOOT_GDT_SIZE	      32u
#define BOOT_PAGE_TABLES_SIZE (6u * 4096u)

/** boot_gdt_fill() - BOOT_GDT_SIZE bytes for BOOT_GDT: flat 64-bit code and data */
void boot_gdt_fill(uint64_t *gdt);

/** boot_page_tables_fill() - BOOT_PAGE_TABLES_SIZE bytes for BOOT_PAGE_TABLES: 4 GiB, identity, 2 MiB pages */
void boot_page_tables_fill(uint64_t *tables);

/** boot_cpu_state() - from a vCPU's power-on state to the kernel's entry: 64-bit mode, paging on, interrupts off */
void boot_cpu_state(struct kvm_sregs *sregs, struct kvm_regs *regs,
		    const struct boot_layout *layout);

#endif
