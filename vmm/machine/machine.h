/* SPDX-License-Identifier: MIT */
/*
 * struct machine: the running guest. Owns everything; built in numbered steps and undone in reverse.
 */
#ifndef TENON_MACHINE_MACHINE_H
#define TENON_MACHINE_MACHINE_H

#include <passthrough/error.h>
#include <passthrough/space.h>
#include <passthrough/sys.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "plan/plan.h"

struct assigned_info;
struct blk_stats;
struct console_port;
struct loop;
struct machine;
struct sandbox;
struct service;
struct timing;

/** enum machine_end - why a machine's run ended */
enum machine_end {
	MACHINE_POWEROFF, /* the guest powered off */
	MACHINE_STOPPED,  /* machine_stop() */
	MACHINE_CRASHED,  /* the guest triple-faulted or KVM could not go on; the error says it */
};

/** enum machine_event_kind - what happens to a machine, for whoever listens */
enum machine_event_kind {
	MACHINE_EVENT_PAUSED,
	MACHINE_EVENT_RESUMED,
	MACHINE_EVENT_RESET, /* and it goes on */
	MACHINE_EVENT_POWER_BUTTON,
	MACHINE_EVENT_PANIC,	    /* the guest's kernel panicked; the plan says what then */
	MACHINE_EVENT_CRASH_KERNEL, /* the same, and its crash kernel takes over */
	MACHINE_EVENT_POWERED_OFF,  /* the guest did, and the machine stays */
	MACHINE_EVENT_DEVICE_REMOVED,
	MACHINE_EVENT_DEVICE_KEPT, /* the guest was asked for it and did not let go in time; it is removed by force */
	MACHINE_EVENT_DEVICE_WANTED,  /* the host waits for it */
	MACHINE_EVENT_DEVICE_ERROR,   /* it reported an error */
	MACHINE_EVENT_DEVICE_LOST,    /* it is gone from the host */
	MACHINE_EVENT_CHANNEL_OPENED, /* by the guest; the device is the channel */
	MACHINE_EVENT_CHANNEL_CLOSED,
};

/**
 * struct machine_event - one of them
 * @by_guest: the guest did it
 * @device: the id of the one that it is about, else NULL
 * @host: where the host has that, if it is passed through; else NULL
 * @detail: what is known of an error; of a power-off, why it is one, "guest-shutdown" or "guest-reset"; else NULL
 */
struct machine_event {
	enum machine_event_kind kind;
	bool by_guest;
	const char *device;
	const char *host;
	const char *detail;
};

/** struct machine_listener - called on the thread in machine_run(); @event NULL for nobody */
struct machine_listener {
	void (*event)(void *ctx, const struct machine_event *event);
	void *ctx;
};

/**
 * struct machine_options - what is not in the plan because it is of this process
 * @serial_in, @serial_out: the guest's serial line; -1 for none. Stay the caller's.
 * @service: who is told that the guest runs and that the loop lives, NULL for nobody
 * @timing: where phases are recorded, NULL for nowhere
 * @listener: who hears what happens
 * @sandbox: that is closed before machine_run(), which puts each thread into its own; NULL for none
 */
struct machine_options {
	int serial_in;
	int serial_out;
	struct service *service;
	struct timing *timing;
	struct machine_listener listener;
	const struct sandbox *sandbox;
};

/**
 * machine_create() - build it: KVM, RAM, devices, boot image. No vCPU runs yet.
 *
 * Return: 0 or -errno, with everything undone on failure. Inverse: machine_destroy().
 */
int machine_create(const struct pt_sys *sys, const struct vm_plan *plan,
		   const struct machine_options *options, struct machine **ret_machine,
		   struct pt_error *err);

/**
 * machine_run() - run until the guest or somebody ends it; a reset by the guest restarts it within
 *
 * Blocks. Return: 0 with @ret_end, or -errno.
 */
int machine_run(struct machine *machine, enum machine_end *ret_end, struct pt_error *err);

/** machine_stop() - make machine_run() return MACHINE_STOPPED; async-signal-safe, from any thread */
void machine_stop(struct machine *machine);

/**
 * machine_shut_down() - ask the guest to power off, and stop it when it has not in the plan's limit; async-signal-safe, from any
 *	thread
 */
void machine_shut_down(struct machine *machine);

/** machine_loop() - what machine_run() waits with; its watches and callbacks are of that thread */
struct loop *machine_loop(struct machine *machine);

/**
 * machine_pause() - no vCPU runs until machine_resume(); on the thread in machine_run(), or before it
 *
 * Passed-through devices go on with what they were told. Does nothing when it is paused.
 */
void machine_pause(struct machine *machine);

/** machine_resume() - let them run; on the same thread. Does nothing when it is not paused. */
void machine_resume(struct machine *machine);

/** machine_paused() - whether it is */
bool machine_paused(const struct machine *machine);

/** machine_powered_off() - whether the guest powered off, and only a reset lets it run again */
bool machine_powered_off(const struct machine *machine);

