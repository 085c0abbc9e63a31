/* SPDX-License-Identifier: MIT */
/*
 * struct root_port: a PCI Express root port on bus 0 and the slot behind it, which can be hot-unplugged.
 *
 * The guest sees a type 1 function with a slot: attention button, power controller, both indicators, presence, a link. A
 * slot holds one device of up to 8 functions, as device 0 of the bus behind the port. They answer as long as the link is up:
 * the slot holds something, has power, and neither the link is disabled nor the secondary bus held in reset. A link that
 * goes down takes the device through a reset, whatever the cause (PCI Express base specification 6.6.1, 2.9).
 *
 * Windows and the command register's decode bits are registers only: a BAR answers where the guest put it.
 *
 * Two locks: @lock is of the registers, and the owner is called under it, so it must not call the port. Routing looks at the
 * two atomics alone, so that a vCPU that waits for one slot's reset holds up no other slot.
 */
#ifndef TENON_DEVICES_ROOT_PORT_H
#define TENON_DEVICES_ROOT_PORT_H

#include <pthread.h>
#include <stdbool.h>

#include "devices/pci_host.h"
#include "plan/plan.h"

#define ROOT_PORT_SPACE 256u

/**
 * struct root_port_ops - what the port does to the world; from any thread, under the port's lock
 * @message: its interrupt, as a message
 * @line: its interrupt, as the level of INTA#
 * @hold: the link goes down: the functions behind become quiet, leave the guest's address space and are reset
 * @release: the link comes up: they may be used again, as after power-on
 */
struct root_port_ops {
	void (*message)(void *ctx, uint64_t address, uint32_t data);
	void (*line)(void *ctx, bool level);
	void (*hold)(void *ctx);
	void (*release)(void *ctx);
};

struct root_port {
	const struct plan_port *plan;
	const struct root_port_ops *ops;
	void *ctx;
	struct pci_function functions[PLAN_FUNCTIONS_MAX];
	atomic_uint bus;  /* secondary bus number */
	atomic_bool link; /* up: what is behind answers */
	pthread_mutex_t lock;
	bool present;
	bool pending;  /* an interrupt is, as a message was or would be sent for it */
	bool asserted; /* INTA# is */
	uint8_t value[ROOT_PORT_SPACE];
	uint8_t initial[ROOT_PORT_SPACE];
	uint8_t writable[ROOT_PORT_SPACE];
	uint8_t clear[ROOT_PORT_SPACE]; /* bits that a written 1 clears */
};

/** root_port_config_ops - the port's configuration space, and the way to what is behind it, for pci_host_plug() */
extern const struct pci_function_ops root_port_config_ops;

/**
 * root_port_init() - a port as firmware leaves it: bus number and windows of the plan, slot empty
 * @plan: outlives the port
 * @ops: kept by reference
 *
 * Inverse: root_port_done().
 */
void root_port_init(struct root_port *port, const struct plan_port *plan,
		    const struct root_port_ops *ops, void *ctx);

void root_port_done(struct root_port *port);

/**
 * root_port_plug() - a function in the slot, before vCPUs run
 *
 * Function 0's link is the port's link too, so that the guest sees the speed and width that are really there.
 */
void root_port_plug(struct root_port *port, unsigned number, const struct pci_function_ops *ops,
		    void *state);

/** root_port_stage() - another function of a device that will be inserted; the guest is not told. @number: 1 and up */
void root_port_stage(struct root_port *port, unsigned number, const struct pci_function_ops *ops,
		     void *state);

/**
 * root_port_insert() - a device's function 0 into the empty slot, while vCPUs run; others were staged
 *
 * The guest sees the card arrive, and its button pressed, as whoever puts one in would do (PCI Express base specification
 * 6.7.1.5); it turns the slot's power on, and with that the link comes up. Where it has left the power on, the link comes up
 * at once. Inverse: root_port_remove(), and root_port_clear().
 */
void root_port_insert(struct root_port *port, const struct pci_function_ops *ops, void *state);

/** root_port_forget() - function @number left the slot; no vCPU runs, so that none is on its way there */
void root_port_forget(struct root_port *port, unsigned number);

/** root_port_reset() - as at power-on, but for what is in the slot; no vCPU runs */
void root_port_reset(struct root_port *port);

/**
 * root_port_press() - press the slot's attention button: the guest is asked to let go of what is in it
 *
 * Return: whether the guest listens to it. One that does blinks, waits 5 s for a second press to cancel, and turns the
 * slot's power off (PCI Express base specification 6.7.1.5).
 */
bool root_port_press(struct root_port *port);

/** root_port_powered() - whether the guest has the slot's power on */
bool root_port_powered(struct root_port *port);

/** root_port_remove() - the slot is empty from now on, and the guest is told; holds the functions if the link was up */
void root_port_remove(struct root_port *port);

#endif
