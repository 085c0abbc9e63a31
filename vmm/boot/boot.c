/* SPDX-License-Identifier: MIT */
#include "boot/boot.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "boot/acpi.h"
#include "boot/pvh.h"
#include "cleanup.h"

#define REAL_MODE_DATA \
	0x500ull /* interrupt vectors and the BIOS's data, which an earlier kernel may have written */

static int open_file(const char *path, const char *what, int *ret_fd, uint64_t *ret_size,
		     struct pt_error *err)
{
	struct stat stat;
	int fd = open(path, O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return pt_error_set(err, -errno, "%s: %s: %m", what, path);
	*ret_fd = fd; /* the caller's from here on, whatever is found */
	if (fstat(fd, &stat))
		return pt_error_set(err, -errno, "%s: %s: %m", what, path);
	if (!S_ISREG(stat.st_mode))
		return pt_error_set(err, -EINVAL, "%s: %s: not a file", what, path);
	*ret_size = (uint64_t)stat.st_size;
	return 0;
}

/* Return: bytes read, fewer than @size at the file's end only, or -errno. */
static int64_t read_at(int fd, void *buf, size_t size, uint64_t offset)
{
	size_t done = 0;

	while (done < size) {
		ssize_t n = pread(fd, (char *)buf + done, size - done, (off_t)(offset + done));

		if (n < 0 && errno == EINTR)
			continue;
		if (n < 0)
			return -errno;
		if (n == 0)
			break;
		done += (size_t)n;
	}
	return (int64_t)done;
}

static uint64_t low_ram_end(const struct vm_plan *plan)
{
	for (unsigned i = 0; i < plan->ram_count; i++) {
		if (!plan->ram[i].gpa)
			return plan->ram[i].size;
	}
	return 0;
}

static int read_failed(const struct boot *boot, int64_t code, struct pt_error *err)
{
	return pt_error_set(err, (int)code, "kernel: %s: %s", boot->plan->kernel,
			    strerror((int)-code));
}

static int open_bzimage(struct boot *boot, const unsigned char *head, size_t head_size,
			uint64_t kernel_size, uint64_t initrd_size, struct pt_error *err)
{
	const struct vm_plan *plan = boot->plan;
	int r = bzimage_parse(head, head_size < BZIMAGE_HEAD_SIZE ? head_size : BZIMAGE_HEAD_SIZE,
			      kernel_size, plan->kernel, &boot->image, err);

	return r ? r
		 : boot_layout_make(&boot->image, low_ram_end(plan), initrd_size,
				    strlen(plan->cmdline), &boot->layout, err);
}

static int open_elf(struct boot *boot, const unsigned char *head, size_t head_size,
		    uint64_t kernel_size, uint64_t initrd_size, struct pt_error *err)
{
	const struct vm_plan *plan = boot->plan;
	CLEANUP_FREE unsigned char *notes = malloc(ELF_NOTES_MAX);
	int64_t n;
	int r;

	if (!notes)
		return pt_error_set(err, -ENOMEM, "out of memory");
	r = elf_parse(head, head_size, kernel_size, plan->kernel, &boot->elf, err);
	if (r)
		return r;
	n = read_at(boot->kernel_fd, notes, (size_t)boot->elf.notes_size, boot->elf.notes_offset);
	if (n < 0)
		return read_failed(boot, n, err);
	r = elf_find_entry(&boot->elf, notes, (size_t)n, plan->kernel, err);
	return r ? r
		 : boot_layout_elf(&boot->elf, low_ram_end(plan), initrd_size,
				   strlen(plan->cmdline), &boot->layout, err);
}

static int open_kernel(struct boot *boot, uint64_t kernel_size, uint64_t initrd_size,
		       struct pt_error *err)
{
	unsigned char head[ELF_HEAD_SIZE];
	int64_t n = read_at(boot->kernel_fd, head, sizeof(head), 0);

