/* SPDX-License-Identifier: MIT */
/*
 * What a Linux bzImage says of itself. Pure: bytes in, numbers out.
 *
 * Source: Documentation/arch/x86/boot.rst, "The Real-Mode Kernel Header" and "64-bit Boot Protocol".
 */
#ifndef TENON_BOOT_BZIMAGE_H
#define TENON_BOOT_BZIMAGE_H

#include <asm/bootparam.h>
#include <passthrough/error.h>
#include <stddef.h>
#include <stdint.h>

#define BZIMAGE_HEAD_SIZE \
	1024u /* bytes from the start of the file that bzimage_parse() wants to see */

/**
 * struct bzimage - a kernel image
 * @header: the setup header, cut where the image says it ends, the rest zero
 * @payload_offset, @payload_size: the protected-mode code within the file, bytes
 * @entry_offset: of the 64-bit entry point within the payload
 */
struct bzimage {
	struct setup_header header;
	uint64_t payload_offset;
	uint64_t payload_size;
	uint64_t entry_offset;
};

/**
 * bzimage_parse() - read and check the header
 * @head: the first @head_size bytes of the file; BZIMAGE_HEAD_SIZE, or the whole file when it is shorter
 * @file_size: bytes of the whole file
 * @name: for messages
 *
 * Errors: -ENOEXEC not a bzImage, or not one for 64-bit processors; -EOPNOTSUPP a boot protocol before 2.12; -EIO the file
 * is truncated.
 */
int bzimage_parse(const unsigned char *head, size_t head_size, uint64_t file_size, const char *name,
		  struct bzimage *ret_image, struct pt_error *err);

#endif
