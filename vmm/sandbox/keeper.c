/* SPDX-License-Identifier: MIT */
#include "sandbox/keeper.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <termios.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"
#include "host/managed.h"
#include "sandbox/keeper_serve.h"
#include "sandbox/keeper_wire.h"

#define VIOLATION_MS 2000 /* in which one is printed */

/* Under the lock. @ret_fd may be NULL. */
static int receive(const struct keeper *keeper, struct keeper_answer *ret_answer, int *ret_fd)
{
	union {
		struct cmsghdr header;
		char bytes[CMSG_SPACE(sizeof(int))];
	} control;
	struct iovec iov = {ret_answer, sizeof(*ret_answer)};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = &control,
		.msg_controllen = sizeof(control),
	};
	const struct cmsghdr *header;
	ssize_t n;

	do
		n = recvmsg(keeper->fd, &message, MSG_CMSG_CLOEXEC);
	while (n < 0 && errno == EINTR);
	if (n != sizeof(*ret_answer))
		return -EPIPE;
	header = CMSG_FIRSTHDR(&message);
	if (header && ret_fd)
		memcpy(ret_fd, CMSG_DATA(header), sizeof(*ret_fd));
	return 0;
}

static int send_request(const struct keeper *keeper, const struct keeper_request *request)
{
	ssize_t n;

	do
		n = send(keeper->fd, request, sizeof(*request), MSG_NOSIGNAL);
	while (n < 0 && errno == EINTR);
	return n == sizeof(*request) ? 0 : -EPIPE;
}

static int fill(struct keeper_request *request, enum keeper_what what, const char *path, int flags)
{
	*request = (struct keeper_request){.what = what, .flags = flags};
	if (strlen(path) >= sizeof(request->path))
		return -ENAMETOOLONG;
	memcpy(request->path, path, strlen(path) + 1);
	return 0;
}

static int ask(struct keeper *keeper, const struct keeper_request *request,
	       struct keeper_answer *ret_answer, int *ret_fd)
{
	int ret;

	ret_answer->result = -EPIPE;
	(void)pthread_mutex_lock(&keeper->lock);
	ret = send_request(keeper, request);
	if (ret == 0)
		ret = receive(keeper, ret_answer, ret_fd);
	(void)pthread_mutex_unlock(&keeper->lock);
	return ret < 0 ? ret : ret_answer->result;
}

/* The operation is done by this process: the sandbox is open. */
static const struct pt_sys *direct(const struct keeper *keeper)
{
	return atomic_load_explicit(&keeper->closed, memory_order_acquire) ? NULL : keeper->direct;
}

static int by_open(void *ctx, const char *path, int flags)
{
	const struct pt_sys *sys = direct(ctx);
	struct keeper *keeper = ctx;
	struct keeper_request request;
	struct keeper_answer answer;
	int fd = -1, ret;

	if (sys)
		return sys->open(sys->ctx, path, flags);
	ret = fill(&request, KEEPER_OPEN, path, flags);
	if (ret == 0)
		ret = ask(keeper, &request, &answer, &fd);
	return ret < 0 ? ret : fd;
}

static int by_text(struct keeper *keeper, enum keeper_what what, const char *path, char *buf,
		   size_t size)
{
	struct keeper_request request;
	struct keeper_answer answer;
	int ret = fill(&request, what, path, 0);

	if (ret == 0)
		ret = ask(keeper, &request, &answer, NULL);
	if (ret < 0)
		return ret;
	if (answer.size >= size || answer.size > sizeof(answer.bytes))
		return -ENAMETOOLONG;
	memcpy(buf, answer.bytes, answer.size);
	buf[answer.size] = '\0';
	return (int)answer.size;
}

static int by_readlink(void *ctx, const char *path, char *buf, size_t size)
{
	const struct pt_sys *sys = direct(ctx);
	if (sys)
		return sys->readlink(sys->ctx, path, buf, size);
	return by_text(ctx, KEEPER_READLINK, path, buf, size);
}

static int by_realpath(void *ctx, const char *path, char *buf, size_t size)
{
	const struct pt_sys *sys = direct(ctx);
	if (sys)
		return sys->realpath(sys->ctx, path, buf, size);
	return by_text(ctx, KEEPER_REALPATH, path, buf, size);
}

static int by_stat(void *ctx, const char *path, struct pt_stat *ret_stat)
{
	const struct pt_sys *sys = direct(ctx);
	struct keeper_request request;
	struct keeper_answer answer;
	int ret;

	if (sys)
		return sys->stat(sys->ctx, path, ret_stat);
	ret = fill(&request, KEEPER_STAT, path, 0);
	if (ret == 0)
		ret = ask(ctx, &request, &answer, NULL);
	if (ret == 0)
		*ret_stat = answer.stat;
	return ret;
}

static int append(char **bytes, size_t *len, const struct keeper_answer *answer)
{
	char *grown;

	if (answer->size > sizeof(answer->bytes))
		return -EPROTO;
	grown = realloc(*bytes, *len + answer->size + 1);
	if (!grown)
		return -ENOMEM;
	memcpy(grown + *len, answer->bytes, answer->size);
	*len += answer->size;
	grown[*len] = '\0';
	*bytes = grown;
	return 0;
}

