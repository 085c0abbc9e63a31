/* SPDX-License-Identifier: MIT */
/*
 * struct pt_device: one assigned device, as the host has it.
 *
 *   CLOSED --open--> OPENED --attach--> ATTACHED --start--> RUNNING
 *                       ^-----detach-------'  ^-----stop------'
 *   and LOST from any of them: the device is gone. close() is allowed in every state.
 *
 * The order for an embedder, and why:
 *
 *   pt_space_open()
 *   pt_device_open(space)   KVM is told of it: the kernel takes the KVM reference at bind
 *   pt_device_attach()      BIND_IOMMUFD, ATTACH_IOMMUFD_PT; only then does the device answer
 *   pt_function_create() ... pt_function_destroy()
 *   pt_device_close()       unmaps, tells KVM, closes; close is the unbind
 *   pt_space_close()
 *
 * Every call for one device comes from one thread at a time; devices of one space may be called from
 * different threads. Source:
 * Documentation/driver-api/vfio.rst, Documentation/virt/kvm/devices/vfio.rst.
 */
#ifndef PASSTHROUGH_DEVICE_H
#define PASSTHROUGH_DEVICE_H

#include <passthrough/error.h>
#include <passthrough/host.h>
#include <passthrough/space.h>
#include <passthrough/sys.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pt_device;
struct pt_host_device;

enum pt_device_state {
	PT_DEVICE_CLOSED,
	PT_DEVICE_OPENED,
	PT_DEVICE_ATTACHED,
	PT_DEVICE_RUNNING,
	PT_DEVICE_LOST,
};

/* Region indices of a PCI device (linux/vfio.h, VFIO_PCI_*_REGION_INDEX). */
enum pt_region_index {
	PT_REGION_BAR0 = 0, /* to 5 */
	PT_REGION_ROM = 6,
	PT_REGION_CONFIG = 7,
	PT_REGION_VGA = 8,
	PT_REGION_COUNT = 9,
};

/* Interrupt indices of a PCI device (linux/vfio.h, VFIO_PCI_*_IRQ_INDEX). */
enum pt_irq_index {
	PT_IRQ_INTX = 0,
	PT_IRQ_MSI = 1,
	PT_IRQ_MSIX = 2,
	PT_IRQ_ERR = 3,
	PT_IRQ_REQ = 4,
	PT_IRQ_COUNT = 5,
};

#define PT_REGION_READ	1u
#define PT_REGION_WRITE 2u
#define PT_REGION_MMAP	4u

#define PT_REGION_AREAS \
	16 /* mmap areas of one region that are used; the rest is reached by read and write */

/** struct pt_area - a part of a region; bytes from its start, page-aligned */
struct pt_area {
	uint64_t offset;
	uint64_t size;
};

/**
 * struct pt_region - a region of a device
 * @size: bytes; 0 when the device does not implement it
 * @flags: PT_REGION_*
 * @areas: what of it can be mapped: the whole, or what the sparse-mmap capability lists;
 * @area_count of them
 */
struct pt_region {
	uint64_t size;
	uint32_t flags;
	unsigned area_count;
	struct pt_area areas[PT_REGION_AREAS];
};

/** struct pt_irq - an interrupt index of a device; @count 0 when it has none */
struct pt_irq {
	unsigned count;
	int maskable;
	int noresize; /* vectors cannot be added while others are enabled */
};

/**
 * struct pt_device_setup - what opening a device needs beyond its name
 * @vf_token: UUID that the user of the physical function has set, for a virtual function whose
 *	physical function is bound to vfio-pci (or for such a physical function); NULL for none. Used
 *	during the call to pt_device_bind() too: kept by copy. Source:
 *	Documentation/driver-api/vfio.rst, VFIO_DEVICE_FEATURE_PCI_VF_TOKEN.
 */
struct pt_device_setup {
	const char *vf_token;
};

