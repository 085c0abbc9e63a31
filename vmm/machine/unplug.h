/* SPDX-License-Identifier: MIT */
/*
 * struct unplug: how devices leave a running machine: those that are passed through, and virtio devices.
 *
 * By request: the slot's attention button is pressed, the guest stops using the device and turns the slot's power off, and
 * then it is taken. By force: it is taken, and the guest sees a surprise removal. A request that is not honoured within a
 * limit becomes a force. A slot is taken as a whole, and is empty until something else comes (machine/plug.h).
 *
 * What starts it: somebody calls; the host wants a device back (the VFIO REQ interrupt: an unbind of the driver, which waits
 * until the device is closed); a device reports an error (ERR) and the policy is to remove it; a device is gone.
 *
 * All of it happens on the thread that runs the loop, while vCPUs run.
 */
#ifndef TENON_MACHINE_UNPLUG_H
#define TENON_MACHINE_UNPLUG_H

#include "loop/loop.h"
#include "machine/machine.h"
#include "machine/requests.h"
#include "machine/slots.h"

struct unplug;
struct unplug_slot;

/** struct unplug_function - what is heard of one function */
struct unplug_function {
	struct unplug_slot *slot;
	struct assigned *assigned; /* NULL: none */
	struct loop_watch request;
	struct loop_watch error;
};

/**
 * struct unplug_slot - @asked: the guest was asked to let go, and @limit runs; @wanted: the host wants a function of it
 * @shown: the guest was told that something is there, as function 0 has come
 */
struct unplug_slot {
	struct unplug *unplug;
	struct slot *slot;
	bool asked;
	bool wanted;
	bool empty;
	bool shown;
	char names[PLAN_FUNCTIONS_MAX * (PT_NAME_SIZE + 2)];
	struct loop_watch power;
	struct loop_timer limit;
	struct unplug_function functions[PLAN_FUNCTIONS_MAX];
};

struct unplug {
	const struct vm_plan *plan; /* limit and policy */
	struct slots *slots;
	struct loop *loop;
	struct requests *requests;
	const struct machine_listener *listener;
	void (*left)(void *ctx,
		     struct assigned *assigned); /* a function was given back; NULL: nobody asks */
	void (*left_virtio)(void *ctx, struct virtio_unit *unit);
	void *ctx;
	struct unplug_slot *list; /* one for each of @slots */
};

/**
 * unplug_open() - hear from every device
 * @unplug: with all but @list filled in; the functions were plugged
 *
 * Inverse: unplug_done(), after a failure too. Errors: -ENOMEM; of assigned_listen().
 */
int unplug_open(struct unplug *unplug, struct pt_error *err);

/** unplug_done() - accepts one that was only zeroed */
void unplug_done(struct unplug *unplug);

/** unplug_lingers() - whether the loop has not let go yet of what a slot held before; it does when it goes on */
bool unplug_lingers(const struct unplug *unplug, unsigned slot);

/**
 * unplug_enter() - hear from a function that comes into an empty slot; on the loop's thread
 *
 * Its events were asked for by assigned_listen(). Undone by the slot's emptying. Errors: -EBUSY the loop has not let go of what
 * the slot held before, or has no room.
 */
int unplug_enter(struct unplug *unplug, unsigned slot, struct assigned *assigned,
		 struct pt_error *err);

/** unplug_enter_virtio() - the same of a virtio device, from which there is nothing to hear. Errors: -EBUSY. */
int unplug_enter_virtio(struct unplug *unplug, unsigned slot, const char *id, struct pt_error *err);

/** unplug_watch() - let the loop wait for what comes; once. Errors: -EBUSY. */
int unplug_watch(struct unplug *unplug, struct pt_error *err);

/**
 * unplug_request() - ask the guest for what is in a slot
 *
 * Errors: -ENODEV the slot is empty; -EALREADY the guest was asked; of loop_timer_start().
 */
int unplug_request(struct unplug *unplug, unsigned slot, struct pt_error *err);

/** unplug_force() - take what is in a slot, if anything is. Cannot fail. */
void unplug_force(struct unplug *unplug, unsigned slot);

/**
 * unplug_reset() - the guest starts anew, and has let go of everything: take what it was asked for, and what is gone; no
 *	vCPU runs
 */
void unplug_reset(struct unplug *unplug);

/* What the loop calls. */

/** unplug_power_changed() - the guest turned a slot's power off or on */
void unplug_power_changed(struct unplug_slot *slot);

/** unplug_limit_over() - the guest had time enough */
void unplug_limit_over(struct unplug_slot *slot);

/** unplug_asked_by_host() - the host wants the function, or it seems to be gone: look which */
void unplug_asked_by_host(struct unplug_function *function);

/** unplug_device_error() - the function reported an error */
void unplug_device_error(struct unplug_function *function);

#endif
