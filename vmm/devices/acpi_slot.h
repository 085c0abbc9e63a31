/* SPDX-License-Identifier: MIT */
/*
 * struct acpi_slots, struct acpi_slot: places on bus 0 that hold a device of up to 8 functions, which come and go by ACPI, as on a PC
 * without PCI Express.
 *
 * The guest is told by a general-purpose event; the method that ACPI's description has for it (boot/slots.asl) reads from three
 * registers what there is to do, and notifies the operating system; which lets go of a device by the slot's _EJ0, a write to the
 * third register. There is no power to turn on: what has come answers at once (ACPI specification 6.5, 5.6.6 and 6.3).
 *
 * Locks are as those of root ports: a slot's is of its state, and the owner is called under it, so it must not call the slot;
 * the registers have their own, and routing looks at an atomic alone.
 */
#ifndef TENON_DEVICES_ACPI_SLOT_H
#define TENON_DEVICES_ACPI_SLOT_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "devices/device.h"
#include "devices/pci_host.h"
#include "devices/pm.h"

#define ACPI_SLOT_FUNCTIONS 8u
#define ACPI_SLOTS	    32u /* of a bus; number 0 is the host bridge's */
#define ACPI_SLOTS_PORTS    12u

/**
 * struct acpi_slot_ops - what a slot does to the world; from any thread, under the slot's lock
 * @hold: what is in it becomes quiet, leaves the guest's address space and is reset
 * @release: it may be used again, as after power-on
 */
struct acpi_slot_ops {
	void (*hold)(void *ctx);
	void (*release)(void *ctx);
};

struct acpi_slot;

/** struct acpi_gate - the way to one function, which is there or not */
struct acpi_gate {
	struct acpi_slot *slot;
	unsigned number;
};

struct acpi_slot {
	struct acpi_slots *slots;
	unsigned number;
	const struct acpi_slot_ops *ops;
	void *ctx;
	struct pci_function functions[ACPI_SLOT_FUNCTIONS];
	struct acpi_gate gates[ACPI_SLOT_FUNCTIONS];
	atomic_bool up; /* what is in it answers */
	pthread_mutex_t lock;
	bool present;
	bool ejected; /* the guest has let go of what is in it */
};

/** struct acpi_slots - @came, @asked: a bit for each slot that the guest has not read yet; bit 0 of @came: look at all */
struct acpi_slots {
	struct pm *pm;
	struct acpi_slot *list[ACPI_SLOTS];
	pthread_mutex_t lock; /* of what follows */
	uint32_t came;
	uint32_t asked;
};

/** acpi_slots_ops - the registers: came and asked, which a read clears, and eject, of 4 bytes each */
extern const struct device_ops acpi_slots_ops;

/** acpi_slots_init() - @pm: tells the guest, and outlives them */
void acpi_slots_init(struct acpi_slots *slots, struct pm *pm);

/** acpi_slot_init() - place @number of bus 0, empty, for all of its functions. Inverse: acpi_slot_done(). */
void acpi_slot_init(struct acpi_slot *slot, struct acpi_slots *slots, unsigned number,
		    const struct acpi_slot_ops *ops, void *ctx, struct pci_host *host);

/** acpi_slot_done() - accepts one that was only zeroed */
void acpi_slot_done(struct acpi_slot *slot);

/** acpi_slot_plug() - a function in the slot, before vCPUs run */
void acpi_slot_plug(struct acpi_slot *slot, unsigned number, const struct pci_function_ops *ops,
		    void *state);

/** acpi_slot_stage() - another function of a device that will be inserted; the guest is not told. @number: 1 and up */
void acpi_slot_stage(struct acpi_slot *slot, unsigned number, const struct pci_function_ops *ops,
		     void *state);

/** acpi_slot_insert() - a device's function 0 into the empty slot, while vCPUs run. Inverse: acpi_slot_remove(). */
void acpi_slot_insert(struct acpi_slot *slot, const struct pci_function_ops *ops, void *state);

/** acpi_slot_forget() - function @number left the slot; no vCPU runs, so that none is on its way there */
void acpi_slot_forget(struct acpi_slot *slot, unsigned number);

/** acpi_slot_reset() - as at power-on, but for what is in the slot; no vCPU runs */
void acpi_slot_reset(struct acpi_slot *slot);

/** acpi_slot_ask() - the guest is asked to let go of what is in it. Return: whether the guest listens. */
bool acpi_slot_ask(struct acpi_slot *slot);

/** acpi_slot_held() - whether the guest has not let go of what is in it */
bool acpi_slot_held(struct acpi_slot *slot);

/** acpi_slot_remove() - the slot is empty from now on, and the guest is told, unless it knows; holds what still answered */
void acpi_slot_remove(struct acpi_slot *slot);

#endif
