/* SPDX-License-Identifier: MIT */
#include "machine/shutdown.h"

#include "machine/machine_private.h"
#include "report.h"

static enum loop_next on_limit(void *ctx)
{
	struct machine *machine = ctx;

	report_note(stderr, "the guest did not power off in %u s; stopped",
		    machine->plan.stop_limit);
	machine_stop(machine);
	return LOOP_PAUSE;
}

void shutdown_begin(struct machine *machine)
{
	struct shutdown *shutdown = &machine->shutdown;
	struct pt_error err = PT_ERROR_INIT;

	if (shutdown->asked)
		return;
	shutdown->asked = true;
	if (!machine->plan.stop_limit) {
		machine_stop(machine);
		return;
	}
	if (machine->paused || !pm_hears_power(&machine->pm)) {
		report_note(stderr, "the guest %s its power button; stopped",
			    machine->paused ? "is paused, and cannot hear" : "does not listen to");
		machine_stop(machine);
		return;
	}
	if (loop_timer_start(&machine->loop, &shutdown->limit, machine->plan.stop_limit, on_limit,
			     machine, &err)) {
		report_error(&err, stderr);
		machine_stop(machine);
		return;
	}
	report_note(stderr, "the guest's power button is pressed; it has %u s to power off",
		    machine->plan.stop_limit);
	machine_press_power(machine);
}

void shutdown_done(struct machine *machine)
{
	loop_timer_stop(&machine->loop, &machine->shutdown.limit);
}
