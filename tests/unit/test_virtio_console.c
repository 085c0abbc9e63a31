/* SPDX-License-Identifier: MIT */
/* A console as its driver and whoever is at its other end use it. */
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "virtio/unit.h"
#include "virtio_guest.h"

#define QUEUE 16u
#define RX    (GUEST_DATA)
#define TX    (GUEST_DATA + 0x10000)

static struct virtio_guest guest;
static struct loop loop;

static void up(void)
{
	if (loop_open(&loop, NULL))
		cr_skip_test("no io_uring here");
}

static void open_console(const char *path)
{
	struct plan_virtio plan = {.kind = PLAN_VIRTIO_CONSOLE, .id = "console0"};

	plan.console.port_count = 1;
	if (path) {
		plan.console.ports[0].kind = PLAN_CONSOLE_SOCKET;
		(void)snprintf(plan.console.ports[0].path, sizeof(plan.console.ports[0].path), "%s",
			       path);
	}
	guest_open(&guest, &plan);
	cr_assert_eq(virtio_unit_watch(&guest.unit, &loop, NULL), 0);
	guest_start(&guest, 0, 2, QUEUE);
}

static void down(void)
{
	virtio_unit_unwatch(&guest.unit, &loop);
	guest_close(&guest);
	loop_done(&loop);
}

TestSuite(virtio_console, .init = up, .fini = down);

/* What is typed into a pty comes a moment later (flush_to_ldisc). */
static void settle(void)
{
	(void)usleep(20000);
	loop_settle(&loop, 10);
}

static void offer_buffer(unsigned n, uint32_t size)
{
	*guest_desc(&guest, 0, n) =
		(struct vring_desc){RX + n * 0x1000, size, VRING_DESC_F_WRITE, 0};
	guest_offer(&guest, 0, QUEUE, (uint16_t)n);
	guest_kick(&guest, 0);
	settle();
}

static void say(const char *text, size_t size)
{
	memcpy(guest.ram.base + TX, text, size);
	*guest_desc(&guest, 1, 0) = (struct vring_desc){TX, (uint32_t)size, 0, 0};
	guest_offer(&guest, 1, QUEUE, 0);
	guest_kick(&guest, 1);
	settle();
}

static const char *heard(int fd)
{
	static char text[4096];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

static int open_other_end(void)
{
	const char *name = guest.unit.console.ports[0].end.name;
	int fd;

	cr_assert_eq(strncmp(name, "pty:", 4), 0, "%s", name);
	fd = open(name + 4, O_RDWR | O_NOCTTY | O_NONBLOCK);
	cr_assert_geq(fd, 0, "%m");
	return fd;
}

Test(virtio_console, a_pty_in_both_directions)
{
	int fd;

	open_console(NULL);
	fd = open_other_end();
	say("login: ", 7);
	cr_assert_str_eq(heard(fd), "login: ");
	cr_assert_eq(guest_used(&guest, 1)->idx, 1);
	offer_buffer(0, 100);
	cr_assert_eq(write(fd, "root\r", 5), 5);
	settle();
	cr_assert_eq(guest_used(&guest, 0)->idx, 1);
	cr_assert_eq(guest_used(&guest, 0)->ring[0].len, 5);
	cr_assert_eq(memcmp(guest.ram.base + RX, "root\r", 5), 0);
	(void)close(fd);
}

/* What is typed before the guest has a buffer waits, and goes on where it stopped. */
Test(virtio_console, input_waits_for_buffers)
{
	int fd;

	open_console(NULL);
	fd = open_other_end();
	cr_assert_eq(write(fd, "abcdef", 6), 6);
	settle();
	cr_assert_eq(guest_used(&guest, 0)->idx, 0);
	offer_buffer(0, 4);
	offer_buffer(1, 4);
	cr_assert_eq(guest_used(&guest, 0)->idx, 2);
	cr_assert_eq(memcmp(guest.ram.base + RX, "abcd", 4), 0);
	cr_assert_eq(memcmp(guest.ram.base + RX + 0x1000, "ef", 2), 0);
	offer_buffer(2, 4);
	cr_assert_eq(write(fd, "g", 1), 1);
	settle();
	cr_assert_eq(guest_used(&guest, 0)->idx, 3);
	(void)close(fd);
}

/* A guest's console would wait for ever. */
Test(virtio_console, a_guest_that_nobody_reads_is_not_held_up)
{
	char text[4096];
	int fd;

	memset(text, 'x', sizeof(text));
	open_console(NULL);
	for (unsigned i = 0; i < 100; i++)
		say(text, sizeof(text));
	cr_assert_eq(guest_used(&guest, 1)->idx, 100);
	cr_assert_leq(guest.unit.console.ports[0].end.used, CONSOLE_BUFFER);
	fd = open_other_end();
	for (unsigned i = 0; i < 200 && heard(fd)[0]; i++)
		settle();
	say("the end", 7);
	cr_assert_str_eq(heard(fd), "the end");
	(void)close(fd);
}

static int join(const char *path)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0, "%m");
	settle();
	return fd;
}

Test(virtio_console, a_socket_one_after_the_other)
{
	char path[64];
	int first, second;

	(void)snprintf(path, sizeof(path), "/tmp/tenon-console-%d.sock", (int)getpid());
	open_console(path);
	say("nobody hears it", 15);
	first = join(path);
	say("one", 3);
	cr_assert_str_eq(heard(first), "one");
	(void)close(first);
	settle();
	second = join(path);
	say("two", 3);
	cr_assert_str_eq(heard(second), "two");
	offer_buffer(0, 10);
	cr_assert_eq(write(second, "in", 2), 2);
	settle();
	cr_assert_eq(guest_used(&guest, 0)->ring[0].len, 2);
	(void)close(second);
	settle();
	virtio_unit_unwatch(&guest.unit, &loop);
	virtio_unit_done(&guest.unit);
	cr_assert_eq(access(path, F_OK), -1, "the socket is removed");
	settle();
	cr_assert_not(virtio_unit_lingers(&guest.unit));
}

Test(virtio_console, a_path_where_something_is)
{
	struct plan_console plan = {.port_count = 1, .ports = {{.kind = PLAN_CONSOLE_SOCKET}}};
	struct pt_error err = PT_ERROR_INIT;
	struct virtio_console console = {0};

	open_console(NULL);
	(void)snprintf(plan.ports[0].path, sizeof(plan.ports[0].path), "/tmp");
	cr_assert_eq(virtio_console_open(&console, &plan, &err), -EADDRINUSE);
	cr_assert_not_null(strstr(err.message, "/tmp"), "%s", err.message);
	virtio_console_done(&console);
}

Test(virtio_console, a_buffer_that_is_no_memory_breaks_it)
{
	open_console(NULL);
	*guest_desc(&guest, 1, 0) = (struct vring_desc){1ull << 50, 10, 0, 0};
	guest_offer(&guest, 1, QUEUE, 0);
	guest_kick(&guest, 1);
	cr_assert(guest_status(&guest) & VIRTIO_CONFIG_S_NEEDS_RESET);
}
