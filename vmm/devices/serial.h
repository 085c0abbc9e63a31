/* SPDX-License-Identifier: MIT */
/*
 * struct serial: a 16550A serial port.
 *
 * Output. A guest writes a byte a time, and a write(2) for each would cost more than the exit that brought it. Bytes are
 * gathered and written at the end of a line or when there are SERIAL_TX_SIZE of them; what is left, a prompt, is written
 * by a timer SERIAL_FLUSH_MS after it began. The timer is not stopped by a flush: while a guest prints, it costs one
 * system call every SERIAL_FLUSH_MS and not one a line.
 *
 * Input. Up to SERIAL_RX_SIZE bytes wait for the guest. When there is no room, the machine's loop stops reading, and is
 * told by an eventfd when the guest has made some.
 *
 * Two locks, because a write to a terminal that nobody reads blocks: the vCPU that does it holds @tx_lock only. The loop's
 * thread never blocks here; a vCPU is freed by its kick, and what it could not write stays, then is dropped.
 *
 * The guest sees a transmitter that is always empty: there is no line whose speed it could wait for.
 */
#ifndef TENON_DEVICES_SERIAL_H
#define TENON_DEVICES_SERIAL_H

#include <passthrough/error.h>
#include <pthread.h>
#include <stdbool.h>
#include <stddef.h>

#include "devices/device.h"

#define SERIAL_PORTS	8u
#define SERIAL_TX_SIZE	256u
#define SERIAL_RX_SIZE	1024u
#define SERIAL_FLUSH_MS 5

/**
 * struct serial_line - what the port is connected to
 * @out: where output goes, -1 for nowhere; stays the owner's
 * @interrupt: set the level of the port's interrupt; called with the port locked
 */
struct serial_line {
	int out;
	void (*interrupt)(void *ctx, bool level);
	void *ctx;
};

struct serial {
	struct serial_line line;
	int flush_fd; /* a timer: readable when serial_flush_due() is to be called */
	int room_fd;  /* an eventfd: readable when there is room for input again */

	pthread_mutex_t lock; /* of the registers and the input */
	uint8_t interrupt_enable;
	uint8_t fifo_control;
	uint8_t line_control;
	uint8_t modem_control;
	uint8_t line_errors; /* of the line status register: overrun, which reading it clears */
	uint8_t scratch;
	uint8_t divisor[2];
	bool thr_empty_pending; /* the transmitter became empty and the guest has not seen it */
	bool level;
	bool want_room; /* somebody waits for room_fd */
	unsigned char rx[SERIAL_RX_SIZE];
	size_t rx_first;
	size_t rx_count;

	pthread_mutex_t tx_lock; /* of what follows */
	unsigned char tx[SERIAL_TX_SIZE];
	size_t tx_count;
	bool flush_armed;
};

extern const struct device_ops serial_ops;

/** serial_init() - inverse: serial_done(). Errors: from timerfd_create(2), eventfd(2). */
int serial_init(struct serial *serial, const struct serial_line *line, struct pt_error *err);

/** serial_done() - after serial_init(), failed or not */
void serial_done(struct serial *serial);

/** serial_reset() - registers as at power-on, no input; what was written is still written */
void serial_reset(struct serial *serial);

/**
 * serial_room() - how many bytes serial_input() takes now
 *
 * After 0, @room_fd becomes readable once there is room.
 */
size_t serial_room(struct serial *serial);

/** serial_input() - bytes from outside for the guest; what is over serial_room() is lost */
void serial_input(struct serial *serial, const unsigned char *bytes, size_t count);

/** serial_flush_due() - @flush_fd is readable; never blocks */
void serial_flush_due(struct serial *serial);

/** serial_flush() - write what is left, unless it would block; no vCPU runs */
void serial_flush(struct serial *serial);

#endif