/**
 * pt_device_open() - open what stands for a device: its cdev, or its group
 * @space: which it belongs to for its whole life; must outlive the device
 * @name: BDF ("0000:02:00.0" or "02:00.0"), UUID of a mediated device, sysfs path of either, or
 *	/dev/vfio/devices/vfioN
 * @setup: NULL when there is nothing to say
 * @ret_device: the device, OPENED; the caller owns it. Inverse: pt_device_close().
 *
 * The node's device number is compared with the one sysfs gives, so that a renumbered node is never
 * taken for another. Before it opens, it looks at what stands in the way and says it: no such
 * function, no driver, a host driver, a sibling in the IOMMU group on a host driver, a kernel
 * without cdev. KVM is told of the file at once.
 *
 * Errors: those of pt_host_resolve() and pt_host_assignable(); -EACCES no permission on the node;
 * -EBUSY; -EINVAL a token that is no UUID; -ENOMEM; of struct pt_kvm_ops.
 */
int pt_device_open(struct pt_space *space, const char *name, const struct pt_device_setup *setup,
		   struct pt_device **ret_device, struct pt_error *err);

/**
 * pt_device_open_fd() - take a descriptor that somebody else opened
 * @fd: of a /dev/vfio/devices/vfioN that is not bound yet, or of a /dev/vfio/GROUP with the group
 *	backend. The device owns it on success, the caller keeps it on failure.
 * @name: the device it must be, in any form of pt_device_open(); NULL for any, which only a cdev can
 *	answer
 *
 * Functions of one group are behind one open file: give the same descriptor for each of them, or a
 * duplicate. It is closed with the last of them.
 *
 * Errors: -ENOTTY not a VFIO descriptor of the space's backend; -EINVAL it is another device than
 * @name; -ENOMEM; of struct pt_kvm_ops.
 */
int pt_device_open_fd(struct pt_space *space, int fd, const char *name,
		      const struct pt_device_setup *setup, struct pt_device **ret_device,
		      struct pt_error *err);

/**
 * pt_device_close() - give the device back to the host
 * @device: NULL is accepted, and so is any state
 *
 * Turns interrupts off, unmaps its regions, detaches, takes the file from KVM, closes. The kernel
 * unbinds and resets the device at the last close. Cannot fail.
 */
void pt_device_close(struct pt_device *device);

/**
 * pt_device_bind() - bind the device to the space's iommufd, or open it by its group, which then is
 * in the space's container
 *
 * The first half of pt_device_attach(), which does it where it is not done: for an embedder that
 * binds several devices, or times it, since the kernel resets the function when it binds it. EAGAIN
 * (the reset lock is taken) is retried for some 200 ms. The device stays OPENED; a second call does
 * nothing. Undone by pt_device_close(): there is no other unbind.
 *
 * Errors: -EBADFD wrong state; -EBUSY the group's node is open, or a host driver has a sibling;
 * -EINVAL another process has the device; -EPERM DMA of the group is someone else's, or interrupts
 * are not isolated; -EACCES VF token; -ENOMEM; on the group backend -EADDRINUSE as of
 * pt_device_attach(), and -ENODEV the driver of containers is not loaded. The message names the
 * cause that was found.
 */
int pt_device_bind(struct pt_device *device, struct pt_error *err);

/**
 * pt_device_attach() - bind the device, where it is not bound, and attach it to its space
 *
 * OPENED to ATTACHED. Afterwards regions, interrupts and config space are readable. A failed attach
 * can be retried. A function that the kernel could not reset at bind is reset through its bus where
 * that is possible; it is no failure where it is not. Inverse: pt_device_detach().
 *
 * Errors: of pt_device_bind(); -EADDRINUSE the device's IOMMU reserves or cannot
 * translate addresses that are mapped or that pt_space_allow() named; -ENOMEM.
 */
int pt_device_attach(struct pt_device *device, struct pt_error *err);

