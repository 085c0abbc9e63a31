/* SPDX-License-Identifier: MIT */
/*
 * struct machine_target: a machine as the control socket sees it, and its events as QMP has them.
 */
#ifndef TENON_CONTROL_MACHINE_TARGET_H
#define TENON_CONTROL_MACHINE_TARGET_H

#include "control/backends.h"
#include "control/control.h"
#include "control/iommufds.h"
#include "control/target.h"
#include "machine/machine.h"

/**
 * struct machine_target - both of @machine and @control
 * @serial, @serial_label: as of struct target_ops
 * @plan_addition: decides on a device that is to come, for a machine with @plan
 * @sys: by which it looks at the host
 * @iommufds, @backends: what has names; machine_target_done() closes them
 * @quit: somebody said quit
 */
struct machine_target {
	struct machine *machine;
	struct control *control;
	const char *serial;
	const char *serial_label;
	int (*plan_addition)(const struct pt_sys *sys, const struct vm_plan *plan,
			     const struct target_request *request,
			     struct plan_addition *ret_addition, struct pt_error *err);
	struct iommufds iommufds;
	struct backends backends;
	struct iommufd *leaving; /* being deleted, and who waits for it */
	void (*left)(void *ctx, const struct pt_error *err);
	void *left_ctx;
	const struct pt_sys *sys;
	bool quit;
	struct plan_addition addition; /* room for it */
	char coming[PLAN_ID_SIZE];     /* id of the device that comes, and who waits for it */
	void (*came)(void *ctx, const struct pt_error *err);
	void *came_ctx;
};

/** machine_target() - for control_start(); @target outlives it */
struct target machine_target(struct machine_target *target);

/** machine_target_done() - the machine is destroyed; accepts one that was only zeroed */
void machine_target_done(struct machine_target *target);

/** machine_target_listener() - for struct machine_options, before there is a machine; @target outlives it */
struct machine_listener machine_target_listener(struct machine_target *target);

/** machine_target_ended() - tell clients why the run ended: @end, or @failed of machine_run() */
void machine_target_ended(struct machine_target *target, enum machine_end end, bool failed);

#endif
