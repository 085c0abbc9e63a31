/* SPDX-License-Identifier: MIT */
/*
 * struct plug: how a device comes into a running machine, passed through or virtio.
 *
 * What takes the kernel long is done by a thread of its own, so that the loop goes on: opening the device, binding and attaching
 * it, and, if it is the machine's first, mapping the guest's memory for it, which pins all of it; opening a disk's file. The thread ends there; the slot
 * is filled, and the guest told, on the thread that runs the loop. One device comes at a time.
 *
 * A step that fails undoes those before it: the device is given back to the host, an address space that was made for it is gone,
 * and the guest has seen nothing.
 *
 * With the last device the address space goes too, and the guest's memory is pinned no more.
 *
 * The entry in the plan, the struct assigned and the slot may have been another device's. A vCPU may be on its way to that one
 * still, so all of them are parked for a moment before anything of it is used again, and what left is freed then.
 */
#ifndef TENON_MACHINE_PLUG_H
#define TENON_MACHINE_PLUG_H

#include <passthrough/space.h>

#include "loop/loop.h"
#include "machine/cpus.h"
#include "machine/ram.h"
#include "machine/space_closer.h"
#include "machine/unplug.h"

/** plug_done_fn - @err: NULL the device is in its slot; else why it is not, and everything is as before */
typedef void plug_done_fn(void *ctx, const struct pt_error *err);

/**
 * struct plug - all but what follows @sandbox is the machine's, and outlives it
 * @assigned: PLAN_DEVICES_MAX of them, those of @plan's devices
 * @virtio: PLAN_VIRTIO_MAX of them, those of @plan's virtio devices, NULL where one has left
 * @gone: virtio devices that have left and are not freed yet
 * @space: where the machine keeps its address space, NULL while it has none
 * @host: what a function is wired to
 */
struct plug {
	struct vm_plan *plan;
	struct assigned *assigned;
	struct virtio_unit **virtio;
	struct virtio_unit **gone;
	struct pt_space **space;
	struct assigned_host host;
	const struct ram *ram;
	struct slots *slots;
	struct unplug *unplug;
	struct loop *loop;
	struct cpus *cpus;
	struct space_closer closer;
	const struct sandbox *sandbox; /* NULL: none */
	struct loop_watch ready;
	pthread_t thread;
	bool busy;
	unsigned turns;		  /* of the loop that the slot's emptying has taken */
	unsigned index;		  /* of the device that comes, in @plan and @assigned, or @virtio */
	struct virtio_unit *unit; /* the virtio device that comes; NULL: it is no virtio device */
	struct pt_space *fresh;	  /* made for it; NULL: there was one */
	int result;
	struct pt_error error;
	plug_done_fn *done;
	void *ctx;
};

/** plug_open() - @plug has what is the machine's filled in. Inverse: plug_close(), after a failure too. Errors: from eventfd(2). */
int plug_open(struct plug *plug, struct pt_error *err);

/** plug_close() - waits for a device that comes, which is given back; accepts one that was only zeroed */
void plug_close(struct plug *plug);

/** plug_watch() - let the loop wait for devices that come; once. Errors: -EBUSY. */
int plug_watch(struct plug *plug, struct pt_error *err);

/**
 * plug_start() - begin to bring a device
 * @device: of plan_hotplug(), for @plan as it is now; copied. Its descriptor, if it has one, is taken over when the call returns 0.
 * @done: called once, on the loop's thread, after the call has returned 0
 *
 * On the loop's thread. Errors: -EBUSY another one comes; -E2BIG the machine has no room; -EAGAIN no thread.
 */
int plug_start(struct plug *plug, const struct plan_device *device, plug_done_fn *done, void *ctx,
	       struct pt_error *err);

/** plug_start_virtio() - the same with a virtio device; @device: of plan_hotplug_virtio() */
int plug_start_virtio(struct plug *plug, const struct plan_virtio *device, plug_done_fn *done,
		      void *ctx, struct pt_error *err);

/** plug_virtio_left() - a virtio device, of @virtio, has left its slot: its entry is free; on the loop's thread */
void plug_virtio_left(struct plug *plug, struct virtio_unit *unit);

/** plug_release_space() - a device has left: when it was the last, the address space goes; on the loop's thread */
void plug_release_space(struct plug *plug);

/** plug_brings() - whether a device of the plan's is on its way, so that nothing of it is to be looked at */
bool plug_brings(const struct plug *plug, unsigned index);

/** plug_ready() - the thread has done its part; what the loop calls */
void plug_ready(struct plug *plug);

#endif
