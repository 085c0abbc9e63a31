/* SPDX-License-Identifier: MIT */
/*
 * What a machine is made of, for the files that build it, run it and reset it.
 */
#ifndef TENON_MACHINE_MACHINE_PRIVATE_H
#define TENON_MACHINE_MACHINE_PRIVATE_H

#include "boot/boot.h"
#include "devices/assigned.h"
#include "devices/pci_host.h"
#include "devices/pm.h"
#include "devices/rtc.h"
#include "devices/serial.h"
#include "kvm/vcpu_state.h"
#include "loop/loop.h"
#include "machine/cpus.h"
#include "machine/machine.h"
#include "machine/plug.h"
#include "machine/ram.h"
#include "machine/shutdown.h"
#include "machine/slots.h"
#include "machine/unplug.h"

/* The order of the members is the order in which they are made; machine_destroy() goes the other way. */
struct machine {
	const struct pt_sys *sys;
	struct vm_plan plan;
	struct machine_options options;
	struct requests requests;
	struct boot boot;
	struct kvm kvm;
	struct kvm_memslots memslots;
	struct kvm_routes routes;
	struct kvm_chips_state chips; /* at power-on */
	struct ram ram;
	struct bus ports;
	struct bus memory;
	struct cpus cpus;
	struct pt_space *space;			    /* NULL when there are no devices */
	struct assigned assigned[PLAN_DEVICES_MAX]; /* of the plan's devices */
	struct pci_host pci;
	struct slots slots;
	struct virtio_unit
		*virtio[PLAN_VIRTIO_MAX]; /* of the plan's virtio devices, NULL: it has left */
	struct virtio_unit *virtio_gone;  /* that have left, see struct plug */
	struct serial serial;
	struct rtc rtc;
	struct pm pm;
	struct loop loop;
	struct unplug unplug;
	struct shutdown shutdown;
	struct plug plug;
	bool paused;
	bool powered_off;
	bool reset_pressed; /* the reset that is pending was asked for from outside */
};

/** machine_add_virtio() - the virtio devices, in their slots */
int machine_add_virtio(struct machine *machine, struct pt_error *err);

/** machine_remove_virtio() - inverse of machine_add_virtio(), after a failure too; the loop is done */
void machine_remove_virtio(struct machine *machine);

/** machine_watch_virtio() - let the loop see to them */
int machine_watch_virtio(struct machine *machine, struct pt_error *err);

/** machine_reset_virtio() - as at power-on; nothing of guest memory is touched any more. No vCPU runs. */
void machine_reset_virtio(struct machine *machine);
/** machine_tell() - the listener, if there is one */
void machine_tell(const struct machine *machine, const struct machine_event *event);

/** machine_add_devices() - the emulated devices, on their buses */
int machine_add_devices(struct machine *machine, struct pt_error *err);

/** machine_reset_devices() - the emulated devices as at power-on */
void machine_reset_devices(struct machine *machine);

/** machine_enter_kernel() - vCPU 0 at the kernel's entry point; the others wait to be started */
int machine_enter_kernel(struct machine *machine, struct pt_error *err);

/** machine_reset() - back to power-on, and the kernel loaded anew; the vCPUs are parked */
int machine_reset(struct machine *machine, struct pt_error *err);

#endif
