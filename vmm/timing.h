/* SPDX-License-Identifier: MIT */
/*
 * struct timing: how long each phase of a launch took, for --timing.
 */
#ifndef TENON_TIMING_H
#define TENON_TIMING_H

#include <stdint.h>
#include <stdio.h>

enum timing_phase {
	TIMING_CHECK,	    /* config, facts, preflight */
	TIMING_PLAN,	    /* plan */
	TIMING_KVM,	    /* VM, irqchip, RAM, vCPUs */
	TIMING_OPEN,	    /* open the devices and tell KVM */
	TIMING_BIND,	    /* bind the devices to the iommufd */
	TIMING_ATTACH,	    /* attach them to the address space, and read what they have */
	TIMING_MAP,	    /* map RAM for the devices */
	TIMING_FUNCTION,    /* build the guest's view of the devices */
	TIMING_LOAD,	    /* kernel, initrd, ACPI tables */
	TIMING_FIRST_ENTRY, /* threads started, first entry into the guest */
	TIMING_PHASES,
};

struct timing {
	uint64_t
		start_ns; /* CLOCK_MONOTONIC at exec, from /proc/self/stat's start time or main's entry */
	uint64_t last_ns;
	uint64_t phase_ns[TIMING_PHASES];
	uint64_t first_entry_ns;     /* since start */
	uint64_t ioas_maps;	     /* IOAS map calls made for RAM */
	uint64_t rss_beyond_ram_kib; /* resident memory that is not guest RAM, at power-off */
	FILE *status;		     /* of the process; NULL when nobody wants to know */
};

/** timing_start() - the clock begins now */
void timing_start(struct timing *timing);

/** timing_watch_memory() - for timing_resident(), which may come when no file can be opened any more. Inverse: timing_done(). */
void timing_watch_memory(struct timing *timing);

/** timing_done() - accepts one that was only zeroed */
void timing_done(struct timing *timing);

/** timing_mark() - the phase ends here and the next begins; NULL is accepted */
void timing_mark(struct timing *timing, enum timing_phase phase);

/**
 * timing_resident() - note what of this process is resident beyond the guest's RAM, if it is watched; NULL is accepted
 *
 * RssAnon and RssFile of /proc/self/status. What is left out, RssShmem, is the guest's memfd: the process has no other
 * shared memory. Pages of device BARs are in none of the three.
 */
void timing_resident(struct timing *timing);

/** timing_print() - one line a phase, stable keys, milliseconds with one decimal */
void timing_print(const struct timing *timing, FILE *out);

#endif
