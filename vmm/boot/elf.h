/* SPDX-License-Identifier: MIT */
/*
 * What an ELF file (vmlinux) says of itself, and where it is entered by PVH. Pure: bytes in, numbers out.
 *
 * Source: System V ABI, AMD64 supplement, chapter 5; Xen's docs/misc/pvh.pandoc, for the note with the entry point.
 */
#ifndef TENON_BOOT_ELF_H
#define TENON_BOOT_ELF_H

#include <passthrough/error.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define ELF_HEAD_SIZE	 4096u /* bytes from the start of the file that elf_parse() wants to see */
#define ELF_SEGMENTS_MAX 16u
#define ELF_NOTES_MAX	 65536u

/** struct elf_segment - @file_size bytes at @offset of the file go to guest address @gpa, with zeroes behind them to @size */
struct elf_segment {
	uint64_t offset;
	uint64_t file_size;
	uint64_t gpa;
	uint64_t size;
};

/**
 * struct elf_image - a kernel image
 * @start, @end: guest addresses that the segments are between
 * @notes_offset, @notes_size: where elf_find_entry() is to look; at most ELF_NOTES_MAX bytes within the file
 * @entry: guest address, of elf_find_entry()
 */
struct elf_image {
	struct elf_segment segments[ELF_SEGMENTS_MAX];
	unsigned segment_count;
	uint64_t start;
	uint64_t end;
	uint64_t notes_offset;
	uint64_t notes_size;
	uint32_t entry;
};

/** elf_is() - whether a file begins like one */
bool elf_is(const unsigned char *head, size_t head_size);

/**
 * elf_parse() - read and check the headers
 * @head: the first @head_size bytes of the file; ELF_HEAD_SIZE, or the whole file when it is shorter
 * @file_size: bytes of the whole file
 * @name: for messages
 *
 * Errors: -ENOEXEC not a kernel for 64-bit processors, or one without notes; -EIO the file is truncated.
 */
int elf_parse(const unsigned char *head, size_t head_size, uint64_t file_size, const char *name,
	      struct elf_image *ret_image, struct pt_error *err);

/** elf_find_entry() - fill in @image's entry from its notes. Errors: -ENOEXEC there is none, or it is in no segment. */
int elf_find_entry(struct elf_image *image, const unsigned char *notes, size_t size,
		   const char *name, struct pt_error *err);

#endif
