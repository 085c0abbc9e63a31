/* SPDX-License-Identifier: MIT */
/*
 * Where control sockets are: NAME.sock in the run-time directory, or where the config says. Guests that are services have
 * them where their unit says, which root looks at too.
 */
#ifndef TENON_CONTROL_CONTROL_PLACE_H
#define TENON_CONTROL_CONTROL_PLACE_H

#include "control/control.h"

/* Of tenon@NAME: the unit's RuntimeDirectory=, and its --control in it. */
#define CONTROL_SERVICES     "/run/tenon-guests"
#define CONTROL_SERVICE_NAME "control"

/**
 * control_place_open() - the control socket of a guest, in its usual place
 * @own_name: somebody gave the guest its name, so that it must be this one; else it gets "NAME-PID.sock" when NAME.sock is
 *	another's
 *
 * Without a run-time directory there is none, and @control stays closed. Errors: of control_open() and run_dir_make().
 */
int control_place_open(const char *name, bool own_name, struct control *control,
		       struct pt_error *err);

/** control_place_look() - whether that would find the name taken. Errors: of control_look(). */
int control_place_look(const char *name, struct pt_error *err);

/**
 * control_place_find() - the socket that a person means
 * @name: of a guest, for root of a service as well, or a path with a slash in it
 *
 * Whether anybody listens is not looked at. Errors: of run_dir_path(); -ENAMETOOLONG.
 */
int control_place_find(const char *name, char *path, size_t size, struct pt_error *err);

#endif
