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
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#define PT_PUBLIC	 __attribute__((visibility("default")))
#define PT_PAGE_SIZE	 4096ull
#define PT_ARRAY_SIZE(a) (sizeof(a) / sizeof((a)[0]))

#define PT_IOMMU_NODE	  "/dev/iommu"
#define PT_VFIO_NODES	  "/dev/vfio/devices/"
#define PT_CONTAINER_NODE "/dev/vfio/vfio"
#define PT_GROUP_NODES	  "/dev/vfio/"

#define PT_CONTAINER_REMEDY                                                                           \
	"load it with `modprobe vfio_iommu_type1`; where there is no such module, run a kernel with " \
	"CONFIG_VFIO_GROUP and CONFIG_VFIO_CONTAINER"

/*
 * pci_try_reset_function() in the kernel gives up when the device's lock is taken, for example by a
 * sibling that is being reset; it passes quickly. The kernel's own selftests retry 20 times 10 ms.
 */
#define PT_RETRIES  20
#define PT_RETRY_MS 10

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

/* struct pt_bus_function - a function that a reset of a bus hits; @id is the iommufd's name for it, or
 * its group's number, as the device was opened */
struct pt_bus_function {
	uint32_t id;
	char name[PT_NAME_SIZE];
};

/*
 * struct pt_backend: how the kernel is reached. Mechanism only; state, policy and messages that
 * need more than the call itself are above it. Each operation is listed with its inverse.
 */
struct pt_backend {
	const char *name;
	const char *node; /* that a space is an open file of */

	/* @fd: -1 to open the backend's node, else a descriptor that stays the caller's. Inverse:
	 * @space_close. */
	int (*space_open)(struct pt_space *space, int fd, struct pt_error *err);
	void (*space_close)(struct pt_space *space);

	/* Inverse: @unmap, with the same range. */
	int (*map)(struct pt_space *space, uint64_t iova, uint64_t size,
		   const struct pt_memory *memory, unsigned access, bool *ret_by_file);
	int (*unmap)(struct pt_space *space, uint64_t iova, uint64_t size);

	/* Why there is no room for another mapping (ENOSPC): @code and the text, 0 when it does not know; may be NULL. */
	int (*map_full)(struct pt_space *space, int code, struct pt_error *err);

	/* Lets the space's devices reach @area of a BAR of @device's, which decodes it. @hva: where
	 * the area is mapped in this process. Inverse: @unmap, before it stops decoding.
	 * -EOPNOTSUPP: the kernel has no such thing. */
	int (*map_bar)(struct pt_device *device, unsigned region, const struct pt_area *area,
		       void *hva, uint64_t iova);

	int (*ranges)(struct pt_space *space, struct pt_iova_range *ranges, size_t max,
		      size_t *ret_count);

	/* Keeps, or no longer keeps, dirty bits of all that devices write; on failure nothing has
	 * changed, and ending it cannot fail. NULL: the kernel has no such thing. */
	int (*track_dirty)(struct pt_space *space, bool on);
	/* Sets a bit for each page of a range, all of it mapped, that was written, and clears it
	 * where it came from. */
	int (*read_dirty)(struct pt_space *space, uint64_t iova, uint64_t size, uint64_t page_size,
			  uint64_t *bitmap);

	/* Which device @fd stands for. @wanted: canonical name, or NULL for whichever. @ret_name has
	 * room for PT_NAME_SIZE. */
	int (*identify)(const struct pt_space *space, int fd, const char *wanted, char *ret_name,
			struct pt_error *err);

	/* Devices that cannot use all of @ranges are refused from now on; replaces those of the
	 * call before. NULL: the kernel has no such thing, and @attach calls pt_space_admit(). */
	int (*allow)(struct pt_space *space, const struct pt_iova_range *ranges, size_t count);

