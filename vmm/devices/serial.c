/* SPDX-License-Identifier: MIT */
/*
 * Source: Texas Instruments PC16550D data sheet, section 8, Registers.
 */
#include "devices/serial.h"

#include <errno.h>
#include <poll.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/timerfd.h>
#include <unistd.h>

enum {
	REG_DATA = 0,		  /* receiver buffer, transmitter holding; divisor's low byte */
	REG_INTERRUPT_ENABLE = 1, /* divisor's high byte */
	REG_INTERRUPT_ID = 2,	  /* FIFO control when written */
	REG_LINE_CONTROL = 3,
	REG_MODEM_CONTROL = 4,
	REG_LINE_STATUS = 5,
	REG_MODEM_STATUS = 6,
	REG_SCRATCH = 7,
};

#define IER_RX	       0x01u
#define IER_THR	       0x02u
#define IER_LINE       0x04u
#define IER_MASK       0x0fu
#define IIR_NONE       0x01u
#define IIR_THR	       0x02u
#define IIR_RX	       0x04u
#define IIR_LINE       0x06u
#define IIR_FIFOS      0xc0u
#define FCR_ENABLE     0x01u
#define FCR_CLEAR_RX   0x02u
#define LCR_DIVISOR    0x80u
#define MCR_DTR	       0x01u
#define MCR_RTS	       0x02u
#define MCR_OUT1       0x04u
#define MCR_OUT2       0x08u
#define MCR_LOOP       0x10u
#define LSR_DATA_READY 0x01u
#define LSR_OVERRUN    0x02u
#define LSR_TX_EMPTY   0x60u /* holding register and shift register */
#define MSR_CTS	       0x10u
#define MSR_DSR	       0x20u
#define MSR_RI	       0x40u
#define MSR_DCD	       0x80u

static uint8_t interrupt_id(const struct serial *serial)
{
	uint8_t fifos = serial->fifo_control & FCR_ENABLE ? IIR_FIFOS : 0;

	/* by priority: table II of the data sheet */
	if (serial->interrupt_enable & IER_LINE && serial->line_errors)
		return fifos | IIR_LINE;
	if (serial->interrupt_enable & IER_RX && serial->rx_count)
		return fifos | IIR_RX;
	if (serial->interrupt_enable & IER_THR && serial->thr_empty_pending)
		return fifos | IIR_THR;
	return fifos | IIR_NONE;
}

static void update_interrupt(struct serial *serial)
{
	bool level = !(interrupt_id(serial) & IIR_NONE);

	if (level == serial->level)
		return;
	serial->level = level;
	serial->line.interrupt(serial->line.ctx, level);
}

static void rx_push(struct serial *serial, const unsigned char *bytes, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (serial->rx_count == SERIAL_RX_SIZE) {
			serial->line_errors |= LSR_OVERRUN;
			return;
		}
		serial->rx[(serial->rx_first + serial->rx_count++) % SERIAL_RX_SIZE] = bytes[i];
	}
}

static uint8_t rx_pop(struct serial *serial)
{
	uint64_t one = 1;
	uint8_t byte;

	if (!serial->rx_count)
		return 0;
	byte = serial->rx[serial->rx_first];
	serial->rx_first = (serial->rx_first + 1) % SERIAL_RX_SIZE;
	serial->rx_count--;
	if (serial->want_room && serial->rx_count <= SERIAL_RX_SIZE / 2) {
		serial->want_room = false;
		(void)!write(serial->room_fd, &one, sizeof(one));
	}
	return byte;
}

/* In loop mode the modem outputs come back as inputs (data sheet 8.7); else the other side is always there and ready. */
static uint8_t modem_status(const struct serial *serial)
{
	uint8_t control = serial->modem_control;
	unsigned status = 0;

	if (!(control & MCR_LOOP))
		return MSR_CTS | MSR_DSR | MSR_DCD;
	status |= control & MCR_RTS ? MSR_CTS : 0;
	status |= control & MCR_DTR ? MSR_DSR : 0;
	status |= control & MCR_OUT1 ? MSR_RI : 0;
	status |= control & MCR_OUT2 ? MSR_DCD : 0;
	return (uint8_t)status;
}

