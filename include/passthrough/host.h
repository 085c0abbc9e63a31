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

#ifdef __cplusplus
}
#endif

#endif
