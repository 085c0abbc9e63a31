/* SPDX-License-Identifier: MIT */
/* A KVM that notes what it is asked, for tests of vmm/kvm: it takes everything, unless told to fail a request. */
#ifndef TENON_TESTS_FAKE_KVM_H
#define TENON_TESTS_FAKE_KVM_H

#include <criterion/criterion.h>
#include <errno.h>
#include <linux/kvm.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/kvm.h"

#define FAKE_CALLS  512
#define FAKE_ROUTES 4096

struct fake_call {
	unsigned long request;
	union {
		struct kvm_userspace_memory_region memory;
		struct kvm_irqfd irqfd;
		struct kvm_ioeventfd ioeventfd;
		struct kvm_irq_level line;
		struct kvm_device_attr attr;
	} arg;
};

struct fake_kvm {
	struct pt_sys sys;
	struct kvm kvm;
	int slots;  /* KVM_CAP_NR_MEMSLOTS */
	int routes; /* KVM_CAP_IRQ_ROUTING */
	unsigned long fail_request;
	int fail_code;
	struct fake_call calls[FAKE_CALLS];
	unsigned count;
	struct kvm_irq_routing_entry table[FAKE_ROUTES]; /* the last one set */
	unsigned table_size;
};

static void fake_note(struct fake_kvm *fake, unsigned long request, const void *arg)
{
	struct fake_call *call = &fake->calls[fake->count++];

	cr_assert_lt(fake->count, FAKE_CALLS);
	call->request = request;
	if (request == KVM_SET_USER_MEMORY_REGION)
		memcpy(&call->arg, arg, sizeof(call->arg.memory));
	else if (request == KVM_IRQFD)
		memcpy(&call->arg, arg, sizeof(call->arg.irqfd));
	else if (request == KVM_IOEVENTFD)
		memcpy(&call->arg, arg, sizeof(call->arg.ioeventfd));
	else if (request == KVM_IRQ_LINE)
		memcpy(&call->arg, arg, sizeof(call->arg.line));
	else if (request == KVM_SET_DEVICE_ATTR)
		memcpy(&call->arg, arg, sizeof(call->arg.attr));
}

static int fake_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
	struct fake_kvm *fake = ctx;

	(void)fd;
	if (request == KVM_CHECK_EXTENSION) {
		unsigned long capability = (unsigned long)arg;

		return capability == KVM_CAP_NR_MEMSLOTS   ? fake->slots
		       : capability == KVM_CAP_IRQ_ROUTING ? fake->routes
							   : 1;
	}
	fake_note(fake, request, arg);
	if (request == fake->fail_request)
		return fake->fail_code;
	if (request == KVM_SET_GSI_ROUTING) {
		const struct kvm_irq_routing *table = arg;

		cr_assert_leq(table->nr, FAKE_ROUTES);
		memcpy(fake->table, table->entries, table->nr * sizeof(table->entries[0]));
		fake->table_size = table->nr;
	}
	return 0;
}

static struct fake_kvm *fake_kvm_new(void)
{
	struct fake_kvm *fake = calloc(1, sizeof(*fake));

	cr_assert_not_null(fake);
	fake->slots = 64;
	fake->routes = FAKE_ROUTES;
	fake->sys.ctx = fake;
	fake->sys.ioctl = fake_ioctl;
	fake->kvm = (struct kvm){.sys = &fake->sys, .fd = 3, .vm_fd = 4, .vfio_fd = -1};
	return fake;
}

/* The message route of @gsi, NULL when the table has none. */
__attribute__((unused)) static const struct kvm_irq_routing_entry *fake_route(
	const struct fake_kvm *fake, unsigned gsi)
{
	for (unsigned i = 0; i < fake->table_size; i++) {
		if (fake->table[i].gsi == gsi && fake->table[i].type == KVM_IRQ_ROUTING_MSI)
			return &fake->table[i];
	}
	return NULL;
}

__attribute__((unused)) static unsigned fake_count(const struct fake_kvm *fake,
						   unsigned long request)
{
	unsigned count = 0;

	for (unsigned i = 0; i < fake->count; i++)
		count += fake->calls[i].request == request;
	return count;
}

#endif
