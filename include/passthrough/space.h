/* SPDX-License-Identifier: MIT */
/*
 * struct pt_space: one IO address space.
 *
 * A guest has one, whatever the number of its devices: all of them are attached to it, and the
 * guest's RAM is mapped into it once, at IOVA == guest physical address. With iommufd it is one
 * IOAS of one /dev/iommu descriptor.
 *
 * The space keeps the authoritative list of what is mapped. Addresses are IOVAs in bytes; `last` is
 * inclusive.
 *
 * What is mapped is guarded by a lock of the space's own, since functions map and unmap their BARs
 * in it on whatever thread the guest's access runs: every call here but open and close may come
 * from any thread at any time. The lock is innermost: nothing is called back under it.
 */
#ifndef PASSTHROUGH_SPACE_H
#define PASSTHROUGH_SPACE_H

#include <passthrough/error.h>
#include <passthrough/sys.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pt_space;

/** enum pt_backend_kind - how the kernel is reached; one for all devices of a space */
enum pt_backend_kind {
	PT_BACKEND_CDEV,  /* device cdevs and one iommufd (Linux 6.6) */
	PT_BACKEND_GROUP, /* IOMMU groups and one container with the type1v2 IOMMU */
};

/**
 * struct pt_kvm_ops - how KVM is told of the files that stand for devices
 * @file_add: KVM_DEV_VFIO_FILE_ADD with @fd; called once for a file, before anything is bound: the
 *	kernel takes its reference to the VM when it opens the device. Inverse: @file_del.
 * @file_del: KVM_DEV_VFIO_FILE_DEL with @fd, called before the file is closed: KVM holds a
 *	reference, so that a close alone would not release the device. Cannot fail.
 *
 * @fd stays the library's; it is a device's cdev, or a group on the group backend. Source:
 * Documentation/virt/kvm/devices/vfio.rst.
 */
struct pt_kvm_ops {
	int (*file_add)(void *ctx, int fd, struct pt_error *err);
	void (*file_del)(void *ctx, int fd);
};

/**
 * struct pt_space_setup - what a space is to be
 * @backend: how the kernel is reached; pt_host_backend() says what a function can be reached by
 * @unsafe_noiommu: no IOMMU stands between devices and memory. A device that could do DMA would do
 *	it to the host's memory, so its functions are shown to a guest without bus mastering and without
 *	message-signalled interrupts, and nothing is mapped for them. Needs CAP_SYS_RAWIO and the module
 *	parameter vfio.enable_unsafe_noiommu_mode=1.
 * @kvm: NULL where there is no KVM; kept by reference, @kvm_ctx is its first argument
 */
struct pt_space_setup {
	enum pt_backend_kind backend;
	int unsafe_noiommu;
	const struct pt_kvm_ops *kvm;
	void *kvm_ctx;
};

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
 * @bars: parts of devices' BARs that are mapped for other devices now; not in the counts above
 */
struct pt_space_stats {
	uint64_t maps;
	uint64_t unmaps;
	uint64_t bytes;
	uint64_t by_file;
	uint64_t bars;
};

/**
 * pt_space_open() - open /dev/iommu (or /dev/vfio/vfio) and make an IO address space in it
 * @sys: kept by reference; must outlive the space
 * @setup: copied; NULL for the cdev backend without KVM
 * @ret_space: the space; the caller owns it. Inverse: pt_space_close().
 *
 * Errors: -ENOENT no such node (kernel without iommufd, or without VFIO containers); -EACCES no
 * permission on it; -ENOMEM; whatever IOMMU_IOAS_ALLOC said. Source:
 * Documentation/userspace-api/iommufd.rst, Documentation/driver-api/vfio.rst.
 */
int pt_space_open(const struct pt_sys *sys, const struct pt_space_setup *setup,
		  struct pt_space **ret_space, struct pt_error *err);

/**
 * pt_space_open_fd() - the same on a descriptor that somebody else opened
 * @fd: of /dev/iommu, or of /dev/vfio/vfio with the group backend; stays the caller's, and must stay
 *	open as long as the space lives
 *
 * Errors: as pt_space_open(); -EBADF or -ENOTTY when @fd is not such a descriptor.
 */
int pt_space_open_fd(const struct pt_sys *sys, const struct pt_space_setup *setup, int fd,
		     struct pt_space **ret_space, struct pt_error *err);

/**
 * pt_space_close() - unmap all, destroy the IOAS or the container, close what pt_space_open() opened
 * @space: NULL is accepted
 *
 * Every device must be closed before. Cannot fail: what the kernel refuses, it frees with the
 * descriptor.
 */
void pt_space_close(struct pt_space *space);

/**
 * pt_space_allow() - name the addresses that every device of the space must be able to use
 * @ranges: @count of them, whole pages, no two overlapping; they replace those of an earlier call
 *
 * A device whose IOMMU reserves one of them, or does not translate it, is refused by
 * pt_device_attach() from then on, with an error that names the device, its range and the guest's.
 * Without, the first map that fails would tell, and of a device that is added later, nothing before
 * its driver fails. Other addresses can be mapped as well. Call it with the guest's RAM before the
 * first attach. Source: IOMMU_IOAS_ALLOW_IOVAS.
 *
 * Errors: -EINVAL a range that is empty, not whole pages, or overlaps another; -EADDRINUSE a device
 * that is attached already cannot; -ENOMEM.
 */
