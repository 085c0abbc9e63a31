/* SPDX-License-Identifier: MIT */
#ifndef TENON_SANDBOX_KEEPER_SERVE_H
#define TENON_SANDBOX_KEEPER_SERVE_H

#include <termios.h>

#include "host/managed.h"
#include "sandbox/keeper.h"

/**
 * keeper_serve() - what the keeper does, in its process, until the VMM ends it or is gone
 * @fd: the socket to the VMM; @vmm: its process
 * @cooked: the terminal on standard input as it was, NULL when there is none
 */
__attribute__((noreturn)) void keeper_serve(int fd, pid_t vmm, struct keeper_page *page,
					    struct managed *managed, const char *files,
					    const struct termios *cooked);

#endif
