/* SPDX-License-Identifier: MIT */
#include "machine/cpus.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <time.h>
#include <unistd.h>

#include "kvm/cpuid.h"
#include "machine/affinity.h"
#include "machine/cpu_exit.h"
#include "sandbox/sandbox.h"
#include "thread_signals.h"

#define CPU_STACK     (128u << 10) /* the deepest call chain, a BAR that moves, takes a tenth */
#define CPU_KICK      SIGRTMIN
#define KICK_AGAIN_MS 100

#define MSR_MISC_ENABLE		 0x1a0u
#define MISC_ENABLE_FAST_STRINGS 1u
#define MSR_MTRR_DEF_TYPE	 0x2ffu
#define MTRR_ENABLED_WRITE_BACK	 0x806u /* MTRRs on, write-back where none says else */

/* What firmware does before it hands over. Without fast strings, Linux does without REP MOVS; without MTRRs, it takes
 * all memory for uncached, or does without PAT. The host ignores both where the processor has no such thing. */
static void firmware_msrs(const struct kvm_vcpu *vcpu)
{
	uint64_t misc = 0;

	if (!kvm_msr_get(vcpu, MSR_MISC_ENABLE, &misc))
		(void)kvm_msr_set(vcpu, MSR_MISC_ENABLE, misc | MISC_ENABLE_FAST_STRINGS);
	(void)kvm_msr_set(vcpu, MSR_MTRR_DEF_TYPE, MTRR_ENABLED_WRITE_BACK);
}

static int open_one(struct cpu *cpu, const struct kvm *kvm, struct kvm_cpuid2 *cpuid, unsigned room,
		    const struct cpuid_place *place, const struct vm_plan *plan,
		    struct pt_error *err)
{
	int r = kvm_vcpu_open(&cpu->vcpu, kvm, place->apic_id, err);

	if (r)
		return r;
	cpuid_place(cpuid, room, place);
	for (unsigned i = 0; i < CPU_FEATURES; i++) {
		if (plan->cpu_features[i] < 0)
			cpuid_remove(cpuid, &cpu_features[i]);
	}
	r = cpuid_apply(&cpu->vcpu, cpuid, err);
	if (r)
		return r;
	firmware_msrs(&cpu->vcpu);
	return kvm_vcpu_save(&cpu->vcpu, &cpu->power_on, err);
}

static void init_sync(struct cpus *cpus)
{
	pthread_condattr_t attr;

	pthread_condattr_init(&attr);
	pthread_condattr_setclock(&attr, CLOCK_MONOTONIC);
	pthread_cond_init(&cpus->changed, &attr);
	pthread_condattr_destroy(&attr);
	pthread_mutex_init(&cpus->lock, NULL);
	atomic_init(&cpus->wanted, CPUS_PARK);
}

int cpus_open(struct cpus *cpus, const struct kvm *kvm, const struct vm_plan *plan,
	      struct pt_error *err)
{
	const struct plan_topology *topology = &plan->topology;
	struct cpuid_place place = {
		.cores = topology->cores,
		.threads = topology->threads,
		.core_bits = plan_core_bits(topology),
		.thread_bits = plan_thread_bits(topology),
		.phys_bits = plan->phys_bits,
		.tsc_deadline = kvm->has_tsc_deadline,
	};
	unsigned count = plan->cpus;
	struct kvm_cpuid2 *cpuid;
	unsigned room;
	int r;

	init_sync(cpus);
	cpus->list = calloc(count, sizeof(*cpus->list));
	if (!cpus->list)
		return pt_error_set(err, -ENOMEM, "no memory for %u vCPUs", count);
	cpus->count = count;
	cpus->plan = plan;
	for (unsigned i = 0; i < count; i++)
		cpus->list[i] = (struct cpu){
			.cpus = cpus,
			.index = i,
			.vcpu = KVM_VCPU_CLOSED,
		};
	r = cpuid_supported(kvm, &cpuid, err);
	if (r)
		return r;
	room = cpuid->nent + CPUID_EXTRA;
	for (unsigned i = 0; i < count && !r; i++) {
		place.apic_id = plan_apic_id(topology, i);
		r = open_one(&cpus->list[i], kvm, cpuid, room, &place, plan, err);
	}
	free(cpuid);
	return r;
}

