/* SPDX-License-Identifier: MIT */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

#include "control/control.h"
#include "unit/fake_target.h"
#include "unit/loop_settle.h"

static char path[64];
static struct fake_target fake;
static struct loop loop;
static struct control control = CONTROL_CLOSED;

static void begin(void)
{
	struct pt_error err = PT_ERROR_INIT;

	(void)snprintf(path, sizeof(path), "/tmp/tenon-test-%d.sock", (int)getpid());
	fake_target_init(&fake);
	cr_assert_eq(loop_open(&loop, &err), 0, "%s", err.message);
	cr_assert_eq(control_open(&control, path, &err), 0, "%s", err.message);
	cr_assert_eq(control_start(&control, &loop, &fake.target, &err), 0);
}

static void end(void)
{
	control_close(&control);
	loop_done(&loop);
	(void)unlink(path);
}

TestSuite(control, .init = begin, .fini = end);

static void settle(void)
{
	loop_settle(&loop, 20);
}

static int join(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	memcpy(address.sun_path, path, strlen(path) + 1);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	settle();
	return fd;
}

/* What has arrived; "" for nothing, NULL when the other side hung up. */
static const char *heard(int fd)
{
	static char text[65536];
	ssize_t n = recv(fd, text, sizeof(text) - 1, 0);

	text[n > 0 ? n : 0] = '\0';
	return n == 0 || (n < 0 && errno != EAGAIN) ? NULL : text;
}

static void tell(int fd, const char *text)
{
	(void)!send(fd, text, strlen(text), MSG_NOSIGNAL);
	settle();
}

static int negotiated(void)
{
	int fd = join();

	tell(fd, "{\"execute\":\"qmp_capabilities\"}");
	(void)heard(fd);
	return fd;
}

Test(control, answers_several_clients)
{
	int first = negotiated(), second = negotiated();

	tell(first, "{\"execute\":\"stop\"}");
	tell(second, "{\"execute\":\"query-status\"}");
	cr_assert_str_eq(heard(first), "{\"return\":{}}\r\n");
	cr_assert_not_null(strstr(heard(second), "paused"));
	control_event(&control, "STOP", NULL);
	settle();
	cr_assert_not_null(strstr(heard(first), "\"STOP\""));
	cr_assert_not_null(strstr(heard(second), "\"STOP\""));
	(void)close(first);
	(void)close(second);
}

Test(control, only_its_owner_may_connect)
{
	struct stat st;

	cr_assert_eq(stat(path, &st), 0);
	cr_assert_eq(st.st_mode & 0777, 0600);
}

Test(control, a_client_that_goes_leaves_room)
{
	for (int i = 0; i < 5 * CONTROL_CLIENTS_MAX; i++)
		(void)close(negotiated());
	settle();
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		cr_assert_eq(control.clients[i].fd, -1, "place %u", i);
}

Test(control, whoever_says_nothing_makes_room)
{
	int silent[CONTROL_CLIENTS_MAX], talks;

	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		silent[i] = join();
	talks = negotiated();
	tell(talks, "{\"execute\":\"query-status\"}");
	cr_assert_not_null(strstr(heard(talks), "running"));
	(void)heard(silent[0]);
	cr_assert_null(heard(silent[0]), "the oldest is hung up on");
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		(void)close(silent[i]);
	(void)close(talks);
}

Test(control, those_that_talk_are_kept_and_the_next_is_refused)
{
	int fds[CONTROL_CLIENTS_MAX], late;

	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		fds[i] = negotiated();
	late = join();
	cr_assert_null(heard(late));
	tell(fds[0], "{\"execute\":\"query-status\"}");
	cr_assert_not_null(strstr(heard(fds[0]), "running"));
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++)
		(void)close(fds[i]);
	(void)close(late);
}

/* It must not be read from without end: its answers are bounded before they break it. */
Test(control, one_that_never_reads_is_not_listened_to)
{
	int deaf = negotiated(), other;
	bool full = false;

	for (int i = 0; i < 20000 && !full; i++) {
		full = send(deaf, "{\"execute\":\"query-qmp-schema\"}", 30, MSG_NOSIGNAL) < 0;
		if (i % 100 == 0)
			settle();
	}
	cr_assert(full, "its commands are not taken for ever");
	other = negotiated();
	tell(other, "{\"execute\":\"query-status\"}");
	cr_assert_not_null(strstr(heard(other), "running"));
	(void)close(deaf);
	(void)close(other);
}

/* Sends @text with @count descriptors that are @fd. */
static void hand(int to, const char *text, int fd, unsigned count)
{
	char room[CMSG_SPACE(64 * sizeof(int))] = {0};
	struct iovec iov = {(void *)text, strlen(text)};
	struct msghdr message = {
		.msg_iov = &iov,
		.msg_iovlen = 1,
		.msg_control = room,
		.msg_controllen = CMSG_SPACE(count * sizeof(int)),
	};
	struct cmsghdr *part = CMSG_FIRSTHDR(&message);

	part->cmsg_level = SOL_SOCKET;
	part->cmsg_type = SCM_RIGHTS;
	part->cmsg_len = CMSG_LEN(count * sizeof(int));
	for (unsigned i = 0; i < count; i++)
		memcpy(CMSG_DATA(part) + i * sizeof(fd), &fd, sizeof(fd));
	cr_assert_eq(sendmsg(to, &message, MSG_NOSIGNAL), (ssize_t)strlen(text));
	settle();
}

