/* SPDX-License-Identifier: MIT */
/*
 * A modelled kernel: the part of Linux that libpassthrough talks to, behind struct pt_sys.
 *
 * Nothing is canned. The model has files, and files are references to objects: an iommufd with its IOAS and HWPT, an IOMMU group
 * and the container that it is in, a VFIO device with its config space, BARs and interrupts, eventfds, a KVM virtual machine with its kvm-vfio device, a
 * tree of /sys, /dev and /proc. An ioctl checks argsz, flags, reserved fields and states as Linux 6.12 does and changes
 * the objects. So code under test can be run in any order, and what it leaves behind can be counted.
 *
 *   descriptor --> file <-- mapping of a BAR (a VMA pins the file)
 *                   ^  ^--- KVM_DEV_VFIO_FILE_ADD
 *                   '------ an eventfd that a device triggers, an iommufd that a device is bound to
 *
 * A file is released with its last reference, whatever its descriptor's owner thinks. Descriptor numbers are never used
 * again, so a use after close is EBADF.
 *
 * Three things are reported to a test:
 *   the calls	   a log of every operation with its arguments and result; order and counts are asserted on it
 *   the leaks	   what is open, mapped, allocated or referenced now
 *   violations	   what no kernel reports but a caller must never do: close twice, unmap what is not mapped, let a device
 *		   stop decoding while the guest has its BARs, reset it with bus mastering on, forward a guest's FLR,
 *		   tell KVM after bind
 *
 * And a test can make the n-th call fail.
 *
 * BARs are real shared memory, so that mmap gives addresses that work. Everything else is bookkeeping. Where a kernel
 * between 6.6 and today differs from 6.12, struct model_host has a switch. Not modelled: DMA itself, migration.
 */
#ifndef MODEL_H
#define MODEL_H

#include <passthrough/passthrough.h>

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define MODEL_PAGE	  4096ul
#define MODEL_CONFIG_SIZE 4096u
#define MODEL_VECTORS	  2048u
#define MODEL_TEXT	  192

struct model;

/** enum model_iommu - whose IOMMU the host has; decides what sysfs shows of it */
enum model_iommu { MODEL_IOMMU_INTEL, MODEL_IOMMU_AMD, MODEL_IOMMU_NONE };

/**
 * struct model_host - what the host is like; change it before the code under test runs
 * @iommu: of devices that are added from now on
 * @map_file: the kernel has IOMMU_IOAS_MAP_FILE (6.13 and later)
 * @dma_buf: it exports BARs as dma-bufs, which MAP_FILE takes (6.19)
 * @no_cdev: the kernel has VFIO but no device cdevs; of devices that are added from now on
 * @bind_token: VFIO_DEVICE_BIND_IOMMUFD takes a VF token, and asks for it (6.17 and later)
 * @noiommu: how the kernel gives away devices that are in no IOMMU group, PT_NOIOMMU_NONE for not at all; of devices
 *	that are added from now on
 * @no_rawio: the process has no CAP_SYS_RAWIO
 * @no_group: the kernel has no VFIO groups; of devices that are added from now on
 * @no_type1: no driver for a container's IOMMU is loaded
 * @dma_entries: mappings that a container takes; of containers whose IOMMU is set from now on
 * @aperture_bits: address bits that the IOMMU translates
 * @memlock: bytes that may be pinned, UINT64_MAX for no limit: by the user for iommufd, by the process for containers and
 *	for an iommufd with RLIMIT_MODE
 * @no_sys_resource: the process may not set RLIMIT_MODE (CAP_SYS_RESOURCE)
 * @incoherent: the IOMMU does not keep caches coherent
 */
struct model_host {
	enum model_iommu iommu;
	bool map_file;
	bool dma_buf;
	bool no_cdev;
	bool bind_token;
	bool incoherent;
	enum pt_noiommu noiommu;
	bool no_rawio;
	bool no_group;
	bool no_type1;
	uint32_t dma_entries;
	unsigned aperture_bits;
	uint64_t memlock;
	bool no_sys_resource;
};

