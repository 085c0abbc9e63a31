/* SPDX-License-Identifier: MIT */
/*
 * struct keeper: the process that stays outside the sandbox.
 *
 * It is forked before the VMM opens anything of a guest's, and does for it what the sandbox takes from the VMM: it opens device
 * nodes and looks at the host for devices that come later, within rules of its own (keeper_rules.h), and gives back the devices
 * that were taken from their drivers. It does that, restores the terminal and removes the control socket, also when the VMM is
 * killed, or is no more for whatever reason.
 *
 * Until the sandbox is closed the VMM does all by itself; the keeper only waits.
 */
#ifndef TENON_SANDBOX_KEEPER_H
#define TENON_SANDBOX_KEEPER_H

#include <passthrough/error.h>
#include <passthrough/sys.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <sys/types.h>

struct keeper_violation;
struct managed;

/** struct keeper_page - memory that both processes have, for what a handler of a signal must know at once */
struct keeper_page {
	_Atomic bool raw;  /* the VMM has made the terminal raw */
	_Atomic bool told; /* of the violation */
};

/**
 * struct keeper - the VMM's side; KEEPER_NONE is one that is not there
 * @sys: the host, seen by way of the keeper from keeper_close_door() on
 */
struct keeper {
	int fd;
	pid_t pid;
	pthread_mutex_t lock;
	struct keeper_page *page;
	const struct pt_sys *direct;
	struct pt_sys sys;
	_Atomic bool closed; /* the sandbox is */
};

#define KEEPER_NONE                                         \
	{                                                   \
		.fd = -1, .lock = PTHREAD_MUTEX_INITIALIZER \
	}

/**
 * keeper_start() - fork it
 * @sys: how the host is reached until keeper_close_door(), pt_sys_linux()
 * @managed: what it is to give back, on failure too still the caller's; else the keeper has it, and the caller has none of it
 * @files: folders, separated by ':', from which it opens files too; NULL for none
 *
 * The calling process has no device open yet: the keeper would hold it. Inverse: keeper_end(). Errors: -EAGAIN, -EMFILE, -ENOMEM.
 */
int keeper_start(struct keeper *keeper, const struct pt_sys *sys, struct managed *managed,
		 const char *files, struct pt_error *err);

/** keeper_close_door() - from here on files are opened and looked at by the keeper alone */
void keeper_close_door(struct keeper *keeper);

/** keeper_terminal_is_raw() - to be restored, for when this process does not come to restoring it; does nothing without a keeper */
void keeper_terminal_is_raw(struct keeper *keeper, bool raw);

/** keeper_remove_later() - remove the file at @path when this process is gone; does nothing without a keeper */
void keeper_remove_later(struct keeper *keeper, const char *path);

/** keeper_left() - as managed_left() */
void keeper_left(struct keeper *keeper, const char *name);

/** keeper_tell_violation() - it prints what it was; async-signal-safe, returns when it has, or after a moment */
void keeper_tell_violation(const struct keeper *keeper, const struct keeper_violation *violation);

/**
 * keeper_end() - the devices are closed: give back what was taken, and end
 *
 * Accepts KEEPER_NONE. Errors: of managed_give_back(); -EPIPE it was killed.
 */
int keeper_end(struct keeper *keeper, struct pt_error *err);

#endif
