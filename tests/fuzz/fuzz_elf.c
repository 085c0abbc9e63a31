/* SPDX-License-Identifier: MIT */
/* A kernel's ELF file: nothing beyond it is read, and what passes is within the file, in memory, and begins in a segment. */
#include "boot/layout.h"
#include "input.h"
#include "plan/plan.h"

static void check(const struct elf_image *image, size_t size)
{
	struct boot_layout layout;
	struct pt_error err = PT_ERROR_INIT;
	bool inside = false;

	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];

		fuzz_require(segment->offset <= size &&
				     segment->file_size <= size - segment->offset,
			     "a segment beyond the file");
		fuzz_require(segment->file_size <= segment->size, "a segment without zeroes");
		fuzz_require(segment->gpa >= image->start &&
				     segment->size <= image->end - segment->gpa,
			     "a segment outside of the image");
		inside |= image->entry >= segment->gpa &&
			  image->entry - segment->gpa < segment->file_size;
	}
	fuzz_require(inside, "an entry in no segment");
	if (boot_layout_elf(image, PLAN_LOW_RAM_END, 4096, 10, &layout, &err) < 0)
		fuzz_require(err.message[0], "it is refused, and not said why");
	else
		fuzz_require(layout.kernel >= BOOT_HIGH &&
				     layout.kernel + layout.kernel_size <= layout.initrd &&
				     layout.initrd + 4096 <= PLAN_LOW_RAM_END,
			     "kernel and initrd are in each other's way");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pt_error err = PT_ERROR_INIT;
	struct elf_image image;
	size_t notes;
	int r;

	if (!elf_is(data, size))
		return 0;
	r = elf_parse(data, size < ELF_HEAD_SIZE ? size : ELF_HEAD_SIZE, size, "vmlinux", &image,
		      &err);
	if (r == 0) {
		fuzz_require(image.notes_offset <= size &&
				     image.notes_size <= size - image.notes_offset &&
				     image.notes_size <= ELF_NOTES_MAX,
			     "notes beyond the file");
		notes = (size_t)image.notes_size;
		r = elf_find_entry(&image, data + image.notes_offset, notes, "vmlinux", &err);
	}
	if (r < 0)
		fuzz_require(err.code == r && err.message[0] && err.remedy[0],
			     "it is refused, and not said why");
	else
		check(&image, size);
	return 0;
}