/** enum model_death - how a device is no more: its file says ENODEV, or it reads all ones */
enum model_death { MODEL_LIVES, MODEL_GONE, MODEL_DEAD };

#define MODEL_PID 4242u /* of the process under test; its user is 1000 */

/**
 * struct model_fault - the n-th call from now on fails
 * @countdown: 1 makes the next call fail, 0 none
 * @only: the n-th of the calls that have this in their text, NULL for any
 * @stays: and each after it
 * @error: the negative errno it fails with; an allocation returns NULL
 * @calls: calls that could have failed so far
 * @kills: it does not fail; it and all that follow find every device dead, in that way
 * @fired: it has happened
 * @where: the call that failed
 *
 * Every operation of struct pt_sys but close, munmap, free, memlock and sleep_ms can fail, and so can every callback of
 * the fake guest that returns an int.
 */
struct model_fault {
	unsigned countdown;
	const char *only;
	bool stays;
	int error;
	enum model_death kills;
	unsigned calls;
	bool fired;
	char where[MODEL_TEXT];
};

/** struct model_bar - a BAR of a function; a 64-bit one is followed by an empty element */
struct model_bar {
	uint64_t size;
	bool io;
	bool is_64bit;
	bool prefetchable;
	bool no_mmap;
};

/**
 * struct model_pci - a PCI function to add to the host
 * @bdf: canonical
 * @driver: "vfio-pci", a host driver, NULL for none
 * @physfn: BDF of the physical function, for a virtual one
 * @mediated: a mediated device, as the kernel's samples make them; @bdf is its UUID
 * @packed: the regions are where mdpy has them in the descriptor: config space at 0, BAR 0 behind it
 * @sriov: a physical function with virtual ones
 * @group: IOMMU group, -1 for none
 * @config: config space as the hardware has it; made with the model_config_*() functions
 * @config_size: 256 or 4096
 * @last_cap: where the last capability is that model_config_cap() linked
 * @last_ecap: where the last one is that model_config_ecap() linked
 * @noresize: no MSI-X vector can be added while others are enabled
 * @msix_mappable: the kernel allows to map the page with the MSI-X table
 * @sparse_region: what region has a sparse-mmap capability; @sparse_count areas of it
 * @rom_space: bytes of the expansion ROM's BAR, 0 for none; @rom_size bytes at @rom are in it, all ones behind
 * @reserved: address ranges that the IOMMU keeps for itself, beside the MSI window
 */
struct model_pci {
	const char *bdf;
	const char *driver;
	const char *physfn;
	bool mediated;
	bool packed;
	bool sriov;
	int group;
	struct model_bar bars[PT_BARS];
	uint8_t config[MODEL_CONFIG_SIZE];
	unsigned config_size;
	unsigned last_cap;
	unsigned last_ecap;
	bool noresize;
	bool msix_mappable;
	unsigned sparse_region;
	unsigned sparse_count;
	struct pt_area sparse[4];
	uint64_t rom_space;
	const uint8_t *rom;
	size_t rom_size;
	unsigned reserved_count;
	struct pt_iova_range reserved[4];
};

/** enum model_after_reset - what a device is like after a reset */
enum model_after_reset { MODEL_WORKS, MODEL_DIES, MODEL_SLEEPS };

/**
 * struct model_device - a function of the host as it is now
 *
 * The first part is for tests to set, the second to look at.
 */
