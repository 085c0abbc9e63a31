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

static void place_in(uint32_t apic_id, unsigned cores, unsigned threads, unsigned core_bits,
		     unsigned thread_bits)
{
	const struct cpuid_place where = {
		.apic_id = apic_id,
		.cores = cores,
		.threads = threads,
		.core_bits = core_bits,
		.thread_bits = thread_bits,
		.phys_bits = 40,
		.tsc_deadline = true,
	};

	cpuid_place(cpuid, ROOM, &where);
}

/* One package of cores of one thread. */
static void place(uint32_t apic_id, unsigned count)
{
	unsigned bits = 0;

	while (1u << bits < count)
		bits++;
	place_in(apic_id, count, 1, bits, 0);
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
	for (unsigned i = 0; i < 3; i++) {
		cr_assert_eq(find(0xb, i)->edx, 2);
		cr_assert_eq(find(0x1f, i)->eax, find(0xb, i)->eax);
		cr_assert_eq(find(0x1f, i)->ebx, find(0xb, i)->ebx);
		cr_assert_eq(find(0x1f, i)->ecx, find(0xb, i)->ecx);
	}
}

Test(cpuid, a_leaf_that_kvm_does_not_give_is_not_made_up)
{
	cr_assert_eq(cpuid->entries[3].function, 0x1f);
	cpuid->entries[3].function = 0x1e;
	place(0, 2);
	cr_assert_null(find(0x1f, 0));
	cr_assert_not_null(find(0xb, 2));
}

/* Thread 1 of core 2 of package 3, with 3 cores of 2 threads each: 2 bits for the core, 1 for the thread. */
Test(cpuid, packages_cores_and_threads)
{
	uint32_t id = 3 << 3 | 2 << 1 | 1;

	add(4, 0, true)->eax = 0x21;
	add(4, 1, true)->eax = 0x63;
	place_in(id, 3, 2, 2, 1);
	cr_assert_eq(find(1, 0)->ebx, id << 24 | 0x080800);
	cr_assert_eq(find(0xb, 0)->eax, 1);
	cr_assert_eq(find(0xb, 0)->ebx, 2);
	cr_assert_eq(find(0xb, 1)->eax, 3);
	cr_assert_eq(find(0xb, 1)->ebx, 6);
	cr_assert_eq(find(0xb, 1)->edx, id);
	cr_assert_eq(find(4, 0)->eax, (3u << 26) + (1u << 14) + 0x21, "L1 is the core's");
	cr_assert_eq(find(4, 1)->eax, (3u << 26) + (7u << 14) + 0x63, "L3 is the package's");
	cr_assert_eq(find(0x8000001e, 0)->eax, id);
	cr_assert_eq(find(0x8000001e, 0)->ebx, 0x102);
	cr_assert_eq(find(0x8000001e, 0)->ecx, 3);
	cr_assert_eq(find(0x80000008, 0)->ecx, 0x3005);
	cr_assert(find(0x80000001, 0)->ecx & 2);
}

Test(cpuid, wide_ids)
{
	place_in(300, 512, 1, 9, 0);
	cr_assert_eq(find(1, 0)->ebx, 0x2cff0800, "the low bits, and as many as can be said");
	cr_assert_eq(find(0xb, 1)->edx, 300);
	cr_assert_eq(find(0x8000001e, 0)->eax, 300);
	cr_assert_eq(find(0x80000008, 0)->ecx, 0x90ff);
}

Test(cpuid, features_by_name)
{
	struct cpu_feature avx = cpu_features[cpu_feature_find("avx")];
	struct cpu_feature kvmclock = cpu_features[cpu_feature_find("kvmclock")];

	cr_assert_not(cpuid_has(cpuid, &avx));
	find(1, 0)->ecx = 0x10000001;
	cr_assert(cpuid_has(cpuid, &avx));
	cpuid_remove(cpuid, &avx);
	cr_assert_eq(find(1, 0)->ecx, 1);
	cr_assert_not(cpuid_has(cpuid, &kvmclock), "no such leaf");
	add(0x40000001, 0, false)->eax = 1;
	cr_assert_not(cpuid_has(cpuid, &kvmclock), "one of two bits");
	find(0x40000001, 0)->eax = 0x2b;
	cr_assert(cpuid_has(cpuid, &kvmclock));
	cpuid_remove(cpuid, &kvmclock);
	cr_assert_eq(find(0x40000001, 0)->eax, 0x22);
}

Test(cpuid, feature_names)
{
	cr_assert_eq(cpu_feature_find("sse4.2"), cpu_feature_find("sse4_2"));
	cr_assert_eq(cpu_feature_find("tsc-deadline"), cpu_feature_find("tsc_deadline_timer"));
	cr_assert_eq(cpu_feature_find("avx"), cpu_feature_find("avx"));
	cr_assert_neq(cpu_feature_find("avx"), cpu_feature_find("avx2"));
	cr_assert_eq(cpu_feature_find("avx3"), -1);
	cr_assert_eq(cpu_feature_find(""), -1);
	for (int i = 0; i < CPU_FEATURES; i++) {
		const struct cpu_feature *feature = &cpu_features[i];

		cr_assert_eq(cpu_feature_find(feature->name), i, "%s", feature->name);
		if (feature->alias)
			cr_assert_eq(cpu_feature_find(feature->alias), i, "%s", feature->alias);
		cr_assert_neq(feature->mask, 0);
		for (int j = 0; j < i; j++)
			cr_assert_not(cpu_features[j].leaf == feature->leaf &&
					      cpu_features[j].subleaf == feature->subleaf &&
					      cpu_features[j].reg == feature->reg &&
					      (cpu_features[j].mask & feature->mask),
				      "%s and %s", cpu_features[j].name, feature->name);
	}
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
	const struct cpuid_place where = {.cores = 1, .threads = 1, .phys_bits = 40};
	unsigned room = cpuid->nent - 1;

	cpuid_place(cpuid, room, &where);
	cr_assert_leq(cpuid->nent, room);
}
