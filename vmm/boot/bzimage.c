/* SPDX-License-Identifier: MIT */
#include "boot/bzimage.h"

#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define HEADER_OFFSET	  0x1f1u
#define HEADER_END_OFFSET 0x201u /* its length: the jump over it, from 0x202 on */
#define SECTOR		  512u
#define BOOT_FLAG	  0xaa55u
#define HEADER_MAGIC	  0x53726448u /* "HdrS" */
#define PROTOCOL_64_BIT	  0x020cu     /* 2.12: xloadflags */
#define ENTRY_64_OFFSET	  0x200u
#define PARAGRAPH	  16u

static int not_bzimage(const char *name, const char *why, struct pt_error *err)
{
	pt_error_set(err, -ENOEXEC, "%s: not a Linux bzImage: %s", name, why);
	return pt_error_remedy(err, -ENOEXEC,
			       "name a kernel as /boot/vmlinuz-* or arch/x86/boot/bzImage "
			       "are, or a vmlinux that was built with CONFIG_PVH");
}

static int check_kind(const struct setup_header *header, const char *name, struct pt_error *err)
{
	if (header->boot_flag != BOOT_FLAG)
		return not_bzimage(name, "no boot signature", err);
	if (header->header != HEADER_MAGIC)
		return not_bzimage(name, "no \"HdrS\" in its header", err);
	if (header->version < PROTOCOL_64_BIT)
		return pt_error_set(err, -EOPNOTSUPP,
				    "%s: boot protocol %u.%02u; 2.12 (Linux 3.8) is needed", name,
				    header->version >> 8, header->version & 0xffu);
	if (!(header->loadflags & LOADED_HIGH) || !(header->xloadflags & XLF_KERNEL_64))
		return pt_error_set(err, -ENOEXEC,
				    "%s: no 64-bit entry point: not an x86-64 kernel", name);
	return 0;
}

int bzimage_parse(const unsigned char *head, size_t head_size, uint64_t file_size, const char *name,
		  struct bzimage *ret_image, struct pt_error *err)
{
	struct bzimage image = {.entry_offset = ENTRY_64_OFFSET};
	size_t end;
	int r;

	if (head_size < BZIMAGE_HEAD_SIZE)
		return not_bzimage(name, "too short", err);
	end = 0x202u + head[HEADER_END_OFFSET];
	if (end > HEADER_OFFSET + sizeof(image.header))
		end = HEADER_OFFSET + sizeof(image.header);
	memcpy(&image.header, head + HEADER_OFFSET, end - HEADER_OFFSET);
	r = check_kind(&image.header, name, err);
	if (r)
		return r;

	/* 0 stands for 4, for the sake of the oldest kernels (boot.rst, setup_sects) */
	image.payload_offset =
		((image.header.setup_sects ? image.header.setup_sects : 4u) + 1u) * SECTOR;
	image.payload_size = (uint64_t)image.header.syssize * PARAGRAPH;
	if (image.payload_size <= ENTRY_64_OFFSET)
		return not_bzimage(name, "no code in it", err);
	/* The size is in paragraphs: the last one need not be whole. */
	if (file_size + (PARAGRAPH - 1) < image.payload_offset + image.payload_size) {
		pt_error_set(err, -EIO,
			     "%s: truncated: %" PRIu64 " bytes, its header says %" PRIu64, name,
			     file_size, image.payload_offset + image.payload_size);
		return pt_error_remedy(err, -EIO, "copy the kernel again");
	}
	if (file_size - image.payload_offset < image.payload_size)
		image.payload_size = file_size - image.payload_offset;
	*ret_image = image;
	return 0;
}
