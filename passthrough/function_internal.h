/* SPDX-License-Identifier: MIT */
/* struct pt_function's insides, and the parts that its files offer each other. */
#ifndef PASSTHROUGH_FUNCTION_INTERNAL_H
#define PASSTHROUGH_FUNCTION_INTERNAL_H

#include <passthrough/function.h>

#include "internal.h"
#include "vconfig.h"

#define PT_MSIX_ENTRY_SIZE 16u

/* Mappable areas, each of which the MSI-X table and the PBA can cut in two. */
#define PT_BAR_PIECES (PT_REGION_AREAS + 2)
_Static_assert(PT_BAR_PIECES <= 32, "a bit for each in peer_pieces");

/*
 * struct pt_vector - a message-signalled interrupt on its way from host to guest
 * @fd: eventfd between VFIO and KVM, -1 until the vector is first used
 * @routed: the embedder has @address and @data for it
 * @connected: the embedder delivers signals of @fd. Without, they gather in @fd: that is what
 * "pending" means.
 * @armed: VFIO signals @fd
 */
struct pt_vector {
	uint64_t address;
	uint32_t data;
	int fd;
	bool routed;
	bool connected;
	bool armed;
};

/* What the guest wants of a vector. */
struct pt_wanted {
	bool live; /* enabled and not masked */
	uint64_t address;
	uint32_t data;
};

/*
 * struct pt_vectors - the vectors of MSI or of MSI-X
 * @index: PT_IRQ_MSI or PT_IRQ_MSIX
 * @count: vectors that the function has
 * @minimum: vectors that the host's index is enabled with at least, whether they are used or not
 * @enabled: vectors that it is enabled with, 0 when it is not
 * @granted: all that the host has to give, where that is fewer than was asked for; 0 for not known
 * @reported: what was said to be all; 0 for nothing
 * @scratch: @count descriptors, for one SET_IRQS
 */
struct pt_vectors {
	unsigned index;
	unsigned count;
	unsigned minimum;
	unsigned enabled;
	unsigned granted;
	unsigned reported;
	struct pt_vector *list;
	int *scratch;
	struct pt_wanted (*wanted)(const struct pt_function *function, unsigned vector);
};

struct pt_msix {
	unsigned table_bar;
	unsigned pba_bar;
	uint64_t table_offset;
	uint64_t pba_offset;
	uint64_t table_size; /* bytes */
	uint64_t pba_size;
	uint8_t *table; /* as the guest wrote it */
	struct pt_vectors vectors;
};

/* @upper, @mask, @pending: registers that the capability may lack, 0 then. Offsets from its start.
 */
struct pt_msi {
	unsigned upper;
	unsigned data;
	unsigned mask;
	unsigned pending;
	struct pt_vectors vectors;
};

/* @by_hand: the device has no unmasking by eventfd; see pt_intx_poll(). */
struct pt_intx {
	int trigger;
	int resample;
	bool by_hand;
};

enum pt_irq_mode {
	PT_MODE_NONE,
	PT_MODE_INTX,
	PT_MODE_MSI,
	PT_MODE_MSIX,
};

/* Every BAR, and behind them the expansion ROM. */
#define PT_BAR_COUNT (PT_BAR_ROM + 1)

struct pt_function_bar {
	struct pt_bar bar;
	void *base; /* NULL: nothing of it can be mapped */
	unsigned piece_count;
	unsigned pieces_added;
	bool refused; /* the embedder's refusal was reported */
	struct pt_area pieces[PT_BAR_PIECES];
	uint32_t peer_pieces; /* those that other devices can reach */
	bool peer_reported;
};

/* @bytes: NULL until the device's own is read */
struct pt_rom {
	uint8_t *bytes;
	size_t size;
};

struct pt_function {
	const struct pt_sys *sys;
	struct pt_device *device;
	struct pt_function_setup setup;
	const struct pt_guest_ops *ops;
	void *ctx;
	bool running;
	bool dead_reported;
	bool no_dma_reported;
	uint16_t command;     /* as the guest last wrote it */
	bool low_power;	      /* the kernel may put it lower than D3hot */
	unsigned power_state; /* as the device last had it: 0 for D0 to 3 for D3hot */
	unsigned pin;	      /* 1 to 4, 0 for none */
	enum pt_irq_mode mode;
	struct pt_function_stats stats;
	struct pt_function_bar bars[PT_BAR_COUNT];
	struct pt_rom rom;
	struct pt_intx intx;
	struct pt_msi msi;
	struct pt_msix msix;
	struct pt_vconfig config;
};

/* Without an IOMMU the guest's addresses are not the device's: it must never be a bus master. */
static inline bool pt_function_without_dma(const struct pt_function *function)
{
	return function->device->space->setup.unsafe_noiommu;
}

/* function.c */
void pt_report(struct pt_function *function, const struct pt_error *err);
void pt_warn(struct pt_function *function, const struct pt_error *err);
/* What one of the embedder's callbacks said, with the device's name before it. */
void pt_report_callback(struct pt_function *function, struct pt_error *err);

/* view.c: config space, BARs, vectors. What it has made is undone by pt_function_destroy(). */
int pt_view_build(struct pt_function *function, struct pt_error *err);
/* The byte of an access that lands on @offset, or @otherwise when it does not reach it. */
static inline uint8_t pt_byte_at(unsigned at, unsigned size, uint32_t value, unsigned offset,
				 uint8_t otherwise)
{
	if (offset < at || offset >= at + size)
		return otherwise;
	return (uint8_t)(value >> (8 * (offset - at)));
}

