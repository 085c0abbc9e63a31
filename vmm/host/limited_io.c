/* SPDX-License-Identifier: MIT */
#include "host/limited_io.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "cleanup.h"

#define TEXT_SIZE 256

/* What the child says; as one write to a pipe it comes as a whole. */
struct answer {
	int result;
	char text[TEXT_SIZE];
};

static struct answer work(const char *path, const char *text)
{
	struct answer answer = {.result = 0};
	int fd = open(path, (text ? O_WRONLY : O_RDONLY) | O_CLOEXEC);
	ssize_t done;

	if (fd >= 0 && text)
		done = write(fd, text, strlen(text));
	else if (fd >= 0)
		done = read(fd, answer.text, sizeof(answer.text) - 1);
	if (fd < 0 || done < 0)
		answer.result = -errno;
	return answer;
}

/* Nobody who reads what tenon prints is to wait for a child that the kernel keeps. */
static void let_go_of_output(void)
{
	int null = open("/dev/null", O_RDWR);

	if (null < 0)
		return;
	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++)
		(void)dup2(null, fd);
}

/* Only what is allowed between fork(2) and _exit(2) in a process with threads. */
__attribute__((noreturn)) static void child(int pipe_fd, const char *path, const char *text)
{
	struct answer answer;

	let_go_of_output();
	(void)signal(SIGPIPE, SIG_IGN);
	answer = work(path, text);
	(void)!write(pipe_fd, &answer, sizeof(answer));
	_exit(0);
}

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

static int await(int fd, unsigned limit, struct answer *ret_answer)
{
	const int64_t end = now_ms() + limit;
	struct pollfd wait = {.fd = fd, .events = POLLIN};
	int ready;

	do {
		int64_t left = end - now_ms();

		ready = poll(&wait, 1, left > 0 ? (int)left : 0);
	} while (ready < 0 && errno == EINTR);
	if (ready < 0)
		return -errno;
	if (ready == 0)
		return -ETIMEDOUT;
	/* Its end without an answer: somebody has killed the child. */
	return read(fd, ret_answer, sizeof(*ret_answer)) == sizeof(*ret_answer) ? 0 : -EINTR;
}

static int limited(const char *path, const char *text, unsigned limit, struct answer *ret_answer)
{
	CLEANUP_CLOSE int read_end = -1;
	int ends[2], ret;
	pid_t pid;

	*ret_answer = (struct answer){0};
	if (pipe2(ends, O_CLOEXEC) < 0)
		return -errno;
	read_end = ends[0];
	pid = fork();
	if (pid == 0)
		child(ends[1], path, text);
	ret = pid < 0 ? -errno : 0;
	(void)close(ends[1]);
	if (ret == 0)
		ret = await(read_end, limit, ret_answer);
	/* One that goes on ends when the kernel lets it, and init's business then. */
	if (pid > 0 && ret != -ETIMEDOUT)
		(void)waitpid(pid, NULL, 0);
	return ret < 0 ? ret : ret_answer->result;
}

int limited_write(const char *path, const char *text, unsigned limit)
{
	struct answer answer;

	return limited(path, text, limit, &answer);
}

int limited_read(const char *path, char *buf, size_t size, unsigned limit)
{
	struct answer answer;
	int ret = limited(path, NULL, limit, &answer);
	size_t len;

	if (ret < 0)
		return ret;
	len = strcspn(answer.text, "\n");
	if (len >= size)
		return -ENAMETOOLONG;
	memcpy(buf, answer.text, len);
	buf[len] = '\0';
	return 0;
}
