/* SPDX-License-Identifier: MIT */
/*
 * struct kvm_routes: the VM's interrupt routing table.
 *
 * KVM_SET_GSI_ROUTING replaces the whole table and waits for every vCPU to have left the old one, so changes are staged
 * here and made live by one commit, however many they are. The table always begins with the entries that
 * KVM_CREATE_IRQCHIP made, GSI n to IOAPIC input n and, below 16, to the PICs: a table without them would cut off the
 * legacy interrupts. Message routes follow, from GSI 24 up.
 *
 * A GSI that was freed stays routed until the next commit; nothing signals it, since an irqfd is taken away before its
 * route is. Safe from any thread.
 */
#ifndef TENON_KVM_ROUTES_H
#define TENON_KVM_ROUTES_H

#include <pthread.h>

#include "kvm/kvm.h"

#define ROUTES_IOAPIC_PINS 24u
#define ROUTES_PIC_PINS	   16u

/** struct kvm_route - a message-signalled GSI */
struct kvm_route {
	bool used;
	bool routed; /* has a message; a GSI that was only allocated is not in the table */
	uint64_t address;
	uint32_t data;
};

struct kvm_routes {
	const struct kvm *kvm;
	pthread_mutex_t lock;
	struct kvm_route *routes; /* of GSI ROUTES_IOAPIC_PINS + index; @capacity of them */
	unsigned capacity;
	unsigned limit; /* routes that KVM takes, legacy ones included */
	bool dirty;
	uint64_t commits;
};

/** kvm_routes_init() - @kvm is open and outlives it. Inverse: kvm_routes_done(). */
void kvm_routes_init(struct kvm_routes *routes, const struct kvm *kvm);

/** kvm_routes_done() - accepts one that was only zeroed */
void kvm_routes_done(struct kvm_routes *routes);

/** kvm_routes_alloc() - a GSI of its own for a message. Inverse: kvm_routes_free(). Errors: -ENOSPC; -ENOMEM. */
int kvm_routes_alloc(struct kvm_routes *routes, unsigned *ret_gsi, struct pt_error *err);

/** kvm_routes_free() - nothing may be connected to the GSI any more; takes effect with the next commit */
void kvm_routes_free(struct kvm_routes *routes, unsigned gsi);

/**
 * kvm_routes_set() - from the next commit on, @gsi delivers this message
 *
 * Errors: -EINVAL an address that KVM would refuse, and with it the whole table: with 32-bit destinations bits 39 to 32
 * are reserved (api.rst 4.52). The number comes from the guest.
 */
int kvm_routes_set(struct kvm_routes *routes, unsigned gsi, uint64_t address, uint32_t data,
		   struct pt_error *err);

/** kvm_routes_commit() - make what was staged live; no call is made when nothing was. Errors: -ENOMEM; from KVM. */
int kvm_routes_commit(struct kvm_routes *routes, struct pt_error *err);

#endif
