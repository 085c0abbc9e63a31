/* SPDX-License-Identifier: MIT */
/* A function with 128 MSI-X vectors, and what a driver does with them. */
#ifndef MSIX_GUEST_H
#define MSIX_GUEST_H

#include "check.h"

#define CAP	      0x40
#define CONTROL	      (CAP + 2)
#define ENABLE	      0x8000u
#define FUNCTION_MASK 0x4000u
#define TABLE	      0x10000u
#define PBA	      0x20000u

/* 128 vectors: table of 2 KiB at 64 KiB, PBA at 128 KiB of a 256 KiB BAR. */
static inline struct model_pci many(void)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};

	model_config_init(&pci, 0x8086, 0x1572, 0x020000);
	pci.bars[0] = (struct model_bar){.size = 0x40000, .is_64bit = true};
	model_config_msix(&pci, CAP, 128, 0, TABLE, 0, PBA);
	return pci;
}

static inline void up(struct check *c, const struct model_pci *pci)
{
	check_up(c, pci);
	cfg_write(c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
}

static inline uint64_t entry(unsigned vector)
{
	return TABLE + 16ull * vector;
}

/* What a driver writes: the message, then the mask bit. */
static inline void program(struct check *c, unsigned vector)
{
	bar_write(c, 0, entry(vector), 4, 0xfee01000);
	bar_write(c, 0, entry(vector) + 4, 4, 0);
	bar_write(c, 0, entry(vector) + 8, 4, 0x4000 + vector);
}

static inline void mask(struct check *c, unsigned vector, bool masked)
{
	bar_write(c, 0, entry(vector) + 12, 4, masked ? 1 : 0);
}

static inline void control(struct check *c, uint32_t value)
{
	cfg_write(c, CONTROL, 2, value);
}

static inline unsigned delivered(const struct check *c, unsigned vector)
{
	return c->guest->vectors[vector].delivered;
}

static inline bool pending(const struct check *c, unsigned vector)
{
	return bar_read(c, 0, PBA + vector / 8, 1) >> vector % 8 & 1;
}

#endif