/** pt_device_detach() - ATTACHED or LOST to OPENED; the device's DMA is blocked from then on. With the
 * group backend it is not bound any more either. Cannot fail. */
void pt_device_detach(struct pt_device *device);

/** pt_device_fd() - the descriptor that the device answers on, -1 as long as it has none; stays the
 * device's */
int pt_device_fd(const struct pt_device *device);

/** pt_device_name() - canonical BDF, or the UUID of a mediated device; lives as long as the device */
const char *pt_device_name(const struct pt_device *device);

/** pt_device_state() - where it is in its life */
enum pt_device_state pt_device_state(const struct pt_device *device);

/** pt_device_noiommu() - whether no IOMMU stands before it, and how it is had; PT_NOIOMMU_NONE before
 * it is bound */
enum pt_noiommu pt_device_noiommu(const struct pt_device *device);

/** pt_device_resettable() - whether the function has a reset of its own; known once attached */
int pt_device_resettable(const struct pt_device *device);

/**
 * pt_device_describe() - what the device says of itself
 * @ret_host: what pt_host_read() gave when the device was opened, but vendor, device, class, BARs
 *	and interrupt pin as the attached device has them
 *
 * The only way to learn them of a mediated device, for which sysfs has none. A VMM that must know
 * them before it makes the guest's address space attaches the device to another one for a moment.
 *
 * Errors: -EBADFD not attached; -EIO and others of pt_device_read().
 */
int pt_device_describe(struct pt_device *device, struct pt_host_device *ret_host,
		       struct pt_error *err);

/** pt_device_region() - a region as the kernel reported it at attach; NULL for an index it does not
 * have */
const struct pt_region *pt_device_region(const struct pt_device *device, unsigned index);

/** pt_device_irq() - an interrupt index as the kernel reported it at attach; NULL for an index it
 * does not have */
const struct pt_irq *pt_device_irq(const struct pt_device *device, unsigned index);

/**
 * pt_device_read() - read from a region through the kernel
 *
 * Errors: -EINVAL outside the region; -EIO memory decode is off or the function is not in D0;
 * -ENODEV the device is gone. What @buf holds after a failure is not defined.
 */
int pt_device_read(struct pt_device *device, unsigned region, uint64_t offset, void *buf,
		   size_t size);

/** pt_device_write() - write to a region through the kernel. Errors: as pt_device_read(). */
int pt_device_write(struct pt_device *device, unsigned region, uint64_t offset, const void *buf,
		    size_t size);

/**
 * pt_device_map() - map a region's areas into this process
 * @ret_base: address that stands for offset 0 of the region; only the region's areas may be touched
 * through it
 *
 * The base is aligned to min(size, 1 GiB), so that a naturally aligned guest address is congruent
 * with it and huge mappings are possible. Mapped once; a second call returns the same base. Undone
 * by pt_device_close(). Access while memory decode is off raises SIGBUS.
 *
 * Errors: -ENODATA nothing of the region can be mapped; -ENOMEM; from mmap(2).
 */
int pt_device_map(struct pt_device *device, unsigned region, void **ret_base, struct pt_error *err);

/**
 * pt_device_irq_set() - give interrupts of an index their eventfds
 * @start: first of them
 * @fds: @count descriptors; -1 for an interrupt that is to have none
 *
 * Enables the index when it is not enabled; INTx, MSI and MSI-X exclude each other. Descriptors
 * stay the caller's. Inverse: pt_device_irq_disable().
 *
 * Return: 0, or a positive number: the device has only that many vectors to give and none was
 * enabled. Errors: -EINVAL outside the index, another index is enabled, or NORESIZE forbids it;
 * -ENOMEM.
 */
int pt_device_irq_set(struct pt_device *device, unsigned index, unsigned start, unsigned count,
		      const int *fds, struct pt_error *err);

/** pt_device_irq_unmask_fd() - unmask INTx whenever @fd is signalled; -1 ends it */
int pt_device_irq_unmask_fd(struct pt_device *device, int fd, struct pt_error *err);

