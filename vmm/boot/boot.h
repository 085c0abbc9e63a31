/* SPDX-License-Identifier: MIT */
/*
 * struct boot: what the guest starts from. The files stay open, so that a reset loads the same kernel again, whatever has
 * become of its name. They are read straight into the guest's memory: no copy of them is ever in ours.
 */
#ifndef TENON_BOOT_BOOT_H
#define TENON_BOOT_BOOT_H

#include "boot/layout.h"
#include "boot/params.h"
#include "machine/ram.h"

struct boot {
	const struct vm_plan *plan;
	int kernel_fd;
	int initrd_fd;	      /* -1: none */
	struct bzimage image; /* unless the layout is for PVH */
	struct elf_image elf; /* if it is */
	struct boot_layout layout;
};

#define BOOT_CLOSED                              \
	{                                        \
		.kernel_fd = -1, .initrd_fd = -1 \
	}

/**
 * boot_open() - open and check the files, decide where everything goes. A kernel is a bzImage or, for PVH, a vmlinux.
 * @plan: kept by reference
 *
 * Inverse: boot_done(), after a failure too. Errors: from open(2); of bzimage_parse(), elf_parse() and boot_layout_make().
 */
int boot_open(struct boot *boot, const struct vm_plan *plan, struct pt_error *err);

/** boot_done() - accepts BOOT_CLOSED */
void boot_done(struct boot *boot);

/** boot_load() - write everything into the guest's memory; at every reset again. Errors: -EIO and others from pread(2). */
int boot_load(const struct boot *boot, const struct ram *ram, struct pt_error *err);

/** boot_enter() - from the first vCPU's power-on state to the kernel's entry */
void boot_enter(const struct boot *boot, struct kvm_sregs *sregs, struct kvm_regs *regs);

#endif
