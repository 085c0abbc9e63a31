/* SPDX-License-Identifier: MIT */
/*
 * Sources: Intel SDM volume 2A, CPUID; AMD APM volume 3, appendix E; Documentation/virt/kvm/x86/cpuid.rst.
 */
#include "kvm/cpuid.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define CPUID_ENTRIES_FIRST 100u
#define CPUID_ENTRIES_MAX   1000u

#define LEAF1_ECX_TSC_DEADLINE (1u << 24)
#define LEAF1_ECX_HYPERVISOR   (1u << 31)
#define LEAF1_EDX_HTT	       (1u << 28)
#define AMD1_ECX_CMP_LEGACY    (1u << 1)

#define TOPOLOGY_TYPE_SMT  1u
#define TOPOLOGY_TYPE_CORE 2u
#define TOPOLOGY_LEVELS	   3u

static const struct kvm_cpuid_entry2 *find(const struct kvm_cpuid2 *cpuid, uint32_t leaf,
					   uint32_t subleaf)
{
	for (unsigned i = 0; i < cpuid->nent; i++) {
		const struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == leaf &&
		    (!(entry->flags & KVM_CPUID_FLAG_SIGNIFCANT_INDEX) || entry->index == subleaf))
			return entry;
	}
	return NULL;
}

static void drop(struct kvm_cpuid2 *cpuid, uint32_t leaf)
{
	unsigned kept = 0;

	for (unsigned i = 0; i < cpuid->nent; i++) {
		if (cpuid->entries[i].function != leaf)
			cpuid->entries[kept++] = cpuid->entries[i];
	}
	cpuid->nent = kept;
}

static void place_levels(struct kvm_cpuid2 *cpuid, unsigned room, uint32_t leaf,
			 const struct cpuid_place *place)
{
	struct kvm_cpuid_entry2 levels[TOPOLOGY_LEVELS] = {
		{.index = 0,
		 .eax = place->thread_bits,
		 .ebx = place->threads,
		 .ecx = TOPOLOGY_TYPE_SMT << 8},
		{.index = 1,
		 .eax = place->core_bits + place->thread_bits,
		 .ebx = place->cores * place->threads,
		 .ecx = 1 | TOPOLOGY_TYPE_CORE << 8},
		{.index = 2, .ecx = 2},
	};
	bool had = find(cpuid, leaf, 0) != NULL;

	drop(cpuid, leaf);
	for (unsigned i = 0; had && i < TOPOLOGY_LEVELS && cpuid->nent < room; i++) {
		levels[i].function = leaf;
		levels[i].flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		levels[i].edx = place->apic_id;
		cpuid->entries[cpuid->nent++] = levels[i];
	}
}

/* KVM gives leaves 0xb and 0x1f empty: "userspace must" fill them in (x86/kvm/cpuid.c, case 0xb). Level 0 is the threads of
 * a core, level 1 the cores of the package. AMD's own, 0x80000026, would say the same; without it guests use these. */
static void place_topology(struct kvm_cpuid2 *cpuid, unsigned room, const struct cpuid_place *place)
{
	drop(cpuid, 0x80000026);
	place_levels(cpuid, room, 0x1f, place);
	place_levels(cpuid, room, 0xb, place);
}

static unsigned smaller(unsigned a, unsigned b)
{
	return a < b ? a : b;
}

/* Leaves 4 (Intel) and 0x8000001d (AMD): the last level is the package's, the others are the core's. */
static void place_cache(struct kvm_cpuid_entry2 *entry, const struct cpuid_place *place)
{
	unsigned level = entry->eax >> 5 & 7;
	unsigned bits = level >= 3 ? place->core_bits + place->thread_bits : place->thread_bits;

	if (!(entry->eax & 0x1f))
		return; /* the end of the list */
	entry->eax = (entry->eax & 0x3fffu) | smaller((1u << bits) - 1, 0xfff) << 14;
	if (entry->function == 4)
		entry->eax |= smaller((1u << place->core_bits) - 1, 63) << 26;
}

static void place_leaf1(struct kvm_cpuid_entry2 *entry, const struct cpuid_place *place)
{
	unsigned ids = smaller(1u << (place->core_bits + place->thread_bits), 255);

	entry->ebx = (entry->ebx & 0xffffu) | ids << 16 | (place->apic_id & 0xffu) << 24;
	entry->ecx |= LEAF1_ECX_HYPERVISOR;
	if (place->tsc_deadline)
		entry->ecx |= LEAF1_ECX_TSC_DEADLINE;
	if (place->cores * place->threads > 1)
		entry->edx |= LEAF1_EDX_HTT;
	else
		entry->edx &= ~LEAF1_EDX_HTT;
}

