/* SPDX-License-Identifier: MIT */
/*
 * struct kvm_memslots: which of KVM's memory slots are in use, for what.
 *
 * A slot cannot be resized, and slots may not overlap (api.rst 4.35), so memory is added and removed as it was given. Free
 * numbers are used again, lowest first. Safe from any thread: a vCPU that moves a BAR does it while others run.
 */
#ifndef TENON_KVM_MEMSLOTS_H
#define TENON_KVM_MEMSLOTS_H

#include <pthread.h>

#include "kvm/kvm.h"

struct kvm_memslot {
	uint64_t gpa;
	uint64_t size; /* 0: the number is free */
};

struct kvm_memslots {
	const struct kvm *kvm;
	pthread_mutex_t lock;
	struct kvm_memslot *slots; /* indexed by slot number; @capacity of them */
	unsigned capacity;
	unsigned limit; /* how many KVM has */
};

/** kvm_memslots_init() - @kvm is open and outlives it. Inverse: kvm_memslots_done(). */
void kvm_memslots_init(struct kvm_memslots *memslots, const struct kvm *kvm);

/** kvm_memslots_done() - forgets them; the VM's end frees them. Accepts one that was only zeroed. */
void kvm_memslots_done(struct kvm_memslots *memslots);

/**
 * kvm_memslots_add() - make @size bytes at @hva the guest's memory at @gpa
 *
 * All are page-aligned. Inverse: kvm_memslots_remove(). Errors: -EEXIST overlaps other memory; -EINVAL misaligned or not
 * addressable; -ENOSPC no slot is left; -ENOMEM.
 */
int kvm_memslots_add(struct kvm_memslots *memslots, uint64_t gpa, uint64_t size, void *hva,
		     struct pt_error *err);

/** kvm_memslots_remove() - when it returns no vCPU can reach the memory by this slot. Cannot fail. */
void kvm_memslots_remove(struct kvm_memslots *memslots, uint64_t gpa, uint64_t size);

#endif