	/* Opens what stands for the device and tells KVM. @fd: -1 to open the node, else a
	 * descriptor that becomes the device's on success. Inverse: @close. */
	int (*open)(struct pt_device *device, int fd, struct pt_error *err);
	void (*close)(struct pt_device *device);

	/* Undone by @close, and maybe by @detach, which then clears @bound. */
	int (*bind)(struct pt_device *device, struct pt_error *err);

	/* Inverse: @detach. */
	int (*attach)(struct pt_device *device, struct pt_error *err);
	void (*detach)(struct pt_device *device);

	/* Whether the space may reset a function: it is one of its devices, or nobody can use it
	 * but the space. */
	bool (*owns)(const struct pt_space *space, const struct pt_bus_function *function);
	/* Resets the device's bus. @functions are all that are on it, all of them owned. */
	int (*bus_reset)(struct pt_device *device, const struct pt_bus_function *functions,
			 unsigned count);
};

extern const struct pt_backend pt_cdev_backend;
extern const struct pt_backend pt_group_backend;

struct pt_mapping {
	uint64_t iova;
	uint64_t size;
	void *hva;
	unsigned access;
	bool bar; /* of a device's, not memory */
};

struct pt_group;

struct pt_space {
	const struct pt_sys *sys;
	const struct pt_backend *backend;
	struct pt_space_setup setup;
	int fd;
	bool owns_fd;
	uint32_t ioas_id;
	struct pt_hwpt *hwpts; /* of the cdev backend: cdev_hwpt.c */
	bool counts_process;   /* RLIMIT_MEMLOCK is held against this process, not the user */
	/* Of the mappings and their counts; innermost, nothing is called back under it. */
	pthread_mutex_t map_lock;
	bool tracks_dirty;	     /* of all that is attached: dirty.c */
	bool without_peers;	     /* the kernel cannot map BARs, and a person was told */
	bool no_map_file;	     /* the kernel said once that it has no IOAS_MAP_FILE */
	struct pt_group *groups;     /* that are open */
	bool container_live;	     /* the container holds what is in @mappings */
	struct pt_mapping *mappings; /* unsorted; no two overlap */
	size_t mapping_count;
	size_t mapping_max;
	/*
	 * Devices are called from any thread, and a reset of a bus looks at all of the space's. The
	 * lock is of the list, and of who opens, closes, starts, and resets a bus: while it is held,
	 * no function of the space begins to run.
	 */
	pthread_mutex_t lock;
	struct pt_device *devices;     /* linked by @next; in no order */
	struct pt_iova_range *allowed; /* of pt_space_allow() */
	size_t allowed_count;
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
	_Atomic(enum pt_device_state) state;
	int fd;
	bool bound;
	bool attached;
	bool resettable;
	enum pt_noiommu noiommu; /* how it was bound */
	uint32_t devid;		 /* the iommufd's name for it */
	struct pt_hwpt *hwpt;	 /* that it is attached to; NULL where the kernel chose */
	bool untracked;		 /* attached, where the kernel chose: no dirty bits */
	struct pt_space *space;
	struct pt_group *group;
	struct pt_device *next; /* of the space */
	atomic_bool reset_owed; /* it may have been used since it was last reset */
	_Atomic(enum pt_reset_kind) last_reset;
	bool has_vf_token;
	uint8_t vf_token[16];
	struct pt_host_device host;
	struct pt_device_region regions[PT_REGION_COUNT];
	struct pt_irq irqs[PT_IRQ_COUNT];
	bool irq_enabled[PT_IRQ_COUNT];
	int event_fd[PT_EVENT_COUNT]; /* -1 for one that nobody waits for */
};

/* One guard for every public entry: 0 when the device is in one of @states (a mask of 1 << state),
 * else -EBADFD. */
int pt_device_require(const struct pt_device *device, unsigned states, const char *what,
		      struct pt_error *err);

/* Moves along the transition table; a move that it does not have is a programmer's error and
 * ignored. */
