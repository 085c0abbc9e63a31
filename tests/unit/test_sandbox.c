/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/kvm.h>
#include <linux/vfio.h>
#include <pthread.h>
#include <seccomp.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "host/managed.h"
#include "sandbox/calls.h"
#include "sandbox/sandbox.h"

static void need_sandbox(void)
{
	if (sandbox_unusable())
		cr_skip_test("%s", sandbox_unusable());
}

Test(sandbox, rows_are_calls_that_are_known)
{
	for (size_t i = 0; i < sandbox_call_count; i++) {
		const struct sandbox_call *call = &sandbox_calls[i];

		cr_assert_geq(seccomp_syscall_resolve_name(call->name), 0, "%s", call->name);
		cr_assert(call->threads, "%s is nobody's", call->name);
		cr_assert(call->why && *call->why, "%s has no reason", call->name);
		cr_assert_eq(call->compare, call->what != NULL, "%s", call->name);
		for (size_t j = 0; j < i; j++)
			cr_assert(strcmp(call->name, sandbox_calls[j].name) != 0 ||
					  (call->compare && sandbox_calls[j].compare &&
					   call->value != sandbox_calls[j].value),
				  "%s %s is there twice", call->name, call->what ? call->what : "");
	}
}

static struct sandbox *the_sandbox;

/* Return: the exit status of a process that does @what in the sandbox; @said: what it and its keeper print. */
static int inside(enum sandbox_thread kind, void (*what)(void), char *said, size_t size)
{
	static struct sandbox sandbox;
	struct pt_error err = PT_ERROR_INIT;
	struct keeper keeper = KEEPER_NONE;
	struct managed managed;
	size_t len = 0;
	int ends[2], status;
	ssize_t n;
	pid_t pid;

	cr_assert_eq(pipe2(ends, O_CLOEXEC), 0);
	pid = fork();
	if (pid == 0) {
		(void)dup2(ends[1], STDERR_FILENO);
		managed_init(&managed);
		if (keeper_start(&keeper, pt_sys_linux(), &managed, NULL, &err) < 0 ||
		    sandbox_close(&sandbox, &keeper, false, false, &err) < 0 ||
		    sandbox_thread(&sandbox, kind, &err) < 0) {
			(void)fprintf(stderr, "%s\n", err.message);
			_exit(99);
		}
		the_sandbox = &sandbox;
		what();
		_exit(0);
	}
	(void)close(ends[1]);
	while (len < size - 1 && (n = read(ends[0], said + len, size - 1 - len)) > 0)
		len += (size_t)n;
	said[len] = '\0';
	(void)close(ends[0]);
	cr_assert_eq(waitpid(pid, &status, 0), pid);
	cr_assert(WIFEXITED(status), "status 0x%x: %s", status, said);
	return WEXITSTATUS(status);
}

static void expect_fine(enum sandbox_thread kind, void (*what)(void))
{
	char said[1024];

	need_sandbox();
	cr_assert_eq(inside(kind, what, said, sizeof(said)), 0, "%s", said);
}

static void expect_stopped(enum sandbox_thread kind, void (*what)(void), const char *name,
			   const char *whose)
{
	char said[1024];

	need_sandbox();
	cr_assert_eq(inside(kind, what, said, sizeof(said)), EXIT_FAILED, "%s", said);
	cr_assert(strstr(said, name), "%s", said);
	cr_assert(strstr(said, whose), "%s", said);
	cr_assert(strstr(said, "--sandbox off"), "%s", said);
}

static void *nothing(void *arg)
{
	return arg;
}

static void ordinary(void)
{
	pthread_t thread;
	void *memory = mmap(NULL, 4096, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	if (memory == MAP_FAILED || munmap(memory, 4096) ||
	    pthread_create(&thread, NULL, nothing, NULL) || pthread_join(thread, NULL))
		_exit(1);
	free(malloc(1 << 20));
}

Test(sandbox, a_thread_is_made_and_memory, .timeout = 60)
{
	expect_fine(SANDBOX_MAIN, ordinary);
}

static void open_file(void)
{
	if (open("/etc/passwd", O_RDONLY) >= 0 || errno != EACCES)
		_exit(1);
}

Test(sandbox, no_file_is_opened, .timeout = 60)
{
	expect_fine(SANDBOX_MAIN, open_file);
	expect_fine(SANDBOX_VCPU, open_file);
}

/* The call itself: fork() of glibc 2.41 blocks signals, SIGSYS too, which then kills without a word. */
static void fork_itself(void)
{
	(void)syscall(SYS_clone, SIGCHLD, NULL, NULL, NULL, NULL);
}

Test(sandbox, no_process_is_made, .timeout = 60)
{
	expect_stopped(SANDBOX_MAIN, fork_itself, "system call clone (", "the main thread");
}

static void execute(void)
{
	(void)execl("/bin/true", "true", NULL);
}

Test(sandbox, no_program_is_run, .timeout = 60)
{
	expect_stopped(SANDBOX_MAIN, execute, "system call execve (", "the main thread");
}

static void map_code(void)
{
	(void)mmap(NULL, 4096, PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

Test(sandbox, no_memory_is_code, .timeout = 60)
{
	expect_stopped(SANDBOX_VCPU, map_code, "system call mmap (", "vCPUs' threads");
}

static void window_size(void)
{
	struct winsize size;

	(void)ioctl(STDERR_FILENO, TIOCGWINSZ, &size);
}

Test(sandbox, commands_are_told_apart, .timeout = 60)
{
	expect_stopped(SANDBOX_MAIN, window_size, "ioctl (number 16, command 0x5413)",
		       "the main thread");
}

static void enter_guest(void)
{
	(void)ioctl(-1, KVM_RUN, 0);
}

Test(sandbox, threads_are_told_apart, .timeout = 60)
{
	expect_fine(SANDBOX_VCPU, enter_guest);
	expect_stopped(SANDBOX_SIGNALS, enter_guest, "command 0xae80",
		       "the thread that waits for signals");
}

static void *bring(void *arg)
{
	const struct sandbox *sandbox = arg;

	if (sandbox_thread(sandbox, SANDBOX_WORKER, NULL) < 0)
		_exit(1);
	/* In the table for such threads alone. */
	(void)ioctl(-1, VFIO_DEVICE_BIND_IOMMUFD, NULL);
	return NULL;
}

static void make_worker(void)
{
	pthread_t thread;

	if (pthread_create(&thread, NULL, bring, the_sandbox) || pthread_join(thread, NULL))
		_exit(1);
}

/* It has the filter of the main thread, which made it, and its own. */
Test(sandbox, a_thread_that_brings_a_device_can, .timeout = 60)
{
	expect_fine(SANDBOX_MAIN, make_worker);
}