int pt_space_allow(struct pt_space *space, const struct pt_iova_range *ranges, size_t count,
		   struct pt_error *err);

/**
 * pt_space_check_limit() - whether so much more memory may be pinned
 * @bytes: that are to be mapped
 *
 * Holds it against RLIMIT_MEMLOCK as the kernel counts: for this process where
 * IOMMU_OPTION_RLIMIT_MODE could be set (which pt_space_open() tries) and on the group backend, else
 * for all processes of the user, as far as /proc shows them. With CAP_IPC_LOCK there is no limit. The
 * kernel counts pages after it has pinned them, so finding out by mapping takes as long as mapping:
 * call it before the first pt_space_map(), with all of the guest's RAM. What /proc does not show is
 * not counted, so a success is no promise.
 *
 * Errors: -ENOMEM too much; the message names the limit, whom it is counted for, what is used
 * already and by which process most, and the remedy what to type.
 */
int pt_space_check_limit(struct pt_space *space, uint64_t bytes, struct pt_error *err);

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
 * Errors: -EOPNOTSUPP no IOMMU is there to map it in (@unsafe_noiommu); -EINVAL misaligned, empty, or outside what the attached devices' IOMMU can address (the
 * message names the range); -EOVERFLOW; -EEXIST overlaps a mapping; -ENOMEM not enough memory, or
 * RLIMIT_MEMLOCK; -EFAULT memory that cannot be pinned, such as another device's BAR with iommufd;
 * -ENOSPC a container takes no more mappings (dma_entry_limit).
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
 * Each attach may narrow it, each detach may widen it. Source: IOMMU_IOAS_IOVA_RANGES,
 * VFIO_IOMMU_GET_INFO.
 */
int pt_space_ranges(struct pt_space *space, struct pt_iova_range *ranges, size_t max,
		    size_t *ret_count, struct pt_error *err);

/**
 * pt_space_check() - whether a range could be mapped, as far as the IOMMU's address ranges go
 *
 * Errors: -EADDRNOTAVAIL it could not; the message names the ranges that could.
 */
int pt_space_check(struct pt_space *space, uint64_t iova, uint64_t size, struct pt_error *err);

/**
 * pt_space_dirty_start() - keep track of the memory that devices write
 *
 * From here to pt_space_dirty_stop() the IOMMU keeps a dirty bit for each page that a device of the
 * space writes; bits of before are forgotten. What the CPUs write is not the IOMMU's: KVM's dirty log
 * has that. All devices can do it or none is asked to: while it is on, pt_device_attach() refuses a
 * device whose writes would be missed.
 *
 * A bit stands for a page as the IOMMU has it: one write in a huge page makes all of it dirty.
 *
 * Errors: -EOPNOTSUPP a device's writes cannot be tracked: its IOMMU keeps no dirty bits, or it is a
 * mediated device and behind none (the message names it); or no device's can: the group backend, or no
 * IOMMU; -EALREADY it is on; whatever IOMMU_HWPT_SET_DIRTY_TRACKING said, and then it is off.
 * Inverse: pt_space_dirty_stop(). Source: IOMMU_HWPT_SET_DIRTY_TRACKING, Linux 6.7.
 */
int pt_space_dirty_start(struct pt_space *space, struct pt_error *err);

/**
 * pt_space_dirty_stop() - keep no more track of it
 *
 * What was not read is forgotten. Cannot fail; harmless when it is off.
 */
void pt_space_dirty_stop(struct pt_space *space);

/**
 * pt_space_dirty_read() - which pages of a range devices have written since it was last asked
 * @iova: first IO virtual address, a multiple of @page_size; all of the range must be mapped by
 *	pt_space_map(), by one call or by several
 * @size: bytes, a multiple of @page_size, not 0
 * @page_size: bytes that a bit of @bitmap stands for; a power of two, 4096 at least
 * @bitmap: bit N of word N / 64 stands for the page at @iova + N * @page_size. Bits of pages that were
 *	written are set and no bit is cleared, so that it may have KVM's dirty log in it already.
 *
 * A page that is written while it runs is in this answer or in the next. It takes time in proportion
 * to the range, and neither maps nor unmaps meanwhile; a big guest is better asked in pieces. Read a
 * range before unmapping it, since its bits go with it; those of a device that left stay to be read.
 *
 * Errors: -EINVAL misaligned; -EOVERFLOW; -ENOENT part of the range is not mapped, the message says
 * which; -EBADFD tracking is off; whatever IOMMU_HWPT_GET_DIRTY_BITMAP said, and then some bits may be
 * lost: take all of the range for dirty. Source: IOMMU_HWPT_GET_DIRTY_BITMAP, Linux 6.7.
 */
int pt_space_dirty_read(struct pt_space *space, uint64_t iova, uint64_t size, uint64_t page_size,
			uint64_t *bitmap, struct pt_error *err);

/** pt_space_stats() - counts since the space was opened */
struct pt_space_stats pt_space_stats(struct pt_space *space);

/** pt_space_backend() - what it was opened with */
enum pt_backend_kind pt_space_backend(const struct pt_space *space);

/** pt_space_fd() - the descriptor of /dev/iommu or of the container; stays the space's */
int pt_space_fd(const struct pt_space *space);

#ifdef __cplusplus
}
#endif

#endif
