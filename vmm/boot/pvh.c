/* SPDX-License-Identifier: MIT */
#include "boot/pvh.h"

#include <stdbool.h>
#include <string.h>

#include "boot/params.h"

#define START_MAGIC   0x336ec578u
#define START_VERSION 1u /* the first with a memory map */

#define SELECTOR_CODE 0x10u
#define SELECTOR_DATA 0x18u
#define SELECTOR_TASK 0x20u
#define TASK_LIMIT    0x67u

#define CR0_PE	      0x1u
#define CR0_ET	      0x10u
#define RFLAGS_ALWAYS 0x2u

struct start_info {
	uint32_t magic;
	uint32_t version;
	uint32_t flags;
	uint32_t modules_count;
	uint64_t modules;
	uint64_t cmdline;
	uint64_t rsdp;
	uint64_t map;
	uint32_t map_count;
	uint32_t reserved;
};

struct start_module {
	uint64_t address;
	uint64_t size;
	uint64_t cmdline;
	uint64_t reserved;
};

struct start_map {
	uint64_t address;
	uint64_t size;
	uint32_t type;
	uint32_t reserved;
};

struct info {
	struct start_info start;
	struct start_module initrd;
	struct start_map map[BOOT_MAP_MAX];
};

_Static_assert(sizeof(struct start_info) == 56 && sizeof(struct start_map) == 24,
	       "as start_info.h has them");
_Static_assert(sizeof(struct info) <= PVH_INFO_SIZE, "it fits");
_Static_assert(BOOT_PARAMS + PVH_INFO_SIZE <= BOOT_PAGE_TABLES, "it fits its place");

void pvh_info_fill(unsigned char *bytes, const struct boot_layout *layout,
		   const struct vm_plan *plan, uint64_t rsdp)
{
	struct boot_e820_entry map[BOOT_MAP_MAX];
	struct info info = {
		.start =
			{
				.magic = START_MAGIC,
				.version = START_VERSION,
				.modules_count = layout->initrd_size > 0,
				.modules = BOOT_PARAMS + offsetof(struct info, initrd),
				.cmdline = BOOT_CMDLINE,
				.rsdp = rsdp,
				.map = BOOT_PARAMS + offsetof(struct info, map),
				.map_count = boot_map_fill(map, plan),
			},
		.initrd = {.address = layout->initrd, .size = layout->initrd_size},
	};

	for (unsigned i = 0; i < info.start.map_count; i++)
		info.map[i] = (struct start_map){
			.address = map[i].addr,
			.size = map[i].size,
			.type = map[i].type,
		};
	memset(bytes, 0, PVH_INFO_SIZE);
	memcpy(bytes, &info, sizeof(info));
}

void pvh_gdt_fill(uint64_t *gdt)
{
	gdt[0] = 0;
	gdt[1] = 0;
	gdt[SELECTOR_CODE / 8] = 0x00cf9b000000ffffull; /* present, code, 32-bit, 4 GiB */
	gdt[SELECTOR_DATA / 8] = 0x00cf93000000ffffull; /* present, data, writable, 4 GiB */
	gdt[SELECTOR_TASK / 8] = 0x00008b0000000000ull | TASK_LIMIT; /* 32-bit task, busy */
}

static struct kvm_segment flat_segment(uint16_t selector, uint8_t type)
{
	return (struct kvm_segment){
		.limit = 0xffffffff,
		.selector = selector,
		.type = type,
		.present = 1,
		.db = 1,
		.s = 1,
		.g = 1,
	};
}

void pvh_cpu_state(struct kvm_sregs *sregs, struct kvm_regs *regs, const struct boot_layout *layout)
{
	struct kvm_segment data = flat_segment(SELECTOR_DATA, 0x3);

	sregs->cs = flat_segment(SELECTOR_CODE, 0xb);
	sregs->ds = data;
	sregs->es = data;
	sregs->fs = data;
	sregs->gs = data;
	sregs->ss = data;
	sregs->tr = (struct kvm_segment){
		.limit = TASK_LIMIT,
		.selector = SELECTOR_TASK,
		.type = 0xb,
		.present = 1,
	};
	sregs->gdt.base = BOOT_GDT;
	sregs->gdt.limit = PVH_GDT_SIZE - 1;
	sregs->cr0 = CR0_PE | CR0_ET;
	sregs->cr3 = 0;
	sregs->cr4 = 0;
	sregs->efer = 0;
	memset(regs, 0, sizeof(*regs));
	regs->rip = layout->entry;
	regs->rbx = BOOT_PARAMS;
	regs->rflags = RFLAGS_ALWAYS;
}
