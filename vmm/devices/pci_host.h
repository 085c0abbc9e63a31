/* SPDX-License-Identifier: MIT */
/*
 * struct pci_host: the host bridge and its bus, bus 0: who answers which configuration access.
 *
 * The guest has two ways in: memory (ECAM, PCI Express base specification 7.2.2) and, before it has read ACPI's MCFG, the
 * ports 0xcf8 and 0xcfc (PCI local bus specification 3.2.2.3.2). An access to another bus goes to the bridge on bus 0 that
 * says it is behind it. Where no function is, everything reads all ones.
 *
 * Who is plugged in where does not change while vCPUs run, so that routing takes no lock. What comes and goes is decided by
 * the bridge on the way, and by the function.
 */
#ifndef TENON_DEVICES_PCI_HOST_H
#define TENON_DEVICES_PCI_HOST_H

#include <stdatomic.h>

#include "devices/device.h"

#define PCI_CONFIG_PORT	 0xcf8u /* address; data at +4 */
#define PCI_CONFIG_PORTS 8u
#define PCI_FUNCTIONS	 256u /* of a bus: slot * 8 + function */
#define PCI_CONFIG_SIZE	 4096u

struct pci_function;

/**
 * struct pci_function_ops - a function's configuration space
 * @config_read, @config_write: 1, 2 or 4 bytes within one aligned dword of 4096 bytes; from any vCPU's thread
 * @below: of a bridge, NULL for any other function: who answers as @devfn (slot * 8 + function) on bus @bus, 1 to 255; NULL
 *	for nobody. From any vCPU's thread.
 */
struct pci_function_ops {
	uint32_t (*config_read)(void *state, unsigned offset, unsigned size);
	void (*config_write)(void *state, unsigned offset, unsigned size, uint32_t value);
	const struct pci_function *(*below)(void *state, unsigned bus, unsigned devfn);
};

/** struct pci_function - who answers for a function; @ops is NULL where there is none */
struct pci_function {
	const struct pci_function_ops *ops;
	void *state;
};

struct pci_host {
	struct pci_function functions[PCI_FUNCTIONS]; /* of bus 0 */
	atomic_uint address;			      /* what was last written to 0xcf8 */
};

extern const struct device_ops pci_ports_ops;
extern const struct device_ops pci_ecam_ops;

/** pci_host_init() - bus 0 with the host bridge in slot 0 */
void pci_host_init(struct pci_host *host);

/** pci_host_plug() - a function where none is; before vCPUs run */
void pci_host_plug(struct pci_host *host, unsigned slot, unsigned function,
		   const struct pci_function_ops *ops, void *state);

/** pci_host_reset() - as at power-on; what is plugged stays */
void pci_host_reset(struct pci_host *host);

#endif
