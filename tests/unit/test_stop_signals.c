/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "stop_signals.h"

static void await(struct stop_signals *signals)
{
	while (!stop_signals_received(signals))
		(void)usleep(1000);
}

Test(stop_signals, the_first_one_is_kept, .timeout = 30)
{
	struct stop_signals *signals;

	cr_assert_eq(stop_signals_start(&signals, NULL), 0);
	cr_assert_eq(stop_signals_received(signals), 0);
	(void)kill(getpid(), SIGHUP);
	await(signals);
	(void)kill(getpid(), SIGTERM);
	cr_assert_eq(stop_signals_received(signals), SIGHUP);
	stop_signals_done(signals);
}

Test(stop_signals, none_came, .timeout = 30)
{
	struct stop_signals *signals;
	sigset_t before, after;

	(void)pthread_sigmask(SIG_SETMASK, NULL, &before);
	cr_assert_eq(stop_signals_start(&signals, NULL), 0);
	stop_signals_attach(signals, NULL);
	stop_signals_done(signals);
	(void)pthread_sigmask(SIG_SETMASK, NULL, &after);
	cr_assert_eq(sigismember(&before, SIGTERM), sigismember(&after, SIGTERM));
	stop_signals_done(NULL);
}

Test(stop_signals, one_that_is_ignored_stays_ignored, .timeout = 30)
{
	struct stop_signals *signals;

	(void)signal(SIGHUP, SIG_IGN);
	cr_assert_eq(stop_signals_start(&signals, NULL), 0);
	(void)kill(getpid(), SIGHUP);
	(void)kill(getpid(), SIGINT);
	await(signals);
	cr_assert_eq(stop_signals_received(signals), SIGINT);
	stop_signals_done(signals);
}

/* In a child, which the third one ends. */
Test(stop_signals, the_third_one_ends_the_process, .timeout = 30)
{
	pid_t child = fork();
	int status;

	if (child == 0) {
		struct stop_signals *signals;

		if (stop_signals_start(&signals, NULL) < 0)
			_exit(1);
		/* Standard signals do not queue: three kinds of them do. */
		(void)kill(getpid(), SIGINT);
		await(signals);
		(void)kill(getpid(), SIGTERM);
		(void)kill(getpid(), SIGHUP);
		for (;;)
			(void)pause();
	}
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert(WIFEXITED(status));
	cr_assert_eq(WEXITSTATUS(status), 128 + SIGINT);
}
