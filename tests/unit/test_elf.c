/* SPDX-License-Identifier: MIT */
/* vmlinux: what is refused and why, where it is entered, where it goes, and what it is handed. */
#include <criterion/criterion.h>
#include <elf.h>
#include <errno.h>
#include <string.h>

#include "boot/params.h"
#include "boot/pvh.h"

#define MIB (1024ull * 1024)

#define FILE_SIZE (64 * MIB)

static struct {
	Elf64_Ehdr elf;
	Elf64_Phdr program[20];
} head;
static unsigned char notes[96];
static struct pt_error err;
static struct elf_image image;
static struct boot_layout layout;

static size_t add_note(size_t at, const char *name, uint32_t type, uint64_t value, uint32_t size)
{
	Elf64_Nhdr note = {
		.n_namesz = (uint32_t)strlen(name) + 1, .n_descsz = size, .n_type = type};

	memcpy(notes + at, &note, sizeof(note));
	memcpy(notes + at + 12, name, note.n_namesz);
	at += 12 + ((note.n_namesz + 3) & ~3u);
	memcpy(notes + at, &value, size);
	return at + ((size + 3) & ~3u);
}

/* Code at 16 MiB, data with zeroes behind it at 32 MiB, and notes of which the third is the one. */
static void up(void)
{
	size_t at;

	memset(&head, 0, sizeof(head));
	memcpy(head.elf.e_ident, ELFMAG, SELFMAG);
	head.elf.e_ident[EI_CLASS] = ELFCLASS64;
	head.elf.e_ident[EI_DATA] = ELFDATA2LSB;
	head.elf.e_type = ET_EXEC;
	head.elf.e_machine = EM_X86_64;
	head.elf.e_phoff = sizeof(head.elf);
	head.elf.e_phentsize = sizeof(Elf64_Phdr);
	head.elf.e_phnum = 3;
	head.program[0] = (Elf64_Phdr){.p_type = PT_LOAD,
				       .p_offset = 2 * MIB,
				       .p_vaddr = 0xffffffff81000000,
				       .p_paddr = 16 * MIB,
				       .p_filesz = 8 * MIB,
				       .p_memsz = 8 * MIB};
	head.program[1] = (Elf64_Phdr){.p_type = PT_LOAD,
				       .p_offset = 10 * MIB,
				       .p_paddr = 32 * MIB,
				       .p_filesz = MIB,
				       .p_memsz = 4 * MIB};
	head.program[2] = (Elf64_Phdr){.p_type = PT_NOTE, .p_offset = 9 * MIB, .p_filesz = 96};
	at = add_note(0, "Linux", 18, 1, 4);
	at = add_note(at, "Xen", 6, 0x1111111111111111, 8);
	add_note(at, "Xen", 18, 17 * MIB, 4);
}

TestSuite(elf, .init = up);
TestSuite(pvh, .init = up);

static int parse_size(size_t head_size, uint64_t file_size)
{
	return elf_parse((const unsigned char *)&head, head_size, file_size, "vmlinux", &image,
			 &err);
}

static void good(void)
{
	cr_assert_eq(parse_size(sizeof(head), FILE_SIZE), 0, "%s", err.message);
	cr_assert_eq(elf_find_entry(&image, notes, sizeof(notes), "vmlinux", &err), 0, "%s",
		     err.message);
}

static void refused(int code, const char *why)
{
	cr_assert_eq(parse_size(sizeof(head), FILE_SIZE), code);
	cr_assert_not_null(strstr(err.message, why), "%s", err.message);
	cr_assert(err.remedy[0]);
}

Test(elf, a_kernel)
{
	good();
	cr_assert_eq(image.segment_count, 2);
	cr_assert_eq(image.segments[1].gpa, 32 * MIB);
	cr_assert_eq(image.segments[1].file_size, MIB);
	cr_assert_eq(image.segments[1].size, 4 * MIB);
	cr_assert_eq(image.start, 16 * MIB);
	cr_assert_eq(image.end, 36 * MIB);
	cr_assert_eq(image.entry, 17 * MIB);
	cr_assert(elf_is((const unsigned char *)&head, 4));
	cr_assert_not(elf_is((const unsigned char *)&head, 3));
}

Test(elf, an_entry_of_8_bytes)
{
	memset(notes, 0, sizeof(notes));
	add_note(0, "Xen", 18, 18 * MIB, 8);
	good();
	cr_assert_eq(image.entry, 18 * MIB);
}

Test(elf, other_files)
{
	head.elf.e_machine = EM_AARCH64;
	refused(-ENOEXEC, "not for x86-64");
	up();
	head.elf.e_ident[EI_CLASS] = ELFCLASS32;
	refused(-ENOEXEC, "not for x86-64");
	up();
	head.elf.e_type = ET_REL;
	refused(-ENOEXEC, "not a linked program");
	up();
	head.elf.e_phnum = 0;
	refused(-ENOEXEC, "no program headers");
	up();
	head.elf.e_phnum = 2000;
	refused(-ENOEXEC, "not at its beginning");
	up();
	head.elf.e_phoff = UINT64_MAX - 8;
	refused(-ENOEXEC, "not at its beginning");
	up();
	head.program[0].p_type = head.program[1].p_type = PT_NULL;
	refused(-ENOEXEC, "nothing in it to load");
	cr_assert_eq(parse_size(40, FILE_SIZE), -ENOEXEC);
	cr_assert_not_null(strstr(err.message, "too short"));
}

