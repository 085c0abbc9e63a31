/* SPDX-License-Identifier: MIT */
#include "boot/elf.h"

#include <elf.h>
#include <errno.h>
#include <inttypes.h>
#include <string.h>

#define NOTE_NAME      "Xen"
#define NOTE_PHYS32    18u /* XEN_ELFNOTE_PHYS32_ENTRY */
#define NOTE_ALIGN(at) (((at) + 3) & ~(uint64_t)3)

static int not_kernel(const char *name, const char *why, struct pt_error *err)
{
	(void)pt_error_set(err, -ENOEXEC,
			   "%s: an ELF file, but not a kernel that can be started: %s", name, why);
	return pt_error_remedy(err, -ENOEXEC,
			       "name a vmlinux that was built with CONFIG_PVH, or a bzImage as "
			       "/boot/vmlinuz-* are");
}

static int truncated(const char *name, uint64_t file_size, uint64_t need, struct pt_error *err)
{
	(void)pt_error_set(err, -EIO,
			   "%s: truncated: %" PRIu64 " bytes, its headers say %" PRIu64 " at least",
			   name, file_size, need);
	return pt_error_remedy(err, -EIO, "copy the kernel again");
}

bool elf_is(const unsigned char *head, size_t head_size)
{
	return head_size >= SELFMAG && memcmp(head, ELFMAG, SELFMAG) == 0;
}

static int check_header(const Elf64_Ehdr *header, size_t head_size, const char *name,
			struct pt_error *err)
{
	if (header->e_ident[EI_CLASS] != ELFCLASS64 || header->e_ident[EI_DATA] != ELFDATA2LSB ||
	    header->e_machine != EM_X86_64)
		return not_kernel(name, "it is not for x86-64", err);
	if (header->e_type != ET_EXEC && header->e_type != ET_DYN)
		return not_kernel(name, "it is not a linked program", err);
	if (!header->e_phnum || header->e_phentsize != sizeof(Elf64_Phdr))
		return not_kernel(name, "no program headers", err);
	if (header->e_phoff > head_size ||
	    header->e_phnum > (head_size - header->e_phoff) / sizeof(Elf64_Phdr))
		return not_kernel(name, "its program headers are not at its beginning", err);
	return 0;
}

/* Return: false when the range ends beyond 64 bits or the file. */
static bool in_file(uint64_t offset, uint64_t size, uint64_t file_size, uint64_t *ret_end)
{
	if (__builtin_add_overflow(offset, size, ret_end))
		*ret_end = UINT64_MAX;
	return *ret_end <= file_size;
}

static int add_segment(const Elf64_Phdr *header, uint64_t file_size, const char *name,
		       struct elf_image *image, struct pt_error *err)
{
	struct elf_segment *segment = &image->segments[image->segment_count];
	uint64_t end;

	if (!header->p_memsz)
		return 0;
	if (image->segment_count == ELF_SEGMENTS_MAX)
		return not_kernel(name, "too many segments", err);
	if (header->p_filesz > header->p_memsz)
		return not_kernel(name, "a segment that is larger than its memory", err);
	if (!in_file(header->p_offset, header->p_filesz, file_size, &end))
		return truncated(name, file_size, end, err);
	if (__builtin_add_overflow(header->p_paddr, header->p_memsz, &end))
		return not_kernel(name, "a segment beyond all addresses", err);
	*segment = (struct elf_segment){
		.offset = header->p_offset,
		.file_size = header->p_filesz,
		.gpa = header->p_paddr,
		.size = header->p_memsz,
	};
	if (!image->segment_count || header->p_paddr < image->start)
		image->start = header->p_paddr;
	if (end > image->end)
		image->end = end;
	image->segment_count++;
	return 0;
}

static int set_notes(const Elf64_Phdr *header, uint64_t file_size, const char *name,
		     struct elf_image *image, struct pt_error *err)
{
	uint64_t end;

	if (!in_file(header->p_offset, header->p_filesz, file_size, &end))
		return truncated(name, file_size, end, err);
	image->notes_offset = header->p_offset;
	image->notes_size = header->p_filesz < ELF_NOTES_MAX ? header->p_filesz : ELF_NOTES_MAX;
	return 0;
}

int elf_parse(const unsigned char *head, size_t head_size, uint64_t file_size, const char *name,
	      struct elf_image *ret_image, struct pt_error *err)
{
	struct elf_image image = {0};
	Elf64_Ehdr elf;
	int r;

	if (head_size < sizeof(elf))
		return not_kernel(name, "too short", err);
	memcpy(&elf, head, sizeof(elf));
	r = check_header(&elf, head_size, name, err);
	for (unsigned i = 0; i < elf.e_phnum && !r; i++) {
		Elf64_Phdr header;

		memcpy(&header, head + elf.e_phoff + i * sizeof(header), sizeof(header));
		if (header.p_type == PT_LOAD)
			r = add_segment(&header, file_size, name, &image, err);
		else if (header.p_type == PT_NOTE && !image.notes_size)
			r = set_notes(&header, file_size, name, &image, err);
	}
	if (r)
		return r;
	if (!image.segment_count)
		return not_kernel(name, "nothing in it to load", err);
	*ret_image = image;
	return 0;
}

static int set_entry(struct elf_image *image, const unsigned char *value, uint32_t size,
		     const char *name, struct pt_error *err)
{
	uint64_t entry = 0;

	if (size != 4 && size != 8)
		return not_kernel(name, "its PVH entry point is no number", err);
	memcpy(&entry, value, size);
	for (unsigned i = 0; i < image->segment_count; i++) {
		const struct elf_segment *segment = &image->segments[i];

		if (entry < segment->gpa || entry - segment->gpa >= segment->file_size ||
		    entry > UINT32_MAX)
			continue;
		image->entry = (uint32_t)entry;
		return 0;
	}
	return not_kernel(name, "its PVH entry point is in none of its segments", err);
}

int elf_find_entry(struct elf_image *image, const unsigned char *notes, size_t size,
		   const char *name, struct pt_error *err)
{
	uint64_t at = 0;

	while (at < size && size - at >= sizeof(Elf64_Nhdr)) {
		uint64_t note_name = at + sizeof(Elf64_Nhdr), value, end;
		Elf64_Nhdr note;

		memcpy(&note, notes + at, sizeof(note));
		value = note_name + NOTE_ALIGN(note.n_namesz);
		end = value + note.n_descsz;
		if (end > size)
			break;
		if (note.n_type == NOTE_PHYS32 && note.n_namesz == sizeof(NOTE_NAME) &&
		    memcmp(notes + note_name, NOTE_NAME, sizeof(NOTE_NAME)) == 0)
			return set_entry(image, notes + value, note.n_descsz, name, err);
		at = NOTE_ALIGN(end);
	}
	return not_kernel(name, "no PVH entry point (note XEN_ELFNOTE_PHYS32_ENTRY)", err);
}