/* All names, before anybody is called with one, who may ask the keeper something else. */
static int gather(struct keeper *keeper, const struct keeper_request *request, char **bytes,
		  size_t *len)
{
	struct keeper_answer answer = {.more = true};
	int failed = 0, ret;

	(void)pthread_mutex_lock(&keeper->lock);
	ret = send_request(keeper, request);
	while (ret == 0 && answer.more) {
		ret = receive(keeper, &answer, NULL);
		if (ret == 0 && failed == 0)
			failed = answer.result < 0 ? answer.result : append(bytes, len, &answer);
	}
	(void)pthread_mutex_unlock(&keeper->lock);
	return ret < 0 ? ret : failed;
}

static int by_list(void *ctx, const char *path, int (*each)(void *arg, const char *name), void *arg)
{
	const struct pt_sys *sys = direct(ctx);
	CLEANUP_FREE char *bytes = NULL;
	struct keeper_request request;
	size_t len = 0;
	int ret;

	if (sys)
		return sys->list(sys->ctx, path, each, arg);
	ret = fill(&request, KEEPER_LIST, path, 0);
	if (ret == 0)
		ret = gather(ctx, &request, &bytes, &len);
	for (size_t at = 0; ret == 0 && at < len; at += strlen(bytes + at) + 1)
		ret = each(arg, bytes + at);
	return ret;
}

/* What needs no path is done by this process; those operations know no context. */
static void make_sys(struct keeper *keeper, const struct pt_sys *sys)
{
	keeper->direct = sys;
	keeper->sys = *sys;
	keeper->sys.ctx = keeper;
	keeper->sys.open = by_open;
	keeper->sys.readlink = by_readlink;
	keeper->sys.realpath = by_realpath;
	keeper->sys.list = by_list;
	keeper->sys.stat = by_stat;
}

/* Signals that are for the VMM are not for the keeper: it ends when the VMM does. */
static pid_t fork_deaf(void)
{
	sigset_t all, before;
	pid_t pid;

	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	pid = fork();
	if (pid != 0)
		(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return pid;
}

int keeper_start(struct keeper *keeper, const struct pt_sys *sys, struct managed *managed,
		 const char *files, struct pt_error *err)
{
	const pid_t vmm = getpid();
	struct termios cooked;
	const bool terminal = isatty(STDIN_FILENO) && tcgetattr(STDIN_FILENO, &cooked) == 0;
	int ends[2];

	if (socketpair(AF_UNIX, SOCK_SEQPACKET | SOCK_CLOEXEC, 0, ends) < 0)
		return pt_error_set(err, -errno,
				    "no socket to the process that keeps the host: %m");
	keeper->page = mmap(NULL, sizeof(*keeper->page), PROT_READ | PROT_WRITE,
			    MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	keeper->pid = keeper->page == MAP_FAILED ? -1 : fork_deaf();
	if (keeper->pid == 0) {
		(void)close(ends[0]);
		keeper_serve(ends[1], vmm, keeper->page, managed, files, terminal ? &cooked : NULL);
	}
	(void)close(ends[1]);
	if (keeper->pid < 0) {
		(void)pt_error_set(err, -errno, "no process to keep the host: %m");
		(void)close(ends[0]);
		return err ? err->code : -EAGAIN;
	}
	keeper->fd = ends[0];
	make_sys(keeper, sys);
	managed_done(managed);
	return 0;
}

void keeper_close_door(struct keeper *keeper)
{
	const struct keeper_request request = {.what = KEEPER_CLOSED};

	(void)send_request(keeper, &request);
	atomic_store_explicit(&keeper->closed, true, memory_order_release);
}

void keeper_terminal_is_raw(struct keeper *keeper, bool raw)
{
	if (keeper->fd >= 0)
		atomic_store(&keeper->page->raw, raw);
}

void keeper_remove_later(struct keeper *keeper, const char *path)
{
	struct keeper_request request;

	if (keeper->fd >= 0 && *path && fill(&request, KEEPER_REMOVE_LATER, path, 0) == 0)
		(void)send_request(keeper, &request);
}

void keeper_left(struct keeper *keeper, const char *name)
{
	struct keeper_request request;

	if (fill(&request, KEEPER_LEFT, name, 0) == 0)
		(void)send_request(keeper, &request);
}

void keeper_tell_violation(const struct keeper *keeper, const struct keeper_violation *violation)
{
	const struct timespec moment = {.tv_nsec = 1000000};
	struct keeper_request request = {.what = KEEPER_VIOLATION};

	request.violation = *violation;
	if (keeper->fd < 0 || send_request(keeper, &request) < 0)
		return;
	for (unsigned i = 0; i < VIOLATION_MS && !atomic_load(&keeper->page->told); i++)
		(void)nanosleep(&moment, NULL);
}

static int no_more(struct pt_error *err)
{
	(void)pt_error_set(err, -EPIPE, "the process that keeps the host was killed");
	return pt_error_remedy(err, -EPIPE, "tenon recover gives back what was taken");
}

int keeper_end(struct keeper *keeper, struct pt_error *err)
{
	const struct keeper_request request = {.what = KEEPER_GIVE_BACK};
	struct keeper_answer answer;
	int ret;

	if (keeper->fd < 0)
		return 0;
	answer.result = -EPIPE;
	(void)pthread_mutex_lock(&keeper->lock);
	ret = send_request(keeper, &request);
	if (ret == 0)
		ret = receive(keeper, &answer, NULL);
	(void)pthread_mutex_unlock(&keeper->lock);
	(void)close(keeper->fd);
	keeper->fd = -1;
	while (waitpid(keeper->pid, NULL, 0) < 0 && errno == EINTR)
		;
	(void)munmap(keeper->page, sizeof(*keeper->page));
	if (ret < 0)
		return no_more(err);
	if (answer.result < 0 && err)
		*err = answer.error;
	return answer.result;
}
