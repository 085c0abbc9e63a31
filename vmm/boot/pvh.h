/* SPDX-License-Identifier: MIT */
/*
 * What a kernel that is entered by PVH is handed: the start info, and the processor's state. Pure but for kvm's structs.
 *
 * Source: Xen's docs/misc/pvh.pandoc and public/arch-x86/hvm/start_info.h.
 */
#ifndef TENON_BOOT_PVH_H
#define TENON_BOOT_PVH_H

#include <linux/kvm.h>

#include "boot/layout.h"
#include "plan/plan.h"

/**
 * pvh_info_fill() - the start info, the list of modules and the memory map, for BOOT_PARAMS
 * @bytes: PVH_INFO_SIZE of them, all are written
 * @rsdp: guest physical address of ACPI's root pointer
 */
void pvh_info_fill(unsigned char *bytes, const struct boot_layout *layout,
		   const struct vm_plan *plan, uint64_t rsdp);

#define PVH_INFO_SIZE 1024u

#define PVH_GDT_SIZE 40u

/** pvh_gdt_fill() - PVH_GDT_SIZE bytes for BOOT_GDT: flat 32-bit code and data, a task state */
void pvh_gdt_fill(uint64_t *gdt);

/** pvh_cpu_state() - from a vCPU's power-on state to the kernel's entry: 32-bit mode, no paging, interrupts off */
void pvh_cpu_state(struct kvm_sregs *sregs, struct kvm_regs *regs,
		   const struct boot_layout *layout);

#endif