	if (n < 0)
		return read_failed(boot, n, err);
	return elf_is(head, (size_t)n)
		       ? open_elf(boot, head, (size_t)n, kernel_size, initrd_size, err)
		       : open_bzimage(boot, head, (size_t)n, kernel_size, initrd_size, err);
}

int boot_open(struct boot *boot, const struct vm_plan *plan, struct pt_error *err)
{
	uint64_t kernel_size = 0;
	uint64_t initrd_size = 0;
	int r;

	boot->plan = plan;
	r = open_file(plan->kernel, "kernel", &boot->kernel_fd, &kernel_size, err);
	if (!r && plan->initrd[0])
		r = open_file(plan->initrd, "initrd", &boot->initrd_fd, &initrd_size, err);
	return r ? r : open_kernel(boot, kernel_size, initrd_size, err);
}

void boot_done(struct boot *boot)
{
	if (boot->kernel_fd >= 0)
		close(boot->kernel_fd);
	if (boot->initrd_fd >= 0)
		close(boot->initrd_fd);
	boot->kernel_fd = -1;
	boot->initrd_fd = -1;
}

static int load_file(const struct ram *ram, int fd, uint64_t offset, uint64_t gpa, uint64_t size,
		     const char *path, struct pt_error *err)
{
	void *to = ram_at(ram, gpa, size);
	int64_t n;

	if (!to)
		return pt_error_set(err, -ENOMEM, "%s: no guest memory at 0x%" PRIx64, path, gpa);
	n = read_at(fd, to, (size_t)size, offset);
	if (n < 0)
		return pt_error_set(err, (int)n, "%s: %s", path, strerror((int)-n));
	if ((uint64_t)n < size)
		return pt_error_set(err, -EIO, "%s: it has become shorter while it was in use",
				    path);
	return 0;
}

/* The tables for the processor, for the kernel and for ACPI. All of it is below 1 MiB, in one piece of RAM. */
static int load_data(const struct boot *boot, const struct ram *ram, struct pt_error *err)
{
	unsigned char *low = ram_at(ram, 0, BOOT_HIGH);
	size_t cmdline_size = strlen(boot->plan->cmdline) + 1;
	uint64_t rsdp;
	int r;

	if (!low)
		return pt_error_set(err, -ENOMEM, "the guest has no memory at address 0");
	memset(low, 0, REAL_MODE_DATA);
	memcpy(low + BOOT_CMDLINE, boot->plan->cmdline, cmdline_size);
	r = acpi_build(boot->plan, low + BOOT_ACPI, BOOT_ACPI_SIZE, BOOT_ACPI, &rsdp, err);
	if (r)
		return r;
	if (boot->layout.pvh) {
		pvh_gdt_fill((uint64_t *)(low + BOOT_GDT));
		pvh_info_fill(low + BOOT_PARAMS, &boot->layout, boot->plan, rsdp);
		return 0;
	}
	boot_gdt_fill((uint64_t *)(low + BOOT_GDT));
	boot_page_tables_fill((uint64_t *)(low + BOOT_PAGE_TABLES));
	boot_params_fill((struct boot_params *)(low + BOOT_PARAMS), &boot->image, &boot->layout,
			 boot->plan, rsdp);
	return 0;
}

/* What is behind a segment's bytes is zero, at a reset again. */
static int load_segments(const struct boot *boot, const struct ram *ram, struct pt_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < boot->elf.segment_count && !r; i++) {
		const struct elf_segment *segment = &boot->elf.segments[i];
		unsigned char *to = ram_at(ram, segment->gpa, segment->size);

		r = load_file(ram, boot->kernel_fd, segment->offset, segment->gpa,
			      segment->file_size, boot->plan->kernel, err);
		if (!r && to)
			memset(to + segment->file_size, 0, segment->size - segment->file_size);
	}
	return r;
}

void boot_enter(const struct boot *boot, struct kvm_sregs *sregs, struct kvm_regs *regs)
{
	if (boot->layout.pvh)
		pvh_cpu_state(sregs, regs, &boot->layout);
	else
		boot_cpu_state(sregs, regs, &boot->layout);
}

int boot_load(const struct boot *boot, const struct ram *ram, struct pt_error *err)
{
	int r;

	if (boot->layout.pvh)
		r = load_segments(boot, ram, err);
	else
		r = load_file(ram, boot->kernel_fd, boot->image.payload_offset, boot->layout.kernel,
			      boot->image.payload_size, boot->plan->kernel, err);
	if (!r && boot->layout.initrd_size)
		r = load_file(ram, boot->initrd_fd, 0, boot->layout.initrd,
			      boot->layout.initrd_size, boot->plan->initrd, err);
	if (!r)
		r = load_data(boot, ram, err);
	return r;
}
