/* SPDX-License-Identifier: MIT */
#include "sandbox/keeper_serve.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <seccomp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <termios.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/read_text.h"
#include "report.h"
#include "sandbox/keeper_rules.h"
#include "sandbox/keeper_wire.h"
#include "sandbox/thread_kind.h"

#define DEATH_MS     60000 /* in which the kernel is done with a process that was killed */
#define REMOVALS_MAX 256   /* the control socket, and those of consoles and channels */

struct service_of {
	int fd;
	pid_t vmm;
	int vmm_fd; /* a pidfd; -1 for none */
	struct keeper_page *page;
	struct managed *managed;
	const char *files;
	const struct termios *cooked; /* NULL: there is no terminal */
	bool closed;		      /* the sandbox: from here on the VMM is not believed */
	char *removals[REMOVALS_MAX];
	unsigned removal_count;
};

static bool needed(const struct service_of *me, int fd)
{
	return fd <= STDERR_FILENO || fd == me->fd || fd == me->vmm_fd ||
	       managed_holds(me->managed, fd);
}

/* What is not the keeper's own: descriptors that a service manager handed in for the guest, above all. */
static void close_others(const struct service_of *me)
{
	struct dirent *entry;
	DIR *dir = opendir("/proc/self/fd");

	while (dir && (entry = readdir(dir)) != NULL) {
		const int fd = atoi(entry->d_name);

		if (entry->d_name[0] != '.' && fd != dirfd(dir) && !needed(me, fd))
			(void)close(fd);
	}
	if (dir)
		(void)closedir(dir);
}

/* Whoever reads what the VMM prints sees its end when the VMM ends. */
static void let_go_of_output(const struct service_of *me)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);

	if (null < 0)
		return;
	if (!me->cooked)
		(void)dup2(null, STDIN_FILENO);
	(void)dup2(null, STDOUT_FILENO);
	(void)close(null);
}

static void answer(const struct service_of *me, const struct keeper_answer *answer, int fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control = {.bytes = {0}};
	struct iovec iov = {(void *)(uintptr_t)answer, sizeof(*answer)};
	struct msghdr message = {.msg_iov = &iov, .msg_iovlen = 1};

	if (fd >= 0) {
		message.msg_control = &control;
		message.msg_controllen = sizeof(control);
		*CMSG_FIRSTHDR(&message) = (struct cmsghdr){
			.cmsg_level = SOL_SOCKET,
			.cmsg_type = SCM_RIGHTS,
			.cmsg_len = CMSG_LEN(sizeof(int)),
		};
		memcpy(CMSG_DATA(CMSG_FIRSTHDR(&message)), &fd, sizeof(fd));
	}
	/* A VMM that is gone is noticed where the next request is waited for. */
	(void)sendmsg(me->fd, &message, MSG_NOSIGNAL);
}

static void do_open(const struct service_of *me, const char *path, int flags,
		    struct keeper_answer *ret_answer)
{
	const int mode = flags & O_ACCMODE;
	const int allowed = O_ACCMODE | O_NONBLOCK | O_DIRECT | O_EXCL | O_CLOEXEC | O_NOCTTY;
	CLEANUP_CLOSE int fd = -1;

	if (flags & ~allowed ||
	    !keeper_may(path, mode == O_RDONLY ? KEEPER_READ : KEEPER_WRITE, me->files))
		ret_answer->result = -EACCES;
	else
		fd = open(path, flags | O_CLOEXEC | O_NOCTTY);
	if (!ret_answer->result && fd < 0)
		ret_answer->result = -errno;
	answer(me, ret_answer, fd);
}

static void do_text(const struct service_of *me, enum keeper_what what, const char *path,
		    struct keeper_answer *ret_answer)
{
	const struct pt_sys *sys = pt_sys_linux();
	char self[16];

	if (what == KEEPER_READLINK && strcmp(path, "/proc/self") == 0) {
		(void)snprintf(self, sizeof(self), "%d", (int)me->vmm);
		ret_answer->result = (int)strlen(self);
		memcpy(ret_answer->bytes, self, strlen(self) + 1);
	} else if (what == KEEPER_READLINK) {
		ret_answer->result = sys->readlink(sys->ctx, path, ret_answer->bytes, PATH_MAX);
	} else {
		ret_answer->result = sys->realpath(sys->ctx, path, ret_answer->bytes, PATH_MAX);
	}
	if (ret_answer->result >= 0)
		ret_answer->size = (uint32_t)ret_answer->result;
	answer(me, ret_answer, -1);
}

struct listing {
	const struct service_of *me;
	struct keeper_answer *answer;
};

static int list_one(void *arg, const char *name)
{
	struct listing *listing = arg;
	struct keeper_answer *now = listing->answer;
	const size_t size = strlen(name) + 1;

	if (now->size + size > sizeof(now->bytes)) {
		now->more = true;
		answer(listing->me, now, -1);
		now->size = 0;
	}
	memcpy(now->bytes + now->size, name, size);
	now->size += (uint32_t)size;
	return 0;
}

static void do_list(const struct service_of *me, const char *path, struct keeper_answer *ret_answer)
{
	const struct pt_sys *sys = pt_sys_linux();
	struct listing listing = {.me = me, .answer = ret_answer};

	ret_answer->result = sys->list(sys->ctx, path, list_one, &listing);
	ret_answer->more = false;
	answer(me, ret_answer, -1);
}

