/* SPDX-License-Identifier: MIT */
/* A console and a channel of one device, with the control queues, as their driver and whoever is at their other ends use them. */
#include <fcntl.h>
#include <linux/virtio_console.h>
#include <signal.h>
#include <sys/socket.h>
#include <sys/un.h>

#include "virtio/unit.h"
#include "virtio_guest.h"

#define QUEUE	  16u
#define QUEUES	  6u
#define CONTROL	  2u /* to the guest; 3 is from it */
#define RX	  4u /* the channel's */
#define TX	  5u
#define DATA	  0x40000u /* for each queue 0x10000 */
#define STEP	  0x1000u
#define MULTIPORT (1ull << VIRTIO_CONSOLE_F_MULTIPORT)

static struct virtio_guest guest;
static struct loop loop;
static char path[64];
static char events[256];
static unsigned heard_messages, offered_buffers;

static void changed(void *ctx, const struct console_port *port)
{
	size_t used = strlen(events);

	(void)ctx;
	(void)snprintf(events + used, sizeof(events) - used, "%s %s;", console_port_id(port),
		       console_port_is_open(port) ? "open" : "closed");
}

/* Port 0 is a console, port 1 a channel by a socket. */
static void up(void)
{
	struct plan_virtio plan = {
		.kind = PLAN_VIRTIO_CONSOLE,
		.id = "serial",
		.console =
			{
				.port_count = 2,
				.ports = {{.number = 0, .id = "console1", .label = "charconsole1"},
					  {.number = 1,
					   .channel = 1,
					   .id = "channel0",
					   .name = "org.example.agent",
					   .kind = PLAN_CONSOLE_SOCKET}},
			},
	};

	if (loop_open(&loop, NULL))
		cr_skip_test("no io_uring here");
	(void)signal(SIGPIPE, SIG_IGN); /* as the program does */
	(void)snprintf(path, sizeof(path), "/tmp/tenon-channel-%d.sock", (int)getpid());
	(void)snprintf(plan.console.ports[1].path, sizeof(plan.console.ports[1].path), "%s", path);
	guest_open(&guest, &plan);
	guest.unit.console.changed = changed;
	cr_assert_eq(virtio_unit_watch(&guest.unit, &loop, NULL), 0);
	guest_start(&guest, MULTIPORT, QUEUES, QUEUE);
	heard_messages = offered_buffers = 0;
	events[0] = '\0';
}

static void down(void)
{
	virtio_unit_unwatch(&guest.unit, &loop);
	guest_close(&guest);
	loop_done(&loop);
}

TestSuite(virtio_channel, .init = up, .fini = down);

static void settle(void)
{
	loop_settle(&loop, 10);
}

static char *data_of(unsigned queue, unsigned n)
{
	return (char *)guest.ram.base + DATA + queue * 0x10000 + n * STEP;
}

/* Buffers for the device to write into. */
static void offer_buffers(unsigned queue, unsigned count, uint32_t size)
{
	for (unsigned i = 0; i < count; i++) {
		unsigned n = guest.offered[queue] % QUEUE;

		*guest_desc(&guest, queue, n) = (struct vring_desc){
			DATA + queue * 0x10000 + n * STEP, size, VRING_DESC_F_WRITE, 0};
		guest_offer(&guest, queue, QUEUE, (uint16_t)n);
	}
	guest_kick(&guest, queue);
	settle();
}

static void put(unsigned queue, const void *bytes, uint32_t size)
{
	unsigned n = guest.offered[queue] % QUEUE;

	memcpy(data_of(queue, n), bytes, size);
	*guest_desc(&guest, queue, n) =
		(struct vring_desc){DATA + queue * 0x10000 + n * STEP, size, 0, 0};
	guest_offer(&guest, queue, QUEUE, (uint16_t)n);
}

static void say(unsigned queue, const void *bytes, uint32_t size)
{
	put(queue, bytes, size);
	guest_kick(&guest, queue);
	settle();
}

