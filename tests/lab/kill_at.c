/* SPDX-License-Identifier: MIT */
/*
 * usage: kill_at N COMMAND [ARG...]
 *
 * Runs COMMAND and kills its process, not its children, by SIGKILL when its first thread comes to the N-th point at which it
 * changes something: that is after such a system call. Before one all is as after the one before it. Exit code: 0 killed, 1 COMMAND
 * ended before that, 2 it could not be run.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

/* Waits are among them: a child has begun by then what it was made for. */
static bool changes(const struct user_regs_struct *regs)
{
	switch (regs->orig_rax) {
	case SYS_open:
		return regs->rsi & (O_WRONLY | O_RDWR | O_CREAT);
	case SYS_openat:
		return regs->rdx & (O_WRONLY | O_RDWR | O_CREAT);
	case SYS_write:
	case SYS_pwrite64:
	case SYS_rename:
	case SYS_renameat:
	case SYS_renameat2:
	case SYS_unlink:
	case SYS_unlinkat:
	case SYS_mkdir:
	case SYS_mkdirat:
	case SYS_ftruncate:
	case SYS_fsync:
	case SYS_fdatasync:
	case SYS_flock:
	case SYS_fork:
	case SYS_vfork:
	case SYS_clone:
	case SYS_clone3:
	case SYS_poll:
	case SYS_wait4:
		return true;
	default:
		return false;
	}
}

/* At every other stop the process comes out of the call that it went into. */
static bool at_point(pid_t pid, bool *entered, bool *counts)
{
	struct user_regs_struct regs;

	*entered = !*entered;
	if (*entered)
		*counts = ptrace(PTRACE_GETREGS, pid, 0, &regs) == 0 && changes(&regs);
	return !*entered && *counts;
}

static int follow(pid_t pid, unsigned long wanted)
{
	unsigned long count = 0;
	bool entered = false, counts = false;
	int status, pass = 0;

	for (;;) {
		if (ptrace(PTRACE_SYSCALL, pid, 0, pass) < 0 || waitpid(pid, &status, 0) < 0)
			return 2;
		if (WIFEXITED(status) || WIFSIGNALED(status)) {
			(void)fprintf(stderr, "kill_at: it has %lu points\n", count);
			return 1;
		}
		/* Its exec stops it, too. */
		pass = (WSTOPSIG(status) & ~0x80) == SIGTRAP ? 0 : WSTOPSIG(status);
		if (WSTOPSIG(status) == (SIGTRAP | 0x80) && at_point(pid, &entered, &counts) &&
		    ++count == wanted) {
			(void)kill(pid, SIGKILL);
			(void)waitpid(pid, &status, 0);
			return 0;
		}
	}
}

int main(int argc, char **argv)
{
	int status;
	pid_t pid;

	if (argc < 3)
		return 2;
	pid = fork();
	if (pid == 0) {
		(void)ptrace(PTRACE_TRACEME, 0, 0, 0);
		(void)raise(SIGSTOP);
		(void)execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) < 0 || !WIFSTOPPED(status) ||
	    ptrace(PTRACE_SETOPTIONS, pid, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL) < 0)
		return 2;
	return follow(pid, strtoul(argv[1], NULL, 10));
}
