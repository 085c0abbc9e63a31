/* SPDX-License-Identifier: MIT */
/*
 * A control socket without a guest, for whoever wants to know what guests there could be.
 */
#ifndef TENON_QEMU_QEMU_PROBE_H
#define TENON_QEMU_QEMU_PROBE_H

#include <sys/types.h>

#include "qemu/qemu_guest.h"

/**
 * qemu_probe() - answer questions until the client leaves or says quit
 * @guest: where the socket and the file with the process's number are to be
 *
 * Where it is to be in the background, the caller's process ends, with success, only when the socket listens and the file is
 * written. Errors: of control_open(), control_adopt(), loop_run(); from fork(2) and open(2).
 */
int qemu_probe(const struct qemu_guest *guest, struct pt_error *err);

/** qemu_write_pid() - into @path, made anew. Errors: from open(2) and write(2). */
int qemu_write_pid(const char *path, pid_t pid, struct pt_error *err);

#endif
