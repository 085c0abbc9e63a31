/* SPDX-License-Identifier: MIT */
#include "machine/cpu_exit.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "machine/cpu_dump.h"

/* Older headers than the kernel that runs this: api.rst 5, KVM_EXIT_MEMORY_FAULT (6.8). */
#ifndef KVM_EXIT_MEMORY_FAULT
#define KVM_EXIT_MEMORY_FAULT 39
#endif

#define CR0_PE 1u

struct memory_fault {
	uint64_t flags;
	uint64_t gpa;
	uint64_t size;
};

static void exit_io(struct cpu *cpu, struct kvm_run *run)
{
	unsigned char *data = (unsigned char *)run + run->io.data_offset;

	/* A string instruction's repeats come together (api.rst 5, KVM_EXIT_IO). */
	for (uint32_t i = 0; i < run->io.count; i++, data += run->io.size) {
		if (run->io.direction == KVM_EXIT_IO_OUT)
			bus_write(cpu->cpus->ports, run->io.port, data, run->io.size);
		else
			bus_read(cpu->cpus->ports, run->io.port, data, run->io.size);
	}
}

static void exit_mmio(struct cpu *cpu, struct kvm_run *run)
{
	if (!run->mmio.len || run->mmio.len > sizeof(run->mmio.data))
		return;
	if (run->mmio.is_write)
		bus_write(cpu->cpus->memory, run->mmio.phys_addr, run->mmio.data, run->mmio.len);
	else
		bus_read(cpu->cpus->memory, run->mmio.phys_addr, run->mmio.data, run->mmio.len);
}

/* Everything that is known of the vCPU goes to the user at once, in one piece whatever other vCPUs do. */
static uint64_t dump(const struct cpu *cpu)
{
	struct cpu_dump dump;

	cpu_dump_read(cpu, &dump);
	flockfile(stderr);
	cpu_dump_print(&dump, stderr);
	funlockfile(stderr);
	return dump.regs.rip;
}

static void exit_system_event(struct cpu *cpu, const struct kvm_run *run)
{
	struct pt_error why;

	switch (run->system_event.type) {
	case KVM_SYSTEM_EVENT_SHUTDOWN:
		requests_post(cpu->cpus->requests, REQUEST_POWEROFF);
		break;
	case KVM_SYSTEM_EVENT_RESET:
		requests_post(cpu->cpus->requests, REQUEST_RESET);
		break;
	default:
		pt_error_set(&why, -EIO, "the guest reported a crash (vCPU %u, event %u)",
			     cpu->index, run->system_event.type);
		requests_crash(cpu->cpus->requests, &why);
		break;
	}
}

static bool in_protected_mode(const struct cpu *cpu)
{
	struct kvm_sregs sregs = {0};

	(void)kvm_ioctl(cpu->vcpu.kvm, cpu->vcpu.fd, KVM_GET_SREGS, &sregs);
	return sregs.cr0 & CR0_PE;
}

/* A triple fault is a reset on a real machine. Here it ends the guest: an endless loop of boots hides the crash. */
static void exit_shutdown(struct cpu *cpu)
{
	struct pt_error why;

	/* AMD's processors keep nothing of it, and KVM shows one that was reset: api.rst says nothing of that,
	 * svm.c, shutdown_interception(), does. */
	if (in_protected_mode(cpu))
		(void)dump(cpu);
	pt_error_set(&why, -EIO, "the guest triple-faulted on vCPU %u", cpu->index);
	pt_error_remedy(&why, -EIO,
			"if it meant to reboot, take reboot=t off its command line: the "
			"ACPI reset register works");
	requests_crash(cpu->cpus->requests, &why);
}

