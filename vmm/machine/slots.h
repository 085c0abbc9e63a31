/* SPDX-License-Identifier: MIT */
/*
 * struct slots: the root ports, or in a guest that is flat the places on bus 0, and which functions are in each: those of a device that
 * is passed through, or a virtio device.
 *
 * Ports and slots do not change while the machine lives. What is in a slot changes while its link is down, and what was in it is
 * not used for another device before all vCPUs were parked once: one may be on its way to it.
 */
#ifndef TENON_MACHINE_SLOTS_H
#define TENON_MACHINE_SLOTS_H

#include "devices/acpi_slot.h"
#include "devices/assigned.h"
#include "devices/root_port.h"
#include "virtio/unit.h"

struct slots;

/**
 * struct slot - one slot, behind @port or, in a guest that is flat, @place; @functions and @virtio are NULL where there is none
 * @power_fd: an eventfd, signalled when the link went down or up: the guest may have turned the slot's power off
 */
struct slot {
	struct slots *slots;
	const struct plan_port *plan;
	struct root_port port;
	struct acpi_slot place;
	int power_fd;
	struct assigned *functions[PLAN_FUNCTIONS_MAX];
	struct virtio_unit *virtio;
};

struct slots {
	const struct kvm *kvm;
	struct acpi_slots acpi;
	bool flat;
	struct slot *list;
	unsigned count;
	pthread_mutex_t lock; /* of what follows */
	uint64_t asserted
		[PLAN_INTX_GSIS]; /* a bit for each slot whose port asserts the GSI, above them one for what is in it */
};

/**
 * slots_open() - every port of the plan, in its place on bus 0, its slot empty
 * @kvm, @plan, @pm: outlive them
 *
 * Inverse: slots_done(), after a failure too. Errors: -ENOMEM; from eventfd(2).
 */
int slots_open(struct slots *slots, const struct kvm *kvm, const struct vm_plan *plan,
	       struct pci_host *pci, struct pm *pm, struct pt_error *err);

/** slots_done() - accepts one that was only zeroed; no vCPU runs */
void slots_done(struct slots *slots);

/** slots_plug() - a function that was created, in its slot; before vCPUs run. It outlives the slots' use by vCPUs. */
void slots_plug(struct slots *slots, const struct plan_device *plan, struct assigned *assigned);

/** slots_plug_virtio() - a virtio device that was opened, in its slot; else as slots_plug() */
void slots_plug_virtio(struct slots *slots, struct virtio_unit *unit);

/** slots_line() - the level of INTA# of what is in a slot, by KVM_IRQ_LINE; @ctx is its struct slot; from any thread, a leaf */
void slots_line(void *ctx, bool level);
/** slots_clear() - forget who was in a slot, which is empty; the vCPUs are parked */
void slots_clear(struct slots *slots, unsigned port);

/** slots_forget() - forget a function, which left its slot, so that its struct can be another's; the vCPUs are parked */
void slots_forget(struct slots *slots, const struct assigned *assigned);

/** slots_forget_virtio() - forget a virtio device, which left its slot, so that it can be freed; the vCPUs are parked */
void slots_forget_virtio(struct slots *slots, const struct virtio_unit *unit);

/** slots_insert_virtio() - a virtio device that was opened, its link down, into its empty slot: as slots_insert() */
void slots_insert_virtio(struct slots *slots, struct virtio_unit *unit);

/** slots_insert() - a function that was created, into its slot, while vCPUs run. With function 0 the guest is told of all. */
void slots_insert(struct slots *slots, const struct plan_device *plan, struct assigned *assigned);

/** slot_ask() - the guest is asked to let go of what is in a slot. Return: whether the guest listens. */
bool slot_ask(struct slot *slot);

/** slot_held() - whether the guest has not let go of what is in a slot, by its power or by ejecting it */
bool slot_held(struct slot *slot);

/** slot_empty() - the slot is empty from now on, and the guest is told; holds the functions if they still answered */
void slot_empty(struct slot *slot);

/** slots_start() - the guest may use what is in the slots; no vCPU runs. Errors: of assigned_start(). */
int slots_start(struct slots *slots, struct pt_error *err);

/** slots_stop() - the functions are quiet and reset; no vCPU runs */
void slots_stop(struct slots *slots);

/** slots_reset() - ports as at power-on; no vCPU runs */
void slots_reset(struct slots *slots);

#endif
