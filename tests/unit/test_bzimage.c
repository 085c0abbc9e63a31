/* SPDX-License-Identifier: MIT */
/* Kernel images: what is refused and why, and where the parts go. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "boot/layout.h"

#define MIB (1024ull * 1024)

static unsigned char head[BZIMAGE_HEAD_SIZE];
static struct pt_error err;
static struct bzimage image;
static struct boot_layout layout;

static struct setup_header *header(void)
{
	return (struct setup_header *)(head + 0x1f1);
}

#define SECTS	  30u
#define SYSSIZE	  0x1000u
#define FILE_SIZE ((SECTS + 1) * 512ull + SYSSIZE * 16ull)

/* A relocatable kernel of 64 KiB that wants 32 MiB at 16 MiB. */
static void up(void)
{
	memset(head, 0xee, sizeof(head));
	*header() = (struct setup_header){
		.setup_sects = SECTS,
		.syssize = SYSSIZE,
		.boot_flag = 0xaa55,
		.jump = 0x6aeb,
		.header = 0x53726448,
		.version = 0x020f,
		.loadflags = LOADED_HIGH,
		.xloadflags = XLF_KERNEL_64,
		.initrd_addr_max = 0x7fffffff,
		.kernel_alignment = 0x200000,
		.relocatable_kernel = 1,
		.cmdline_size = 2047,
		.pref_address = 16 * MIB,
		.init_size = 32 * MIB,
	};
}

TestSuite(bzimage, .init = up);
TestSuite(layout, .init = up);

static int parse(size_t head_size, uint64_t file_size)
{
	return bzimage_parse(head, head_size, file_size, "vmlinuz", &image, &err);
}

static void refused(int code, const char *why)
{
	cr_assert_eq(parse(sizeof(head), FILE_SIZE), code);
	cr_assert_not_null(strstr(err.message, why), "%s", err.message);
	cr_assert_not_null(strstr(err.message, "vmlinuz"), "%s", err.message);
}

Test(bzimage, a_good_one)
{
	cr_assert_eq(parse(sizeof(head), FILE_SIZE), 0, "%s", err.message);
	cr_assert_eq(image.payload_offset, (SECTS + 1) * 512);
	cr_assert_eq(image.payload_size, SYSSIZE * 16);
	cr_assert_eq(image.entry_offset, 0x200);
	cr_assert_eq(image.header.pref_address, 16 * MIB);
}

Test(bzimage, four_sectors_when_it_says_none)
{
	header()->setup_sects = 0;
	cr_assert_eq(parse(sizeof(head), FILE_SIZE), 0);
	cr_assert_eq(image.payload_offset, 5 * 512);
}

Test(bzimage, the_header_ends_where_it_says)
{
	head[0x201] = 0x40; /* to 0x242: before pref_address and init_size */
	cr_assert_eq(parse(sizeof(head), FILE_SIZE), 0);
	cr_assert_eq(image.header.pref_address, 0);
	cr_assert_eq(image.header.init_size, 0);
}

Test(bzimage, other_files_are_refused)
{
	cr_assert_eq(parse(100, 100), -ENOEXEC);
	cr_assert_not_null(strstr(err.remedy, "vmlinux"));
	header()->boot_flag = 0;
	refused(-ENOEXEC, "not a Linux bzImage");
	up();
	header()->header = 0x464c457f;
	refused(-ENOEXEC, "HdrS");
	up();
	header()->syssize = 0;
	refused(-ENOEXEC, "no code");
}

Test(bzimage, kernels_that_cannot_be_entered_are_refused)
{
	header()->version = 0x020b;
	refused(-EOPNOTSUPP, "2.11");
	up();
	header()->xloadflags = 0;
	refused(-ENOEXEC, "64-bit");
	up();
	header()->loadflags = 0;
	refused(-ENOEXEC, "64-bit");
}

Test(bzimage, truncated_files_are_refused_with_both_sizes)
{
	cr_assert_eq(parse(sizeof(head), FILE_SIZE - 16), -EIO);
	cr_assert_not_null(strstr(err.message, "truncated"));
	cr_assert_eq(parse(sizeof(head), sizeof(head)), -EIO);
	cr_assert_eq(parse(sizeof(head), FILE_SIZE - 15), 0, "the last paragraph may be short");
	cr_assert_eq(image.payload_size, SYSSIZE * 16 - 15);
	cr_assert_eq(parse(sizeof(head), FILE_SIZE + 4096), 0, "a signature may follow");
	cr_assert_eq(image.payload_size, SYSSIZE * 16);
}