Test(elf, segments_that_cannot_be)
{
	head.program[0].p_filesz = 9 * MIB;
	refused(-ENOEXEC, "larger than its memory");
	up();
	head.program[1].p_offset = FILE_SIZE;
	refused(-EIO, "truncated: 67108864 bytes, its headers say 68157440");
	up();
	head.program[1].p_offset = UINT64_MAX;
	refused(-EIO, "truncated");
	up();
	head.program[2].p_offset = FILE_SIZE;
	refused(-EIO, "truncated");
	up();
	head.program[0].p_paddr = UINT64_MAX - MIB;
	refused(-ENOEXEC, "beyond all addresses");
	up();
	head.elf.e_phnum = 20;
	for (unsigned i = 0; i < 20; i++)
		head.program[i] = head.program[0];
	refused(-ENOEXEC, "too many segments");
}

static void no_entry(const char *why)
{
	cr_assert_eq(parse_size(sizeof(head), FILE_SIZE), 0);
	cr_assert_eq(elf_find_entry(&image, notes, sizeof(notes), "vmlinux", &err), -ENOEXEC);
	cr_assert_not_null(strstr(err.message, why), "%s", err.message);
	cr_assert_not_null(strstr(err.remedy, "CONFIG_PVH"));
}

Test(elf, entries_that_cannot_be)
{
	memset(notes, 0, sizeof(notes));
	no_entry("no PVH entry point");
	add_note(0, "Xen", 18, 32 * MIB + 2 * MIB, 4);
	no_entry("in none of its segments");
	add_note(0, "Xen", 18, (1ull << 32) + 16 * MIB, 8);
	no_entry("in none of its segments");
	add_note(0, "Xen", 18, 0, 2);
	no_entry("no number");
	memset(notes, 0xff, sizeof(notes));
	no_entry("no PVH entry point");
}

Test(elf, its_place)
{
	good();
	cr_assert_eq(boot_layout_elf(&image, 512 * MIB, 10 * MIB, 100, &layout, &err), 0);
	cr_assert(layout.pvh);
	cr_assert_eq(layout.entry, 17 * MIB);
	cr_assert_eq(layout.initrd, 502 * MIB);
	cr_assert_eq(boot_layout_elf(&image, 35 * MIB, 0, 100, &layout, &err), -ENOMEM);
	cr_assert_not_null(strstr(err.remedy, "36 MiB at least"), "%s", err.remedy);
	cr_assert_eq(boot_layout_elf(&image, 40 * MIB, 5 * MIB, 100, &layout, &err), -ENOMEM);
	cr_assert_eq(boot_layout_elf(&image, 512 * MIB, 0, 1 << 20, &layout, &err), -E2BIG);
	image.start = 0x1000;
	cr_assert_eq(boot_layout_elf(&image, 512 * MIB, 0, 100, &layout, &err), -ENOMEM);
	cr_assert_str_eq(err.remedy, "another kernel");
}

static uint64_t word(const unsigned char *bytes, size_t at, size_t size)
{
	uint64_t value = 0;

	memcpy(&value, bytes + at, size);
	return value;
}

Test(pvh, the_start_info)
{
	static unsigned char info[PVH_INFO_SIZE];
	struct vm_plan plan = {.ram_count = 1, .ram = {{0, 256 * MIB, 0}}};
	size_t map, modules;

	good();
	cr_assert_eq(boot_layout_elf(&image, 256 * MIB, 0x12345, 100, &layout, &err), 0);
	memset(info, 0xee, sizeof(info));
	pvh_info_fill(info, &layout, &plan, 0xe06c0);
	cr_assert_eq(word(info, 0, 4), 0x336ec578);
	cr_assert_eq(word(info, 4, 4), 1);
	cr_assert_eq(word(info, 12, 4), 1);
	modules = word(info, 16, 8) - BOOT_PARAMS;
	cr_assert_eq(word(info, modules, 8), layout.initrd);
	cr_assert_eq(word(info, modules + 8, 8), 0x12345);
	cr_assert_eq(word(info, 24, 8), BOOT_CMDLINE);
	cr_assert_eq(word(info, 32, 8), 0xe06c0);
	map = word(info, 40, 8) - BOOT_PARAMS;
	cr_assert_eq(word(info, 48, 4), 4);
	cr_assert_eq(word(info, map + 48, 8), MIB);
	cr_assert_eq(word(info, map + 56, 8), 255 * MIB);
	cr_assert_eq(word(info, map + 64, 4), 1);
	cr_assert_eq(info[PVH_INFO_SIZE - 1], 0);
}

Test(pvh, the_processor_is_in_32_bit_mode)
{
	struct kvm_sregs sregs = {.apic_base = 0xfee00900, .efer = 0x500};
	struct kvm_regs regs = {.rsi = 1};

	good();
	cr_assert_eq(boot_layout_elf(&image, 256 * MIB, 0, 100, &layout, &err), 0);
	pvh_cpu_state(&sregs, &regs, &layout);
	cr_assert_eq(regs.rip, 17 * MIB);
	cr_assert_eq(regs.rbx, BOOT_PARAMS);
	cr_assert_eq(regs.rflags, 2);
	cr_assert_eq(regs.rsi, 0);
	cr_assert_eq(sregs.cr0 & 0x80000001, 1, "protected, not paged");
	cr_assert_eq(sregs.cr4, 0);
	cr_assert_eq(sregs.efer, 0);
	cr_assert(sregs.cs.db && !sregs.cs.l && sregs.cs.limit == 0xffffffff);
	cr_assert_eq(sregs.tr.limit, 0x67);
	cr_assert_eq(sregs.apic_base, 0xfee00900, "the rest stays");
}
