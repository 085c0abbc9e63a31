/* SPDX-License-Identifier: MIT */
/*
 * The guest's view of a config space, as data. Pure: bytes in, bytes out.
 *
 * Each bit is either the device's (reads and writes go to the kernel) or virtual (held here). A
 * virtual bit is writable by the guest or fixed. Which bit is what comes from tables of rules in
 * vconfig_build.c, a reason a row.
 */
#ifndef PASSTHROUGH_VCONFIG_H
#define PASSTHROUGH_VCONFIG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "caps.h"

#define PT_CONFIG_SIZE	 4096u
#define PT_CONFIG_HEADER 64u
#define PT_VCONFIG_BARS	 6

#define PT_CONFIG_VENDOR	0x00
#define PT_CONFIG_COMMAND	0x04
#define PT_CONFIG_CLASS		0x09
#define PT_CONFIG_BAR0		0x10
#define PT_CONFIG_ROM		0x30
#define PT_CONFIG_INTERRUPT_PIN 0x3d

#define PT_COMMAND_IO	  0x0001u
#define PT_COMMAND_MEMORY 0x0002u
#define PT_COMMAND_MASTER 0x0004u

#define PT_BAR_IS_IO	0x1u
#define PT_BAR_IS_64BIT 0x4u

/**
 * struct pt_vconfig - one config space
 * @size: 256 or 4096 bytes
 * @virt: 1 for a virtual bit
 * @writable: 1 for a virtual bit that the guest may change
 * @value: virtual bits as the guest has them
 * @initial: virtual bits at power-on
 * @held: virtual bits that the device is to keep as it had them when this was built
 * @pm, @msi, @pcie, @msix, @af: offsets of capabilities that the guest is shown, 0 for none
 */
struct pt_vconfig {
	unsigned size;
	unsigned pm;
	unsigned msi;
	unsigned pcie;
	unsigned msix;
	unsigned af;
	uint8_t virt[PT_CONFIG_SIZE];
	uint8_t writable[PT_CONFIG_SIZE];
	uint8_t value[PT_CONFIG_SIZE];
	uint8_t initial[PT_CONFIG_SIZE];
	uint8_t held[PT_CONFIG_SIZE];
};

/**
 * struct pt_vconfig_setup - what is decided elsewhere
 * @root_bus, @multifunction: see struct pt_function_setup
 * @hide_msi, @hide_msix: the capability cannot be served and is left out
 * @pin: 1 to 4, 0 for none
 * @bar_size: bytes, 0 for a BAR that there is not
 * @clique_at: where the GPUDirect capability is to be (clique.h), 0 for none
 */
struct pt_vconfig_setup {
	bool root_bus;
	bool multifunction;
	bool hide_msi;
	bool hide_msix;
	unsigned pin;
	uint64_t bar_size[PT_VCONFIG_BARS];
	unsigned clique_at;
	unsigned clique;
};

/**
 * pt_vconfig_build() - decide what the guest sees
 * @vconfig: written whole
 * @raw: the device's config space, @size bytes (256 or 4096)
 */
void pt_vconfig_build(struct pt_vconfig *vconfig, const uint8_t *raw, unsigned size,
		      const struct pt_vconfig_setup *setup);

/** pt_vconfig_own() - make @size (1, 2 or 4) bytes' @virt bits virtual, @writable of them the
 * guest's, at first @value */
void pt_vconfig_own(struct pt_vconfig *vconfig, unsigned offset, unsigned size, uint32_t virt,
		    uint32_t writable, uint32_t value);

/** pt_vconfig_reset() - every virtual bit as at power-on */
void pt_vconfig_reset(struct pt_vconfig *vconfig);

/** pt_vconfig_virt() - which bits of an access are virtual */
uint32_t pt_vconfig_virt(const struct pt_vconfig *vconfig, unsigned offset, unsigned size);

/** pt_vconfig_get() - the virtual bits of an access, others 0 */
uint32_t pt_vconfig_get(const struct pt_vconfig *vconfig, unsigned offset, unsigned size);

/** pt_vconfig_hold() - a write to what is beside these virtual bits must not clear them in the device,
 * which has @value there */
void pt_vconfig_hold(struct pt_vconfig *vconfig, unsigned offset, unsigned size, uint32_t virt,
		     uint32_t value);

/** pt_vconfig_held() - what is to be written to the device for the virtual bits of an access */
uint32_t pt_vconfig_held(const struct pt_vconfig *vconfig, unsigned offset, unsigned size);

/** pt_vconfig_put() - the guest writes: takes what is virtual and writable */
void pt_vconfig_put(struct pt_vconfig *vconfig, unsigned offset, unsigned size, uint32_t value);

#endif
