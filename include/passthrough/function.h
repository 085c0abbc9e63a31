/* SPDX-License-Identifier: MIT */
/*
 * struct pt_function: the PCI function that the guest sees, on top of an attached struct pt_device.
 *
 * It answers the guest's config-space and trapped BAR accesses, and calls the embedder back to
 * place BARs in the guest's address space and to wire interrupts. It makes no KVM call of its own,
 * so that it serves any VMM.
 *
 * What the guest last wrote and what the host is programmed with are kept apart and reconciled in
 * one place.
 *
 * Every call for one function, the callbacks within it included, happens under the embedder's lock
 * for that function; callbacks may come only from within calls. Numbers from the guest are never
 * trusted.
 */
#ifndef PASSTHROUGH_FUNCTION_H
#define PASSTHROUGH_FUNCTION_H

#include <passthrough/device.h>
#include <passthrough/error.h>
#include <passthrough/host.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pt_function;

/**
 * enum pt_severity - what a report means to the guest
 * @PT_WARNING: it goes on without something that it can do without, such as a path for peer-to-peer
 *	DMA or an expansion ROM
 * @PT_ERROR: what it asked for was not done, or the device is not well: its driver may fail
 */
enum pt_severity {
	PT_WARNING,
	PT_ERROR,
};

/**
 * struct pt_guest_ops - what a VMM provides to its functions
 *
 * Memory (required):
 * @memory_add: make @size bytes at @hva the guest's memory at @gpa (a KVM memslot). All are
 *	page-aligned; gpa and hva are congruent modulo min(BAR size, 1 GiB). Inverse: @memory_remove.
 * @memory_remove: take it out again; when it returns no vCPU can reach it. Cannot fail.
 * @trap_add: send guest accesses to @size bytes at @address (guest physical, or a port when @io) to
 *	pt_function_bar_read() and _write() of BAR @bar, 0 to PT_BAR_ROM. The whole BAR is announced, what @memory_add
 *	covers wins over it. Inverse: @trap_remove. -ERANGE: the guest cannot have a BAR there; it is left
 *	out without a report, since guests that size a BAR write such addresses in passing.
 * @trap_remove: Cannot fail.
 *
 * Message-signalled interrupts (required). Vectors are numbered from 0 within the function:
 * @vector_route: from the next commit on, vector @vector delivers this message (address and data as
 *	in PCI's MSI capability). A vector keeps its route until @vector_unroute.
 * @vectors_commit: make the routes staged since the last commit live; one KVM_SET_GSI_ROUTING,
 *	however many they are
 * @vector_connect: when @fd is signalled, deliver the vector's message (KVM_IRQFD). Signals that
 *	are pending in @fd are delivered at once. Inverse: @vector_disconnect.
 * @vector_disconnect: when it returns the guest gets no more interrupts from @fd. Cannot fail.
 * @vector_unroute: the route is not needed any more. Never called while the vector is connected.
 *	Cannot fail.
 *
 * Level interrupt (required for functions with a pin):
 * @intx_connect: assert the interrupt line of the function's pin (1 = INTA#) when @trigger is
 *	signalled; at the guest's EOI deassert it and signal @resample (KVM_IRQFD with
 *	KVM_IRQFD_FLAG_RESAMPLE). Inverse: @intx_disconnect.
 * @intx_disconnect: ends it and leaves the line deasserted. Cannot fail.
 *
 * Notices (may be NULL):
 * @report: something a person should know and that is no failure of the call it happens in, such as
 *	a reset that did not work or a device that reads all ones
 *
 * Callbacks return 0 or a negative errno and write @err on failure.
 */
struct pt_guest_ops {
	int (*memory_add)(void *ctx, uint64_t gpa, uint64_t size, void *hva, struct pt_error *err);
	void (*memory_remove)(void *ctx, uint64_t gpa, uint64_t size);
	int (*trap_add)(void *ctx, unsigned bar, int io, uint64_t address, uint64_t size,
			struct pt_error *err);
	void (*trap_remove)(void *ctx, unsigned bar, int io, uint64_t address, uint64_t size);

	int (*vector_route)(void *ctx, unsigned vector, uint64_t address, uint32_t data,
			    struct pt_error *err);
	int (*vectors_commit)(void *ctx, struct pt_error *err);
	int (*vector_connect)(void *ctx, unsigned vector, int fd, struct pt_error *err);
	void (*vector_disconnect)(void *ctx, unsigned vector, int fd);
	void (*vector_unroute)(void *ctx, unsigned vector);

	int (*intx_connect)(void *ctx, unsigned pin, int trigger, int resample,
			    struct pt_error *err);
	void (*intx_disconnect)(void *ctx, unsigned pin, int trigger, int resample);