static uint8_t read_locked(struct serial *serial, unsigned reg)
{
	uint8_t value;

	switch (reg) {
	case REG_DATA:
		return serial->line_control & LCR_DIVISOR ? serial->divisor[0] : rx_pop(serial);
	case REG_INTERRUPT_ENABLE:
		return serial->line_control & LCR_DIVISOR ? serial->divisor[1]
							  : serial->interrupt_enable;
	case REG_INTERRUPT_ID:
		value = interrupt_id(serial);
		if ((value & 0x0fu) == IIR_THR)
			serial->thr_empty_pending = false;
		return value;
	case REG_LINE_CONTROL:
		return serial->line_control;
	case REG_MODEM_CONTROL:
		return serial->modem_control;
	case REG_LINE_STATUS:
		value = LSR_TX_EMPTY | serial->line_errors;
		serial->line_errors = 0;
		return serial->rx_count ? value | LSR_DATA_READY : value;
	case REG_MODEM_STATUS:
		return modem_status(serial);
	default:
		return serial->scratch;
	}
}

static void write_interrupt_enable(struct serial *serial, uint8_t value)
{
	/* Turning it on finds the transmitter empty, which interrupts at once; drivers begin to send by it. */
	if (value & IER_THR && !(serial->interrupt_enable & IER_THR))
		serial->thr_empty_pending = true;
	serial->interrupt_enable = value & IER_MASK;
}

/* Return: whether the byte goes out on the line. */
static bool write_data(struct serial *serial, uint8_t value)
{
	if (serial->line_control & LCR_DIVISOR) {
		serial->divisor[0] = value;
		return false;
	}
	serial->thr_empty_pending = true; /* it is sent in no time */
	if (!(serial->modem_control & MCR_LOOP))
		return true;
	rx_push(serial, &value, 1);
	return false;
}

static bool write_locked(struct serial *serial, unsigned reg, uint8_t value)
{
	switch (reg) {
	case REG_DATA:
		return write_data(serial, value);
	case REG_INTERRUPT_ENABLE:
		if (serial->line_control & LCR_DIVISOR)
			serial->divisor[1] = value;
		else
			write_interrupt_enable(serial, value);
		break;
	case REG_INTERRUPT_ID:
		if (value & FCR_CLEAR_RX)
			serial->rx_count = 0;
		serial->fifo_control = value;
		break;
	case REG_LINE_CONTROL:
		serial->line_control = value;
		break;
	case REG_MODEM_CONTROL:
		serial->modem_control = value & 0x1fu;
		break;
	case REG_SCRATCH:
		serial->scratch = value;
		break;
	default: /* the status registers are read only */
		break;
	}
	return false;
}

/* Write what was gathered. After a signal the rest stays for the next time; any other failure loses it: a guest does not
 * stop because its terminal is gone. Holds tx_lock. */
static void tx_write(struct serial *serial)
{
	size_t done = 0;

	while (done < serial->tx_count && serial->line.out >= 0) {
		ssize_t n = write(serial->line.out, serial->tx + done, serial->tx_count - done);

		if (n < 0 && errno == EINTR)
			break;
		if (n <= 0)
			done = serial->tx_count;
		else
			done += (size_t)n;
	}
	if (serial->line.out < 0)
		done = serial->tx_count;
	serial->tx_count -= done;
	memmove(serial->tx, serial->tx + done, serial->tx_count);
}

static void tx_timer(const struct serial *serial)
{
	const struct itimerspec soon = {.it_value = {.tv_nsec = SERIAL_FLUSH_MS * 1000000L}};

	(void)timerfd_settime(serial->flush_fd, 0, &soon, NULL);
}

static void tx_arm(struct serial *serial)
{
	if (!serial->flush_armed)
		tx_timer(serial);
	serial->flush_armed = true;
}

static void tx_push(struct serial *serial, uint8_t byte)
{
	pthread_mutex_lock(&serial->tx_lock);
	if (serial->tx_count == SERIAL_TX_SIZE)
		tx_write(serial);
	if (serial->tx_count < SERIAL_TX_SIZE)
		serial->tx[serial->tx_count++] = byte;
	if (byte == '\n' || serial->tx_count == SERIAL_TX_SIZE)
		tx_write(serial);
	if (serial->tx_count)
		tx_arm(serial);
	pthread_mutex_unlock(&serial->tx_lock);
}

