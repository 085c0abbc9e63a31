/* SPDX-License-Identifier: MIT */
/*
 * The orderly end of a guest: its power button is pressed, and it has the plan's limit to power off; then it is stopped.
 *
 * A guest that cannot hear the button, because it has not turned that event on or is paused, is stopped at once: waiting
 * would save nothing. One that restarts instead of powering off has put its affairs in order as well, and ends there.
 */
#ifndef TENON_MACHINE_SHUTDOWN_H
#define TENON_MACHINE_SHUTDOWN_H

#include <stdbool.h>

#include "loop/loop.h"

struct machine;

/** struct shutdown - @asked: it is under way, and @limit runs */
struct shutdown {
	bool asked;
	struct loop_timer limit;
};

#define SHUTDOWN_NONE                      \
	{                                  \
		.limit = LOOP_TIMER_CLOSED \
	}

/** shutdown_begin() - on the thread in machine_run(); does nothing when it is under way */
void shutdown_begin(struct machine *machine);

/** shutdown_done() - the limit runs no more; before loop_done() */
void shutdown_done(struct machine *machine);

#endif