	void (*report)(void *ctx, enum pt_severity severity, const struct pt_error *what);
};

/** enum pt_bar_kind - what a BAR asks for */
enum pt_bar_kind {
	PT_BAR_NONE,  /* not implemented, or the upper half of the 64-bit BAR before it */
	PT_BAR_IO,    /* port I/O */
	PT_BAR_MEM32, /* memory below 4 GiB */
	PT_BAR_MEM64, /* memory anywhere */
};

/* The expansion ROM where BARs are counted: @trap_add, pt_function_bar_read(), pt_function_bar(). */
#define PT_BAR_ROM PT_BARS

#define PT_ROM_SIZE_MAX (16u << 20)

/** enum pt_rom_source - what the guest finds as the function's expansion ROM */
enum pt_rom_source {
	PT_ROM_DEVICE, /* the device's own, where it has one */
	PT_ROM_BYTES,  /* what the embedder gives */
	PT_ROM_NONE,
};

/**
 * struct pt_rom_setup - the expansion ROM
 * @bytes: for PT_ROM_BYTES, @size of them; copied. They must pass pt_rom_check(). One for another
 *	device is reported, and used.
 * @address: where it is after reset; a multiple of what it takes, see pt_rom_space(); below 4 GiB
 *
 * The device's own is read once in the function's life, when the guest first turns it on, and kept:
 * what a guest writes to the device's flash memory shows after the function was made anew. One that
 * cannot be read or is none is reported and, from then on, absent.
 */
struct pt_rom_setup {
	enum pt_rom_source source;
	const void *bytes;
	size_t size;
	uint64_t address;
};

/**
 * struct pt_bar - a BAR as the guest sees it
 * @size: bytes, a power of two
 * @address: where the guest has it; meaningful whatever the decode bits say
 * @mapped: decoding is on and it is in the guest's address space
 */
struct pt_bar {
	enum pt_bar_kind kind;
	int prefetchable;
	int mapped;
	uint64_t size;
	uint64_t address;
};

/**
 * struct pt_function_setup - how the guest is to see the function
 * @root_bus: it sits on a root bus, so a PCI Express endpoint is shown as a root complex integrated
 *	endpoint (PCIe base specification 7.5.3.2, 1.3.2.3);
 *	behind a port, an integrated endpoint as an endpoint
 * @multifunction: the guest's slot holds several functions. It must be set for function 0, since
 *	that is where a guest looks before it looks for others (PCI 3.0, 6.2.1); for the others it may be
 *	set or not. What the host's slot holds makes no difference.
 * @has_gpudirect_clique: show the guest's driver @gpudirect_clique, 0 to 15: NVIDIA GPUs with the same
 *	one reach each other by peer-to-peer DMA. That they do is the embedder's word; it is tried by
 *	nobody. Inserted as the vendor-specific capability of NVIDIA's specification of GPUDirect P2P in
 *	virtual machines.
 * @peer_to_peer: while a memory BAR is in the guest, the space's other devices can reach it by DMA at
 *	its guest address, as far as it is memory there. Linux 6.19, or the group backend. Where it cannot
 *	be done, @report says so, once for a BAR or once for all of the space. Of use with two devices or
 *	more.
 * @rom: zeroes are the device's own, and no address yet
 * @bar_address: where each BAR is after reset, before the guest moves it; a multiple of the BAR's
 *	size. What firmware would have programmed.
 * @low_power: while the guest has the function in D3hot, let the host's platform put it lower
 *	(VFIO_DEVICE_FEATURE_LOW_POWER_ENTRY), where the kernel has that and the guest cannot notice:
 *	without No_Soft_Reset, or with d3cold_allowed 0 on the host. Off by default: it saves the host
 *	some power, and makes each access to config space wake the function, which takes milliseconds.
 */
struct pt_function_setup {
	int root_bus;
	int multifunction;
	int has_gpudirect_clique;
	unsigned gpudirect_clique;
	int peer_to_peer;
	struct pt_rom_setup rom;
	int low_power;
	uint64_t bar_address[PT_BARS];
};

/** struct pt_function_stats - counts since creation, for tests and reports */
struct pt_function_stats {
	uint64_t config_accesses;
	uint64_t bar_accesses;
	unsigned msi_vectors;  /* connected now, and had from the host */
	unsigned msix_vectors; /* the same */
	int intx;	       /* connected now */
};

