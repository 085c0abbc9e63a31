/* SPDX-License-Identifier: MIT */
/*
 * struct cpus: the guest's processors, a thread each.
 *
 * A thread is in one of two places: in its run loop, or parked. Parked means that it is out of KVM_RUN, that the exit it
 * came out with has been completed (KVM finishes an instruction that accessed a device at the next KVM_RUN only, and
 * would do it on top of registers that were set meanwhile; api.rst 5, kvm_run), and that it holds no lock. So whoever
 * parked the processors may read and write their state, and everything that only they touch.
 *
 * A thread parks when it is told to, and also of its own accord as soon as a request is pending: the guest that asked for a
 * reset does not run on. It is told by kvm_run.immediate_exit, which covers the moment before KVM_RUN, and a signal, which
 * covers the time in it and in a write() that blocks. The signal does nothing; vCPU threads block all others but those of their
 * own mistakes.
 */
#ifndef TENON_MACHINE_CPUS_H
#define TENON_MACHINE_CPUS_H

#include <pthread.h>
#include <stdbool.h>
#include <sys/types.h>

#include "kvm/vcpu.h"
#include "kvm/vcpu_state.h"
#include "machine/bus.h"
#include "machine/requests.h"
#include "plan/plan.h"
#include "timing.h"

struct cpus;
struct ram;
struct sandbox;

struct cpu {
	struct cpus *cpus;
	unsigned index;
	struct kvm_vcpu vcpu;
	struct kvm_vcpu_state power_on;
	pthread_t thread;
	_Atomic pid_t tid; /* for people and for pinning; 0 before it runs */
	bool started;
};

enum cpus_wanted {
	CPUS_PARK,
	CPUS_RUN,
	CPUS_EXIT,
};

struct cpus {
	struct bus *ports;
	struct bus *memory;
	const struct ram *ram; /* NULL: there is none to look at */
	struct requests *requests;
	struct timing *timing;
	struct cpu_list
		unpinned; /* the host's CPUs that run those that are not pinned; none for any */
	const struct vm_plan *plan;
	const struct sandbox *sandbox; /* NULL: none */
	struct cpu *list;
	unsigned count;
	pthread_mutex_t lock; /* of what follows */
	pthread_cond_t changed;
	_Atomic enum cpus_wanted wanted;
	unsigned started;
	unsigned parked;
};

/**
 * cpus_open() - make the plan's vCPUs, tell them their CPUID, remember their state
 * @cpus: zeroed, with @ports, @memory, @ram, @requests, @timing, @sandbox and @unpinned filled in
 * @plan: kept by reference
 *
 * Inverse: cpus_done(), after a failure too.
 */
int cpus_open(struct cpus *cpus, const struct kvm *kvm, const struct vm_plan *plan,
	      struct pt_error *err);

/** cpus_done() - stops the threads, closes the vCPUs; accepts one that was only zeroed */
void cpus_done(struct cpus *cpus);

/** cpus_start() - make the threads, parked; each has its number when this returns. Errors: -EAGAIN and others from pthread_create(3). */
int cpus_start(struct cpus *cpus, struct pt_error *err);

/** cpus_resume() - let them run */
void cpus_resume(struct cpus *cpus);

/** cpus_forgive_pause() - tell the guest that it was not its own fault that it stood still; they are parked */
void cpus_forgive_pause(struct cpus *cpus);
/** cpus_running() - whether they run, or are about to; asked by whoever resumes and parks them */
bool cpus_running(const struct cpus *cpus);

/** cpus_park() - returns when every thread is parked; inverse: cpus_resume() */
void cpus_park(struct cpus *cpus);

/** cpus_stop() - end the threads */
void cpus_stop(struct cpus *cpus);

/** cpus_restore() - put every vCPU back to power-on; they are parked */
int cpus_restore(struct cpus *cpus, struct pt_error *err);

#endif
