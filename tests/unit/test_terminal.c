/* SPDX-License-Identifier: MIT */
/* The terminal is as it was, however the process that made it raw ends. */
#include <criterion/criterion.h>
#include <pty.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <termios.h>
#include <unistd.h>
#include <utmp.h>

#include "terminal.h"

static void end_by_restore(void)
{
	terminal_restore();
	terminal_restore();
	_exit(0);
}

static void end_by_exit(void)
{
	exit(0);
}

static void end_by_abort(void)
{
	abort();
}

static void end_by_sigquit(void)
{
	(void)raise(SIGQUIT);
}

/* A child makes the terminal raw, tells it by one byte, and ends when it gets one. Return: its status. */
static int run_child(void (*end)(void), struct termios *ret_raw, struct termios *ret_after)
{
	int master, slave, up[2], status;
	char byte = 0;
	pid_t child;

	cr_assert_eq(openpty(&master, &slave, NULL, NULL, NULL), 0);
	cr_assert_eq(pipe(up), 0);
	child = fork();
	if (child == 0) {
		if (login_tty(dup(slave)) == 0 && terminal_raw(STDIN_FILENO, NULL) == 0 &&
		    write(up[1], "", 1) == 1 && read(STDIN_FILENO, &byte, 1) == 1)
			end();
		_exit(99);
	}
	cr_assert_eq(read(up[0], &byte, 1), 1);
	cr_assert_eq(tcgetattr(slave, ret_raw), 0);
	cr_assert_eq(write(master, "x", 1), 1);
	cr_assert_eq(waitpid(child, &status, 0), child);
	cr_assert_eq(tcgetattr(slave, ret_after), 0);
	(void)close(master);
	(void)close(slave);
	(void)close(up[0]);
	(void)close(up[1]);
	return status;
}

Test(terminal, is_restored, .timeout = 30)
{
	static const struct {
		void (*end)(void);
		int signal;
	} ends[] = {{end_by_restore, 0},
		    {end_by_exit, 0},
		    {end_by_abort, SIGABRT},
		    {end_by_sigquit, SIGQUIT}};

	for (size_t i = 0; i < sizeof(ends) / sizeof(ends[0]); i++) {
		struct termios raw, after;
		int status = run_child(ends[i].end, &raw, &after);

		cr_assert_not(raw.c_lflag & ICANON);
		cr_assert_not(raw.c_lflag & ECHO);
		cr_assert(raw.c_lflag & ISIG, "Ctrl-C is no signal any more");
		cr_assert_eq(raw.c_cc[VSUSP], _POSIX_VDISABLE);
		cr_assert(raw.c_oflag & OPOST);
		cr_assert(after.c_lflag & ICANON, "end %zu", i);
		cr_assert(after.c_lflag & ECHO);
		cr_assert_eq(WIFSIGNALED(status) ? WTERMSIG(status) : WEXITSTATUS(status),
			     ends[i].signal, "end %zu: status %x", i, (unsigned)status);
	}
}