/* What the kernel cannot go on after: api.rst 5, KVM_EXIT_INTERNAL_ERROR; the numbers are in linux/kvm.h. */
static const struct {
	const char *what;
	const char *remedy;
} internal_errors[] = {
	[KVM_INTERNAL_ERROR_EMULATION] =
		{"an instruction that it cannot emulate",
		 "the guest runs code where there is no memory, or uses an instruction on a device's "
		 "registers that KVM does not know: the dump above shows which; the second is helped by a "
		 "newer kernel on the host"},
	[KVM_INTERNAL_ERROR_SIMUL_EX] =
		{"two exceptions at once",
		 "a newer kernel on the host may do better; report it with the dump above"},
	[KVM_INTERNAL_ERROR_DELIVERY_EV] =
		{"an exception or interrupt whose delivery failed",
		 "the guest's interrupt table or stack is where there is no memory: look for what its "
		 "kernel did before the dump above"},
	[KVM_INTERNAL_ERROR_UNEXPECTED_EXIT_REASON] =
		{"an exit of the processor that it does not know",
		 "run a newer kernel on the host, and look at what its log says (dmesg)"},
};

static void exit_internal_error(struct cpu *cpu, const struct kvm_run *run)
{
	const unsigned suberror = run->internal.suberror;
	const bool known =
		suberror > 0 && suberror < sizeof(internal_errors) / sizeof(internal_errors[0]);
	struct pt_error why;
	uint64_t rip = dump(cpu);

	pt_error_set(&why, -EIO,
		     "KVM could not go on with vCPU %u: internal error %u%s%s%s at rip 0x%" PRIx64,
		     cpu->index, suberror, known ? " (" : "",
		     known ? internal_errors[suberror].what : "", known ? ")" : "", rip);
	pt_error_remedy(&why, -EIO, "%s",
			known ? internal_errors[suberror].remedy
			      : "look at what the host's kernel says of it (dmesg)");
	requests_crash(cpu->cpus->requests, &why);
}

void cpu_exit(struct cpu *cpu)
{
	struct kvm_run *run = cpu->vcpu.run;
	struct pt_error why;

	switch (run->exit_reason) {
	case KVM_EXIT_IO:
		exit_io(cpu, run);
		return;
	case KVM_EXIT_MMIO:
		exit_mmio(cpu, run);
		return;
	case KVM_EXIT_SYSTEM_EVENT:
		exit_system_event(cpu, run);
		return;
	case KVM_EXIT_SHUTDOWN:
		exit_shutdown(cpu);
		return;
	case KVM_EXIT_INTERNAL_ERROR:
		exit_internal_error(cpu, run);
		return;
	case KVM_EXIT_FAIL_ENTRY:
		(void)dump(cpu);
		pt_error_set(&why, -EIO,
			     "the processor refuses to enter vCPU %u: hardware reason 0x%" PRIx64,
			     cpu->index, (uint64_t)run->fail_entry.hardware_entry_failure_reason);
		break;
	default:
		pt_error_set(&why, -EIO,
			     "vCPU %u came out of the guest for reason %u, at rip "
			     "0x%" PRIx64 ", which Tenon does not know",
			     cpu->index, run->exit_reason, dump(cpu));
		break;
	}
	requests_crash(cpu->cpus->requests, &why);
}

void cpu_run_failed(struct cpu *cpu, int code)
{
	const struct kvm_run *run = cpu->vcpu.run;
	struct pt_error why;

	/* The one exit that comes with a failed KVM_RUN; for any other errno exit_reason is stale (api.rst 5). */
	if ((code == -EFAULT || code == -EHWPOISON) && run->exit_reason == KVM_EXIT_MEMORY_FAULT) {
		struct memory_fault fault;

		memcpy(&fault, run->padding, sizeof(fault)); /* the union's name for all of it */
		pt_error_set(&why, code,
			     "vCPU %u: the memory behind guest address 0x%" PRIx64
			     " cannot be reached: %s",
			     cpu->index, fault.gpa, strerror(-code));
	} else if (code == -EFAULT) {
		pt_error_set(&why, code,
			     "vCPU %u: guest memory cannot be reached, at rip 0x%" PRIx64
			     ": a device's BAR that is gone, or no host memory left",
			     cpu->index, dump(cpu));
	} else {
		pt_error_set(&why, code, "vCPU %u: KVM_RUN: %s", cpu->index, strerror(-code));
	}
	requests_crash(cpu->cpus->requests, &why);
}
