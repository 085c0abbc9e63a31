/* SPDX-License-Identifier: MIT */
#ifndef TENON_THREAD_SIGNALS_H
#define TENON_THREAD_SIGNALS_H

#include <signal.h>

/**
 * thread_signals_block() - for a thread that is about to be made, which inherits it: signals are not for it
 *
 * But for those that the kernel raises of what a thread does itself: blocked, they kill without a handler being called, which
 * restores the terminal. Inverse: pthread_sigmask() with @ret_before.
 */
void thread_signals_block(sigset_t *ret_before);

#endif