void cpus_done(struct cpus *cpus)
{
	if (!cpus->list)
		return;
	cpus_stop(cpus);
	for (unsigned i = 0; i < cpus->count; i++) {
		kvm_vcpu_close(&cpus->list[i].vcpu);
		kvm_vcpu_state_done(&cpus->list[i].power_on);
	}
	free(cpus->list);
	cpus->list = NULL;
	cpus->count = 0;
	pthread_cond_destroy(&cpus->changed);
	pthread_mutex_destroy(&cpus->lock);
}

static bool must_leave(struct cpus *cpus)
{
	return atomic_load_explicit(&cpus->wanted, memory_order_acquire) != CPUS_RUN ||
	       requests_pending(cpus->requests);
}

/* Let KVM finish the instruction that came out last; an access to a device may come in several parts. */
static void complete_exit(struct cpu *cpu)
{
	cpu->vcpu.run->immediate_exit = 1;
	while (!kvm_vcpu_run(&cpu->vcpu))
		cpu_exit(cpu);
}

static void run_loop(struct cpu *cpu)
{
	while (!must_leave(cpu->cpus)) {
		int r = kvm_vcpu_run(&cpu->vcpu);

		if (!r)
			cpu_exit(cpu);
		else if (r != -EINTR && r != -EAGAIN)
			cpu_run_failed(cpu, r);
	}
	complete_exit(cpu);
}

/* Parked. Return: whether to run again. */
static bool wait_parked(struct cpu *cpu)
{
	struct cpus *cpus = cpu->cpus;
	bool go_on;

	pthread_mutex_lock(&cpus->lock);
	cpus->parked++;
	pthread_cond_broadcast(&cpus->changed);
	while (cpus->wanted != CPUS_EXIT && must_leave(cpus))
		pthread_cond_wait(&cpus->changed, &cpus->lock);
	cpus->parked--;
	cpu->vcpu.run->immediate_exit = 0;
	go_on = cpus->wanted == CPUS_RUN;
	pthread_mutex_unlock(&cpus->lock);
	return go_on;
}

/* Before the guest runs on it. */
static void begin(struct cpu *cpu)
{
	struct pt_error err = PT_ERROR_INIT;
	char name[16];
	sigset_t kick;

	sigemptyset(&kick);
	sigaddset(&kick, CPU_KICK);
	pthread_sigmask(SIG_UNBLOCK, &kick, NULL);
	(void)snprintf(name, sizeof(name), "vcpu%u", cpu->index);
	(void)prctl(PR_SET_NAME, name);
	atomic_store(&cpu->tid, gettid());
	if (sandbox_thread(cpu->cpus->sandbox, SANDBOX_VCPU, &err) < 0)
		requests_fail(cpu->cpus->requests, &err);
}

static void *cpu_main(void *arg)
{
	struct cpu *cpu = arg;
	bool first = cpu->index == 0;

	begin(cpu);
	while (wait_parked(cpu)) {
		if (first)
			timing_mark(cpu->cpus->timing, TIMING_FIRST_ENTRY);
		first = false;
		run_loop(cpu);
	}
	return NULL;
}

static void kicked(int signal)
{
	(void)signal;
}

/* Without SA_RESTART: a kick is to end a write() that blocks, too. */
static int install_kick(struct pt_error *err)
{
	struct sigaction action = {.sa_handler = kicked};

	sigemptyset(&action.sa_mask);
	if (sigaction(CPU_KICK, &action, NULL))
		return pt_error_set(err, -errno, "cannot install the vCPUs' signal: %m");
	return 0;
}

static int cannot_pin(const struct cpu *cpu, const struct cpu_list *host, int code,
		      struct pt_error *err)
{
	char text[CPU_LIST_TEXT_SIZE];

	(void)pt_error_set(err, -code, "vCPU %u cannot be pinned to the host's CPUs %s: %s",
			   cpu->index, cpu_list_text(host, text), strerror(code));
	return pt_error_remedy(err, -code,
			       "a control group's cpuset.cpus may leave them out: see "
			       "/proc/self/status, Cpus_allowed_list");
}

