/* SPDX-License-Identifier: MIT */
/*
 * SIGINT and SIGHUP end the guest at once. So does SIGTERM, but that the first one gives it the time to power off.
 *
 * A thread of its own waits for them, with the signals blocked everywhere else: so nothing runs in a handler, and a signal
 * that arrives before there is a machine is not lost.
 */
#ifndef TENON_STOP_SIGNALS_H
#define TENON_STOP_SIGNALS_H

#include <passthrough/error.h>

struct machine;
struct sandbox;
struct stop_signals;

/**
 * stop_signals_start() - begin to wait; call it before any other thread is made, which inherit the blocked signals
 *
 * A signal that is ignored (nohup) stays ignored. From the third signal on there is no clean end: the terminal is restored
 * and the process exits with 128 + the signal. Inverse: stop_signals_done(). Errors: -ENOMEM, -EAGAIN.
 */
int stop_signals_start(struct stop_signals **ret_signals, struct pt_error *err);

/**
 * stop_signals_attach() - what to stop; at once, when a signal has come already
 * @machine: NULL for nothing any more. When it returns, the machine that was there before is not touched again.
 */
void stop_signals_attach(struct stop_signals *signals, struct machine *machine);

/** stop_signals_pause() - there is no thread until stop_signals_go_on(); what comes meanwhile waits */
void stop_signals_pause(struct stop_signals *signals);

/** stop_signals_go_on() - with a new thread, in @sandbox; NULL for none. Errors: -ENOMEM, -EAGAIN. */
int stop_signals_go_on(struct stop_signals *signals, const struct sandbox *sandbox,
		       struct pt_error *err);

/** stop_signals_received() - the first signal that came, 0 for none */
int stop_signals_received(struct stop_signals *signals);

/** stop_signals_done() - stop waiting, unblock the signals; NULL is accepted. Cannot fail. */
void stop_signals_done(struct stop_signals *signals);

#endif
