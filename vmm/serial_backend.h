/* SPDX-License-Identifier: MIT */
/*
 * Where the guest's serial line ends on the host.
 */
#ifndef TENON_SERIAL_BACKEND_H
#define TENON_SERIAL_BACKEND_H

#include <passthrough/error.h>
#include <stdbool.h>

#include "config/vm_config.h"

#define SERIAL_PTY_SIZE 64

/**
 * struct serial_backend - one end of the serial line
 * @in: what the guest reads, -1 for nothing
 * @out: what the guest writes to, -1 for nowhere. A pty's is non-blocking, so that a guest does not stand still because
 *	nobody reads: what does not fit is lost. The others block: their flags belong to others as well.
 * @owned: the descriptor to close, -1 for none
 * @peer: the pty's other end, kept open so that @in does not report a hang-up while nobody is connected
 * @pty: path of that other end, for people; empty for the other kinds
 * @raw: this is the user's terminal, and it is raw
 */
struct serial_backend {
	int in;
	int out;
	int owned;
	int peer;
	char pty[SERIAL_PTY_SIZE];
	bool raw;
};

#define SERIAL_BACKEND_INIT               \
	{                                 \
		-1, -1, -1, -1, "", false \
	}

/**
 * serial_backend_open() - open what the config asks for
 *
 * SERIAL_STDIO: standard input and output; a terminal becomes raw, see terminal.h. In a background job nothing is read.
 * SERIAL_FILE: @path is written anew, nothing is read. SERIAL_PTY: a new pseudo terminal.
 * Inverse: serial_backend_close(). Errors: from the system calls.
 */
int serial_backend_open(enum serial_kind kind, const char *path, struct serial_backend *ret_backend,
			struct pt_error *err);

/** serial_backend_name() - where it ends, in QMP's words: "stdio", "file", "pty:/dev/pts/3" or "null" */
const char *serial_backend_name(enum serial_kind kind, const struct serial_backend *backend,
				char buf[SERIAL_PTY_SIZE + 4]);

/** serial_backend_close() - restore and close; accepts SERIAL_BACKEND_INIT. Cannot fail. */
void serial_backend_close(struct serial_backend *backend);

#endif
