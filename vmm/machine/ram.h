/* SPDX-License-Identifier: MIT */
/*
 * struct ram: the guest's memory.
 *
 * One memfd, sealed in size, mapped shared and in one piece: devices pin its pages and vCPUs map the same ones, which a
 * private mapping would not promise, and a file descriptor is what later lets other processes and IOMMU_IOAS_MAP_FILE
 * have it. Huge pages of the host's pool back it where the plan says so; mmap reserves them, so that none can be missing
 * later. Where the plan names a NUMA node, all of it comes from there. The mapping begins at a 1 GiB boundary, as the pieces of guest RAM do, so that huge pages line up. It is not
 * inherited by a fork and not part of a core dump.
 */
#ifndef TENON_MACHINE_RAM_H
#define TENON_MACHINE_RAM_H

#include <passthrough/error.h>
#include <stddef.h>
#include <stdint.h>

#include "plan/plan.h"

struct ram {
	int fd;
	unsigned char *base;
	uint64_t size;
	struct plan_ram pieces[PLAN_RAM_MAX];
	unsigned count;
};

#define RAM_CLOSED       \
	{                \
		.fd = -1 \
	}

/** ram_open() - inverse: ram_done(). Errors: -ENOMEM and others from memfd_create(2), ftruncate(2), mmap(2), mbind(2), prefault(). */
int ram_open(struct ram *ram, const struct vm_plan *plan, struct pt_error *err);

/** ram_done() - nothing may use the memory any more; accepts RAM_CLOSED */
void ram_done(struct ram *ram);

/**
 * ram_at() - the one door from a guest physical address to this process's
 *
 * Return: where @size bytes at @gpa are, NULL when they are not all within one piece of RAM.
 */
void *ram_at(const struct ram *ram, uint64_t gpa, uint64_t size);

#endif
