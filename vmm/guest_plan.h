/* SPDX-License-Identifier: MIT */
/*
 * From a config to a plan: everything that can be known before anything is touched.
 */
#ifndef TENON_GUEST_PLAN_H
#define TENON_GUEST_PLAN_H

#include <passthrough/sys.h>
#include <stdio.h>

#include "config/vm_config.h"
#include "plan/plan.h"
#include "timing.h"

/**
 * guest_check() - look at the files and the host, and say on @out what is in the way, if anything is
 *
 * Return: an exit code, EXIT_OK when a launch would go on from here.
 */
int guest_check(const struct pt_sys *sys, const struct vm_config *config, FILE *out);

/**
 * guest_plan() - look at the files and the host, say what is in the way or may be, and decide
 * @timing: the preflight is marked in it; may be NULL
 * @out: where that is said
 *
 * Return: an exit code, EXIT_OK with a plan.
 */
int guest_plan(const struct pt_sys *sys, const struct vm_config *config, struct timing *timing,
	       struct vm_plan *ret_plan, FILE *out);

/**
 * guest_plan_addition() - one device more, for a guest that runs
 * @plan: as the guest is now
 * @kind: the option of the command line that says such a device, without its dashes: "device", "disk"
 * @option: what the option takes: "0000:02:00.0,slot=3"
 * @fd: the descriptor that @option speaks of, which was sent to this process; 0 for none. Stays the caller's.
 *
 * A mediated device is bound for a moment, as ever, to be asked what it is like. Errors: -EINVAL there is no such kind; of
 * device_kind_option(), handed_devices(), host_facts_look(), plan_hotplug(), plan_hotplug_virtio().
 */
int guest_plan_addition(const struct pt_sys *sys, const struct vm_plan *plan, const char *kind,
			const char *option, int fd, struct plan_addition *ret_addition,
			struct pt_error *err);

#endif
