/* SPDX-License-Identifier: MIT */
#include "kvm/memslots.h"

#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#define MEMSLOTS_DEFAULT 32 /* what KVM has when it does not say (api.rst 4.35) */

void kvm_memslots_init(struct kvm_memslots *memslots, const struct kvm *kvm)
{
	int limit = kvm_capability(kvm, KVM_CAP_NR_MEMSLOTS);

	*memslots = (struct kvm_memslots){
		.kvm = kvm,
		.lock = PTHREAD_MUTEX_INITIALIZER,
		.limit = limit > 0 ? (unsigned)limit : MEMSLOTS_DEFAULT,
	};
}

void kvm_memslots_done(struct kvm_memslots *memslots)
{
	free(memslots->slots);
	memslots->slots = NULL;
	memslots->capacity = 0;
}

static int set_region(struct kvm_memslots *memslots, unsigned slot, uint64_t gpa, uint64_t size,
		      void *hva)
{
	struct kvm_userspace_memory_region region = {
		.slot = slot,
		.guest_phys_addr = gpa,
		.memory_size = size,
		.userspace_addr = (uint64_t)(uintptr_t)hva,
	};

	return kvm_ioctl(memslots->kvm, memslots->kvm->vm_fd, KVM_SET_USER_MEMORY_REGION, &region);
}

/* Return: a free slot number, or -errno. */
static int take_slot(struct kvm_memslots *memslots)
{
	struct kvm_memslot *grown;
	unsigned capacity;

	for (unsigned i = 0; i < memslots->capacity; i++) {
		if (!memslots->slots[i].size)
			return (int)i;
	}
	if (memslots->capacity >= memslots->limit)
		return -ENOSPC;
	capacity = memslots->capacity + 16;
	if (capacity > memslots->limit)
		capacity = memslots->limit;
	grown = realloc(memslots->slots, capacity * sizeof(*grown));
	if (!grown)
		return -ENOMEM;
	memset(grown + memslots->capacity, 0, (capacity - memslots->capacity) * sizeof(*grown));
	memslots->slots = grown;
	memslots->capacity = capacity;
	for (unsigned i = 0; i < capacity; i++) {
		if (!grown[i].size)
			return (int)i;
	}
	return -ENOSPC;
}

int kvm_memslots_add(struct kvm_memslots *memslots, uint64_t gpa, uint64_t size, void *hva,
		     struct pt_error *err)
{
	int slot;
	int r;

	if (!size)
		return pt_error_set(err, -EINVAL, "guest memory at 0x%" PRIx64 " has no size", gpa);
	pthread_mutex_lock(&memslots->lock);
	slot = take_slot(memslots);
	r = slot < 0 ? slot : set_region(memslots, (unsigned)slot, gpa, size, hva);
	if (r >= 0)
		memslots->slots[slot] = (struct kvm_memslot){.gpa = gpa, .size = size};
	pthread_mutex_unlock(&memslots->lock);
	if (r < 0)
		return pt_error_set(err, r,
				    "KVM: no memory slot for 0x%" PRIx64 " to 0x%" PRIx64 ": %s",
				    gpa, gpa + (size - 1),
				    r == -EEXIST ? "other guest memory is there" : strerror(-r));
	return 0;
}

void kvm_memslots_remove(struct kvm_memslots *memslots, uint64_t gpa, uint64_t size)
{
	pthread_mutex_lock(&memslots->lock);
	for (unsigned i = 0; i < memslots->capacity; i++) {
		if (memslots->slots[i].gpa != gpa || memslots->slots[i].size != size || !size)
			continue;
		(void)set_region(memslots, i, gpa, 0, NULL);
		memslots->slots[i].size = 0;
		break;
	}
	pthread_mutex_unlock(&memslots->lock);
}
