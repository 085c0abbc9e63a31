/* SPDX-License-Identifier: MIT */
/* What the model's own files share. See model.h for the whole. */
#ifndef MODEL_PRIVATE_H
#define MODEL_PRIVATE_H

#include "model.h"

#include <stdarg.h>

#define MODEL_FIRST_FD	  100
#define MODEL_MAJOR_MISC  10
#define MODEL_MINOR_KVM	  232
#define MODEL_MINOR_IOMMU 124
#define MODEL_MINOR_VFIO  196 /* /dev/vfio/vfio */
#define MODEL_MAJOR_GROUP 242
#define MODEL_MAJOR_VFIO  511
#define MODEL_OFFSET_SHIFT \
	40 /* a region's offset in the device's descriptor is its index shifted so far */

#define container_of(ptr, type, member) ((type *)(void *)((char *)(ptr)-offsetof(type, member)))

struct model_file;

/**
 * struct model_file_ops - what a kind of file can do; NULL is what the kernel says to a file that cannot
 * @release: the last reference is gone; frees the object around the file
 */
struct model_file_ops {
	const char *name;
	int (*ioctl)(struct model_file *file, unsigned long request, void *arg);
	int64_t (*pread)(struct model_file *file, void *buf, size_t size, uint64_t offset);
	int64_t (*pwrite)(struct model_file *file, const void *buf, size_t size, uint64_t offset);
	int64_t (*read)(struct model_file *file, void *buf, size_t size);
	int64_t (*write)(struct model_file *file, const void *buf, size_t size);
	int (*mmap)(struct model_file *file, uint64_t offset, size_t size, int flags,
		    int *ret_real_fd, uint64_t *ret_real_offset);
	void (*release)(struct model_file *file);
};

/** struct model_file - an open file; first member of the object behind it */
struct model_file {
	struct model *model;
	const struct model_file_ops *ops;
	unsigned refs;
	unsigned mappings;
	bool character;
	unsigned major;
	unsigned minor;
	char label[PT_NAME_SIZE]; /* which of its kind, for the log */
	struct model_file *next;
};

/** struct model_mapping - a piece of address space that sys->mmap() gave out */
struct model_mapping {
	uintptr_t start;
	size_t size;
	struct model_file *file; /* NULL: anonymous */
};

struct model_node;

/** struct model_block - memory that sys->alloc() gave out */
struct model_block {
	void *ptr;
	size_t size;
};

struct model {
	struct model *
		next; /* of all there are, so that a leak checker finds what a failed test leaves */
	struct pt_sys sys;
	struct model_host host;
	struct model_fault fault;

	char (*log)[MODEL_TEXT];
	unsigned log_count, log_max;
	unsigned current;	 /* the call under way's line */
	char detail[MODEL_TEXT]; /* what the call under way adds to its line */

	struct model_file **fds; /* index: descriptor less MODEL_FIRST_FD */
	unsigned fd_count, fd_max;
	struct model_file *files;
	struct model_block *blocks;
	unsigned block_count, block_max;
	void **owned; /* freed with the model */
	unsigned owned_count, owned_max;

	struct model_mapping *mappings;
	unsigned mapping_count, mapping_max;
	struct model_mapping *seen; /* what the guest can reach now */
	unsigned seen_count, seen_max;

	bool no_remapping;
	struct model_node *root;
	struct model_device **devices;
	unsigned device_count;
	struct model_group *groups;
	uint64_t pinned;	   /* by iommufd */
	uint64_t user_pinned;	   /* counted for the user */
	uint64_t mm_pinned;	   /* counted for the process */
	uint64_t pinned_elsewhere; /* counted for the user, by other processes */
	unsigned slept_ms;
	char violation[MODEL_TEXT];
};

/* model_log.c */
void model_log_add(struct model *model, const char *text);
void model_log_result(struct model *model, int64_t result);

/* model_sys.c */
extern const struct pt_sys model_sys_table;

/* model.c: files and descriptors. A file is made with one reference; model_fd_new() takes it over. */
void model_file_init(struct model *model, struct model_file *file, const struct model_file_ops *ops,
		     const char *label);