static void look(const struct service_of *me, const struct keeper_request *request)
{
	const struct pt_sys *sys = pt_sys_linux();
	struct keeper_answer result = {.result = 0};
	char path[PT_PATH_SIZE + 16];

	if (!keeper_path(request->path, me->vmm, path, sizeof(path)) ||
	    (request->what != KEEPER_OPEN && !keeper_may(path, KEEPER_LOOK, me->files))) {
		result.result = -EACCES;
		answer(me, &result, -1);
		return;
	}
	switch (request->what) {
	case KEEPER_OPEN:
		do_open(me, path, request->flags, &result);
		break;
	case KEEPER_READLINK:
	case KEEPER_REALPATH:
		do_text(me, request->what, path, &result);
		break;
	case KEEPER_LIST:
		do_list(me, path, &result);
		break;
	default:
		result.result = sys->stat(sys->ctx, path, &result.stat);
		answer(me, &result, -1);
		break;
	}
}

static void remember_removal(struct service_of *me, const char *path)
{
	if (!me->closed && me->removal_count < REMOVALS_MAX)
		me->removals[me->removal_count++] = strdup(path);
}

static void tell_violation(struct service_of *me, const struct keeper_violation *violation)
{
	CLEANUP_FREE char *name =
		seccomp_syscall_resolve_num_arch(violation->arch, violation->call);
	struct pt_error err = PT_ERROR_INIT;
	char command[32] = "", path[64], thread[32] = "";

	if (name && strcmp(name, "ioctl") == 0)
		(void)snprintf(command, sizeof(command), ", command 0x%x", violation->command);
	(void)snprintf(path, sizeof(path), "/proc/%d/task/%d/comm", (int)me->vmm, violation->tid);
	(void)read_text(pt_sys_linux(), path, thread, sizeof(thread));
	thread[strcspn(thread, "\n")] = '\0';
	(void)pt_error_set(
		&err, -EPERM,
		"the sandbox stopped thread %s at system call %s (number %d%s), which is not among "
		"those of %s",
		thread, name ? name : "of no name", violation->call, command,
		sandbox_thread_name(violation->kind));
	(void)pt_error_remedy(&err, -EPERM,
			      "either the guest broke into tenon, or this is a mistake of tenon's: "
			      "report it; --sandbox off runs the guest without");
	report_error(&err, stderr);
	atomic_store(&me->page->told, true);
}

static void restore_terminal(struct service_of *me)
{
	if (me->cooked && atomic_exchange(&me->page->raw, false))
		(void)tcsetattr(STDIN_FILENO, TCSANOW, me->cooked);
}

/* As long as the kernel is not done with it, it has its devices open. */
static void await_death(const struct service_of *me)
{
	struct pollfd wait = {.fd = me->vmm_fd, .events = POLLIN};

	if (me->vmm_fd >= 0)
		(void)poll(&wait, 1, DEATH_MS);
}

static void after_death(struct service_of *me)
{
	struct pt_error err = PT_ERROR_INIT;

	restore_terminal(me);
	await_death(me);
	for (unsigned i = 0; i < me->removal_count; i++)
		(void)unlink(me->removals[i]);
	if (managed_give_back(me->managed, &err) < 0)
		report_error(&err, stderr);
}

static void give_back(struct service_of *me)
{
	struct keeper_answer result = {.result = 0};
	struct pt_error err = PT_ERROR_INIT;

	for (unsigned i = 0; i < me->removal_count; i++)
		(void)unlink(me->removals[i]);
	result.result = managed_give_back(me->managed, &err);
	result.error = err;
	answer(me, &result, -1);
}

/* Return: whether the VMM is there still. */
static bool serve_one(struct service_of *me)
{
	struct keeper_request request;
	ssize_t n = recv(me->fd, &request, sizeof(request), 0);

	if (n < 0 && errno == EINTR)
		return true;
	if (n <= 0) {
		after_death(me);
		return false;
	}
	if (n != sizeof(request))
		return true;
	if (request.what == KEEPER_VIOLATION) {
		tell_violation(me, &request.violation);
		return true;
	}
	request.path[sizeof(request.path) - 1] = '\0';
	if (request.what == KEEPER_GIVE_BACK) {
		give_back(me);
		return false;
	}
	if (request.what == KEEPER_CLOSED)
		me->closed = true;
	else if (request.what == KEEPER_LEFT)
		managed_left(me->managed, request.path);
	else if (request.what == KEEPER_REMOVE_LATER)
		remember_removal(me, request.path);
	else
		look(me, &request);
	return true;
}

void keeper_serve(int fd, pid_t vmm, struct keeper_page *page, struct managed *managed,
		  const char *files, const struct termios *cooked)
{
	struct service_of me = {
		.fd = fd,
		.vmm = vmm,
		.vmm_fd = (int)syscall(SYS_pidfd_open, vmm, 0),
		.page = page,
		.managed = managed,
		.files = files,
		.cooked = cooked,
	};

	close_others(&me);
	let_go_of_output(&me);
	(void)prctl(PR_SET_NAME, "tenon-keeper");
	while (serve_one(&me))
		;
	_exit(0);
}
