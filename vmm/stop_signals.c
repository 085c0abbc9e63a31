/* SPDX-License-Identifier: MIT */
#include "stop_signals.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "cmd.h"
#include "machine/machine.h"
#include "report.h"
#include "sandbox/sandbox.h"
#include "terminal.h"

#define PATIENCE 3 /* signals */

struct stop_signals {
	pthread_t thread;
	bool running;
	const struct sandbox *sandbox;
	sigset_t set;
	sigset_t old_mask;
	pthread_mutex_t lock; /* the rest */
	struct machine *machine;
	int received;
	unsigned count;
};

/* The signal that ends the thread. */
#define QUIT_SIGNAL (SIGRTMIN + 1)

static void fill_set(sigset_t *set)
{
	static const int signals[] = {SIGINT, SIGHUP};

	(void)sigemptyset(set);
	(void)sigaddset(set, QUIT_SIGNAL);
	(void)sigaddset(set, SIGTERM);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		struct sigaction action;

		if (sigaction(signals[i], NULL, &action) == 0 && action.sa_handler != SIG_IGN)
			(void)sigaddset(set, signals[i]);
	}
}

static void handle(struct stop_signals *signals, int signal)
{
	(void)pthread_mutex_lock(&signals->lock);
	if (!signals->received)
		signals->received = signal;
	if (++signals->count >= PATIENCE) {
		terminal_restore();
		_exit(128 + signals->received);
	}
	if (!signals->machine)
		; /* stop_signals_attach() sees to it */
	else if (signal == SIGTERM && signals->count == 1)
		machine_shut_down(signals->machine);
	else
		machine_stop(signals->machine);
	(void)pthread_mutex_unlock(&signals->lock);
}

static void *wait_for_signals(void *arg)
{
	struct stop_signals *signals = arg;
	struct pt_error err = PT_ERROR_INIT;
	siginfo_t info;
	int signal;

	(void)prctl(PR_SET_NAME, "signals");
	if (sandbox_thread(signals->sandbox, SANDBOX_SIGNALS, &err) < 0) {
		terminal_restore();
		report_error(&err, stderr);
		_exit(EXIT_FAILED);
	}
	for (;;) {
		signal = sigwaitinfo(&signals->set, &info);
		/* From others it is nothing. */
		if (signal == QUIT_SIGNAL && info.si_pid == getpid())
			return NULL;
		if (signal > 0 && signal != QUIT_SIGNAL)
			handle(signals, signal);
	}
}

static int start(struct stop_signals *signals, struct pt_error *err)
{
	int ret = pthread_create(&signals->thread, NULL, wait_for_signals, signals);

	if (ret != 0)
		return pt_error_set(err, -ret, "a thread for signals: %s", strerror(ret));
	signals->running = true;
	return 0;
}

int stop_signals_start(struct stop_signals **ret_signals, struct pt_error *err)
{
	struct stop_signals *signals = calloc(1, sizeof(*signals));
	int ret;

	if (!signals)
		return pt_error_set(err, -ENOMEM, "out of memory");
	fill_set(&signals->set);
	(void)pthread_mutex_init(&signals->lock, NULL);
	(void)pthread_sigmask(SIG_BLOCK, &signals->set, &signals->old_mask);
	ret = start(signals, err);
	if (ret < 0) {
		(void)pthread_sigmask(SIG_SETMASK, &signals->old_mask, NULL);
		(void)pthread_mutex_destroy(&signals->lock);
		free(signals);
		return ret;
	}
	*ret_signals = signals;
	return 0;
}

void stop_signals_attach(struct stop_signals *signals, struct machine *machine)
{
	(void)pthread_mutex_lock(&signals->lock);
	signals->machine = machine;
	if (machine && signals->received)
		machine_stop(machine);
	(void)pthread_mutex_unlock(&signals->lock);
}

int stop_signals_received(struct stop_signals *signals)
{
	int received;

	(void)pthread_mutex_lock(&signals->lock);
	received = signals->received;
	(void)pthread_mutex_unlock(&signals->lock);
	return received;
}

void stop_signals_pause(struct stop_signals *signals)
{
	if (!signals->running)
		return;
	(void)pthread_kill(signals->thread, QUIT_SIGNAL);
	(void)pthread_join(signals->thread, NULL);
	signals->running = false;
}

int stop_signals_go_on(struct stop_signals *signals, const struct sandbox *sandbox,
		       struct pt_error *err)
{
	signals->sandbox = sandbox;
	return signals->running ? 0 : start(signals, err);
}

void stop_signals_done(struct stop_signals *signals)
{
	if (!signals)
		return;
	stop_signals_pause(signals);
	/* What came meanwhile has nothing left to stop; unblocked, it would kill this process. */
	while (sigtimedwait(&signals->set, NULL, &(struct timespec){0}) > 0)
		;
	(void)pthread_sigmask(SIG_SETMASK, &signals->old_mask, NULL);
	(void)pthread_mutex_destroy(&signals->lock);
	free(signals);
}
