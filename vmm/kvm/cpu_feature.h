/* SPDX-License-Identifier: MIT */
/*
 * What a processor can do, by name: which bits of CPUID say it. Pure.
 *
 * Names are those of /proc/cpuinfo; where people know another from elsewhere, it is the second one.
 */
#ifndef TENON_KVM_CPU_FEATURE_H
#define TENON_KVM_CPU_FEATURE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define CPU_FEATURES 175

enum cpuid_register {
	CPUID_EAX,
	CPUID_EBX,
	CPUID_ECX,
	CPUID_EDX,
};

/** struct cpu_feature - @alias: another name for it, or NULL; @mask: bits that are all set where it is there */
struct cpu_feature {
	const char *name;
	const char *alias;
	uint32_t leaf;
	uint32_t subleaf;
	enum cpuid_register reg;
	uint32_t mask;
};

/** cpu_features[] - all of them */
extern const struct cpu_feature cpu_features[CPU_FEATURES];

/** cpu_feature_find() - index in cpu_features[], by either name; '-', '_' and '.' are the same. Return: -1 for none. */
int cpu_feature_find(const char *name);

#endif
