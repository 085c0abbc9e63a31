/* SPDX-License-Identifier: MIT */
/*
 * struct machine: the running guest. Owns everything; built in numbered steps and undone in reverse.
 */
#ifndef TENON_MACHINE_MACHINE_H
#define TENON_MACHINE_MACHINE_H

#include <passthrough/error.h>
#include <passthrough/sys.h>
#include <stdint.h>

#include "plan/plan.h"

struct machine;
struct serial_backend;
struct timing;

/** enum machine_end - why a machine's run ended */
enum machine_end {
	MACHINE_POWEROFF, /* the guest powered off */
	MACHINE_STOPPED,  /* machine_stop() */
	MACHINE_CRASHED,  /* the guest triple-faulted or KVM could not go on; the error says it */
};

/**
 * struct machine_options - what is not in the plan because it is of this process
 * @serial_in, @serial_out: the guest's serial line; -1 for none. Stay the caller's.
 * @timing: where phases are recorded, NULL for nowhere
 */
struct machine_options {
	int serial_in;
	int serial_out;
	struct timing *timing;
};

/**
 * machine_create() - build it: KVM, RAM, devices, boot image. No vCPU runs yet.
 *
 * Return: 0 or -errno, with everything undone on failure. Inverse: machine_destroy().
 */
int machine_create(const struct pt_sys *sys, const struct vm_plan *plan,
		   const struct machine_options *options, struct machine **ret_machine,
		   struct pt_error *err);

/**
 * machine_run() - run until the guest or somebody ends it; a reset by the guest restarts it within
 *
 * Blocks. Return: 0 with @ret_end, or -errno.
 */
int machine_run(struct machine *machine, enum machine_end *ret_end, struct pt_error *err);

/** machine_stop() - make machine_run() return MACHINE_STOPPED; async-signal-safe, from any thread */
void machine_stop(struct machine *machine);

/**
 * machine_unplug_request() - ask the guest for a device; it leaves when the guest lets go of it, by force after the plan's limit
 * @device: of the plan's devices; what shares its slot leaves with it
 *
 * On the thread in machine_run(). Errors: -ENODEV it is gone; -EALREADY the guest was asked; -EMFILE, -ENOMEM no timer.
 */
int machine_unplug_request(struct machine *machine, unsigned device, struct pt_error *err);

/** machine_unplug_force() - take a device away now, if it is there; on the thread in machine_run(). Cannot fail. */
void machine_unplug_force(struct machine *machine, unsigned device);

/** machine_destroy() - stop the devices, give everything back; NULL is accepted. Cannot fail. */
void machine_destroy(struct machine *machine);

#endif
