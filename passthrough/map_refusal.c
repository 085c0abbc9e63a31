/* SPDX-License-Identifier: MIT */
/*
 * Why a range was not mapped for devices, or not unmapped. Source: drivers/iommu/iommufd/{ioas,io_pagetable,pages}.c,
 * drivers/vfio/vfio_iommu_type1.c, Linux 6.6 to 7.3.
 */
#include <fcntl.h>
#include <inttypes.h>

#include "refusal.h"

#define MAPS	    "/proc/self/maps"
#define MAPS_LINE   4608 /* a path, and what is before it */
#define SHARED_NODE "hand in a descriptor that nobody else uses: fuser -v "

/* What this process has at an address: Documentation/filesystems/proc.rst. */
struct vma {
	uint64_t start, end;
	char access[8];
	char name[128]; /* of the file, empty for none */
};

static bool parse_vma(const char *line, struct vma *ret_vma)
{
	struct vma vma = {0};
	int name = 0;

	if (sscanf(line, "%" SCNx64 "-%" SCNx64 " %7s %*s %*s %*s %n", &vma.start, &vma.end,
		   vma.access, &name) < 3)
		return false;
	if (name > 0)
		(void)snprintf(vma.name, sizeof(vma.name), "%.*s", (int)sizeof(vma.name) - 1,
			       line + name);
	*ret_vma = vma;
	return true;
}

/* Of the line that begins at @offset, and where the next one begins. Return: 1, 0 at the end of the file, -EIO. */
static int read_vma(const struct pt_sys *sys, int fd, uint64_t *offset, struct vma *ret_vma)
{
	char line[MAPS_LINE], *end;
	int64_t n = sys->pread(sys->ctx, fd, line, sizeof(line) - 1, *offset);

	if (n <= 0)
		return (int)n;
	line[n] = '\0';
	end = strchr(line, '\n');
	if (!end)
		return -EIO;
	*end = '\0';
	*offset += (uint64_t)(end - line) + 1;
	return parse_vma(line, ret_vma) ? 1 : -EIO;
}

static bool starts(const char *text, const char *with)
{
	return !strncmp(text, with, strlen(with));
}

/* Files whose pages may be held for as long as a device uses them are memory: folio_longterm_pinnable() and
 * writable_file_mapping_allowed(). */
static bool on_disk(const struct vma *vma)
{
	return vma->name[0] == '/' && !starts(vma->name, "/memfd:") &&
	       !starts(vma->name, "/dev/shm/") && !starts(vma->name, "/dev/hugepages/") &&
	       !starts(vma->name, "/dev/zero") && !starts(vma->name, "/anon_hugepage");
}

static const char *trouble(const struct vma *vma, unsigned access)
{
	if (starts(vma->name, "/dev/vfio/") || starts(vma->name, "anon_inode:[vfio-device]"))
		return "it is a device's BAR, which is no memory";
	if (vma->access[0] != 'r')
		return "it may not be read";
	if (access & PT_MAP_WRITE && vma->access[1] != 'w')
		return "it may not be written, and devices are to write it";
	if (on_disk(vma) && vma->access[3] == 's')
		return "it is a file on a disk, whose pages are not held for devices";
	return NULL;
}

static int bad_memory(uint64_t start, uint64_t end, const char *name, const char *what, int code,
		      struct pt_error *err)
{
	pt_error_set(err, code,
		     "this process's memory at 0x%" PRIx64 "-0x%" PRIx64
		     "%s%s cannot be reached by "
		     "devices: %s",
		     start, end - 1, name[0] != '\0' ? ", " : "", name, what);
	return pt_error_remedy(err, code,
			       "have the guest's memory from memfd_create(), or from a file of "
			       "/dev/shm or hugetlbfs, mapped whole, readable and writable");
}

static int look(const struct pt_sys *sys, int fd, const struct pt_mapping *wanted, int code,
		struct pt_error *err)
{
	uint64_t at = (uintptr_t)wanted->hva, end = at + wanted->size, offset = 0;
	const char *what;
	struct vma vma;
	int r = 1;