static unsigned open_descriptors(void)
{
	unsigned count = 0;

	for (int fd = 0; fd < 1024; fd++)
		count += fcntl(fd, F_GETFD) >= 0;
	return count;
}

Test(control, descriptors_come_with_commands)
{
	int client = negotiated(), other = negotiated(), pipe_fds[2], fd;
	const char *const name = "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"disk\"}}";
	struct qmp_fds *fds = NULL;

	cr_assert_eq(pipe(pipe_fds), 0);
	hand(client, name, pipe_fds[1], 1);
	cr_assert_str_eq(heard(client), "{\"return\":{}}\r\n");
	for (unsigned i = 0; i < CONTROL_CLIENTS_MAX; i++) {
		if (control.clients[i].session.fds.kept_count)
			fds = &control.clients[i].session.fds;
	}
	cr_assert_not_null(fds);
	cr_assert_eq(qmp_fds_take(fds, "disk", &fd, NULL), 0);
	cr_assert(fcntl(fd, F_GETFD) & FD_CLOEXEC);
	cr_assert_eq(write(fd, "x", 1), 1, "it is the pipe");
	(void)close(fd);
	tell(other, "{\"execute\":\"closefd\",\"arguments\":{\"fdname\":\"disk\"}}");
	cr_assert_not_null(strstr(heard(other), "'disk' has not been found"), "it is the other's");
	(void)close(client);
	(void)close(other);
	(void)close(pipe_fds[0]);
	(void)close(pipe_fds[1]);
}

Test(control, descriptors_of_a_client_that_goes_are_closed)
{
	unsigned before = open_descriptors();
	int client = negotiated();

	hand(client, "{\"execute\":\"getfd\",\"arguments\":{\"fdname\":\"a\"}}", 1, 1);
	hand(client, "{\"execute\":\"add-fd\"}", 1, 1);
	hand(client, " ", 1, 3);
	cr_assert_eq(open_descriptors(), before + 2 + 5);
	(void)close(client);
	settle();
	cr_assert_eq(open_descriptors(), before);
}

Test(control, whoever_floods_with_descriptors_is_hung_up_on)
{
	unsigned before = open_descriptors();
	int client = negotiated(), other;

	for (unsigned i = 0; i < QMP_FDS_UNCLAIMED_MAX; i++)
		hand(client, " ", 1, 1);
	cr_assert_eq(open_descriptors(), before + 2 + QMP_FDS_UNCLAIMED_MAX);
	hand(client, " ", 1, 40);
	cr_assert_eq(open_descriptors(), before + 1);
	other = negotiated();
	hand(other, "{\"execute\":\"query-status\"}", 1, 5);
	cr_assert_not_null(strstr(heard(other), "running"));
	cr_assert_eq(open_descriptors(), before + 3, "what nobody asked for is closed");
	(void)close(client);
	(void)close(other);
}

Test(control, a_socket_that_nobody_listens_on_is_replaced)
{
	struct control second = CONTROL_CLOSED;
	struct pt_error err = PT_ERROR_INIT;
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int dead = socket(AF_UNIX, SOCK_STREAM, 0);

	cr_assert_eq(control_open(&second, path, &err), -EADDRINUSE);
	cr_assert_not_null(strstr(err.message, "another guest listens there"));
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s.dead", path);
	cr_assert_eq(bind(dead, (struct sockaddr *)&address, sizeof(address)), 0);
	(void)close(dead);
	cr_assert_eq(control_open(&second, address.sun_path, &err), 0);
	control_close(&second);
	cr_assert_neq(access(address.sun_path, F_OK), 0, "and removed at the end");
}

Test(control, a_file_is_never_removed)
{
	struct control second = CONTROL_CLOSED;
	struct pt_error err = PT_ERROR_INIT;
	char file[80];
	FILE *made;

	(void)snprintf(file, sizeof(file), "%s.file", path);
	made = fopen(file, "w");
	cr_assert_not_null(made);
	(void)fclose(made);
	cr_assert_eq(control_open(&second, file, &err), -EEXIST);
	cr_assert_eq(access(file, F_OK), 0);
	(void)unlink(file);
}

/* Without an event that would have it sent. */
Test(control, a_late_answer_is_sent)
{
	int client = negotiated();

	(void)snprintf(fake.iommufd, sizeof(fake.iommufd), "a");
	tell(client, "{\"execute\":\"object-del\",\"arguments\":{\"id\":\"a\"}}");
	cr_assert_str_empty(heard(client));
	fake.plug_done(fake.plug_ctx, NULL);
	control_answered(&control);
	settle();
	cr_assert_str_eq(heard(client), "{\"return\":{}}\r\n");
	(void)close(client);
}
