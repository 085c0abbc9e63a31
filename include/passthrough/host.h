/* SPDX-License-Identifier: MIT */
/*
 * struct pt_host_device: what the host knows of a PCI function, read from sysfs before anything is
 * opened.
 *
 * Nothing here changes the host. Source of the paths: Documentation/ABI/testing/sysfs-bus-pci,
 * sysfs-devices-vfio-dev, sysfs-kernel-iommu_groups.
 */
#ifndef PASSTHROUGH_HOST_H
#define PASSTHROUGH_HOST_H

#include <passthrough/error.h>
#include <passthrough/space.h>
#include <passthrough/sys.h>

#ifdef __cplusplus
extern "C" {
#endif

#define PT_NAME_SIZE   40 /* "0000:02:00.0", or a UUID's 36 characters, with its terminator */
#define PT_DRIVER_SIZE 64
#define PT_NODE_SIZE   64
#define PT_PATH_SIZE   512
#define PT_BARS	       6
#define PT_GROUP_MAX   32 /* functions of one IOMMU group that are looked at */

/** struct pt_host_bar - one BAR as the kernel's `resource` file has it */
struct pt_host_bar {
	uint64_t size; /* bytes, a power of two; 0 when not implemented, or the upper half of a
			  64-bit BAR */
	int io;	       /* port I/O, not memory */
	int is_64bit;  /* takes the next BAR as its upper half */
	int prefetchable;
};

/**
 * enum pt_noiommu - how the kernel gives user space a device that no IOMMU stands before
 *
 * All three need CAP_SYS_RAWIO and the module parameter vfio.enable_unsafe_noiommu_mode, set before
 * the device is bound to vfio-pci, and taint the kernel. Source: Documentation/driver-api/vfio.rst,
 * "VFIO NOIOMMU mode".
 */
enum pt_noiommu {
	PT_NOIOMMU_NONE,     /* not at all, or it has an IOMMU */
	PT_NOIOMMU_IOMMUFD,  /* cdev noiommu-vfioN, bound to an iommufd (Linux 7.3) */
	PT_NOIOMMU_NEGATIVE, /* cdev noiommu-vfioN, bound to descriptor -1: the patches that brought
				BIND had it, no release; only a bind can tell it from the one before */
	PT_NOIOMMU_GROUP,    /* group /dev/vfio/noiommu-N and a container */
};

/** struct pt_host_sibling - a function of the same IOMMU group */
struct pt_host_sibling {
	char name[PT_NAME_SIZE];
	char driver[PT_DRIVER_SIZE]; /* empty: none */
	char node[PT_NODE_SIZE];     /* as in struct pt_host_device */
	int blocks;		     /* its driver makes the group unusable for assignment */
};

/**
 * struct pt_host_device - a PCI function of this host, or a mediated device
 * @name: canonical BDF, "0000:02:00.0"; UUID of a mediated device
 * @mediated: it is a mediated device: a part of another device, made by that one's driver. sysfs
 *	does not say what it is like, so @vendor, @bars and the like stay 0 until
 *	pt_device_describe().
 * @driver: empty when none is bound
 * @node: "vfio3", or "noiommu-vfio3", when a VFIO driver is bound and the kernel has device cdevs, else empty
 * @noiommu: it is bound to VFIO and no IOMMU translates its DMA
 * @physfn: BDF of the physical function, for a virtual function of SR-IOV; else empty
 * @group: IOMMU group number, -1 when the function is in none
 * @rom_size: bytes that its expansion ROM takes of the address space, 0 for none
 * @siblings: the other functions of the group, bridges left out; @sibling_count of them
 */
struct pt_host_device {
	char name[PT_NAME_SIZE];
	int mediated;
	int noiommu;
	char driver[PT_DRIVER_SIZE];
	char node[PT_NODE_SIZE];
	char physfn[PT_NAME_SIZE];
	int group;
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code; /* 24 bits: class, subclass, programming interface */
	unsigned irq_pin;    /* 1 to 4 for INTA# to INTD#, 0 for none */
	struct pt_host_bar bars[PT_BARS];
	uint64_t rom_size;
	struct pt_host_sibling siblings[PT_GROUP_MAX];
	unsigned sibling_count;
};

/* In an int below: the host does not say, or not to this user. */
#define PT_UNKNOWN (-1)

#define PT_MODALIAS_SIZE 128
#define PT_WORD_SIZE	 24 /* one of sysfs's words: "D3cold", "suspended", "dmar0" */
#define PT_RESETS_SIZE	 64

/** struct pt_host_name - a device's canonical name, as pt_host_resolve() gives it */
struct pt_host_name {
	char name[PT_NAME_SIZE];
};

/** struct pt_host_link - of PCI Express; 0 where the function has no link, it is down, or unknown */
struct pt_host_link {
	unsigned speed; /* mega-transfers a second and lane: 2500, 8000, 32000 */
	unsigned width; /* lanes */
};

/** enum pt_iommu_kind - whose IOMMU translates a function's DMA */
enum pt_iommu_kind {
	PT_IOMMU_NONE, /* none, or the kernel does not say */
	PT_IOMMU_INTEL,
	PT_IOMMU_AMD,
	PT_IOMMU_VIRTIO,
	PT_IOMMU_OTHER,
};

/**
 * struct pt_host_details - what the host knows of a PCI function beyond what assigning it needs
 * @modalias: what modules are found by
 * @driver_override: the only driver that may bind it; empty when any may
 * @resettable: the kernel has a way to reset it: 1, 0, or PT_UNKNOWN
 * @resets: the ways, as the kernel names and orders them: "flr bus"; empty: none, or a kernel older
 *	than 5.15
 * @numa_node: PT_UNKNOWN also for a host with one node
 * @boot_vga: firmware and console draw on it: 1, 0, or PT_UNKNOWN for what is no VGA device
 * @answers: its configuration space reads: 1, 0 for all ones (it fell off the bus or has no power), or
 *	PT_UNKNOWN
 * @power_state: "D0" to "D3cold", "unknown"; empty where the kernel does not say (before 5.10)
 * @runtime_status: "active", "suspended", "unsupported", "error"; @runtime_control: "auto" where the
 *	kernel may suspend it, "on" where it may not
 * @link, @link_max: as it is and what the function can
 * @vfs, @vfs_max: virtual functions that there are and can be; PT_UNKNOWN for what has no SR-IOV
 * @vfs_autoprobe: host drivers bind new virtual functions: 1, 0, or PT_UNKNOWN
 * @bar_sizes: of a resizable BAR what it can be resized to: bit n stands for 2^n MiB; 0 for others,
 *	and before Linux 6.1
 * @iommu_name: "dmar0"
 */
struct pt_host_details {
	uint16_t subsystem_vendor;
	uint16_t subsystem_device;
	uint8_t revision;
	char modalias[PT_MODALIAS_SIZE];
	char driver_override[PT_DRIVER_SIZE];
	int resettable;
	char resets[PT_RESETS_SIZE];
	int numa_node;
	int boot_vga;
	int answers;
	char power_state[PT_WORD_SIZE];
	char runtime_status[PT_WORD_SIZE];
	char runtime_control[PT_WORD_SIZE];
	struct pt_host_link link;
	struct pt_host_link link_max;
	int vfs;
	int vfs_max;
	int vfs_autoprobe;
	uint64_t bar_sizes[PT_BARS];
	enum pt_iommu_kind iommu;
	char iommu_name[PT_WORD_SIZE];
};

/** struct pt_host_cap - a capability of configuration space */
struct pt_host_cap {
	uint16_t id;
	uint16_t offset;
	int extended; /* of PCI Express' extended list; ids are of another space there */
};

#define PT_HOST_CAPS_MAX 96

/**
 * struct pt_host_caps - what a function's configuration space says that it can
 * @size: bytes of it that this user may read: 64 without CAP_SYS_ADMIN, which has no capabilities
 * @caps: in the order of its lists, @count of them
 * @msi_vectors, @msix_vectors: 0 for none
 * @flr: it says that it has a function level reset
 */
struct pt_host_caps {
	unsigned size;
	struct pt_host_cap caps[PT_HOST_CAPS_MAX];
	unsigned count;
	unsigned msi_vectors;
	unsigned msix_vectors;
	int flr;
};

/** struct pt_host_node - a node of /dev, and who may open it */
struct pt_host_node {
	char path[PT_NODE_SIZE + 32];
	struct pt_stat stat;
};

/**
 * struct pt_host_mdev_type - a kind of mediated device that a parent can be divided into
 * @parent: as in /sys/class/mdev_bus: a BDF, or a name such as "mtty"
 * @id: as in sysfs: "mtty-2", "nvidia-35"
 * @name, @description: of its driver's; may be empty
 * @api: "vfio-pci" for what can be assigned to a guest here
 * @available: how many more can be made; PT_UNKNOWN
 * @instances: how many there are
 */
struct pt_host_mdev_type {
	char parent[PT_NAME_SIZE];
	char id[PT_DRIVER_SIZE];
	char name[PT_DRIVER_SIZE];
	char description[256];
	char api[PT_WORD_SIZE];
	int available;
	unsigned instances;
};

/** struct pt_host_mdev - a mediated device that there is; @parent and @type as above */
struct pt_host_mdev {
	char uuid[PT_NAME_SIZE];
	char parent[PT_NAME_SIZE];
	char type[PT_DRIVER_SIZE];
};

/**
 * pt_bdf_parse() - read a PCI address as people write it
 * @text: "0000:02:00.0" or "02:00.0"
 * @ret_bdf: the canonical form, PT_NAME_SIZE bytes
 *
 * Errors: -EINVAL not an address.
 */
int pt_bdf_parse(const char *text, char *ret_bdf);

/**
 * pt_uuid_canonical() - read a UUID as people write it: 8-4-4-4-12 hexadecimal digits
 * @ret_uuid: in lower case, as the kernel names mediated devices; PT_NAME_SIZE bytes
 *
 * Errors: -EINVAL not a UUID.
 */
int pt_uuid_canonical(const char *text, char *ret_uuid);

/**
 * pt_host_resolve() - which device a name means
 * @name: a BDF, the UUID of a mediated device, a sysfs path of either, or a /dev/vfio/devices/vfioN
 *	node
 * @ret_name: its canonical BDF or its UUID, PT_NAME_SIZE bytes
 *
 * Errors: -EINVAL a name of none of these forms; -ENODEV no such function; -ENOTTY a node that is
 * not a VFIO device.
 */
int pt_host_resolve(const struct pt_sys *sys, const char *name, char *ret_name,
		    struct pt_error *err);

/** enum pt_node_kind - what an open descriptor can stand for */
enum pt_node_kind {
	PT_NODE_DEVICE,	   /* a device: /dev/vfio/devices/vfioN */
	PT_NODE_GROUP,	   /* an IOMMU group: /dev/vfio/N */
	PT_NODE_IOMMUFD,   /* /dev/iommu */
	PT_NODE_CONTAINER, /* /dev/vfio/vfio */
};

/**
 * struct pt_node - what a descriptor stands for
 * @name: of a device, canonical; else empty
 * @group: number of an IOMMU group; else -1
 */
struct pt_node {
	enum pt_node_kind kind;
	char name[PT_NAME_SIZE];
	int group;
};

/**
 * pt_host_identify() - what a descriptor that somebody else opened stands for
 *
 * By its device number, which sysfs knows; nothing is asked of the file itself.
 *
 * Errors: -EBADF it is closed; -ENOTTY it is none of enum pt_node_kind.
 */
int pt_host_identify(const struct pt_sys *sys, int fd, struct pt_node *ret_node,
		     struct pt_error *err);

/**
 * pt_host_read() - read what the host knows of a function
 * @name: canonical, as pt_host_resolve() gave it
 *
 * Errors: -ENODEV no such function; -EIO a sysfs file that does not read as documented.
 */
int pt_host_read(const struct pt_sys *sys, const char *name, struct pt_host_device *ret_device,
		 struct pt_error *err);

/**
 * pt_host_assignable() - whether the function can be assigned as the host stands
 *
 * @setup: of the space that it is to be in; NULL as in pt_space_open()
 *
 * Says the first thing that is in the way, and as remedy what to type. Return: 0, or -ENODEV no
 * driver or no IOMMU, -EBUSY bound to a host driver or a sibling that blocks the group, -ENOENT no
 * node for @setup's backend: a kernel without VFIO cdevs, or without groups or containers.
 */
int pt_host_assignable(const struct pt_sys *sys, const struct pt_host_device *device,
		       const struct pt_space_setup *setup, struct pt_error *err);

/** enum pt_obstacle_kind - what can be in the way of an assignment */
enum pt_obstacle_kind {
	PT_OBSTACLE_BRIDGE,  /* the function is a PCI bridge */
	PT_OBSTACLE_DRIVER,  /* it has no driver, or one of the host's */
	PT_OBSTACLE_IOMMU,   /* no IOMMU translates its DMA */
	PT_OBSTACLE_REQUEST, /* it is asked for in a way that it cannot be had */
	PT_OBSTACLE_NODE,    /* there is no node to reach it by */
	PT_OBSTACLE_SIBLING, /* a function of its group has a driver of the host's */
};

/**
 * struct pt_obstacle - one thing in the way, and the file that shows it
 * @sibling: which one, with PT_OBSTACLE_SIBLING; else NULL
 * @path: of /sys or /dev
 * @value: what is there; empty when that file does not exist
 * @error: the cause, and what to type
 */
struct pt_obstacle {
	enum pt_obstacle_kind kind;
	const struct pt_host_sibling *sibling;
	char path[PT_PATH_SIZE];
	char value[PT_DRIVER_SIZE];
	struct pt_error error;
};

/**
 * pt_bridge_kind() - what a bridge is called: "a PCI bridge"; NULL for a function that is none and can be assigned
 * @class_code: 24 bits, of a struct pt_host_device
 *
 * Those that lead to other buses cannot be assigned; an ISA bridge, or one of another kind, is a function like others. Source
 * of the codes: PCI Code and ID Assignment, 1.7.
 */
const char *pt_bridge_kind(uint32_t class_code);

/**
 * pt_host_obstacles() - all that is in the way of what pt_host_assignable() is asked
 * @each: is called with one after another, until it returns non-zero
 *
 * Return: what @each returned last, 0 when nothing is in the way.
 */
int pt_host_obstacles(const struct pt_sys *sys, const struct pt_host_device *device,
		      const struct pt_space_setup *setup,
		      int (*each)(void *arg, const struct pt_obstacle *obstacle), void *arg);

/** enum pt_isolation - whether a device can send only the interrupts that are its own */
enum pt_isolation {
	PT_ISOLATED,	     /* interrupts are remapped, or nothing says that they are not */
	PT_ISOLATION_WAIVED, /* they are not, and the backend's module has allow_unsafe_interrupts set */
	PT_NOT_ISOLATED, /* they are not, so the kernel refuses devices */
};

/**
 * pt_host_isolation() - whether interrupts are isolated, as @backend asks for it
 * @ret_parameter: path of the parameter that waives it, PT_PATH_SIZE bytes; it is there when its
 *	module is loaded
 *
 * Source: Documentation/driver-api/vfio.rst; drivers/iommu/iommufd/device.c,
 * drivers/vfio/vfio_iommu_type1.c. Interrupts that are remapped are behind a chip whose name begins
 * with "IR-" (/sys/kernel/irq).
 */
enum pt_isolation pt_host_isolation(const struct pt_sys *sys, enum pt_backend_kind backend,
				    char *ret_parameter);

/**
 * pt_host_check_limit() - as pt_space_check_limit(), of a space that this process would open
 *
 * Errors: -ENOMEM.
 */
int pt_host_check_limit(const struct pt_sys *sys, enum pt_backend_kind backend, uint64_t bytes,
			struct pt_error *err);

/**
 * pt_host_backend() - what the device can be reached by as the host stands
 *
 * PT_BACKEND_CDEV where the kernel has a cdev for it and /dev/iommu, else PT_BACKEND_GROUP where it
 * has a group node. All devices of a space must be reached in the same way. Return: a backend;
 * PT_BACKEND_CDEV too when it can be reached by none, so that pt_host_assignable() says why.
 */
enum pt_backend_kind pt_host_backend(const struct pt_sys *sys, const struct pt_host_device *device);

/**
 * pt_host_noiommu() - how the device can be had without an IOMMU as the host stands
 *
 * What pt_space_setup.unsafe_noiommu will use. Return: PT_NOIOMMU_NONE too for a device that has an
 * IOMMU.
 */
enum pt_noiommu pt_host_noiommu(const struct pt_sys *sys, const struct pt_host_device *device);

/**
 * pt_host_holder() - which process has a device node open
 * @node_path: "/dev/vfio/devices/vfio3"
 * @ret_text: "tenon (pid 123)", or empty when none is found (other users' processes are visible to
 * root only)
 *
 * Return: the process id, 0 when none is found.
 */
int pt_host_holder(const struct pt_sys *sys, const char *node_path, char *ret_text, size_t size);

/** struct pt_holder - a process that has a file open */
struct pt_holder {
	int pid;
	char comm[64];
	char path[PT_PATH_SIZE];
	char link[PT_PATH_SIZE]; /* the descriptor, "/proc/123/fd/7" */
};

/**
 * pt_host_holders() - who has files below a directory open, this process left out
 * @prefix: "/dev/vfio/"
 * @each: is called with one after another, until it returns non-zero
 *
 * One look through /proc, whatever the number of files; other users' processes are visible to root
 * only. Return: what @each returned last, or why /proc cannot be read.
 */
int pt_host_holders(const struct pt_sys *sys, const char *prefix,
		    int (*each)(void *arg, const struct pt_holder *holder), void *arg);

/**
 * pt_host_reserved() - address ranges that the IOMMU keeps for itself in the function's group
 * @ranges: the caller's array of @max elements
 * @ret_count: how many there are; may be more than @max
 *
 * Readable before anything is bound (the group's `reserved_regions`). Return: 0, or -ENOENT for a
 * function in no group.
 */
int pt_host_reserved(const struct pt_sys *sys, const struct pt_host_device *device,
		     struct pt_iova_range *ranges, size_t max, size_t *ret_count,
		     struct pt_error *err);

/**
 * pt_host_iova_bits() - how many address bits the function's IOMMU translates
 *
 * From the IOMMU's capability register in sysfs where its driver shows it (Intel: CAP.MGAW; AMD: 48
 * bits with four-level tables). Return: bits, 0 when the kernel does not say.
 */
unsigned pt_host_iova_bits(const struct pt_sys *sys, const struct pt_host_device *device);

/**
 * pt_host_list() - the PCI functions of this host, by their addresses' order
 * @ret_names: an array of @ret_count elements, the caller's; NULL when there are none. Inverse:
 *	pt_host_list_free().
 *
 * Errors: -ENOENT a host without PCI; -ENOMEM.
 */
int pt_host_list(const struct pt_sys *sys, struct pt_host_name **ret_names, size_t *ret_count,
		 struct pt_error *err);

/** pt_host_list_free() - accepts NULL */
void pt_host_list_free(const struct pt_sys *sys, struct pt_host_name *names);

/**
 * pt_host_details() - read what else the host knows of a function
 *
 * What cannot be read is unknown, and no error; of a mediated device all is.
 */
void pt_host_details(const struct pt_sys *sys, const struct pt_host_device *device,
		     struct pt_host_details *ret_details);

/**
 * pt_host_caps() - read the capabilities in a function's configuration space
 *
 * Wakes a function that sleeps in D3cold. What cannot be read is not there, and no error.
 */
void pt_host_caps(const struct pt_sys *sys, const struct pt_host_device *device,
		  struct pt_host_caps *ret_caps);

/**
 * pt_host_vf() - a virtual function of a physical one
 * @index: from 0 to pt_host_details.vfs - 1
 * @ret_name: its BDF, PT_NAME_SIZE bytes
 *
 * Errors: -ENOENT there is no such.
 */
int pt_host_vf(const struct pt_sys *sys, const struct pt_host_device *device, unsigned index,
	       char *ret_name);

/**
 * pt_host_node() - who may open a node of /dev
 * @ret_node: with -EACCES its path alone; left as it is with other errors
 *
 * Errors: -ENOENT there is none; -EACCES a directory above it is closed, or a security module forbids to
 * look at it.
 */
int pt_host_node(const struct pt_sys *sys, const char *path, struct pt_host_node *ret_node);

/**
 * pt_host_device_node() - the node that a backend reaches the device by, and who may open it
 *
 * Errors: as pt_host_node(); -ENOENT also when the device has no cdev, or is in no group.
 */
int pt_host_device_node(const struct pt_sys *sys, const struct pt_host_device *device,
			enum pt_backend_kind backend, struct pt_host_node *ret_node);

/**
 * pt_host_mdev_types() - call @each with every type of every parent, until it returns non-zero
 *
 * In the file system's order. A host without mediated devices has none. Return: what @each returned
 * last, or an error.
 */
int pt_host_mdev_types(const struct pt_sys *sys,
		       int (*each)(void *arg, const struct pt_host_mdev_type *type), void *arg,
		       struct pt_error *err);

/** pt_host_mdevs() - the same with every mediated device that there is */
int pt_host_mdevs(const struct pt_sys *sys, int (*each)(void *arg, const struct pt_host_mdev *mdev),
		  void *arg, struct pt_error *err);

#ifdef __cplusplus
}
#endif

#endif
