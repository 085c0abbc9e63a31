/* SPDX-License-Identifier: MIT */
/*
 * What is done when a vCPU comes out of the guest.
 */
#ifndef TENON_MACHINE_CPU_EXIT_H
#define TENON_MACHINE_CPU_EXIT_H

#include "machine/cpus.h"

/** cpu_exit() - handle the exit in the vCPU's kvm_run; what cannot be handled becomes a crash request */
void cpu_exit(struct cpu *cpu);

/** cpu_run_failed() - KVM_RUN itself failed with @code; becomes a crash request that says where */
void cpu_run_failed(struct cpu *cpu, int code);

#endif