static bool tx_writable(const struct serial *serial)
{
	struct pollfd out = {.fd = serial->line.out, .events = POLLOUT};

	return serial->line.out < 0 || poll(&out, 1, 0) == 1;
}

void serial_flush_due(struct serial *serial)
{
	uint64_t count;

	(void)!read(serial->flush_fd, &count, sizeof(count));
	/* A vCPU is writing, and may be stuck in it: look again later. */
	if (pthread_mutex_trylock(&serial->tx_lock)) {
		tx_timer(serial);
		return;
	}
	serial->flush_armed = false;
	if (serial->tx_count && tx_writable(serial))
		tx_write(serial);
	if (serial->tx_count)
		tx_arm(serial);
	pthread_mutex_unlock(&serial->tx_lock);
}

void serial_flush(struct serial *serial)
{
	pthread_mutex_lock(&serial->tx_lock);
	if (serial->tx_count && tx_writable(serial))
		tx_write(serial);
	pthread_mutex_unlock(&serial->tx_lock);
}

/* Registers are bytes: a wider access touches as many of them. */
static void serial_read(void *state, uint64_t offset, void *data, unsigned size)
{
	struct serial *serial = state;
	uint8_t *bytes = data;

	pthread_mutex_lock(&serial->lock);
	for (unsigned i = 0; i < size; i++)
		bytes[i] = read_locked(serial, (unsigned)(offset + i));
	update_interrupt(serial);
	pthread_mutex_unlock(&serial->lock);
}

static void serial_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	struct serial *serial = state;
	const uint8_t *bytes = data;

	for (unsigned i = 0; i < size; i++) {
		bool send;

		pthread_mutex_lock(&serial->lock);
		send = write_locked(serial, (unsigned)(offset + i), bytes[i]);
		update_interrupt(serial);
		pthread_mutex_unlock(&serial->lock);
		if (send)
			tx_push(serial, bytes[i]);
	}
}

const struct device_ops serial_ops = {
	.name = "serial port",
	.read = serial_read,
	.write = serial_write,
};

int serial_init(struct serial *serial, const struct serial_line *line, struct pt_error *err)
{
	*serial = (struct serial){.line = *line, .flush_fd = -1, .room_fd = -1};
	pthread_mutex_init(&serial->lock, NULL);
	pthread_mutex_init(&serial->tx_lock, NULL);
	serial->flush_fd = timerfd_create(CLOCK_MONOTONIC, TFD_CLOEXEC | TFD_NONBLOCK);
	if (serial->flush_fd < 0)
		return pt_error_set(err, -errno, "serial port: no timer: %m");
	serial->room_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (serial->room_fd < 0)
		return pt_error_set(err, -errno, "serial port: no eventfd: %m");
	return 0;
}

void serial_done(struct serial *serial)
{
	if (serial->flush_fd >= 0)
		close(serial->flush_fd);
	if (serial->room_fd >= 0)
		close(serial->room_fd);
	serial->flush_fd = -1;
	serial->room_fd = -1;
	pthread_mutex_destroy(&serial->lock);
	pthread_mutex_destroy(&serial->tx_lock);
}

void serial_reset(struct serial *serial)
{
	uint64_t one = 1;

	pthread_mutex_lock(&serial->lock);
	serial->interrupt_enable = 0;
	serial->fifo_control = 0;
	serial->line_control = 0;
	serial->modem_control = 0;
	serial->line_errors = 0;
	serial->thr_empty_pending = false;
	serial->rx_count = 0;
	update_interrupt(serial);
	if (serial->want_room)
		(void)!write(serial->room_fd, &one, sizeof(one));
	serial->want_room = false;
	pthread_mutex_unlock(&serial->lock);
}

size_t serial_room(struct serial *serial)
{
	size_t room;

	pthread_mutex_lock(&serial->lock);
	room = SERIAL_RX_SIZE - serial->rx_count;
	serial->want_room = !room;
	pthread_mutex_unlock(&serial->lock);
	return room;
}

void serial_input(struct serial *serial, const unsigned char *bytes, size_t count)
{
	pthread_mutex_lock(&serial->lock);
	rx_push(serial, bytes, count);
	update_interrupt(serial);
	pthread_mutex_unlock(&serial->lock);
}
