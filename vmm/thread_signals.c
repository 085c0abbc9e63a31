/* SPDX-License-Identifier: MIT */
#include "thread_signals.h"

#include <stddef.h>

void thread_signals_block(sigset_t *ret_before)
{
	static const int own[] = {SIGILL, SIGTRAP, SIGABRT, SIGBUS, SIGFPE, SIGSEGV, SIGSYS};
	sigset_t set;

	(void)sigfillset(&set);
	for (size_t i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		(void)sigdelset(&set, own[i]);
	(void)pthread_sigmask(SIG_SETMASK, &set, ret_before);
}
