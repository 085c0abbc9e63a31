/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <pthread.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "thread_signals.h"

static void handle(int signal)
{
	_exit(signal);
}

/* As terminal_restore() would be called. */
static void *make_mistake(void *arg)
{
	(void)arg;
	(void)raise(SIGSEGV);
	return NULL;
}

Test(thread_signals, a_handler_is_called_for_a_mistake)
{
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		pthread_t thread;
		sigset_t before;

		(void)signal(SIGSEGV, handle);
		thread_signals_block(&before);
		(void)pthread_create(&thread, NULL, make_mistake, NULL);
		(void)pthread_join(thread, NULL);
		_exit(0);
	}
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status) && WEXITSTATUS(status) == SIGSEGV, "status 0x%x", status);
}

Test(thread_signals, others_are_blocked)
{
	sigset_t before, now;

	thread_signals_block(&before);
	(void)pthread_sigmask(SIG_SETMASK, &before, &now);
	cr_assert(sigismember(&now, SIGTERM));
	cr_assert(sigismember(&now, SIGALRM));
	cr_assert(sigismember(&now, SIGRTMIN));
	cr_assert_not(sigismember(&now, SIGSYS));
	cr_assert_not(sigismember(&now, SIGBUS));
}