struct model_file *model_file_get(struct model_file *file);
void model_file_put(struct model_file *file);
int model_fd_new(struct model *model, struct model_file *file);
struct model_file *model_fd_file(const struct model *model, int fd);
/* What the call under way was asked in detail; for its line in the log. */
void model_detail(struct model *model, const char *fmt, ...) PT_PRINTF(2, 3);
void *model_xalloc(size_t size);
/* Room for one more element in an array that grows. */
void *model_grow(void *array, unsigned count, unsigned *max, size_t element);

/* model_mem.c */
int model_mem_map(struct model *model, struct model_file *file, void *hint, size_t size, int prot,
		  int flags, uint64_t offset, void **ret_addr);
int model_mem_unmap(struct model *model, void *addr, size_t size);
/* Whether [addr, addr + size) has a page of a device's BAR. */
bool model_mem_is_device(const struct model *model, uint64_t addr, uint64_t size);
/* Whether the guest can reach a page of @device's BARs now. */
bool model_guest_has(const struct model *model, const struct model_device *device);

/* model_tree.c */
/* What writing a file does, its value without a newline; 0 or -errno. It puts the file's new text itself. */
typedef int (*model_store)(struct model *model, void *arg, const char *value);
void model_put_store(struct model *model, const char *path, const char *text, model_store store,
		     void *arg);
int model_tree_init(struct model *model);
void model_tree_done(struct model *model);
int model_tree_open(struct model *model, const char *path, int flags, struct model_file **ret_file);
int model_tree_stat(struct model *model, const char *path, struct pt_stat *ret_stat);
int model_tree_readlink(struct model *model, const char *path, char *buf, size_t size);
int model_tree_realpath(struct model *model, const char *path, char *buf, size_t size);
/* What a file of the tree begins with; false when there is no such file. */
bool model_tree_begins(struct model *model, const char *path, char first);
int model_tree_list(struct model *model, const char *path, int (*each)(void *arg, const char *name),
		    void *arg);

/* model_event.c */
extern const struct model_file_ops model_event_ops;
extern const struct model_file_ops model_memfd_ops;
struct model_file *model_event_new(struct model *model);
void model_event_signal(struct model_file *file);
uint64_t model_event_count(const struct model_file *file);
/* Like model_listen(), on a file, and there may be one of each kind: a device's and the test's. */
void model_event_wait(struct model_file *file, void (*ready)(void *arg), void *arg);
uint64_t model_memfd_size(const struct model_file *file);

/* model_iommufd.c */
struct model_iommufd;
extern const struct model_file_ops model_iommufd_ops;
struct model_file *model_iommufd_new(struct model *model);
/* A device that is bound: an object of the iommufd, which lives as long as the binding. */
int model_iommufd_bind(struct model_file *file, struct model_device *device, uint32_t *ret_id);
void model_iommufd_unbind(struct model_file *file, struct model_device *device);
int model_iommufd_attach(struct model_file *file, struct model_device *device, uint32_t *pt_id);
void model_iommufd_detach(struct model_file *file, struct model_device *device);
/* The device's id in this iommufd, 0 when it is not bound to it. */
uint32_t model_iommufd_devid(struct model_file *file, const struct model_device *device);
unsigned model_iommufd_ioas(const struct model_file *file);
bool model_iommufd_write(struct model_file *file, const struct model_device *device, uint64_t iova);
unsigned model_iommufd_hwpts(const struct model_file *file, bool by_hand);
bool model_iommufd_covers(const struct model_file *file, uint64_t iova, uint64_t size);

/* model_memlock.c: pinned pages and the limit, by who pins and counts. Inverse: model_unpin(). */
enum model_pin { MODEL_PIN_USER, MODEL_PIN_PROCESS, MODEL_PIN_CONTAINER };
int model_pin(struct model *model, uint64_t bytes, enum model_pin how);
void model_unpin(struct model *model, uint64_t bytes, enum model_pin how);
/* The status of the process under test. */
void model_show_memory(struct model *model);

