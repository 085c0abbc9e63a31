/* SPDX-License-Identifier: MIT */
/*
 * struct pt_space: one IO address space.
 *
 * A guest has one, whatever the number of its devices: all of them are attached to it, and the
 * guest's RAM is mapped into it once, at IOVA == guest physical address. With iommufd it is one
 * IOAS of one /dev/iommu descriptor.
 *
 * The space keeps the authoritative list of what is mapped. Addresses are IOVAs in bytes; `last` is
 * inclusive. A space is not locked: the embedder calls it from one thread at a time.
 */
#ifndef PASSTHROUGH_SPACE_H
#define PASSTHROUGH_SPACE_H

#include <passthrough/error.h>
#include <passthrough/sys.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pt_space;

/** struct pt_iova_range - an inclusive range of IO virtual addresses */
struct pt_iova_range {
	uint64_t first;
	uint64_t last;
};

/**
 * struct pt_memory - memory to map for devices
 * @hva: where it is mapped in this process; must stay mapped as long as the mapping lives
 * @fd: the memfd or hugetlbfs file behind it, -1 for none. With one, kernels that have
 *	IOMMU_IOAS_MAP_FILE (6.13) map the file's folios instead of walking page tables. The descriptor is
 *	used during the call only.
 * @offset: where in @fd the memory begins, in bytes
 */
struct pt_memory {
	void *hva;
	int fd;
	uint64_t offset;
};

#define PT_MAP_READ  1u /* the device may read the memory */
#define PT_MAP_WRITE 2u /* the device may write the memory */

/**
 * struct pt_space_stats - what was asked of the kernel
 * @maps: successful map calls
 * @unmaps: successful unmap calls
 * @bytes: bytes mapped now
 * @by_file: how many of @maps went by IOMMU_IOAS_MAP_FILE
 */
struct pt_space_stats {
	uint64_t maps;
	uint64_t unmaps;
	uint64_t bytes;
	uint64_t by_file;
};

/**
 * pt_space_open() - open /dev/iommu and make an IO address space in it
 * @sys: kept by reference; must outlive the space
 * @ret_space: the space; the caller owns it. Inverse: pt_space_close().
 *
 * Errors: -ENOENT no /dev/iommu (kernel without iommufd); -EACCES no permission on it; -ENOMEM;
 * whatever IOMMU_IOAS_ALLOC said. Source: Documentation/userspace-api/iommufd.rst.
 */
int pt_space_open(const struct pt_sys *sys, struct pt_space **ret_space, struct pt_error *err);

/**
 * pt_space_open_fd() - the same on a /dev/iommu descriptor that somebody else opened
 * @iommufd: stays the caller's, and must stay open as long as the space lives
 *
 * Errors: as pt_space_open(); -EBADF or -ENOTTY when @iommufd is not a /dev/iommu descriptor.
 */
int pt_space_open_fd(const struct pt_sys *sys, int iommufd, struct pt_space **ret_space,
		     struct pt_error *err);

/**
 * pt_space_close() - unmap all, destroy the IOAS, close what pt_space_open() opened
 * @space: NULL is accepted
 *
 * Every device must be detached before. Cannot fail: what the kernel refuses, it frees with the
 * descriptor.
 */
void pt_space_close(struct pt_space *space);

/**
 * pt_space_map() - let the attached devices reach memory
 * @iova: first IO virtual address, a multiple of the page size
 * @size: bytes, a multiple of the page size, not 0
 * @memory: what to map
 * @access: PT_MAP_READ, PT_MAP_WRITE or both
 *
 * Pages are pinned at once when a device is attached, else at the first attach, which then fails in
 * its place. Attach the first device before mapping, so that a failure names the range. Inverse:
 * pt_space_unmap().
 *
 * Errors: -EINVAL misaligned, empty, or outside what the attached devices' IOMMU can address (the
 * message names the range); -EOVERFLOW; -EEXIST overlaps a mapping; -ENOMEM not enough memory, or
 * RLIMIT_MEMLOCK; -EFAULT memory that cannot be pinned, such as another device's BAR.
 */
int pt_space_map(struct pt_space *space, uint64_t iova, uint64_t size,
		 const struct pt_memory *memory, unsigned access, struct pt_error *err);

/**
 * pt_space_unmap() - take memory away from the devices
 *
 * @iova and @size must be those of one earlier pt_space_map(). On failure devices may still reach
 * the memory: keep it.
 *
 * Errors: -ENOENT no such mapping; -EBUSY and others from the kernel.
 */
int pt_space_unmap(struct pt_space *space, uint64_t iova, uint64_t size, struct pt_error *err);

/**
 * pt_space_ranges() - the IOVA ranges that every attached device can use
 * @ranges: the caller's array of @max elements, filled in ascending order
 * @ret_count: how many there are; may be more than @max, and then only @max are filled in
 *
 * Each attach may narrow it, each detach may widen it. Source: IOMMU_IOAS_IOVA_RANGES.
 */
int pt_space_ranges(struct pt_space *space, struct pt_iova_range *ranges, size_t max,
		    size_t *ret_count, struct pt_error *err);

/**
 * pt_space_check() - whether a range could be mapped, as far as the IOMMU's address ranges go
 *
 * Errors: -EADDRNOTAVAIL it could not; the message names the ranges that could.
 */
int pt_space_check(struct pt_space *space, uint64_t iova, uint64_t size, struct pt_error *err);

/** pt_space_stats() - counts since the space was opened */
struct pt_space_stats pt_space_stats(const struct pt_space *space);

/** pt_space_fd() - the /dev/iommu descriptor; stays the space's */
int pt_space_fd(const struct pt_space *space);

#ifdef __cplusplus
}
#endif

#endif
