/* SPDX-License-Identifier: MIT */
/* What processors say of themselves: ids, counts, caches, widths. */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>

#include "kvm/cpuid.h"

#define ROOM 32u

static struct kvm_cpuid2 *cpuid;

static struct kvm_cpuid_entry2 *add(uint32_t leaf, uint32_t subleaf, bool indexed)
{
	struct kvm_cpuid_entry2 *entry = &cpuid->entries[cpuid->nent++];

	*entry = (struct kvm_cpuid_entry2){
		.function = leaf,
		.index = subleaf,
		.flags = indexed ? KVM_CPUID_FLAG_SIGNIFCANT_INDEX : 0,
	};
	return entry;
}

static struct kvm_cpuid_entry2 *find(uint32_t leaf, uint32_t subleaf)
{
	for (unsigned i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function == leaf && cpuid->entries[i].index == subleaf)
			return &cpuid->entries[i];
	}
	return NULL;
}

/* The leaves that matter, as KVM gives them. */
static void up(void)
{
	cpuid = calloc(1, sizeof(*cpuid) + ROOM * sizeof(cpuid->entries[0]));
	cr_assert_not_null(cpuid);
	add(0, 0, false)->ebx = 0x68747541; /* "Auth" */
	*add(1, 0, false) = (struct kvm_cpuid_entry2){.function = 1, .ebx = 0x07080800};
	add(0xb, 0, true)->edx = 7;
	add(0x1f, 0, true);
	add(0x40000000, 0, false)->eax = 0x40000001;
	add(0x80000001, 0, false);
	add(0x80000008, 0, false)->eax = 0x3034;
	add(0x8000001d, 0, true)->eax = 0x00004121; /* L1 */
	add(0x8000001d, 1, true)->eax = 0x0001c163; /* L3 */
	add(0x8000001d, 2, true)->eax = 0;
	add(0x8000001e, 0, false);
}

static void down(void)
{
	free(cpuid);
}

TestSuite(cpuid, .init = up, .fini = down);

static void place(unsigned index, unsigned count)
{
	const struct cpuid_place where = {
		.index = index,
		.count = count,
		.phys_bits = 40,
		.tsc_deadline = true,
	};

	cpuid_place(cpuid, ROOM, &where);
}

Test(cpuid, leaf_1)
{
	place(2, 3);
	cr_assert_eq(find(1, 0)->ebx, 0x02040800);
	cr_assert(find(1, 0)->ecx & 1u << 31, "hypervisor");
	cr_assert(find(1, 0)->ecx & 1u << 24, "TSC deadline");
	cr_assert(find(1, 0)->edx & 1u << 28);
}

Test(cpuid, one_processor_has_no_siblings)
{
	place(0, 1);
	cr_assert_eq(find(1, 0)->ebx, 0x00010800);
	cr_assert_not(find(1, 0)->edx & 1u << 28);
	cr_assert_not(find(0x80000001, 0)->ecx & 2);
	cr_assert_eq(find(0x80000008, 0)->ecx, 0);
}

Test(cpuid, topology_levels)
{
	place(2, 3);
	cr_assert_eq(find(0xb, 0)->ebx, 1);
	cr_assert_eq(find(0xb, 0)->ecx, 0x100);
	cr_assert_eq(find(0xb, 1)->eax, 2, "two bits number three");
	cr_assert_eq(find(0xb, 1)->ebx, 3);
	cr_assert_eq(find(0xb, 1)->ecx, 0x201);
	cr_assert_eq(find(0xb, 2)->ebx, 0);
	for (unsigned i = 0; i < 3; i++)
		cr_assert_eq(find(0xb, i)->edx, 2);
	cr_assert_null(find(0x1f, 0));
}

Test(cpuid, placing_again_replaces)
{
	unsigned before;

	place(0, 4);
	before = cpuid->nent;
	place(3, 4);
	cr_assert_eq(cpuid->nent, before);
	cr_assert_eq(find(0xb, 0)->edx, 3);
	cr_assert_eq(find(0x8000001e, 0)->eax, 3);
}

Test(cpuid, widths_and_counts_of_amd)
{
	place(1, 5);
	cr_assert_eq(find(0x80000008, 0)->eax, 0x3028);
	cr_assert_eq(find(0x80000008, 0)->ecx, 0x3004);
	cr_assert(find(0x80000001, 0)->ecx & 2);
}

Test(cpuid, the_last_cache_is_shared)
{
	place(0, 4);
	cr_assert_eq(find(0x8000001d, 0)->eax >> 14 & 0xfff, 0);
	cr_assert_eq(find(0x8000001d, 1)->eax >> 14 & 0xfff, 3);
	cr_assert_eq(find(0x8000001d, 2)->eax, 0);
}

Test(cpuid, kvm_leaves_stay)
{
	place(0, 1);
	cr_assert_eq(find(0x40000000, 0)->eax, 0x40000001);
}

Test(cpuid, the_array_is_not_overrun)
{
	const struct cpuid_place where = {.count = 1, .phys_bits = 40};
	unsigned room = cpuid->nent - 1;

	cpuid_place(cpuid, room, &where);
	cr_assert_leq(cpuid->nent, room);
}