/* model_vfio.c */
struct model_vfio_file {
	struct model_file file;
	struct model_device *device;
	struct model_file *iommufd; /* bound to it */
	struct model_file *group;   /* opened by it */
	unsigned *group_users;
	bool granted;
};
extern const struct model_file_ops model_vfio_ops;
int model_vfio_open(struct model *model, unsigned minor, struct model_file **ret_file);
/* @users counts the files that are open by the group. */
int model_vfio_open_by_group(struct model_device *device, struct model_file *group, unsigned *users,
			     struct model_file **ret_file);
unsigned model_irq_count(const struct model_device *device, unsigned index);

/* model_group.c */
extern const struct model_file_ops model_group_ops;
struct model_group *model_group_find(const struct model *model, int number);
/* The group's minor number; the group is made if it is not there. */
unsigned model_group_add(struct model *model, int number);
int model_group_open(struct model *model, unsigned minor, struct model_file **ret_file);
/* Whether somebody has the node of the device's group open. */
bool model_group_is_open(const struct model_device *device);
/* Whether @file is a group that a device is open by. */
bool model_group_serves(const struct model_file *file);

/* model_container.c */
extern const struct model_file_ops model_container_ops;
struct model_file *model_container_new(struct model *model);

/* model_ioas.c: what the IOMMU of a device leaves out; the aperture is element 0. Return: false after the last. */
bool model_reserved(const struct model_device *device, unsigned index,
		    struct pt_iova_range *ret_range);
/* model_reset.c */
struct vfio_pci_hot_reset_info;
struct vfio_pci_hot_reset;
int model_reset_function(struct model_device *device);
int model_hot_reset_info(struct model_vfio_file *vfio, struct vfio_pci_hot_reset_info *info);
int model_hot_reset(struct model_vfio_file *vfio, const struct vfio_pci_hot_reset *reset);

/* model_feature.c */
struct vfio_device_feature;
int model_feature(struct model_device *device, struct vfio_device_feature *feature);

/* What of a device no test needs to see. */
struct model_device_private {
	uint8_t config[MODEL_CONFIG_SIZE];   /* as the hardware has it */
	uint8_t writable[MODEL_CONFIG_SIZE]; /* bits that a write through VFIO changes */
	uint8_t bar_virtual[24]; /* what was written to the BARs; VFIO keeps it to itself */
	int bar_fd[PT_BARS];	 /* real memfds */
	unsigned index;		 /* N of vfioN */
	bool noiommu;
	unsigned pm, express, msi, msix; /* where these capabilities are, 0 for nowhere */
	unsigned open_count;		 /* files by which it is bound or opened by a group */
	struct model_file *triggers[PT_IRQ_COUNT][MODEL_VECTORS];
	struct model_file *unmask;
	bool intx_level;
};

/* model_vfio_irq.c */
int model_irq_ioctl(struct model_device *device, void *arg);
void model_irq_off(struct model_device *device);
void model_irq_close(struct model_device *device);
void model_irq_intx_disable_changed(struct model_device *device);

/* model_vfio_config.c */
void model_config_learn(struct model_device *device);
int64_t model_region_read(struct model_device *device, void *buf, size_t size, uint64_t offset);
int64_t model_region_write(struct model_device *device, const void *buf, size_t size,
			   uint64_t offset);
/* Where a region is in the descriptor. */
uint64_t model_region_offset(const struct model_device *device, unsigned index);
/* Which region is at an offset of the descriptor, and where in it. */
unsigned model_region_at(const struct model_device *device, uint64_t offset, uint64_t *ret_at);
void model_region_reset(struct model_device *device);

/* model_pci.c: the function's directory in sysfs, without links; MODEL_TEXT / 2 bytes. */
void model_pci_place(const struct model_pci *pci, char *ret_path);
/* What sysfs and /dev have of its driver, pci.driver; and none of it any more. */
void model_put_driver(struct model_device *device);
void model_remove_driver(struct model_device *device);
/* whether the function is given away without an IOMMU. */
bool model_without_iommu(const struct model *model, const struct model_pci *pci);

/* model_kvm.c */
struct model_file *model_kvm_new(struct model *model);

#endif