	while (at < end && (r = read_vma(sys, fd, &offset, &vma)) > 0) {
		if (vma.end <= at)
			continue;
		if (vma.start > at)
			return bad_memory(at, vma.start < end ? vma.start : end, "",
					  "nothing is mapped there", code, err);
		what = trouble(&vma, wanted->access);
		if (what)
			return bad_memory(at, vma.end < end ? vma.end : end, vma.name, what, code,
					  err);
		at = vma.end;
	}
	if (r == 0 && offset > 0 && at < end)
		return bad_memory(at, end, "", "nothing is mapped there", code, err);
	return 0;
}

int pt_refused_memory(const struct pt_space *space, const struct pt_mapping *wanted, int code,
		      struct pt_error *err)
{
	const struct pt_sys *sys = space->sys;
	int fd = wanted->hva ? sys->open(sys->ctx, MAPS, O_RDONLY) : -1;
	int r;

	if (fd < 0)
		return 0;
	r = look(sys, fd, wanted, code, err);
	pt_close_fd(sys, &fd);
	return r;
}

/* The rest of the file: rows. */

static int by_ranges(struct pt_space *space, const struct pt_mapping *wanted, int code,
		     struct pt_error *err)
{
	struct pt_error found = PT_ERROR_INIT;
	uint64_t at = (uintptr_t)wanted->hva;

	if (pt_space_check(space, wanted->iova, wanted->size, &found) == -EADDRNOTAVAIL) {
		/* Behind the range, which is named anyway. */
		pt_error_set(err, code, "%s", strchr(found.message, ':') + 2);
		return pt_error_remedy(
			err, code,
			"give the guest less memory; what IOMMUs keep for "
			"themselves: cat /sys/kernel/iommu_groups/*/reserved_regions");
	}
	if (!pt_aligned(at, PT_PAGE_SIZE))
		return bad_memory(at, at + wanted->size, "", "it does not begin at a page", code,
				  err);
	return 0;
}

static int by_memory(struct pt_space *space, const struct pt_mapping *wanted, int code,
		     struct pt_error *err)
{
	return pt_refused_memory(space, wanted, code, err);
}

static int by_limit(struct pt_space *space, const struct pt_mapping *wanted, int code,
		    struct pt_error *err)
{
	(void)code;
	return pt_memlock_explain(space, wanted->size, err);
}

static int by_entries(struct pt_space *space, const struct pt_mapping *wanted, int code,
		      struct pt_error *err)
{
	(void)wanted;
	return space->backend->map_full ? space->backend->map_full(space, code, err) : 0;
}

/**
 * struct row - what an errno means
 * @look: asked first; NULL where there is nothing to look at
 * @cause, @remedy: what is so if @look found nothing
 * @node: the remedy ends with the space's node
 */
struct row {
	int code;
	int (*look)(struct pt_space *space, const struct pt_mapping *wanted, int code,
		    struct pt_error *err);
	const char *cause;
	const char *remedy;
	bool node;
};

static const struct row map_rows[] = {
	{-EINVAL, by_ranges,
	 "it is not whole pages of the IOMMU, or what is there is no memory that the kernel shares "
	 "with devices",
	 "have the guest's memory from memfd_create(), or from a file of /dev/shm or hugetlbfs",
	 false},
	{-EFAULT, by_memory, "the kernel could not hold the pages that are to be there",
	 "have the guest's memory from memfd_create(), or from a file of /dev/shm or hugetlbfs",
	 false},
	{-EPERM, by_memory, "the pages that are to be there may not be written",
	 "have the guest's memory from memfd_create() without seals", false},
	{-ENOMEM, by_limit, NULL, NULL, false},
	{-EEXIST, NULL, "somebody else has mapped something there by the same descriptor",
	 SHARED_NODE, true},
	{-ENOSPC, by_entries, "there is no room for another mapping", "map memory in larger pieces",
	 false},
	{-EOVERFLOW, NULL, "it ends beyond what an address can be", "map it lower", false},
	{-ENODEV, NULL,
	 "the device that it belongs to does not decode its memory any more, or is gone",
	 "see the host's kernel log: dmesg | grep vfio", false},
	{-EIO, NULL, "the IOMMU did not take it", PT_IOMMU_LOG, false},
	{-EBUSY, NULL, "something is being unmapped there", "try again", false},
};