struct model_device {
	unsigned bind_eagain;	 /* so many times BIND says EAGAIN */
	unsigned attach_ebusy;	 /* so many times ATTACH says EBUSY */
	unsigned reset_eagain;	 /* so many times RESET says EAGAIN */
	int reset_error;	 /* what RESET says, 0 for success */
	bool no_reset;		 /* no reset method: not in GET_INFO's flags */
	unsigned bus_reset_busy; /* so many times PCI_HOT_RESET says EBUSY */
	int bus_reset_error;	 /* what PCI_HOT_RESET says, 0 for success */
	bool no_bus_reset;	 /* neither its slot nor its bus can be reset */
	enum model_after_reset after_reset;
	bool bus_wakes;	    /* but after a bus reset it works */
	bool only_d0;	    /* it enters no other power state */
	uint32_t features;  /* a bit a number; at first the low-power ones, which vfio-pci has */
	uint64_t migration; /* what feature 1 says */
	bool gone;	    /* its file says ENODEV to everything */
	bool dead;	    /* fell off the bus: all ones from everywhere; see model_kill() */
	bool asleep;	    /* cannot be woken */
	bool unregistered;  /* its driver is being unbound: open says ENODEV */
	bool held;	    /* another process has it bound */
	bool group_open;    /* somebody has /dev/vfio/GROUP open */
	bool foreign_owner; /* DMA of the group belongs to somebody else */
	bool unsafe_interrupts; /* no interrupt remapping for it; see model_remapping() */
	unsigned grant;		/* so many vectors are there at most, 0 for all */
	const char *
		vf_token; /* its physical function's user asks for this UUID, NULL for none; of groups */
	unsigned iommu;	     /* which IOMMU it is behind; a page table serves one kind only */
	bool tracks_dirty;   /* its IOMMU keeps dirty bits */
	const char *native;  /* the driver that the kernel has for it, after model_bindable() */
	const char *refused; /* a driver that does not take it */

	bool bound;
	bool attached;
	unsigned power_state; /* D0 to D3 */
	bool low_power;	      /* let go to a state of the platform's choice */
	unsigned resets;      /* by VFIO_DEVICE_RESET */
	unsigned
		bus_resets; /* by VFIO_DEVICE_PCI_HOT_RESET, through whichever function of its bus */
	int irq_index;	    /* PT_IRQ_INTX, _MSI or _MSIX when one is enabled, else -1 */
	unsigned vectors;   /* allocated in it */
	bool intx_masked;
	bool token_set;
	uint8_t token[16];    /* of a physical function */
	const char *override; /* driver_override, NULL for none */
	unsigned vfs;	      /* virtual functions that were made by sriov_numvfs */
	bool no_autoprobe;
	bool removed; /* a virtual function that there is no more */

	struct model *model;
	struct model_pci pci;
	struct model_device_private *private;
};

/** model_new() - a host with /dev/iommu, /dev/kvm and no PCI function. Inverse: model_free(). */
struct model *model_new(void);
void model_free(struct model *model);

/** model_sys() - what the code under test is given */
const struct pt_sys *model_sys(struct model *model);
struct model_host *model_host(struct model *model);
struct model_fault *model_fault(struct model *model);

/* The log of calls. */

/** model_calls() - how many calls so far have @part in their text, since @mark */
unsigned model_calls(const struct model *model, unsigned mark, const char *part);

/** model_mark() - how many calls there have been: a place in the log */
unsigned model_mark(const struct model *model);

/** model_find_call() - the first call at or after @mark with @part in its text, -1 when there is none */
int model_find_call(const struct model *model, unsigned mark, const char *part);

/** model_call_text() - what the log has at @index */
const char *model_call_text(const struct model *model, unsigned index);

/** model_ordered() - both happened since @mark, and the first @before is ahead of the first @after */
bool model_ordered(const struct model *model, unsigned mark, const char *before, const char *after);
void model_print_calls(const struct model *model, unsigned mark);

/* What is left, and what should not have been done. */

/**
 * model_leaks() - what is open, mapped, allocated, bound or referenced now
 * @text: a list of it, empty when nothing is
 *
 * Return: how many things.
 */
unsigned model_leaks(const struct model *model, char *text, size_t size);

/** model_violation() - the first thing that a caller must never do and that was done, NULL when there is none */
const char *model_violation(const struct model *model);

/** model_slept() - milliseconds that the code under test has waited */
unsigned model_slept(const struct model *model);

/* The tree of files. Directories above a path are made as needed; paths have no links in them. */