void pt_device_move(struct pt_device *device, enum pt_device_state next);

/* Disarms the events and closes their eventfds. */
void pt_events_done(struct pt_device *device);

/* Lets the platform put the device in a state of its choice, or no longer. -ENOTTY: no such feature. */
int pt_device_low_power(struct pt_device *device, bool enter);

/* ATTACHED to RUNNING, unless its bus is being reset: then after that. -EBADFD: it is not ATTACHED. */
int pt_device_run(struct pt_device *device, struct pt_error *err);

/* Takes note of a kernel's answer that means that the device is gone. Return: @code. */
int pt_device_noted(struct pt_device *device, int code);

/* Reads a token, 16 bytes. */
int pt_vf_token_parse(const struct pt_device *device, const char *token, uint8_t *ret_uuid,
		      struct pt_error *err);

/* -EINVAL: not whole pages; -EOVERFLOW. */
int pt_range_check(uint64_t iova, uint64_t size, struct pt_error *err);

/* -EOPNOTSUPP when dirty pages are tracked, which cannot be done with @device; else 0. */
int pt_dirty_admit(struct pt_device *device, struct pt_error *err);

/* The device of a space that has this canonical name, NULL for none. Under the space's lock. */
struct pt_device *pt_space_device(const struct pt_space *space, const char *name);

/* pt_device_reset(), which also says whether only functions of the same space that still run are in
 * the way: the last of them to stop does it for all. */
int pt_reset_ladder(struct pt_device *device, bool *ret_waits, struct pt_error *err);

/* @device does not run any more: reset the bus of those that waited for it. */
void pt_reset_waiting(struct pt_device *device);

/* -EIO when the device does not answer or is not in D0; @ret_evidence, "reads all ones", is constant. */
int pt_health_check(struct pt_device *device, const char **ret_evidence);

/*
 * One device's BAR in the space, for the others. @area of region @region, whose mapping in this
 * process is at @hva; the device decodes it from before the call to after the inverse,
 * pt_space_unmap_bar(). -EOPNOTSUPP: the kernel has no such thing.
 */
int pt_space_map_bar(struct pt_device *device, unsigned region, const struct pt_area *area,
		     void *hva, uint64_t iova, struct pt_error *err);
int pt_space_unmap_bar(struct pt_space *space, uint64_t iova, uint64_t size, struct pt_error *err);

/* Whether this is the first time that it is asked for the space. */
bool pt_space_first_without_peers(struct pt_space *space);

/* For a backend without @allow: whether the devices that are attached now leave all that
 * pt_space_allow() named. If not it is @host's fault, which came last. */
int pt_space_admit(struct pt_space *space, const struct pt_host_device *host, struct pt_error *err);

/* Says which addresses of the guest's the device's IOMMU does not give. Return: @code. */
int pt_space_conflict(struct pt_space *space, const struct pt_host_device *host, int code,
		      struct pt_error *err);

/* Why the kernel said ENOMEM when @bytes were to be pinned. Return: -ENOMEM. */
int pt_memlock_explain(struct pt_space *space, uint64_t bytes, struct pt_error *err);

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

/* Whether this process has the node open, which pt_host_holder() does not say. */
bool pt_self_holds(const struct pt_sys *sys, const char *node_path);

/* The descriptor of an IOMMU group that the space has open, -1 for none; stays the space's. For what asks for proof that
 * all affected groups are the caller's: VFIO_DEVICE_PCI_HOT_RESET. */
int pt_group_fd(const struct pt_space *space, int number);
/* Name of the driver that a function is bound to, empty for none. */
int pt_host_driver(const struct pt_sys *sys, const char *bdf, char ret_driver[PT_DRIVER_SIZE]);

/* Reads a small file whole into @buf, terminated, trailing newline cut. Return: its length or
 * -errno. */
int pt_read_file(const struct pt_sys *sys, const char *path, char *buf, size_t size);

#endif