/**
 * pt_function_create() - the guest's view of an attached device
 * @device: ATTACHED; stays the caller's and must outlive the function
 * @setup: copied
 * @ops: kept by reference, @ctx is its first argument
 * @ret_function: the caller owns it. Inverse: pt_function_destroy().
 *
 * Reads config space, builds the capability lists that the guest may see, maps what can be mapped.
 * Nothing is placed in the guest before pt_function_start().
 *
 * Errors: -EBADFD wrong state; -EIO the device reads all ones; -EINVAL a BAR address that is not
 * aligned, a clique for another device than an NVIDIA GPU, or bytes that are no ROM; -EFBIG a ROM that is too large; -ENOSPC no place for the clique's
 * capability; -ENOMEM.
 */
int pt_function_create(struct pt_device *device, const struct pt_function_setup *setup,
		       const struct pt_guest_ops *ops, void *ctx, struct pt_function **ret_function,
		       struct pt_error *err);

/** pt_function_destroy() - stops it if it runs, frees it; NULL is accepted. Cannot fail. */
void pt_function_destroy(struct pt_function *function);

/**
 * pt_function_start() - from now on the guest may use the function
 *
 * Connects INTx where there is a pin. BARs appear when the guest turns decoding on. ATTACHED to
 * RUNNING. A reset that is still owed, since it could not be done when the function was stopped, is
 * tried again; that it starts without is reported by @report. Inverse: pt_function_stop(). Errors:
 * -EBADFD wrong state; from the callbacks.
 */
int pt_function_start(struct pt_function *function, struct pt_error *err);

/**
 * pt_function_stop() - bus mastering off, interrupts off, BARs out of the guest, reset; RUNNING to
 * ATTACHED
 *
 * What the guest wrote is forgotten: after another start the function is as it was after power-on.
 * A reset that fails is reported by @report, and so is a device that does not answer after it. Of
 * functions that share a bus and have no reset of their own, the last one to be stopped resets the
 * bus for all: when the machine resets, stop them all before the first is started again. Call it
 * when the machine resets or ends. Cannot fail.
 */
void pt_function_stop(struct pt_function *function);

/**
 * pt_function_reset() - what a reset of the function does to it, while the guest goes on
 *
 * As pt_function_stop() and pt_function_start() at once, without a failure in between; for a bridge
 * whose guest resets its secondary bus, where this is the only function. The guest's own FLR, and its
 * D3hot to D0 where that resets, are done so without a call. Does nothing when it is not started.
 */
void pt_function_reset(struct pt_function *function);

/**
 * pt_function_set_peers() - whether the space's other devices can reach its BARs from now on
 * @on: as @peer_to_peer of struct pt_function_setup, at once, for the BARs that are in the guest
 *
 * For a guest that gets its second device while it runs, or loses it: the first one's BARs have no
 * use in the space while it is alone. What cannot be done is reported by @report, as ever.
 */
void pt_function_set_peers(struct pt_function *function, int on);

/**
 * pt_function_config_read() - the guest reads its config space
 * @offset: 0 to 4095
 * @size: 1, 2 or 4 bytes within one aligned dword
 *
 * Return: the value; all ones where nothing is, or the device is gone.
 */
uint32_t pt_function_config_read(struct pt_function *function, unsigned offset, unsigned size);

/** pt_function_config_write() - the guest writes its config space; what it may not write is dropped
 */
void pt_function_config_write(struct pt_function *function, unsigned offset, unsigned size,
			      uint32_t value);

/**
 * pt_function_bar_read() - the guest reads a trapped part of a BAR
 * @offset: from the start of the BAR
 * @buf: filled with @size (1 to 8) bytes; all ones where the device does not answer
 */
void pt_function_bar_read(struct pt_function *function, unsigned bar, uint64_t offset, void *buf,
			  size_t size);

/** pt_function_bar_write() - the guest writes a trapped part of a BAR */
void pt_function_bar_write(struct pt_function *function, unsigned bar, uint64_t offset,
			   const void *buf, size_t size);

/** pt_function_bar() - a BAR, or the expansion ROM, as the guest has it now; kind PT_BAR_NONE for an
 * index that is none */
struct pt_bar pt_function_bar(const struct pt_function *function, unsigned index);

/**
 * pt_rom_check() - whether bytes are an expansion ROM
 *
 * Every image begins with 0x55 0xaa, has its PCI data structure, and lies within the bytes. Source:
 * PCI Firmware Specification 3.3, 5.1. Errors: -EINVAL they are not; -EFBIG more than
 * PT_ROM_SIZE_MAX.
 */
int pt_rom_check(const void *bytes, size_t size, struct pt_error *err);

/** pt_rom_space() - the address space that a ROM of @size bytes takes: a power of two, 2 KiB to 16 MiB */
uint64_t pt_rom_space(uint64_t size);

/** pt_function_stats() - counts */
struct pt_function_stats pt_function_stats(const struct pt_function *function);

#ifdef __cplusplus
}
#endif

#endif
