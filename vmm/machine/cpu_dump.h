/* SPDX-License-Identifier: MIT */
/*
 * struct cpu_dump: how a vCPU was when it could not go on, for people.
 */
#ifndef TENON_MACHINE_CPU_DUMP_H
#define TENON_MACHINE_CPU_DUMP_H

#include <linux/kvm.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

struct cpu;

#define CPU_DUMP_CODE 15u /* bytes that an instruction of x86 has at most */

/**
 * struct cpu_dump - a vCPU
 * @has_regs, @has_sregs: KVM told them
 * @exit: KVM's reason for the last exit; @suberror, @data: with KVM_EXIT_INTERNAL_ERROR
 * @code: what is at rip, @code_size bytes; 0 where that is no memory
 */
struct cpu_dump {
	unsigned index;
	bool has_regs;
	bool has_sregs;
	struct kvm_regs regs;
	struct kvm_sregs sregs;
	unsigned exit;
	unsigned suberror;
	unsigned data_count;
	uint64_t data[16];
	unsigned code_size;
	unsigned char code[CPU_DUMP_CODE];
};

/** cpu_dump_read() - on the vCPU's thread, after an exit. Cannot fail; what KVM does not tell is left out. */
void cpu_dump_read(const struct cpu *cpu, struct cpu_dump *ret_dump);

/** cpu_dump_print() - lines of "tenon: ..." */
void cpu_dump_print(const struct cpu_dump *dump, FILE *out);

/** cpu_exit_name() - what KVM calls a reason for an exit, without "KVM_EXIT_", in lower case */
const char *cpu_exit_name(unsigned reason);

#endif
