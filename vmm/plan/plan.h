/* SPDX-License-Identifier: MIT */
/*
 * struct vm_plan: every decision about a guest, made before anything is touched.
 *
 * plan_make() is pure: the same config and facts give the same plan on any machine. The machine is built from the plan
 * alone; nothing below it sees the config.
 *
 * Guest physical layout (bytes):
 *
 *   0            low RAM, at most 2 GiB
 *   0x8000_0000  window for 32-bit BARs, to 0xdfff_ffff
 *   0xe000_0000  ECAM, 256 MiB, buses 0 to 255
 *   0xfec0_0000  IOAPIC; 0xfee0_0000 local APICs and MSI; KVM's own pages just below
 *   0x1_0000_0000 high RAM
 *   above it     window for 64-bit BARs, 1 GiB-aligned, within the guest's physical width and what the devices' IOMMUs can
 *		  address
 */
#ifndef TENON_PLAN_PLAN_H
#define TENON_PLAN_PLAN_H

#include <passthrough/error.h>
#include <passthrough/function.h>
#include <passthrough/host.h>
#include <stdint.h>
#include <stdio.h>

struct vm_config;
struct host_facts;

#define PLAN_RAM_MAX	 4
#define PLAN_DEVICES_MAX 31

#define PLAN_LOW_RAM_END   0x80000000ull
#define PLAN_MMIO32_BASE   0x80000000ull
#define PLAN_MMIO32_END	   0xe0000000ull
#define PLAN_ECAM_BASE	   0xe0000000ull
#define PLAN_ECAM_SIZE	   0x10000000ull
#define PLAN_BUS_LAST	   0u /* no bridges; a guest tries every slot of every bus that MCFG promises */
#define PLAN_IOAPIC_BASE   0xfec00000ull
#define PLAN_LAPIC_BASE	   0xfee00000ull
#define PLAN_HIGH_RAM_BASE 0x100000000ull
#define PLAN_IO_BASE	   0x1000u /* window for I/O BARs */
#define PLAN_IO_END	   0x10000u

#define PLAN_SERIAL_PORT 0x3f8u /* 16550, GSI 4 */
#define PLAN_SERIAL_GSI	 4u
#define PLAN_PM_PORT	 0x600u /* ACPI PM1a event (4), PM1a control (2) at +4, PM timer (4) at +8 */
#define PLAN_SCI_GSI	 9u
#define PLAN_RESET_PORT	 0xcf9u /* reset control register; 0x06 resets */
#define PLAN_INTX_GSI	 16u	/* pins of slot S, pin P (0 = INTA#): GSI 16 + (S + P) % 4 */
#define PLAN_INTX_GSIS	 4u
#define PLAN_MSI_GSI	 24u /* first GSI for message-signalled interrupts */

/** struct plan_range - an address range; @size in bytes, 0 when there is none */
struct plan_range {
	uint64_t base;
	uint64_t size;
};

/** struct plan_ram - a piece of guest RAM: one memslot, one IOAS mapping */
struct plan_ram {
	uint64_t gpa;
	uint64_t size;
	uint64_t offset; /* in the guest's memfd */
};

/**
 * struct plan_device - one function to pass through
 * @name: what it is opened by
 * @vf_token: empty for none
 * @slot: on bus 0, function 0
 * @gsi: of its interrupt pin, 0 when it has none
 * @bars: sizes and kinds as facts said
 * @bar_address: where each BAR is at power-on
 */
struct plan_device {
	char name[PT_PATH_SIZE];
	char bdf[PT_NAME_SIZE];
	char vf_token[PT_NAME_SIZE];
	uint16_t vendor;
	uint16_t device;
	uint32_t class_code;
	unsigned slot;
	unsigned irq_pin;
	unsigned gsi;
	struct pt_host_bar bars[PT_BARS];
	uint64_t bar_address[PT_BARS];
};

/** struct vm_plan - one guest, decided; holds no resource, so it can be copied */
struct vm_plan {
	char name[64];
	unsigned cpus;
	uint64_t memory; /* bytes */
	unsigned phys_bits;
	struct plan_ram ram[PLAN_RAM_MAX];
	unsigned ram_count;
	struct plan_range io_window;
	struct plan_range mmio32_window;
	struct plan_range mmio64_window;
	struct plan_device devices[PLAN_DEVICES_MAX];
	unsigned device_count;
	int pins_memory;    /* devices will pin all of RAM */
	int unsafe_noiommu; /* no IOMMU stands before the devices: no DMA */
	char kernel[PT_PATH_SIZE];
	char initrd[PT_PATH_SIZE]; /* empty: none */
	char cmdline[2048];
};

/**
 * plan_make() - decide
 *
 * Fails with what does not fit and what would: RAM against the memory limits, BARs against the windows, RAM and windows
 * against the reserved ranges and widths of each device's IOMMU. Return: 0 or -errno.
 */
int plan_make(const struct vm_config *config, const struct host_facts *facts,
	      struct vm_plan *ret_plan, struct pt_error *err);

/** plan_print() - the plan as stable text, for people and for golden tests */
void plan_print(const struct vm_plan *plan, FILE *out);

#endif
