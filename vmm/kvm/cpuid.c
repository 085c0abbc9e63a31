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

/* How many bits number @count processors. */
static unsigned bits_for(unsigned count)
{
	unsigned bits = 0;

	while ((1u << bits) < count)
		bits++;
	return bits;
}

static struct kvm_cpuid_entry2 *find(struct kvm_cpuid2 *cpuid, uint32_t leaf, uint32_t subleaf)
{
	for (unsigned i = 0; i < cpuid->nent; i++) {
		struct kvm_cpuid_entry2 *entry = &cpuid->entries[i];

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

/* KVM gives leaf 0xb empty: "userspace must" fill it in (x86/kvm/cpuid.c, case 0xb). Level 0 is the threads of a core,
 * level 1 the cores of the package. The newer leaf 0x1f would say the same; without it guests use this one. */
static void place_topology(struct kvm_cpuid2 *cpuid, unsigned room, const struct cpuid_place *place)
{
	struct kvm_cpuid_entry2 levels[3] = {
		{.index = 0, .eax = 0, .ebx = 1, .ecx = TOPOLOGY_TYPE_SMT << 8},
		{.index = 1,
		 .eax = bits_for(place->count),
		 .ebx = place->count,
		 .ecx = 1 | TOPOLOGY_TYPE_CORE << 8},
		{.index = 2, .ecx = 2},
	};
	bool had = find(cpuid, 0xb, 0) != NULL;

	drop(cpuid, 0x1f);
	drop(cpuid, 0x80000026);
	drop(cpuid, 0xb);
	for (unsigned i = 0; had && i < 3 && cpuid->nent < room; i++) {
		levels[i].function = 0xb;
		levels[i].flags = KVM_CPUID_FLAG_SIGNIFCANT_INDEX;
		levels[i].edx = place->index;
		cpuid->entries[cpuid->nent++] = levels[i];
	}
}

/* Leaves 4 (Intel) and 0x8000001d (AMD): a cache is private to its core, but for the last level, which all share. */
static void place_cache(struct kvm_cpuid_entry2 *entry, const struct cpuid_place *place)
{
	unsigned level = entry->eax >> 5 & 7;
	unsigned ids = 1u << bits_for(place->count);
	unsigned sharing = level >= 3 ? ids - 1 : 0;

	if (!(entry->eax & 0x1f))
		return; /* the end of the list */
	entry->eax = (entry->eax & 0x3fffu) | (sharing & 0xfffu) << 14;
	if (entry->function == 4)
		entry->eax |= (ids - 1 > 63 ? 63 : ids - 1) << 26;
}

static void place_leaf1(struct kvm_cpuid_entry2 *entry, const struct cpuid_place *place)
{
	unsigned ids = 1u << bits_for(place->count);

	if (ids > 255)
		ids = 255;
	entry->ebx = (entry->ebx & 0xffffu) | ids << 16 | place->index << 24;
	entry->ecx |= LEAF1_ECX_HYPERVISOR;
	if (place->tsc_deadline)
		entry->ecx |= LEAF1_ECX_TSC_DEADLINE;
	if (place->count > 1)
		entry->edx |= LEAF1_EDX_HTT;
	else
		entry->edx &= ~LEAF1_EDX_HTT;
}

static void place_entry(struct kvm_cpuid_entry2 *entry, const struct cpuid_place *place, bool amd)
{
	switch (entry->function) {
	case 1:
		place_leaf1(entry, place);
		break;
	case 4:
	case 0x8000001d:
		place_cache(entry, place);
		break;
	case 0x80000001:
		if (amd && place->count > 1)
			entry->ecx |= AMD1_ECX_CMP_LEGACY;
		else
			entry->ecx &= ~AMD1_ECX_CMP_LEGACY;
		break;
	case 0x80000008:
		entry->eax = (entry->eax & ~0xffu) | place->phys_bits;
		if (amd)
			entry->ecx = (entry->ecx & ~0xf0ffu) | bits_for(place->count) << 12 |
				     ((place->count - 1) & 0xffu);
		break;
	case 0x8000001e: /* extended APIC id, core id with one thread, node 0 */
		entry->eax = place->index;
		entry->ebx = place->index & 0xffu;
		entry->ecx = 0;
		break;
	default:
		break;
	}
}

static bool is_amd(struct kvm_cpuid2 *cpuid)
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