static void control(uint32_t id, uint16_t event, uint16_t value)
{
	const struct virtio_console_control message = {id, event, value};

	say(CONTROL + 1, &message, sizeof(message));
}

/* The next control message from the device, as "EVENT PORT VALUE TEXT"; empty for none. */
static const char *heard_control(void)
{
	static char text[128];
	struct virtio_console_control message;
	const struct vring_used *used = guest_used(&guest, CONTROL);
	const struct vring_used_elem *elem = &used->ring[heard_messages % QUEUE];
	const char *at;

	if (used->idx == heard_messages)
		return "";
	heard_messages++;
	at = data_of(CONTROL, elem->id);
	memcpy(&message, at, sizeof(message));
	(void)snprintf(text, sizeof(text), "%u %u %u %.*s", message.event, message.id,
		       message.value, (int)(elem->len - sizeof(message)), at + sizeof(message));
	return text;
}

static int join(void)
{
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0);

	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	cr_assert_eq(connect(fd, (struct sockaddr *)&address, sizeof(address)), 0, "%m");
	settle();
	return fd;
}

static const char *heard(int fd)
{
	static char text[4096];
	ssize_t n = read(fd, text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = '\0';
	return text;
}

/* The driver has both ports, and has heard what they are. */
static void get_ready(void)
{
	offer_buffers(CONTROL, 12, 256);
	control(UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 1);
	control(0, VIRTIO_CONSOLE_PORT_READY, 1);
	control(1, VIRTIO_CONSOLE_PORT_READY, 1);
	while (*heard_control())
		;
}

Test(virtio_channel, a_driver_hears_of_ports_and_what_they_are)
{
	uint32_t ports = guest_read(&guest, BAR_CONFIG + 4, 4);

	cr_assert_eq(ports, 2);
	cr_assert(guest_offered(&guest) & MULTIPORT);
	cr_assert_eq(guest_read(&guest, VIRTIO_PCI_COMMON_NUMQ, 2), QUEUES);
	offer_buffers(CONTROL, 12, 256);
	cr_assert_str_empty(heard_control(), "before the driver is ready");
	control(UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 1);
	cr_assert_str_eq(heard_control(), "1 0 1 ");
	cr_assert_str_eq(heard_control(), "1 1 1 ");
	cr_assert_str_empty(heard_control());
	control(0, VIRTIO_CONSOLE_PORT_READY, 1);
	cr_assert_str_eq(heard_control(), "4 0 1 ", "a console");
	cr_assert_str_eq(heard_control(), "6 0 1 ", "open");
	control(1, VIRTIO_CONSOLE_PORT_READY, 1);
	cr_assert_str_eq(heard_control(), "7 1 1 org.example.agent");
	cr_assert_str_eq(heard_control(), "6 1 0 ", "nobody is connected");
	cr_assert_str_empty(heard_control());
	cr_assert_eq(guest_used(&guest, CONTROL + 1)->idx, 3, "all were given back");
}

Test(virtio_channel, whoever_connects_and_goes_is_told_of)
{
	int fd;

	get_ready();
	fd = join();
	cr_assert_str_eq(heard_control(), "6 1 1 ");
	(void)close(fd);
	settle();
	cr_assert_str_eq(heard_control(), "6 1 0 ");
	fd = join();
	cr_assert_str_eq(heard_control(), "6 1 1 ");
	(void)close(fd);
}

/* A driver throws away what comes for a port that it has not open. */
Test(virtio_channel, what_comes_waits_until_the_guest_opens)
{
	int fd;

	get_ready();
	fd = join();
	offer_buffers(RX, 2, 100);
	cr_assert_eq(write(fd, "ping", 4), 4);
	settle();
	cr_assert_eq(guest_used(&guest, RX)->idx, 0);
	control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	cr_assert_eq(guest_used(&guest, RX)->idx, 1);
	cr_assert_eq(memcmp(data_of(RX, 0), "ping", 4), 0);
	cr_assert_str_eq(events, "channel0 open;");
	say(TX, "pong", 4);
	cr_assert_str_eq(heard(fd), "pong");
	control(1, VIRTIO_CONSOLE_PORT_OPEN, 0);
	cr_assert_eq(write(fd, "again", 5), 5);
	settle();
	cr_assert_eq(guest_used(&guest, RX)->idx, 1, "closed: it waits");
	control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	cr_assert_eq(guest_used(&guest, RX)->idx, 2);
	cr_assert_str_eq(events, "channel0 open;channel0 closed;channel0 open;");
	(void)close(fd);
}

/* Of each byte its place, so that none can be missing or come twice. */
static char byte_at(size_t at)
{
	return (char)(at * 2654435761u >> 16);
}

/* Nobody reads: the guest keeps what does not fit, and the memory here has a limit. Then somebody does, and has all of it. */
Test(virtio_channel, a_socket_that_is_not_read_holds_up_the_guest_and_loses_nothing)
{
	char buf[4096], got[5000];
	size_t sent = 0, seen = 0, waits;
	struct console_end *end = &guest.unit.console.ports[1].end;
	unsigned given_back, idle = 0;
	int fd;

	get_ready();
	fd = join();
	control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	do {
		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = byte_at(sent++);
		given_back = guest_used(&guest, TX)->idx;
		say(TX, buf, sizeof(buf));
	} while (guest_used(&guest, TX)->idx != given_back && sent < (32u << 20));
	waits = end->used;
	cr_assert_lt(sent, 32u << 20, "it was all taken");
	cr_assert_eq(waits, CONSOLE_BUFFER);
	for (int i = 0; i < 5; i++)
		guest_kick(&guest, TX);
	settle();
	cr_assert_eq(guest_used(&guest, TX)->idx, given_back, "it waits");
	while (seen < sent && idle < 100) {
		ssize_t n = read(fd, got, sizeof(got));

		idle = n > 0 ? 0 : idle + 1;
		for (ssize_t i = 0; i < n; i++)
			cr_assert_eq(got[i], byte_at(seen + (size_t)i), "byte %zu",
				     seen + (size_t)i);
		seen += n > 0 ? (size_t)n : 0;
		settle();
	}
	cr_assert_eq(seen, sent);
	cr_assert_eq(guest_used(&guest, TX)->idx, guest.offered[TX]);
	(void)close(fd);
}

/* A chain larger than the buffer goes out piece by piece; when who reads is gone, the guest is rid of it. */
Test(virtio_channel, a_reader_that_goes_frees_the_guest)
{
	int fd;

	get_ready();
	fd = join();
	*guest_desc(&guest, TX, 0) = (struct vring_desc){0x80000, 0x70000, 0, 0};
	guest_offer(&guest, TX, QUEUE, 0);
	guest_kick(&guest, TX);
	settle();
	cr_assert_eq(guest_used(&guest, TX)->idx, 0);
	cr_assert_gt(guest.unit.console.ports[1].taken, 0);
	(void)close(fd);
	settle();
	cr_assert_eq(guest_used(&guest, TX)->idx, 1);
	cr_assert_eq(guest.unit.console.ports[1].end.used, 0);
	fd = join();
	say(TX, "fresh", 5);
	cr_assert_str_eq(heard(fd), "fresh");
	(void)close(fd);
}

/* The guest gives one small buffer after the other: what comes is divided among them, and the sender is held up. */
Test(virtio_channel, a_guest_without_buffers_loses_nothing)
{
	char buf[2048];
	size_t sent = 0, seen = 0;
	unsigned used = 0;
	int fd;

	get_ready();
	fd = join();
	control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	for (unsigned tries = 0; tries < 4; tries++) {
		ssize_t n;

		for (size_t i = 0; i < sizeof(buf); i++)
			buf[i] = byte_at(sent + i);
		n = write(fd, buf, sizeof(buf));
		sent += n > 0 ? (size_t)n : 0;
		settle();
	}
	while (seen < sent) {
		offer_buffers(RX, 1, 100);
		if (guest_used(&guest, RX)->idx == used)
			break;
		for (unsigned i = 0; i < guest_used(&guest, RX)->ring[used % QUEUE].len; i++)
			cr_assert_eq(data_of(RX, used % QUEUE)[i], byte_at(seen++));
		used++;
	}
	cr_assert_eq(seen, sent);
	(void)close(fd);
}

/* Messages wait for buffers, and of each kind there is one at most, whatever happens meanwhile. */
Test(virtio_channel, a_driver_without_control_buffers_hears_later)
{
	int fd = -1;

	control(UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 1);
	control(1, VIRTIO_CONSOLE_PORT_READY, 1);
	for (int i = 0; i < 20; i++) {
		if (fd >= 0)
			(void)close(fd);
		settle();
		fd = join();
	}
	offer_buffers(CONTROL, 3, 64);
	cr_assert_str_eq(heard_control(), "1 0 1 ");
	cr_assert_str_eq(heard_control(), "1 1 1 ");
	cr_assert_str_eq(heard_control(), "7 1 1 org.example.agent");
	offer_buffers(CONTROL, 3, 64);
	cr_assert_str_eq(heard_control(), "6 1 1 ");
	cr_assert_str_empty(heard_control());
	(void)close(fd);
}

Test(virtio_channel, a_reset_closes)
{
	int fd;

	get_ready();
	fd = join();
	control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	guest_write(&guest, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	settle();
	cr_assert_str_eq(events, "channel0 open;channel0 closed;");
	guest_start(&guest, MULTIPORT, QUEUES, QUEUE);
	heard_messages = 0;
	offer_buffers(CONTROL, 12, 64);
	cr_assert_str_empty(heard_control(), "not before it is ready again");
	control(1, VIRTIO_CONSOLE_PORT_READY, 1);
	cr_assert_str_eq(heard_control(), "7 1 1 org.example.agent");
	cr_assert_str_eq(heard_control(), "6 1 1 ", "who is connected stays");
	(void)close(fd);
}

/* A bus master that is off and on again is no reset. */
Test(virtio_channel, a_stop_keeps_what_is_open)
{
	get_ready();
	control(1, VIRTIO_CONSOLE_PORT_OPEN, 1);
	guest_config_write(&guest, 4, 2, 2);
	guest_config_write(&guest, 4, 2, 6);
	settle();
	cr_assert(guest.unit.console.ports[1].open);
	cr_assert_str_eq(events, "channel0 open;");
}

Test(virtio_channel, nonsense_is_passed_over)
{
	get_ready();
	control(7, VIRTIO_CONSOLE_PORT_OPEN, 1);
	control(UINT32_MAX, VIRTIO_CONSOLE_PORT_READY, 1);
	control(1, 99, 1);
	control(UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 0);
	cr_assert_str_empty(heard_control());
	cr_assert_str_empty(events);
	cr_assert_eq(guest_status(&guest), 0xf);
}

Test(virtio_channel, a_message_that_is_too_short_breaks_it)
{
	say(CONTROL + 1, "1234567", 7);
	cr_assert(guest_status(&guest) & VIRTIO_CONFIG_S_NEEDS_RESET);
}

Test(virtio_channel, a_buffer_that_is_too_small_for_a_message_breaks_it)
{
	offer_buffers(CONTROL, 1, 7);
	control(UINT32_MAX, VIRTIO_CONSOLE_DEVICE_READY, 1);
	cr_assert(guest_status(&guest) & VIRTIO_CONFIG_S_NEEDS_RESET);
}

Test(virtio_channel, control_messages_that_are_no_memory_break_it)
{
	*guest_desc(&guest, CONTROL + 1, 0) = (struct vring_desc){1ull << 50, 8, 0, 0};
	guest_offer(&guest, CONTROL + 1, QUEUE, 0);
	guest_kick(&guest, CONTROL + 1);
	cr_assert(guest_status(&guest) & VIRTIO_CONFIG_S_NEEDS_RESET);
}

/* One that knows nothing of ports has the console, and only that. */
Test(virtio_channel, a_driver_without_control_queues_has_the_console)
{
	const char *name = guest.unit.console.ports[0].end.name;
	int fd;

	guest_start(&guest, 0, 2, QUEUE);
	fd = open(name + 4, O_RDWR | O_NOCTTY | O_NONBLOCK);
	cr_assert_geq(fd, 0, "%s: %m", name);
	say(1, "login: ", 7);
	(void)usleep(20000);
	cr_assert_str_eq(heard(fd), "login: ");
	(void)close(fd);
}

/* A listening socket that was handed in is used as it is, and goes with the device. */
Test(virtio_channel, a_socket_that_is_handed_in)
{
	struct plan_console plan = {
		.port_count = 1,
		.ports = {{.number = 1, .channel = 1, .kind = PLAN_CONSOLE_SOCKET}}};
	struct sockaddr_un address = {.sun_family = AF_UNIX};
	struct virtio_console console = {0}, wrong = {0};
	struct pt_error err = PT_ERROR_INIT;
	char expected[160];
	int fd = socket(AF_UNIX, SOCK_STREAM, 0);

	plan.ports[0].fd = dup(0);
	cr_assert_eq(virtio_console_open(&wrong, &plan, &err), -ENOTSOCK);
	cr_assert(strstr(err.message, "listen"), "%s", err.message);
	virtio_console_done(&wrong);
	(void)snprintf(address.sun_path, sizeof(address.sun_path), "%s.2", path);
	cr_assert_eq(bind(fd, (struct sockaddr *)&address, sizeof(address)), 0);
	cr_assert_eq(listen(fd, 1), 0);
	plan.ports[0].fd = fd;
	cr_assert_eq(virtio_console_open(&console, &plan, &err), 0, "%s", err.message);
	(void)snprintf(expected, sizeof(expected), "unix:%s,server=on", address.sun_path);
	cr_assert_str_eq(console.ports[0].end.name, expected);
	cr_assert_neq(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
	virtio_console_done(&console);
	cr_assert_eq(fcntl(fd, F_GETFL), -1, "it was closed");
	cr_assert_eq(access(address.sun_path, F_OK), -1, "and removed");
}

/* What a console says ends in a file, or nowhere. */
Test(virtio_channel, files_and_nothing)
{
	struct plan_console plan = {
		.port_count = 2,
		.ports = {{.number = 0, .kind = PLAN_CONSOLE_FILE},
			  {.number = 1, .channel = 1, .kind = PLAN_CONSOLE_NONE}}};
	struct virtio_console console = {0};
	struct pt_error err = PT_ERROR_INIT;

	(void)snprintf(plan.ports[0].path, sizeof(plan.ports[0].path), "%s.file", path);
	cr_assert_eq(virtio_console_open(&console, &plan, &err), 0, "%s", err.message);
	cr_assert_str_eq(console.ports[0].end.name, "file");
	cr_assert_str_eq(console.ports[1].end.name, "null");
	cr_assert_eq(console_end_put(&console.ports[1].end, "lost", 4), 4);
	cr_assert_eq(virtio_console_watch(&console, &loop, &err), 0);
	cr_assert_eq(console_end_put(&console.ports[0].end, "kept\n", 5), 5);
	settle();
	virtio_console_unwatch(&console, &loop);
	settle();
	virtio_console_done(&console);
	{
		int fd = open(plan.ports[0].path, O_RDONLY);

		cr_assert_str_eq(heard(fd), "kept\n");
		(void)close(fd);
		(void)unlink(plan.ports[0].path);
	}
}
