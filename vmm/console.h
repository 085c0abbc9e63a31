/* SPDX-License-Identifier: MIT */
#ifndef TENON_CONSOLE_H
#define TENON_CONSOLE_H

#include <passthrough/error.h>

/**
 * console_run() - be the terminal at the other end of a pseudo terminal or a socket, until Ctrl-] is typed or either end hangs up
 * @path: of the pseudo terminal, or of a UNIX socket
 *
 * Every other key goes to the guest, Ctrl-C too. The terminal is restored. Errors: from open(2); -EIO.
 */
int console_run(const char *path, struct pt_error *err);

#endif
