/* SPDX-License-Identifier: MIT */
#include "boot/layout.h"

#include <errno.h>
#include <inttypes.h>

#include "plan/plan.h"

#define MIB	  ((uint64_t)1 << 20)
#define PAGE	  ((uint64_t)4096)
#define ALIGN_MAX ((uint64_t)1 << 30)

static uint64_t mib_up(uint64_t size)
{
	return (size + MIB - 1) / MIB;
}

/* The kernel's needs beyond its file are in init_size; it is decompressed in place. */
static uint64_t kernel_needs(const struct bzimage *image)
{
	return image->header.init_size > image->payload_size ? image->header.init_size
							     : image->payload_size;
}

/*
 * At its preferred address; a relocatable one may also go lower, if RAM ends too early, at a multiple of its alignment
 * (boot.rst, pref_address, relocatable_kernel, kernel_alignment).
 */
static int place_kernel(const struct bzimage *image, uint64_t low_end, struct boot_layout *layout,
			struct pt_error *err)
{
	uint64_t align = image->header.kernel_alignment;
	uint64_t at = image->header.pref_address;
	uint64_t size = kernel_needs(image);

	if (!align || align & (align - 1) || align > ALIGN_MAX)
		return pt_error_set(err, -ENOEXEC,
				    "kernel: its header asks for an alignment of %" PRIu64 " bytes",
				    align);
	if (at < BOOT_HIGH || at > low_end || size > low_end - at) {
		at = (BOOT_HIGH + align - 1) & ~(align - 1);
		if (!image->header.relocatable_kernel || at > low_end || size > low_end - at) {
			pt_error_set(err, -ENOMEM,
				     "kernel: needs %" PRIu64 " MiB at address %" PRIu64
				     " MiB, memory below 4 GiB ends at %" PRIu64 " MiB",
				     mib_up(size), (uint64_t)image->header.pref_address / MIB,
				     low_end / MIB);
			return pt_error_remedy(err, -ENOMEM,
					       "give the guest more memory: %" PRIu64
					       " MiB at least",
					       mib_up(image->header.pref_address + size));
		}
	}
	layout->kernel = at;
	layout->kernel_size = size;
	layout->entry = at + image->entry_offset;
	return 0;
}

/* As high as the kernel allows and memory reaches, above what the kernel needs for itself. */
static int place_initrd(uint64_t limit, uint64_t low_end, struct boot_layout *layout,
			struct pt_error *err)
{
	uint64_t floor = (layout->kernel + layout->kernel_size + PAGE - 1) & ~(PAGE - 1);
	uint64_t end = limit < low_end ? limit : low_end;
	uint64_t room = end > floor ? end - floor : 0;

	if (!layout->initrd_size)
		return 0;
	if (layout->initrd_size > UINT64_MAX / 2 || layout->initrd_size > room) {
		pt_error_set(err, -ENOMEM,
			     "initrd: %" PRIu64 " MiB is too large for the guest's memory: %" PRIu64
			     " MiB are free between the kernel and %" PRIu64 " MiB",
			     mib_up(layout->initrd_size), room / MIB, end / MIB);
		if (limit > low_end && limit - floor > layout->initrd_size)
			return pt_error_remedy(err, -ENOMEM,
					       "give the guest %" PRIu64 " MiB of memory or more, "
					       "or a smaller initrd",
					       mib_up(floor + layout->initrd_size));
		return pt_error_remedy(err, -ENOMEM,
				       "make the initrd smaller: this kernel takes it below "
				       "%" PRIu64 " MiB",
				       end / MIB);
	}
	layout->initrd = (end - layout->initrd_size) & ~(PAGE - 1);
	return 0;
}

int boot_layout_make(const struct bzimage *image, uint64_t low_end, uint64_t initrd_size,
		     size_t cmdline_length, struct boot_layout *ret_layout, struct pt_error *err)
{
	struct boot_layout layout = {.initrd_size = initrd_size};
	int r;

	if (cmdline_length > image->header.cmdline_size ||
	    cmdline_length >= BOOT_LOW_END - BOOT_CMDLINE)
		return pt_error_set(err, -E2BIG,
				    "command line: %zu bytes, this kernel takes %" PRIu32,
				    cmdline_length, image->header.cmdline_size);
	r = place_kernel(image, low_end, &layout, err);
	if (!r)
		r = place_initrd((uint64_t)image->header.initrd_addr_max + 1, low_end, &layout,
				 err);
	if (!r)
		*ret_layout = layout;
	return r;
}

int boot_layout_elf(const struct elf_image *image, uint64_t low_end, uint64_t initrd_size,
		    size_t cmdline_length, struct boot_layout *ret_layout, struct pt_error *err)
{
	struct boot_layout layout = {
		.kernel = image->start,
		.kernel_size = image->end - image->start,
		.entry = image->entry,
		.initrd_size = initrd_size,
		.pvh = true,
	};
	int r;

	if (cmdline_length >= BOOT_LOW_END - BOOT_CMDLINE)
		return pt_error_set(err, -E2BIG, "command line: %zu bytes", cmdline_length);
	if (image->start < BOOT_HIGH || image->end > low_end) {
		pt_error_set(err, -ENOMEM,
			     "kernel: it wants to be at 0x%" PRIx64 "-0x%" PRIx64
			     ", memory for it is between 1 MiB and %" PRIu64 " MiB",
			     image->start, image->end - 1, low_end / MIB);
		if (image->start < BOOT_HIGH || image->end > PLAN_LOW_RAM_END)
			return pt_error_remedy(err, -ENOMEM, "another kernel");
		return pt_error_remedy(err, -ENOMEM,
				       "give the guest more memory: %" PRIu64 " MiB at least",
				       mib_up(image->end));
	}
	r = place_initrd(UINT64_C(1) << 32, low_end, &layout, err);
	if (!r)
		*ret_layout = layout;
	return r;
}
