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

#endif
