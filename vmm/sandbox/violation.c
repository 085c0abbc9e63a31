/* SPDX-License-Identifier: MIT */
/* State of its own for the reason of terminal.c: a handler of a signal gets no context. */
#include "sandbox/violation.h"

#include <errno.h>
#include <signal.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "cmd.h"
#include "sandbox/keeper.h"
#include "sandbox/keeper_wire.h"
#include "terminal.h"

/* Of linux/signal.h, which cannot be had beside signal.h. */
#ifndef SYS_SECCOMP
#define SYS_SECCOMP 1
#endif

static const struct keeper *told;
static __thread enum sandbox_thread this_kind;

/* The keeper prints it: to name a call takes memory, and the call may be malloc's. */
static void on_violation(int signal, siginfo_t *info, void *context)
{
	struct keeper_violation violation = {
		.kind = this_kind,
		.arch = info->si_arch,
		.call = info->si_syscall,
		.command = (uint32_t)((ucontext_t *)context)->uc_mcontext.gregs[REG_RSI],
		.tid = gettid(),
	};

	terminal_restore();
	/* From another process it is a signal that kills. */
	if (info->si_code != SYS_SECCOMP)
		_exit(EXIT_SIGNAL + signal);
	keeper_tell_violation(told, &violation);
	_exit(EXIT_FAILED);
}

int violation_catch(const struct keeper *keeper, struct pt_error *err)
{
	struct sigaction action = {.sa_sigaction = on_violation, .sa_flags = SA_SIGINFO};

	told = keeper;
	(void)sigemptyset(&action.sa_mask);
	if (sigaction(SIGSYS, &action, NULL) < 0)
		return pt_error_set(err, -errno, "no handler for what it stops: %m");
	return 0;
}

void violation_thread(enum sandbox_thread kind)
{
	this_kind = kind;
}