static int start_one(struct cpu *cpu, pthread_attr_t *attr, struct pt_error *err)
{
	struct cpu_list host = cpu->cpus->unpinned;
	bool pinned = plan_pin(cpu->cpus->plan, cpu->index, &host);
	cpu_set_t set = affinity_set(&host);
	int r;

	/* One that may run anywhere is left to the control group's cpuset, which may change. */
	if (cpu_list_count(&host))
		(void)pthread_attr_setaffinity_np(attr, sizeof(set), &set);
	else
		(void)pthread_attr_setaffinity_np(attr, 0, &set); /* none */
	r = pthread_create(&cpu->thread, attr, cpu_main, cpu);
	if (r && pinned && r == EINVAL)
		return cannot_pin(cpu, &host, r, err);
	if (r)
		return pt_error_set(err, -r, "no thread for vCPU %u: %s", cpu->index, strerror(r));
	cpu->started = true;
	return 0;
}

int cpus_start(struct cpus *cpus, struct pt_error *err)
{
	pthread_attr_t attr;
	sigset_t before;
	int r = install_kick(err);

	if (r)
		return r;
	pthread_attr_init(&attr);
	(void)pthread_attr_setstacksize(&attr, CPU_STACK);
	thread_signals_block(&before);
	for (unsigned i = 0; i < cpus->count && !r; i++) {
		r = start_one(&cpus->list[i], &attr, err);
		cpus->started += !r;
	}
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	pthread_attr_destroy(&attr);
	/* Whoever asks for their threads finds them. */
	if (!r)
		cpus_park(cpus);
	return r;
}

static void want(struct cpus *cpus, enum cpus_wanted wanted)
{
	pthread_mutex_lock(&cpus->lock);
	atomic_store_explicit(&cpus->wanted, wanted, memory_order_release);
	pthread_cond_broadcast(&cpus->changed);
	pthread_mutex_unlock(&cpus->lock);
}

void cpus_resume(struct cpus *cpus)
{
	want(cpus, CPUS_RUN);
}

bool cpus_running(const struct cpus *cpus)
{
	return atomic_load_explicit(&cpus->wanted, memory_order_acquire) == CPUS_RUN;
}

static void kick_all(struct cpus *cpus)
{
	for (unsigned i = 0; i < cpus->count; i++) {
		struct cpu *cpu = &cpus->list[i];

		if (!cpu->started)
			continue;
		cpu->vcpu.run->immediate_exit = 1;
		pthread_kill(cpu->thread, CPU_KICK);
	}
}

/* Again and again: a signal that comes just before a blocking write() is lost on it. */
void cpus_park(struct cpus *cpus)
{
	pthread_mutex_lock(&cpus->lock);
	atomic_store_explicit(&cpus->wanted, CPUS_PARK, memory_order_release);
	while (cpus->parked < cpus->started) {
		struct timespec until;

		kick_all(cpus);
		clock_gettime(CLOCK_MONOTONIC, &until);
		until.tv_nsec += KICK_AGAIN_MS * 1000000L;
		if (until.tv_nsec >= 1000000000L) {
			until.tv_sec++;
			until.tv_nsec -= 1000000000L;
		}
		while (cpus->parked < cpus->started &&
		       !pthread_cond_timedwait(&cpus->changed, &cpus->lock, &until))
			;
	}
	pthread_mutex_unlock(&cpus->lock);
}

void cpus_stop(struct cpus *cpus)
{
	if (!cpus->started)
		return;
	cpus_park(cpus);
	want(cpus, CPUS_EXIT);
	for (unsigned i = 0; i < cpus->count; i++) {
		if (cpus->list[i].started)
			pthread_join(cpus->list[i].thread, NULL);
		cpus->list[i].started = false;
	}
	cpus->started = 0;
}

/* A guest without a KVM clock cannot be told, and KVM says so. */
void cpus_forgive_pause(struct cpus *cpus)
{
	for (unsigned i = 0; i < cpus->count; i++) {
		const struct kvm_vcpu *vcpu = &cpus->list[i].vcpu;

		(void)kvm_ioctl(vcpu->kvm, vcpu->fd, KVM_KVMCLOCK_CTRL, NULL);
	}
}

int cpus_restore(struct cpus *cpus, struct pt_error *err)
{
	for (unsigned i = 0; i < cpus->count; i++) {
		int r = kvm_vcpu_restore(&cpus->list[i].vcpu, &cpus->list[i].power_on, err);

		if (r)
			return r;
	}
	return 0;
}