/** machine_set_on_end() - from now on: a guest that powers off stays, one that restarts powers off; on the thread in machine_run() */
void machine_set_on_end(struct machine *machine, bool stays, bool stops_on_reboot);

/** machine_set_on_panic() - what is done from now on when the guest's kernel panics; on the thread in machine_run() */
void machine_set_on_panic(struct machine *machine, enum plan_panic action);

/** machine_press_power() - press its power button: a guest that listens powers off; on the thread in machine_run() */
void machine_press_power(struct machine *machine);

/** machine_press_reset() - reset it as by a button; on the thread in machine_run() */
void machine_press_reset(struct machine *machine);

/** machine_cpu_thread() - the thread of a vCPU; 0 before it runs, and where there is no such vCPU */
pid_t machine_cpu_thread(const struct machine *machine, unsigned index);

/**
 * machine_config_read() - configuration space as the guest has it
 * @devfn: slot * 8 + function
 * @size: 1, 2 or 4 bytes within one aligned dword of 4096 bytes
 */
uint32_t machine_config_read(struct machine *machine, unsigned bus, unsigned devfn, unsigned offset,
			     unsigned size);

/**
 * machine_device_info() - how one of the plan's devices is
 * @ret_info: written when the guest has it
 *
 * Return: false when the guest has it no more.
 */
bool machine_device_info(struct machine *machine, unsigned device, struct assigned_info *ret_info);

/** machine_dma() - what is mapped for devices */
struct pt_space_stats machine_dma(struct machine *machine);

/**
 * machine_use_space() - what devices that come are to be attached to, until the machine has no device again
 * @fd: of /dev/iommu, stays the caller's; 0 to open it by itself
 *
 * On the thread in machine_run(). Errors: -EBUSY the machine has devices, which are attached to another.
 */
int machine_use_space(struct machine *machine, int fd, struct pt_error *err);

/** machine_has_space() - whether there is an address space for devices, or may be one in a moment */
bool machine_has_space(const struct machine *machine);

/**
 * machine_space_settled() - call @settled, from the thread in machine_run(), when nothing is open any more of an address space
 *	whose last device has left. Errors: -EBUSY somebody waits for it already.
 */
int machine_space_settled(struct machine *machine, void (*settled)(void *ctx), void *ctx,
			  struct pt_error *err);

/** machine_plan() - what it is made of as it is now; a device that has left has no id. On the thread in machine_run(). */
const struct vm_plan *machine_plan(const struct machine *machine);

/**
 * machine_plug() - bring a device into an empty slot while the guest runs
 * @device: of plan_hotplug(), for machine_plan(); its descriptor, if it has one, is taken over when the call returns 0
 * @done: called once, on the thread in machine_run(), after the call has returned 0; @err is NULL when the device is in its slot.
 *	Else it is given back, and guest and host are as before.
 *
 * On the thread in machine_run(), which is held up for as long as it takes to park the vCPUs; what takes the kernel long is
 * done by another. Errors: -EBUSY another one comes; -E2BIG; -EAGAIN.
 */
int machine_plug(struct machine *machine, const struct plan_device *device,
		 void (*done)(void *ctx, const struct pt_error *err), void *ctx,
		 struct pt_error *err);

/** machine_plug_virtio() - the same with a virtio device; @device: of plan_hotplug_virtio() */
int machine_plug_virtio(struct machine *machine, const struct plan_virtio *device,
			void (*done)(void *ctx, const struct pt_error *err), void *ctx,
			struct pt_error *err);

/** machine_has_virtio() - whether one of the plan's virtio devices is there: it has come, and has not left */
bool machine_has_virtio(const struct machine *machine, unsigned index);

/**
 * machine_console_port() - a port of one of the plan's virtio devices, a console or more that is there; on the thread in
 *	machine_run(), or before it. Return: NULL behind the last.
 */
const struct console_port *machine_console_port(const struct machine *machine, unsigned index,
						unsigned port);

/** machine_disk_info() - what one of the plan's virtio devices, a disk, has done, and how large it is in bytes */
void machine_disk_info(const struct machine *machine, unsigned index, uint64_t *ret_size,
		       struct blk_stats *ret_stats);

/**
 * machine_unplug_request() - ask the guest for a device; it leaves when the guest lets go of it, by force after the plan's limit
 * @port: that it is behind, of the plan's; what shares its slot leaves with it
 *
 * On the thread in machine_run(). Errors: -ENODEV there is none; -EALREADY the guest was asked; -EMFILE, -ENOMEM no timer.
 */
int machine_unplug_request(struct machine *machine, unsigned port, struct pt_error *err);

/** machine_unplug_force() - take a device away now, if it is there; on the thread in machine_run(). Cannot fail. */
void machine_unplug_force(struct machine *machine, unsigned port);

/** machine_destroy() - stop the devices, give everything back; NULL is accepted. Cannot fail. */
void machine_destroy(struct machine *machine);

#endif