/* AMD: the extended APIC id; the core and its threads; the package for the node, of which each has one. */
static void place_leaf_8000001e(struct kvm_cpuid_entry2 *entry, const struct cpuid_place *place)
{
	unsigned core = place->apic_id >> place->thread_bits & ((1u << place->core_bits) - 1);

	entry->eax = place->apic_id;
	entry->ebx = (core & 0xffu) | ((place->threads - 1) & 0xffu) << 8;
	entry->ecx = place->apic_id >> (place->core_bits + place->thread_bits) & 0xffu;
}

static void place_entry(struct kvm_cpuid_entry2 *entry, const struct cpuid_place *place, bool amd)
{
	unsigned in_package = place->cores * place->threads;

	switch (entry->function) {
	case 1:
		place_leaf1(entry, place);
		break;
	case 4:
	case 0x8000001d:
		place_cache(entry, place);
		break;
	case 0x80000001:
		if (amd && in_package > 1)
			entry->ecx |= AMD1_ECX_CMP_LEGACY;
		else
			entry->ecx &= ~AMD1_ECX_CMP_LEGACY;
		break;
	case 0x80000008:
		entry->eax = (entry->eax & ~0xffu) | place->phys_bits;
		if (amd)
			entry->ecx = (entry->ecx & ~0xf0ffu) |
				     smaller(place->core_bits + place->thread_bits, 15) << 12 |
				     smaller(in_package - 1, 255);
		break;
	case 0x8000001e:
		place_leaf_8000001e(entry, place);
		break;
	default:
		break;
	}
}

static bool is_amd(const struct kvm_cpuid2 *cpuid)
{
	const struct kvm_cpuid_entry2 *vendor = find(cpuid, 0, 0);

	/* "AuthenticAMD", "HygonGenuine": the two whose 0x8000_0000 leaves number cores */
	return vendor && (vendor->ebx == 0x68747541 || vendor->ebx == 0x6f677948);
}

void cpuid_place(struct kvm_cpuid2 *cpuid, unsigned room, const struct cpuid_place *place)
{
	bool amd = is_amd(cpuid);

	for (unsigned i = 0; i < cpuid->nent; i++)
		place_entry(&cpuid->entries[i], place, amd);
	place_topology(cpuid, room, place);
}

static uint32_t *reg_of(struct kvm_cpuid_entry2 *entry, enum cpuid_register reg)
{
	switch (reg) {
	case CPUID_EAX:
		return &entry->eax;
	case CPUID_EBX:
		return &entry->ebx;
	case CPUID_ECX:
		return &entry->ecx;
	default:
		return &entry->edx;
	}
}

bool cpuid_has(const struct kvm_cpuid2 *cpuid, const struct cpu_feature *feature)
{
	const struct kvm_cpuid_entry2 *found = find(cpuid, feature->leaf, feature->subleaf);
	struct kvm_cpuid_entry2 entry;

	if (!found)
		return false;
	entry = *found;
	return (*reg_of(&entry, feature->reg) & feature->mask) == feature->mask;
}

void cpuid_remove(struct kvm_cpuid2 *cpuid, const struct cpu_feature *feature)
{
	for (unsigned i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

		if (entry->function == feature->leaf && entry->index == feature->subleaf)
			*reg_of(entry, feature->reg) &= ~feature->mask;
	}
}

int cpuid_supported(const struct kvm *kvm, struct kvm_cpuid2 **ret_cpuid, struct pt_error *err)
{
	int r = -E2BIG;

	/* E2BIG asks for a larger array (api.rst 4.46). */
	for (unsigned room = CPUID_ENTRIES_FIRST; r == -E2BIG && room <= CPUID_ENTRIES_MAX;
	     room *= 2) {
		struct kvm_cpuid2 *cpuid = calloc(
			1, sizeof(*cpuid) + (room + CPUID_EXTRA) * sizeof(cpuid->entries[0]));

		if (!cpuid)
			return pt_error_set(err, -ENOMEM, "no memory for the processors' CPUID");
		cpuid->nent = room;
		r = kvm_ioctl(kvm, kvm->fd, KVM_GET_SUPPORTED_CPUID, cpuid);
		if (r >= 0) {
			*ret_cpuid = cpuid;
			return 0;
		}
		free(cpuid);
	}
	return pt_error_set(err, r, "KVM: no list of supported CPUID leaves: %s", strerror(-r));
}

int cpuid_apply(const struct kvm_vcpu *vcpu, struct kvm_cpuid2 *cpuid, struct pt_error *err)
{
	int r = kvm_ioctl(vcpu->kvm, vcpu->fd, KVM_SET_CPUID2, cpuid);

	if (r < 0)
		return pt_error_set(err, r, "KVM refuses the processors' CPUID: %s", strerror(-r));
	return 0;
}
