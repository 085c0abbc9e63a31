/* SPDX-License-Identifier: MIT */
/*
 * From a config to a plan: everything that can be known before anything is touched.
 */
#ifndef TENON_GUEST_PLAN_H
#define TENON_GUEST_PLAN_H

#include <passthrough/error.h>
#include <passthrough/sys.h>

#include "config/vm_config.h"
#include "plan/plan.h"

/** guest_plan() - look at the files and the host, and decide. Errors: of boot_files_check(), host_facts_read(), plan_make(). */
int guest_plan(const struct pt_sys *sys, const struct vm_config *config, struct vm_plan *ret_plan,
	       struct pt_error *err);

/**
 * guest_plan_device() - one device more, for a guest that runs
 * @plan: as the guest is now
 * @option: what --device takes: "0000:02:00.0,slot=3"
 *
 * A mediated device is bound for a moment, as ever, to be asked what it is like. Errors: of device_kind_option(),
 * host_facts_read(), plan_hotplug().
 */
int guest_plan_device(const struct pt_sys *sys, const struct vm_plan *plan, const char *option,
		      struct plan_device *ret_device, struct pt_error *err);

#endif
