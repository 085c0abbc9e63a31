/* SPDX-License-Identifier: MIT */
/*
 * The one place in tenon with state of its own: a handler of a fatal signal gets no context, and yet must know which
 * terminal to restore. `raw` is set last and cleared first, so that a handler never sees half of it.
 */
#include "terminal.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <termios.h>

static struct {
	volatile sig_atomic_t raw;
	int fd;
	struct termios cooked;
} terminal;

static const int fatal_signals[] = {SIGQUIT, SIGILL,  SIGTRAP, SIGABRT, SIGBUS,
				    SIGFPE,  SIGSEGV, SIGSYS,  SIGXCPU, SIGXFSZ};

bool terminal_is_raw(void)
{
	return terminal.raw;
}

void terminal_restore(void)
{
	if (!terminal.raw)
		return;
	terminal.raw = 0;
	(void)tcsetattr(terminal.fd, TCSANOW, &terminal.cooked);
}

/* SA_RESETHAND has put the default action back: raised again, the signal does what it would have done. */
static void on_fatal_signal(int signal)
{
	terminal_restore();
	(void)raise(signal);
}

static void catch_fatal_signals(void)
{
	for (size_t i = 0; i < sizeof(fatal_signals) / sizeof(fatal_signals[0]); i++) {
		struct sigaction old;
		struct sigaction action = {
			.sa_handler = on_fatal_signal,
			.sa_flags = (int)SA_RESETHAND,
		};

		/* A handler that is there, such as a sanitizer's, is left alone. */
		if (sigaction(fatal_signals[i], NULL, &old) == 0 && !(old.sa_flags & SA_SIGINFO) &&
		    old.sa_handler == SIG_DFL)
			(void)sigaction(fatal_signals[i], &action, NULL);
	}
}

int terminal_raw(int fd, struct pt_error *err)
{
	struct termios mode;
	int ret;

	if (terminal.raw)
		return pt_error_set(err, -EBUSY, "the terminal is in use as a serial line already");
	if (tcgetattr(fd, &terminal.cooked) < 0) {
		ret = -errno;
		return pt_error_set(err, ret, "the terminal: %s", strerror(-ret));
	}
	mode = terminal.cooked;
	mode.c_iflag &=
		~(tcflag_t)(IGNBRK | BRKINT | PARMRK | ISTRIP | INLCR | IGNCR | ICRNL | IXON);
	mode.c_lflag &= ~(tcflag_t)(ECHO | ECHONL | ICANON | IEXTEN);
	mode.c_cc[VSUSP] = _POSIX_VDISABLE;
	mode.c_cc[VMIN] = 1;
	mode.c_cc[VTIME] = 0;
	terminal.fd = fd;
	catch_fatal_signals();
	(void)atexit(terminal_restore);
	terminal.raw = 1;
	if (tcsetattr(fd, TCSANOW, &mode) < 0) {
		ret = -errno;
		terminal.raw = 0;
		return pt_error_set(err, ret, "the terminal: %s", strerror(-ret));
	}
	return 0;
}
