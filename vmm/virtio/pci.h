/* SPDX-License-Identifier: MIT */
/*
 * struct virtio_pci: a virtio device as a PCI Express function (VIRTIO 1.2, 4.1): modern, without the transitional registers.
 *
 * One BAR of 32 KiB has everything: the common configuration, the interrupt status, the device's configuration, a word for
 * each queue to notify, and the MSI-X table. All of it is trapped. Notifications do not come out of the guest: while the BAR
 * is decoded each queue's word has an ioeventfd. Interrupts go by MSI-X, a vector for each queue, or by INTA#.
 *
 * The device is behind a root port of its own, alone. Its lock is that of its struct virtio.
 */
#ifndef TENON_VIRTIO_PCI_H
#define TENON_VIRTIO_PCI_H

#include "devices/pci_host.h"
#include "machine/bus.h"
#include "virtio/vectors.h"
#include "virtio/virtio.h"

#define VIRTIO_PCI_BAR_SIZE 0x8000u
#define VIRTIO_PCI_SPACE    256u

/**
 * struct virtio_pci_host - what of the machine a device is wired to; all outlive it
 * @memory_end: the guest's physical addresses end here
 * @line: set the level of INTA#; leaf: it takes no lock of the caller's
 */
struct virtio_pci_host {
	const struct kvm *kvm;
	struct kvm_routes *routes;
	struct bus *memory;
	uint64_t memory_end;
	void (*line)(void *ctx, bool level);
	void *ctx;
};

struct virtio_pci {
	struct virtio_pci_host host;
	struct virtio *virtio;
	struct virtio_vectors vectors;
	uint8_t value[VIRTIO_PCI_SPACE];
	uint8_t initial[VIRTIO_PCI_SPACE];
	uint8_t writable[VIRTIO_PCI_SPACE];
	bool gone; /* taken from the guest for good */
	uint8_t isr;
	bool asserted; /* INTA# is */
	bool mapped;
	uint64_t base;		/* where, while @mapped */
	unsigned notifications; /* how many queues' words have an ioeventfd */
};

/** virtio_pci_transport_ops - for struct virtio; its transport is a struct virtio_pci */
extern const struct virtio_transport_ops virtio_pci_transport_ops;

/** virtio_pci_config_ops - its configuration space, for the root port; the state is a struct virtio_pci */
extern const struct pci_function_ops virtio_pci_config_ops;

/**
 * virtio_pci_init() - a function as firmware leaves it
 * @virtio: after virtio_init(); outlives it
 * @bar: where the BAR is at power-on
 *
 * Inverse: virtio_pci_done(), after a failure too, and before virtio_done(). Errors: -ENOMEM; from eventfd(2).
 */
int virtio_pci_init(struct virtio_pci *pci, const struct virtio_pci_host *host,
		    struct virtio *virtio, uint32_t bar, struct pt_error *err);

/** virtio_pci_done() - the device is stopped, virtio_done() is next; accepts one that was only zeroed. Late calls find nothing. */
void virtio_pci_done(struct virtio_pci *pci);

/** virtio_pci_hold() - its link is down: quiet, out of the guest's address space, as at power-on. Inverse: virtio_pci_release(). */
void virtio_pci_hold(struct virtio_pci *pci);

/** virtio_pci_release() - its link is up */
void virtio_pci_release(struct virtio_pci *pci);

/** virtio_pci_reset() - as at power-on, link and all; no vCPU runs */
void virtio_pci_reset(struct virtio_pci *pci);

#endif