/** pt_device_irq_disable() - free every vector of an index; does nothing when it is not enabled.
 * Cannot fail. */
void pt_device_irq_disable(struct pt_device *device, unsigned index);

/** enum pt_event - what the host has to say of a device */
enum pt_event {
	PT_EVENT_REQ, /* it wants the device back: somebody unbinds its driver, and waits for our
			 close. Signalled again every few seconds. */
	PT_EVENT_ERR, /* it had an error that is not correctable (AER); reset it before it is used
			 again. pt_device_health() says which. */
	PT_EVENT_COUNT,
};

/**
 * pt_device_event() - be told of an event
 * @ret_fd: eventfd, non-blocking, that is signalled at each; stays the device's, which closes it in
 *	pt_device_detach() and pt_device_close(). A second call returns the same.
 *
 * A device that has vanished signals PT_EVENT_REQ as well: its driver is unbound. Source:
 * include/uapi/linux/vfio.h, VFIO_PCI_REQ_IRQ_INDEX, VFIO_PCI_ERR_IRQ_INDEX.
 *
 * Errors: -ENOENT the device has no such event, as a conventional PCI device has no ERR: no reason to
 * give up; -EBADFD wrong state; -ENODEV it is gone; -EMFILE; -ENOMEM.
 */
int pt_device_event(struct pt_device *device, enum pt_event event, int *ret_fd,
		    struct pt_error *err);

/** enum pt_feature - numbers of VFIO_DEVICE_FEATURE */
enum pt_feature {
	PT_FEATURE_VF_TOKEN = 0,
	PT_FEATURE_MIGRATION = 1,
	PT_FEATURE_MIGRATION_STATE = 2,
	PT_FEATURE_LOW_POWER_ENTRY = 3,
	PT_FEATURE_LOW_POWER_WAKEUP = 4,
	PT_FEATURE_LOW_POWER_EXIT = 5,
	PT_FEATURE_DMA_LOGGING_START = 6, /* the device can log what it writes by DMA */
	PT_FEATURE_DMA_LOGGING_STOP = 7,
	PT_FEATURE_DMA_LOGGING_REPORT = 8,
	PT_FEATURE_MIGRATION_SIZE = 9,
	PT_FEATURE_BUS_MASTER = 10,
	PT_FEATURE_DMA_BUF = 11,
	PT_FEATURE_PRECOPY_INFO = 12,
	PT_FEATURE_COUNT = 13,
};

/** pt_feature_name() - "dma-logging-start"; NULL for a number that is none */
const char *pt_feature_name(enum pt_feature feature);

/**
 * pt_device_features() - what the device, its driver and the kernel have of it
 * @ret_mask: a bit 1 << PT_FEATURE_... each
 *
 * Changes nothing. Errors: -EBADFD wrong state; -ENODEV it is gone; -EIO.
 */
int pt_device_features(struct pt_device *device, uint32_t *ret_mask, struct pt_error *err);

#define PT_MIGRATION_STOP_COPY 1u /* always, when it can be migrated */
#define PT_MIGRATION_P2P       2u
#define PT_MIGRATION_PRE_COPY  4u

/**
 * pt_device_migration() - how the device can be migrated
 * @ret_flags: PT_MIGRATION_*
 *
 * Source: include/uapi/linux/vfio.h, VFIO_DEVICE_FEATURE_MIGRATION. Errors: -ENOTTY not at all, as
 * with any device on plain vfio-pci; -EBADFD wrong state; -ENODEV it is gone.
 */
int pt_device_migration(struct pt_device *device, uint64_t *ret_flags, struct pt_error *err);

/** enum pt_reset_kind - how a device was reset */
enum pt_reset_kind {
	PT_RESET_NONE,	   /* not at all */
	PT_RESET_FUNCTION, /* by itself: FLR, power management, or what else the kernel chose */
	PT_RESET_BUS,	   /* with all that is on its bus */
};