void model_put_dir(struct model *model, const char *path);
void model_put_file(struct model *model, const char *path, const char *text);
void model_put_bytes(struct model *model, const char *path, const void *data, size_t size);
void model_put_link(struct model *model, const char *path, const char *target);
void model_put_node(struct model *model, const char *path, unsigned major, unsigned minor);
void model_remove(struct model *model, const char *path);

/** model_refuse() - whatever opens, lists or reads the link at @path gets @error, a negative errno; 0 ends it */
void model_refuse(struct model *model, const char *path, int error);

/** model_permit() - who may open @path; at first all are root's, nodes with 0600, and the process may open them */
void model_permit(struct model *model, const char *path, const struct pt_stat *stat);

/**
 * model_load_host() - the tree of files becomes that of a recorded host
 * @file_name: a text file, one entry a line; `tests/lab/record-host` makes one of the host that it runs on:
 *
 *	# comment
 *	in /sys/devices/pci0000:00/0000:00:02.0		names that do not begin with a slash are in this folder from now on
 *	vendor = 0x8086					a file with this text and a newline
 *	resource:					a file with the lines that follow and begin with a tab
 *		0x0000 0x0fff 0x0200
 *	config % 256					a file of so many bytes; those that are not given are zero
 *		86 80 01 00
 *	driver -> ../../../bus/pci/drivers/i915		a link
 *	drm/						a folder
 *	/dev/kvm @ 0660 0:104 10:232 closed		a node: mode, owner, device number; "closed" if the process may not open it
 *
 * Between a name and what follows is one blank. A file that is not like this ends the test.
 */
void model_load_host(struct model *model, const char *file_name);

/** model_process() - a process that has @target open as descriptor 7 */
void model_process(struct model *model, unsigned pid, const char *comm, const char *target);

/**
 * model_process_memory() - a process that has memory pinned and locked, as its status says; its user's sum is what counts
 * @locks_all: it holds CAP_IPC_LOCK, and is not counted
 */
void model_process_memory(struct model *model, unsigned pid, const char *comm, unsigned uid,
			  uint64_t locked, uint64_t pinned, bool locks_all);

/* Functions of the host. */

/** model_config_init() - config space of a function without capabilities */
void model_config_init(struct model_pci *pci, uint16_t vendor, uint16_t device,
		       uint32_t class_code);

/** model_config_cap() - a capability at offset @at, linked behind the last one; @body follows its two header bytes */
void model_config_cap(struct model_pci *pci, unsigned at, uint8_t id, const void *body,
		      size_t size);
void model_config_ecap(struct model_pci *pci, unsigned at, uint16_t id, const void *body,
		       size_t size);
void model_config_pm(struct model_pci *pci, unsigned at);
void model_config_express(struct model_pci *pci, unsigned at);
/** model_config_msi() - @log2_vectors 0 to 5 */
void model_config_msi(struct model_pci *pci, unsigned at, unsigned log2_vectors, bool is_64bit,
		      bool maskable);
void model_config_msix(struct model_pci *pci, unsigned at, unsigned vectors, unsigned table_bar,
		       uint32_t table, unsigned pba_bar, uint32_t pba);
uint32_t model_config_get(const struct model_pci *pci, unsigned at, unsigned size);
void model_config_put(struct model_pci *pci, unsigned at, unsigned size, uint32_t value);

/** model_nvme() - an NVMe disk on vfio-pci: 16 KiB 64-bit BAR 0 with the MSI-X table in it, 65 vectors, PCI Express */
struct model_pci model_nvme(const char *bdf, int group);

/** model_mtty(), model_mdpy() - the kernel's sample mediated devices: a serial port, a screen */
struct model_pci model_mtty(const char *uuid, int group);
struct model_pci model_mdpy(const char *uuid, int group);

/** model_add() - add a function, its driver, group and nodes; @pci is copied. Owned by the model. */
struct model_device *model_add(struct model *model, const struct model_pci *pci);

/** model_device() - the one that was added as number @index, from 0 */
struct model_device *model_device(const struct model *model, unsigned index);