static int place(uint64_t low_end, uint64_t initrd, size_t cmdline)
{
	cr_assert_eq(parse(sizeof(head), FILE_SIZE), 0);
	return boot_layout_make(&image, low_end, initrd, cmdline, &layout, &err);
}

Test(layout, the_kernel_goes_where_it_prefers)
{
	cr_assert_eq(place(512 * MIB, 0, 10), 0);
	cr_assert_eq(layout.kernel, 16 * MIB);
	cr_assert_eq(layout.kernel_size, 32 * MIB);
	cr_assert_eq(layout.entry, 16 * MIB + 0x200);
	cr_assert_eq(layout.initrd, 0);
}

Test(layout, a_relocatable_kernel_goes_lower_when_memory_ends)
{
	cr_assert_eq(place(40 * MIB, 0, 10), 0);
	cr_assert_eq(layout.kernel, 2 * MIB);
}

Test(layout, another_does_not)
{
	header()->relocatable_kernel = 0;
	cr_assert_eq(place(40 * MIB, 0, 10), -ENOMEM);
	cr_assert_not_null(strstr(err.message, "needs 32 MiB at address 16 MiB"), "%s",
			   err.message);
	cr_assert_not_null(strstr(err.remedy, "48 MiB"), "%s", err.remedy);
}

Test(layout, no_memory_at_all)
{
	cr_assert_eq(place(0, 0, 10), -ENOMEM);
	cr_assert_eq(place(MIB, 0, 10), -ENOMEM);
}

Test(layout, nonsense_in_the_header_does_not_overflow)
{
	header()->pref_address = UINT64_MAX - 100;
	cr_assert_eq(place(512 * MIB, 0, 10), 0, "it can go elsewhere");
	header()->kernel_alignment = 3;
	cr_assert_eq(place(512 * MIB, 0, 10), -ENOEXEC);
	header()->kernel_alignment = 0;
	cr_assert_eq(place(512 * MIB, 0, 10), -ENOEXEC);
}

Test(layout, the_initrd_ends_with_memory)
{
	cr_assert_eq(place(512 * MIB, 10 * MIB + 1, 10), 0);
	cr_assert_eq(layout.initrd, 512 * MIB - 10 * MIB - 4096);
	cr_assert_eq(layout.initrd_size, 10 * MIB + 1);
}

Test(layout, the_initrd_ends_where_the_kernel_can_still_see_it)
{
	header()->initrd_addr_max = 256 * MIB - 1;
	cr_assert_eq(place(512 * MIB, MIB, 10), 0);
	cr_assert_eq(layout.initrd, 255 * MIB);
}

Test(layout, an_initrd_that_does_not_fit_says_what_would)
{
	cr_assert_eq(place(64 * MIB, 16 * MIB, 10), 0, "exactly");
	cr_assert_eq(layout.initrd, 48 * MIB);
	cr_assert_eq(place(64 * MIB, 16 * MIB + 1, 10), -ENOMEM);
	cr_assert_not_null(strstr(err.message, "17 MiB is too large"), "%s", err.message);
	cr_assert_not_null(strstr(err.message, "16 MiB are free"), "%s", err.message);
	cr_assert_not_null(strstr(err.remedy, "65 MiB of memory"), "%s", err.remedy);
	header()->initrd_addr_max = 64 * MIB - 1;
	cr_assert_eq(place(512 * MIB, 100 * MIB, 10), -ENOMEM);
	cr_assert_not_null(strstr(err.remedy, "smaller"), "%s", err.remedy);
	cr_assert_eq(place(512 * MIB, UINT64_MAX, 10), -ENOMEM);
}

Test(layout, the_command_line_has_the_kernels_limit)
{
	cr_assert_eq(place(512 * MIB, 0, 2047), 0);
	cr_assert_eq(place(512 * MIB, 0, 2048), -E2BIG);
	cr_assert_not_null(strstr(err.message, "2047"), "%s", err.message);
}
