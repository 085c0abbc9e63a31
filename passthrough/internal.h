/* SPDX-License-Identifier: MIT */
/* What the library's own files share: objects' insides, the backend interface, small helpers. */
#ifndef PASSTHROUGH_INTERNAL_H
#define PASSTHROUGH_INTERNAL_H

#include <errno.h>
#include <limits.h>
#include <passthrough/device.h>
#include <passthrough/error.h>
#include <passthrough/host.h>
#include <passthrough/space.h>
#include <passthrough/sys.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define PT_PUBLIC	 __attribute__((visibility("default")))
#define PT_PAGE_SIZE	 4096ull
#define PT_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define PT_IOMMU_NODE "/dev/iommu"
#define PT_VFIO_NODES "/dev/vfio/devices/"

static inline bool pt_add_overflow(uint64_t a, uint64_t b, uint64_t *ret_sum)
{
	return __builtin_add_overflow(a, b, ret_sum);
}

static inline bool pt_aligned(uint64_t value, uint64_t alignment)
{
	return (value & (alignment - 1)) == 0;
}

/* Whether [a, a + a_size) and [b, b + b_size) meet; neither may wrap. */
static inline bool pt_overlaps(uint64_t a, uint64_t a_size, uint64_t b, uint64_t b_size)
{
	return a < b + b_size && b < a + a_size;
}

static inline void *pt_alloc(const struct pt_sys *sys, size_t size)
{
	return sys->alloc(sys->ctx, size);
}

static inline void pt_free(const struct pt_sys *sys, void *ptr)
{
	sys->free(sys->ctx, ptr);
}

static inline int pt_ioctl(const struct pt_sys *sys, int fd, unsigned long request, void *arg)
{
	return sys->ioctl(sys->ctx, fd, request, arg);
}

/* Closes and forgets; accepts -1. */
static inline void pt_close_fd(const struct pt_sys *sys, int *fd)
{
	if (*fd >= 0)
		(void)sys->close(sys->ctx, *fd);
	*fd = -1;
}

/* -ENOMEM; @what was being worked on. */
int pt_no_memory(struct pt_error *err, const char *what);

/*
 * struct pt_backend: how the kernel is reached. Mechanism only; state, policy and messages that
 * need more than the call itself are above it. Each operation is listed with its inverse.
 */
struct pt_backend {
	const char *name;

	/* @fd: -1 to open the backend's node, else a descriptor that stays the caller's. Inverse:
	 * @space_close. */
	int (*space_open)(struct pt_space *space, int fd, struct pt_error *err);
	void (*space_close)(struct pt_space *space);

	/* Inverse: @unmap, with the same range. */
	int (*map)(struct pt_space *space, uint64_t iova, uint64_t size,
		   const struct pt_memory *memory, unsigned access, bool *ret_by_file);
	int (*unmap)(struct pt_space *space, uint64_t iova, uint64_t size);

	int (*ranges)(struct pt_space *space, struct pt_iova_range *ranges, size_t max,
		      size_t *ret_count);

	/* Opens what stands for the device and tells KVM. @fd: -1 to open the node, else a
	 * descriptor that becomes the device's on success. Inverse: @close. */
	int (*open)(struct pt_device *device, int fd, struct pt_error *err);
	void (*close)(struct pt_device *device);

	/* Undone by @close. */
	int (*bind)(struct pt_device *device, struct pt_error *err);

	/* Inverse: @detach. */
	int (*attach)(struct pt_device *device, struct pt_error *err);
	void (*detach)(struct pt_device *device);
};

extern const struct pt_backend pt_cdev_backend;

struct pt_mapping {
	uint64_t iova;
	uint64_t size;
};

struct pt_space {
	const struct pt_sys *sys;
	const struct pt_backend *backend;
	struct pt_space_setup setup;
	int fd;
	bool owns_fd;
	uint32_t ioas_id;
	bool no_map_file;	     /* the kernel said once that it has no IOAS_MAP_FILE */
	struct pt_mapping *mappings; /* unsorted; no two overlap */
	size_t mapping_count;
	size_t mapping_max;
	struct pt_space_stats stats;
};

struct pt_device_region {
	struct pt_region info;
	uint64_t file_offset; /* of the region in the device's descriptor */
	void *reserved;	      /* address space that holds the mapping and its alignment slack */
	size_t reserved_size;
	void *base;
};

struct pt_device {
	const struct pt_sys *sys;
	enum pt_device_state state;
	int fd;
	bool bound;
	bool attached;
	bool resettable;
	enum pt_noiommu noiommu; /* how it was bound */
	uint32_t devid;		 /* the iommufd's name for it */
	struct pt_space *space;
	bool has_vf_token;
	uint8_t vf_token[16];
	struct pt_host_device host;
	struct pt_device_region regions[PT_REGION_COUNT];
	struct pt_irq irqs[PT_IRQ_COUNT];
	bool irq_enabled[PT_IRQ_COUNT];
};

/* One guard for every public entry: 0 when the device is in one of @states (a mask of 1 << state),
 * else -EBADFD. */
int pt_device_require(const struct pt_device *device, unsigned states, const char *what,
		      struct pt_error *err);

/* Moves along the transition table; a move that it does not have is a programmer's error and
 * ignored. */
void pt_device_move(struct pt_device *device, enum pt_device_state next);

/* Takes note of a kernel's answer that means that the device is gone. Return: @code. */
int pt_device_noted(struct pt_device *device, int code);

/* Reads a token, 16 bytes. */
int pt_vf_token_parse(const struct pt_device *device, const char *token, uint8_t *ret_uuid,
		      struct pt_error *err);

/* struct pt_kvm_ops, where there is one. */
int pt_kvm_file_add(const struct pt_space *space, int fd, const char *name, struct pt_error *err);
void pt_kvm_file_del(const struct pt_space *space, int fd);

/* Whether @fd is the node that sysfs has the number of in the file @number_path. @node: its path, and
 * @name: what it stands for, for the message. -EINVAL: it is another device. */
int pt_node_check(const struct pt_sys *sys, int fd, const char *node, const char *number_path,
		  const char *name, struct pt_error *err);

/* Whether a sibling in the IOMMU group keeps the function from being assigned. Return: @code and the text, 0 when
 * none does. */
int pt_blocked_by_sibling(const struct pt_host_device *device, int code, struct pt_error *err);

/* pt_host_holder(), and this process counts too where it has the node open by another descriptor than @own_fd. */
int pt_node_holder(const struct pt_sys *sys, const char *node_path, int own_fd, char *ret_text,
		   size_t size);

/* Reads a small file whole into @buf, terminated, trailing newline cut. Return: its length or
 * -errno. */
int pt_read_file(const struct pt_sys *sys, const char *path, char *buf, size_t size);

#endif