/**
 * pt_device_reset() - reset the function, or else its bus
 *
 * First the function's own reset (VFIO_DEVICE_RESET). Where it has none or that fails, a reset of its
 * bus (VFIO_DEVICE_PCI_HOT_RESET), which hits every function on it. So all of them must belong to
 * the device's space, and none but the device itself may be RUNNING.
 *
 * The kernel saves and restores config space around it, bus mastering included: clear COMMAND
 * first. Mapped regions are revoked meanwhile: take BARs out of the guest first. EAGAIN and EBUSY,
 * a lock that is taken, are retried for some 200 ms.
 *
 * Errors: -EBADFD wrong state; -ENODEV it is gone; -ENOTTY it can be reset in no way; -EBUSY
 * functions of its bus are not the space's, or run: the message names them and their drivers; -EIO
 * it reads all ones or is not in D0 after the last reset that is possible; others of the kernel;
 * -EAGAIN still locked after the retries.
 */
int pt_device_reset(struct pt_device *device, struct pt_error *err);

/**
 * pt_device_set_vf_token() - what users of the virtual functions must know
 * @device: a physical function on vfio-pci (loaded with enable_sriov=1), ATTACHED or RUNNING
 * @token: a UUID, as text
 *
 * From now on a virtual function is bound with this token only (struct pt_device_setup). One that is
 * in use stays in use. Before it is called the token is one that nobody knows. Source: linux/vfio.h,
 * VFIO_DEVICE_FEATURE_PCI_VF_TOKEN.
 *
 * Errors: -EBADFD wrong state; -EINVAL @token is no UUID; -ENOTTY the function has no virtual ones.
 */
int pt_device_set_vf_token(struct pt_device *device, const char *token, struct pt_error *err);

#define PT_RESET_METHODS_SIZE 64
#define PT_AER_SIZE	      256

/**
 * struct pt_device_health - how a device is
 * @answers: its config space does not read all ones
 * @power_state: 0 for D0 to 3 for D3hot
 * @resettable: as pt_device_resettable()
 * @last_reset: how it was last reset
 * @reset_owed: that was not done, or did not bring it back, since it was last used
 * @reset_methods: as pt_device_reset_methods(); empty when the kernel does not say
 * @aer_correctable, @aer_nonfatal, @aer_fatal: errors that the kernel counted since it knows the
 *	device; 0 too where it counts none
 * @aer: which, those that are not 0: "correctable BadTLP 3, fatal DLP 1"
 */
struct pt_device_health {
	int answers;
	unsigned power_state;
	int resettable;
	enum pt_reset_kind last_reset;
	int reset_owed;
	char reset_methods[PT_RESET_METHODS_SIZE];
	uint64_t aer_correctable;
	uint64_t aer_nonfatal;
	uint64_t aer_fatal;
	char aer[PT_AER_SIZE];
};

/**
 * pt_device_health() - look how the device is
 *
 * Changes nothing, but wakes a device that is in low power. Source:
 * Documentation/ABI/testing/sysfs-bus-pci-devices-aer_stats. Errors: -EBADFD wrong state; -ENODEV it
 * is gone; from the kernel, reading config space.
 */
int pt_device_health(struct pt_device *device, struct pt_device_health *ret_health,
		     struct pt_error *err);

/**
 * pt_device_reset_methods() - how the kernel resets the function by itself
 * @ret_text: methods in the order in which they are tried, such as "flr bus"; empty for none
 *
 * Errors: -ENOENT the kernel does not say (before 5.15, or no method). Source:
 * Documentation/ABI/testing/sysfs-bus-pci, reset_method.
 */
int pt_device_reset_methods(const struct pt_device *device, char *ret_text, size_t size,
			    struct pt_error *err);

#ifdef __cplusplus
}
#endif

#endif