/**
 * model_bindable() - drivers of the functions that there are can be changed, as the kernel lets root do
 *
 * driver_override, power/control, sriov_numvfs and sriov_drivers_autoprobe of each; bind and unbind of its driver, of
 * vfio-pci, and of the model_device's @native; drivers_probe. vfio-pci lets power/control be "auto", and leaves "on".
 */
void model_bindable(struct model *model);

/** model_drive() - the function's driver is @driver from now on, NULL for none, whoever has it open */
void model_drive(struct model_device *device, const char *driver);

/** model_kill() - the device falls off its bus; sysfs shows it too */
void model_kill(struct model_device *device);

/** model_stuck() - the device is in D3cold and does not wake; sysfs shows it too */
void model_stuck(struct model_device *device);

/** model_remapping() - whether this host remaps interrupts, as it does at first; sysfs shows it too */
void model_remapping(struct model *model, bool on);

/** model_read_bar() - what is in a BAR's memory, and model_write_bar() to change it behind everybody's back */
void model_read_bar(struct model_device *device, unsigned bar, uint64_t offset, void *buf,
		    size_t size);
void model_write_bar(struct model_device *device, unsigned bar, uint64_t offset, const void *buf,
		     size_t size);

/** model_scribble() - the hardware's config space changes: random bytes of @seed in @size of them at @at */
void model_scribble(struct model_device *device, unsigned at, unsigned size, uint32_t seed);

/** model_device_config() - a value of config space as the hardware has it */
uint32_t model_device_config(const struct model_device *device, unsigned at, unsigned size);

/** model_raise() - the device sends a message-signalled interrupt; nothing happens when the vector has no eventfd */
void model_raise(struct model_device *device, unsigned vector);

/** model_intx() - the device asserts or deasserts its interrupt line */
void model_intx(struct model_device *device, bool level);

/** model_device_fd() - the eventfd that a vector of an index triggers has this descriptor, -1 for none or closed */
int model_trigger_fd(const struct model_device *device, unsigned index, unsigned vector);

/* Descriptors that are neither the library's nor a device's. */

/** model_memfd() - a memfd of @size bytes for IOMMU_IOAS_MAP_FILE; close it with model_close() */
int model_memfd(struct model *model, uint64_t size);
/** model_open() - open for reading and writing, behind the back of log and fault */
int model_open(struct model *model, const char *path);
void model_close(struct model *model, int fd);
uint64_t model_eventfd_count(const struct model *model, int fd);
void model_signal(struct model *model, int fd);

/** model_listen() - call @ready whenever eventfd @fd is signalled, and at once when it is already; NULL ends it */
void model_listen(struct model *model, int fd, void (*ready)(void *arg, int fd), void *arg);

/* IO address spaces. */

/** model_ioas_find() - whether devices can reach @size bytes at @iova, as one mapping, in any IOAS or container */
bool model_ioas_find(const struct model *model, uint64_t iova, uint64_t size);
unsigned model_ioas_count(const struct model *model);
/** model_hwpt_count() - page tables, those that were made by hand or those that the kernel made */
unsigned model_hwpt_count(const struct model *model, bool by_hand);

/** model_dma_write() - the device writes to the page at @iova. Return: whether it could. */
bool model_dma_write(struct model_device *device, uint64_t iova);

/* For fakes that live beside the model and share its log and its faults. */

/** model_enter() - a call begins: log it, and return the error that it is to fail with, or 0 */
int model_enter(struct model *model, const char *fmt, ...) PT_PRINTF(2, 3);
void model_log(struct model *model, const char *fmt, ...) PT_PRINTF(2, 3);
void model_violate(struct model *model, const char *fmt, ...) PT_PRINTF(2, 3);

/** model_own() - @ptr, from malloc(), is freed with the model. Return: it. */
void *model_own(struct model *model, void *ptr);

/** model_guest_sees() - tell the model that the guest can reach memory at @hva, or no longer */
void model_guest_sees(struct model *model, const void *hva, size_t size, bool visible);

#endif