static const struct row unmap_rows[] = {
	{-ENOENT, NULL, "somebody else has changed what is mapped there by the same descriptor",
	 SHARED_NODE, true},
	{-EINVAL, NULL, "somebody else has mapped something across its end by the same descriptor",
	 SHARED_NODE, true},
	{-EBUSY, NULL, "a device's queue in hardware is in it, or it is being mapped", "try again",
	 false},
	{-EDEADLK, NULL, "the driver of a mediated device does not let go of it",
	 "take the mediated devices out of the guest first: ls /sys/bus/mdev/devices", false},
};

/* Of every call on the descriptor. */
static const struct row space_rows[] = {
	{-ENOENT, NULL, "the address space is gone: somebody destroyed it by the same descriptor",
	 SHARED_NODE, true},
	{-EBADF, NULL, "its descriptor is closed",
	 "keep the descriptor open that was handed in, until the space is closed", false},
	{-ENOTTY, NULL, "this kernel does not know the call",
	 "run Linux 6.6 or newer; this is: uname -r", false},
	{-E2BIG, NULL, "this kernel knows only part of what it was given",
	 "run a newer kernel than this: uname -r", false},
	{-EOPNOTSUPP, NULL, "this kernel, or the devices' IOMMU, has no such thing",
	 "run a newer kernel than this: uname -r", false},
	{-EFAULT, NULL, "the kernel could not read or write what it was given", PT_REPORT, false},
	{-EINVAL, NULL, "it does not take what it was given", PT_REPORT, false},
	{-ENOMEM, NULL, PT_NO_MEMORY, false},
	{-EIO, NULL, "the IOMMU did not do it", PT_IOMMU_LOG, false},
};

static const struct row *find(const struct row *rows, size_t count, int code)
{
	for (size_t i = 0; i < count; i++)
		if (rows[i].code == code)
			return &rows[i];
	return NULL;
}

static int say(const struct pt_space *space, const struct row *row, int code, struct pt_error *err)
{
	if (!row)
		row = find(space_rows, PT_ARRAY_SIZE(space_rows), code);
	if (!row) {
		pt_error_set(err, code, "%s", strerror(-code));
		return pt_error_remedy(err, code, PT_IOMMU_LOG);
	}
	pt_error_set(err, code, "%s", row->cause);
	return pt_error_remedy(err, code, "%s%s", row->remedy,
			       row->node ? space->backend->node : "");
}

int pt_refused_map(struct pt_space *space, const struct pt_mapping *wanted, int code,
		   struct pt_error *err)
{
	const struct row *row = find(map_rows, PT_ARRAY_SIZE(map_rows), code);

	if (!row || !row->look || row->look(space, wanted, code, err) == 0)
		(void)say(space, row, code, err);
	return pt_error_prefix(err, code,
			       "IOVA 0x%" PRIx64 "-0x%" PRIx64 ": mapping it for devices",
			       wanted->iova, wanted->iova + wanted->size - 1);
}

int pt_refused_unmap(const struct pt_space *space, uint64_t iova, uint64_t size, int code,
		     struct pt_error *err)
{
	(void)say(space, find(unmap_rows, PT_ARRAY_SIZE(unmap_rows), code), code, err);
	return pt_error_prefix(err, code, "IOVA 0x%" PRIx64 "-0x%" PRIx64 ": unmapping it", iova,
			       iova + size - 1);
}

int pt_refused_space(const struct pt_space *space, const char *what, int code, struct pt_error *err)
{
	(void)say(space, NULL, code, err);
	return pt_error_prefix(err, code, "%s: %s", space->backend->node, what);
}
