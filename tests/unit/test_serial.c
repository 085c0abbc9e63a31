/* SPDX-License-Identifier: MIT */
/* The serial port: registers, interrupts, gathered output, input that waits. */
#include <criterion/criterion.h>
#include <fcntl.h>
#include <poll.h>
#include <string.h>
#include <unistd.h>

#include "devices/serial.h"

static struct serial serial;
static struct pt_error err;
static int line[2]; /* a pipe; the port writes to [1] */
static bool level;
static unsigned edges;

static void interrupt(void *ctx, bool now)
{
	(void)ctx;
	edges += now && !level;
	level = now;
}

static void up(void)
{
	struct serial_line out = {.interrupt = interrupt};

	cr_assert_eq(pipe2(line, O_NONBLOCK | O_CLOEXEC), 0);
	out.out = line[1];
	level = false;
	edges = 0;
	cr_assert_eq(serial_init(&serial, &out, &err), 0);
}

static void down(void)
{
	serial_done(&serial);
	close(line[0]);
	close(line[1]);
}

TestSuite(serial, .init = up, .fini = down);

static uint8_t in(unsigned reg)
{
	uint8_t value = 0;

	serial_ops.read(&serial, reg, &value, 1);
	return value;
}

static void out(unsigned reg, uint8_t value)
{
	serial_ops.write(&serial, reg, &value, 1);
}

static void print(const char *text)
{
	while (*text)
		out(0, (uint8_t)*text++);
}

/* What came out of the line by now. */
static const char *printed(void)
{
	static char text[4096];
	ssize_t n = read(line[0], text, sizeof(text) - 1);

	text[n > 0 ? n : 0] = 0;
	return text;
}

static bool readable(int fd, int ms)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, ms) == 1;
}

Test(serial, a_line_comes_out_at_its_end)
{
	print("hello");
	cr_assert_str_eq(printed(), "");
	print("\n");
	cr_assert_str_eq(printed(), "hello\n");
}

Test(serial, a_prompt_comes_out_by_the_timer)
{
	print("login: ");
	cr_assert(readable(serial.flush_fd, 1000));
	serial_flush_due(&serial);
	cr_assert_str_eq(printed(), "login: ");
	cr_assert_not(readable(serial.flush_fd, 20), "and the timer rests");
	print("x");
	cr_assert(readable(serial.flush_fd, 1000));
}

Test(serial, long_output_does_not_wait)
{
	for (unsigned i = 0; i < SERIAL_TX_SIZE; i++)
		print("x");
	cr_assert_eq(strlen(printed()), SERIAL_TX_SIZE);
}

Test(serial, a_line_that_is_full_loses_output_but_never_blocks, .timeout = 10)
{
	for (unsigned i = 0; i < 2000; i++)
		print("0123456789012345678901234567890123456789012345678901234567890123\n");
	serial_flush_due(&serial);
	serial_flush(&serial);
	cr_assert_gt(strlen(printed()), 0);
}

Test(serial, the_transmitter_is_always_empty)
{
	cr_assert_eq(in(5) & 0x60, 0x60);
	print("abc");
	cr_assert_eq(in(5) & 0x60, 0x60);
}

Test(serial, transmitter_interrupt)
{
	out(1, 2);
	cr_assert(level, "turning it on finds the transmitter empty");
	cr_assert_eq(in(2) & 0xf, 2);
	cr_assert_not(level, "reading it clears it");
	cr_assert_eq(in(2) & 0xf, 1);
	print("a");
	cr_assert(level);
	out(1, 0);
	cr_assert_not(level);
	cr_assert_eq(edges, 2);
}

Test(serial, receiver_interrupt)
{
	serial_input(&serial, (const unsigned char *)"hi", 2);
	cr_assert_not(level, "not before it is asked for");
	out(1, 1);
	cr_assert(level);
	cr_assert_eq(in(2) & 0xf, 4);
	cr_assert_eq(in(5) & 1, 1);
	cr_assert_eq(in(0), 'h');
	cr_assert(level);
	cr_assert_eq(in(0), 'i');
	cr_assert_not(level);
	cr_assert_eq(in(5) & 1, 0);
	cr_assert_eq(in(0), 0, "nothing is left");
}

Test(serial, it_is_a_16550A)
{
	cr_assert_eq(in(2) & 0xc0, 0);
	out(2, 1);
	cr_assert_eq(in(2) & 0xc0, 0xc0, "FIFOs are on");
	out(7, 0x5a);
	cr_assert_eq(in(7), 0x5a);
}

Test(serial, the_divisor_hides_data_and_interrupt_enable)
{
	out(1, 1);
	out(3, 0x83);
	out(0, 0x0c);
	out(1, 0x01);
	cr_assert_eq(in(0), 0x0c);
	cr_assert_eq(in(1), 0x01);
	out(3, 0x03);
	cr_assert_eq(in(1), 1);
	print("\n");
	cr_assert_str_eq(printed(), "\n", "the divisor did not go out");
}

Test(serial, loop_mode_comes_back_and_does_not_go_out)
{
	out(4, 0x1a); /* loop, RTS, OUT2 */
	cr_assert_eq(in(6) & 0xf0, 0x90);
	print("x\n");
	cr_assert_str_eq(printed(), "");
	cr_assert_eq(in(0), 'x');
	out(4, 0x0b);
	cr_assert_eq(in(6) & 0xf0, 0xb0);
}

Test(serial, input_stops_when_full_and_says_when_there_is_room)
{
	unsigned char many[SERIAL_RX_SIZE];

	memset(many, 'x', sizeof(many));
	cr_assert_eq(serial_room(&serial), SERIAL_RX_SIZE);
	serial_input(&serial, many, sizeof(many));
	cr_assert_eq(serial_room(&serial), 0);
	(void)in(0);
	cr_assert_not(readable(serial.room_fd, 0), "not for each byte");
	for (unsigned i = 0; i < SERIAL_RX_SIZE / 2; i++)
		(void)in(0);
	cr_assert(readable(serial.room_fd, 0));
	cr_assert_eq(serial_room(&serial), SERIAL_RX_SIZE / 2 + 1);
}

Test(serial, too_much_input_is_an_overrun)
{
	unsigned char many[SERIAL_RX_SIZE + 1] = {0};

	serial_input(&serial, many, sizeof(many));
	out(1, 4);
	cr_assert(level);
	cr_assert_eq(in(2) & 0xf, 6);
	cr_assert_eq(in(5) & 2, 2);
	cr_assert_eq(in(5) & 2, 0, "reading it clears it");
	cr_assert_not(level);
}

Test(serial, reset_forgets_all_but_what_was_written)
{
	print("before");
	serial_input(&serial, (const unsigned char *)"hi", 2);
	out(1, 3);
	out(3, 0x83);
	serial_reset(&serial);
	cr_assert_not(level);
	cr_assert_eq(in(1), 0);
	cr_assert_eq(in(3), 0);
	cr_assert_eq(in(5) & 1, 0);
	print("\n");
	cr_assert_str_eq(printed(), "before\n");
}

Test(serial, without_a_line_output_goes_nowhere)
{
	serial.line.out = -1;
	for (unsigned i = 0; i < 1000; i++)
		print("gone\n");
	serial_flush_due(&serial);
	cr_assert_str_eq(printed(), "");
}
