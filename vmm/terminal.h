/* SPDX-License-Identifier: MIT */
/*
 * The user's terminal as the guest's serial line: raw, and cooked again whatever happens.
 */
#ifndef TENON_TERMINAL_H
#define TENON_TERMINAL_H

#include <passthrough/error.h>
#include <stdbool.h>

/**
 * terminal_raw() - hand keys to the guest as they are typed, without echo
 * @fd: a terminal, of which this process is in the foreground
 *
 * Ctrl-C still raises SIGINT, and Ctrl-\ SIGQUIT; Ctrl-Z is a key for the guest. What is printed is treated as before. The
 * terminal is restored by terminal_restore(), at exit, and by signals that kill the process (SIGKILL excepted).
 * One terminal at a time. Inverse: terminal_restore(). Errors: -EBUSY there is one already; from tcsetattr(3).
 */
int terminal_raw(int fd, struct pt_error *err);

/** terminal_is_raw() - whether it is to be restored */
bool terminal_is_raw(void);

/** terminal_restore() - as it was; does nothing when it is. Async-signal-safe. */
void terminal_restore(void);

#endif
