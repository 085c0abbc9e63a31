/* SPDX-License-Identifier: MIT */
/* Memory slots: numbers are used again, the inverse is by address, failures leave nothing. */
#include "fake_kvm.h"
#include "kvm/memslots.h"

static struct fake_kvm *fake;
static struct kvm_memslots memslots;
static struct pt_error err;
static char memory[4096];

static void up(void)
{
	fake = fake_kvm_new();
	memset(&err, 0, sizeof(err));
	kvm_memslots_init(&memslots, &fake->kvm);
}

static void down(void)
{
	kvm_memslots_done(&memslots);
	free(fake);
}

TestSuite(memslots, .init = up, .fini = down);

static const struct kvm_userspace_memory_region *last(void)
{
	return &fake->calls[fake->count - 1].arg.memory;
}

Test(memslots, each_piece_has_a_slot_of_its_own)
{
	for (unsigned i = 0; i < 40; i++) {
		cr_assert_eq(kvm_memslots_add(&memslots, i * 0x10000ull, 0x1000, memory, &err), 0);
		cr_assert_eq(last()->slot, i);
		cr_assert_eq(last()->guest_phys_addr, i * 0x10000ull);
		cr_assert_eq(last()->userspace_addr, (uintptr_t)memory);
	}
}

Test(memslots, removal_is_by_address_and_frees_the_number)
{
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(kvm_memslots_add(&memslots, i * 0x10000ull, 0x1000, memory, &err), 0);
	kvm_memslots_remove(&memslots, 0x10000, 0x1000);
	cr_assert_eq(last()->slot, 1);
	cr_assert_eq(last()->memory_size, 0);
	cr_assert_eq(kvm_memslots_add(&memslots, 0x90000, 0x2000, memory, &err), 0);
	cr_assert_eq(last()->slot, 1);
}

Test(memslots, removing_what_is_not_there_calls_nothing)
{
	cr_assert_eq(kvm_memslots_add(&memslots, 0x10000, 0x1000, memory, &err), 0);
	kvm_memslots_remove(&memslots, 0x10000, 0x2000);
	kvm_memslots_remove(&memslots, 0x20000, 0x1000);
	cr_assert_eq(fake->count, 1);
}

Test(memslots, a_slot_that_KVM_refused_stays_free)
{
	fake->fail_request = KVM_SET_USER_MEMORY_REGION;
	fake->fail_code = -EEXIST;
	cr_assert_eq(kvm_memslots_add(&memslots, 0x10000, 0x1000, memory, &err), -EEXIST);
	cr_assert_not_null(strstr(err.message, "0x10000 to 0x10fff"));
	cr_assert_not_null(strstr(err.message, "other guest memory"));
	fake->fail_request = 0;
	cr_assert_eq(kvm_memslots_add(&memslots, 0x10000, 0x1000, memory, &err), 0);
	cr_assert_eq(last()->slot, 0);
}

Test(memslots, there_are_as_many_as_KVM_has)
{
	fake->slots = 3;
	kvm_memslots_init(&memslots, &fake->kvm);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(kvm_memslots_add(&memslots, i * 0x10000ull, 0x1000, memory, &err), 0);
	cr_assert_eq(kvm_memslots_add(&memslots, 0x90000, 0x1000, memory, &err), -ENOSPC);
}