/* function_reset.c */
/* Whether a write starts a function-level reset. */
bool pt_function_asked_to_reset(struct pt_function *function, unsigned offset, unsigned size,
				uint32_t value);

/* power.c */
/* The power state after a write: what is written to its register, else what it is. */
unsigned pt_power_asked(const struct pt_function *function, unsigned offset, unsigned size,
			uint32_t value);
/* Whether the function loses what it had by going to state @asked: from D3hot to D0, without
 * No_Soft_Reset. */
bool pt_power_resets(struct pt_function *function, unsigned asked);
/* A write has reached the device: which state it is in now. */
void pt_power_written(struct pt_function *function, unsigned offset, unsigned size, unsigned asked);
/* Which state it is in, whoever put it there. */
int pt_power_learn(struct pt_function *function, struct pt_error *err);
/* The guest has suspended it: so may the host, if it is set up so. Its BARs are out. */
void pt_power_sleep(struct pt_function *function);
/* The opposite, before it is put in another state. While it fails, BARs stay out. */
int pt_power_wake(struct pt_function *function);
/* What the guest reads of the power state. */
uint32_t pt_power_shown(const struct pt_function *function, unsigned offset, unsigned size,
			uint32_t value);
/* Into D0. */
void pt_power_on(struct pt_function *function);

/* bars.c: the BARs in the guest's address space. */
int pt_bars_init(struct pt_function *function, const uint8_t *raw, struct pt_error *err);
int pt_bars_map(struct pt_function *function, struct pt_error *err);
/* The address that the guest's register holds. */
uint64_t pt_bar_address(const struct pt_function *function, unsigned i);
/* Takes out every BAR that is not where and as @command, @powered and the registers want it. */
void pt_bars_withdraw(struct pt_function *function, uint16_t command, bool powered);
/* Puts in every BAR that is wanted and not in yet. The device decodes by now. */
void pt_bars_place(struct pt_function *function);

/* rom_bar.c */
/* Whether there is one and how large; bytes that the embedder gave are taken over. */
int pt_rom_init(struct pt_function *function, const uint8_t *raw, struct pt_error *err);
void pt_rom_done(struct pt_function *function);
/* The guest turned it on and the device decodes memory. Return: false when there is none to show
 * after all; the register says so from then on. */
bool pt_rom_load(struct pt_function *function);
void pt_rom_read(const struct pt_function *function, uint64_t offset, uint8_t *buf, size_t size);

/* peers.c: BARs as memory for the space's devices. BAR @i is in the guest. */
void pt_peers_add(struct pt_function *function, unsigned i);
void pt_peers_remove(struct pt_function *function, unsigned i);

/* irq.c: which kind of interrupt is in use, and INTx itself. */
/* Brings the host in line with what the guest's registers ask for. */
int pt_irq_sync(struct pt_function *function, struct pt_error *err);
/*
 * Before the guest's access to a BAR: unmasks INTx if the guest has ended the last one, for a device that cannot do so by
 * eventfd (the mediated sample devices). What such a device raises, it raises in answer to an access.
 */
void pt_intx_poll(struct pt_function *function);
/* Every interrupt off. */
void pt_irq_stop(struct pt_function *function);

/* vectors.c */
int pt_vectors_init(struct pt_function *function, struct pt_vectors *vectors, unsigned index,
		    unsigned count, struct pt_error *err);
void pt_vectors_done(struct pt_function *function, struct pt_vectors *vectors);
/* Reconciles vectors @first to @first + @count - 1 with what is wanted; failures are reported, the
 * rest goes on. */
void pt_vectors_sync(struct pt_function *function, struct pt_vectors *vectors, unsigned first,
		     unsigned count);
/* The guest enabled them: enable the host's index, with @minimum vectors at least, and reconcile
 * them all. */
void pt_vectors_start(struct pt_function *function, struct pt_vectors *vectors, unsigned minimum);
/* All of them off. */
void pt_vectors_stop(struct pt_function *function, struct pt_vectors *vectors);
bool pt_vectors_pending(struct pt_function *function, const struct pt_vectors *vectors,
			unsigned vector);
unsigned pt_vectors_connected(const struct pt_vectors *vectors);

/* msi.c */
int pt_msi_init(struct pt_function *function, const uint8_t *raw, struct pt_error *err);
bool pt_msi_enabled(const struct pt_function *function);
/* How many messages the guest gave the function. */
unsigned pt_msi_allowed(const struct pt_function *function);
/* Refreshes the pending register before the guest reads it. */
void pt_msi_update_pending(struct pt_function *function, unsigned offset, unsigned size);

/* msix.c */
/* Whether the capability at @offset, which is there whole, can be served: its table and PBA lie in
 * memory BARs that the device has. */
bool pt_msix_usable(const struct pt_function *function, const uint8_t *raw, unsigned offset);
int pt_msix_init(struct pt_function *function, const uint8_t *raw, struct pt_error *err);
void pt_msix_done(struct pt_function *function);
void pt_msix_reset(struct pt_function *function);
bool pt_msix_enabled(const struct pt_function *function);
/* The guest accesses a BAR; true when it was the table or the PBA. */
bool pt_msix_read(struct pt_function *function, unsigned bar, uint64_t offset, uint8_t *buf,
		  size_t size);
bool pt_msix_write(struct pt_function *function, unsigned bar, uint64_t offset, const uint8_t *buf,
		   size_t size);

#endif
