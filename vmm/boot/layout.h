/* SPDX-License-Identifier: MIT */
/*
 * Where the boot loader puts things in the guest's memory. Pure.
 *
 * Below 1 MiB, addresses are fixed; guest physical, bytes:
 *
 *   0x0_6000  GDT
 *   0x0_7000  boot_params, the "zero page"; or the start info of PVH
 *   0x0_9000  page tables: the first 4 GiB, identity-mapped, 6 pages
 *   0x2_0000  command line
 *   0x9_fc00  where a PC's firmware would keep its data; from here to 1 MiB nothing is free memory
 *   0xe_0000  ACPI tables
 *
 * Above it the kernel, where it wants to be, and the initrd, as high as it may be.
 */
#ifndef TENON_BOOT_LAYOUT_H
#define TENON_BOOT_LAYOUT_H

#include <stdbool.h>

#include "boot/bzimage.h"
#include "boot/elf.h"

#define BOOT_GDT	 0x6000ull
#define BOOT_PARAMS	 0x7000ull
#define BOOT_PAGE_TABLES 0x9000ull
#define BOOT_CMDLINE	 0x20000ull
#define BOOT_LOW_END	 0x9fc00ull
#define BOOT_ACPI	 0xe0000ull
#define BOOT_ACPI_SIZE	 0x20000ull
#define BOOT_HIGH	 0x100000ull

/** struct boot_layout - guest physical addresses; sizes in bytes; @initrd is 0 when there is none */
struct boot_layout {
	uint64_t kernel;
	uint64_t kernel_size; /* all that it needs before it has read its memory map */
	uint64_t entry;
	uint64_t initrd;
	uint64_t initrd_size;
	bool pvh; /* the entry is PVH's, else that of the 64-bit boot protocol */
};

/**
 * boot_layout_make() - place kernel and initrd
 * @low_end: end of the RAM that begins at 0
 * @initrd_size: 0 for none
 * @cmdline_length: without its terminator
 *
 * Errors: -E2BIG the command line is too long for this kernel; -ENOMEM the kernel or the initrd does not fit; the message
 * gives the sizes.
 */
int boot_layout_make(const struct bzimage *image, uint64_t low_end, uint64_t initrd_size,
		     size_t cmdline_length, struct boot_layout *ret_layout, struct pt_error *err);

/** boot_layout_elf() - the same for a kernel whose place is in its file */
int boot_layout_elf(const struct elf_image *image, uint64_t low_end, uint64_t initrd_size,
		    size_t cmdline_length, struct boot_layout *ret_layout, struct pt_error *err);

#endif
