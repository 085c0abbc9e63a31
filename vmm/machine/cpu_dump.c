/* SPDX-License-Identifier: MIT */
#include "machine/cpu_dump.h"

#include <inttypes.h>
#include <string.h>

#include "machine/cpus.h"
#include "machine/ram.h"
#include "report.h"

#define PAGE UINT64_C(4096)

/* KVM_EXIT_MEMORY_FAULT is newer than some headers. */
static const char *const exit_names[] = {
	[KVM_EXIT_UNKNOWN] = "unknown",
	[KVM_EXIT_EXCEPTION] = "exception",
	[KVM_EXIT_IO] = "io",
	[KVM_EXIT_HYPERCALL] = "hypercall",
	[KVM_EXIT_DEBUG] = "debug",
	[KVM_EXIT_HLT] = "hlt",
	[KVM_EXIT_MMIO] = "mmio",
	[KVM_EXIT_IRQ_WINDOW_OPEN] = "irq window open",
	[KVM_EXIT_SHUTDOWN] = "shutdown",
	[KVM_EXIT_FAIL_ENTRY] = "fail entry",
	[KVM_EXIT_INTR] = "intr",
	[KVM_EXIT_SET_TPR] = "set tpr",
	[KVM_EXIT_TPR_ACCESS] = "tpr access",
	[KVM_EXIT_NMI] = "nmi",
	[KVM_EXIT_INTERNAL_ERROR] = "internal error",
	[KVM_EXIT_SYSTEM_EVENT] = "system event",
	[KVM_EXIT_IOAPIC_EOI] = "ioapic eoi",
	[KVM_EXIT_HYPERV] = "hyperv",
	[KVM_EXIT_X86_RDMSR] = "rdmsr",
	[KVM_EXIT_X86_WRMSR] = "wrmsr",
	[KVM_EXIT_DIRTY_RING_FULL] = "dirty ring full",
	[KVM_EXIT_X86_BUS_LOCK] = "bus lock",
	[KVM_EXIT_NOTIFY] = "notify",
	[39] = "memory fault",
};

const char *cpu_exit_name(unsigned reason)
{
	const char *name = NULL;

	if (reason < sizeof(exit_names) / sizeof(exit_names[0]))
		name = exit_names[reason];
	return name ? name : "a newer one";
}

/* As far as the page goes, in which it is one piece of memory. */
static void read_code(const struct cpu *cpu, struct cpu_dump *dump)
{
	struct kvm_translation where = {
		.linear_address = dump->sregs.cs.base + dump->regs.rip,
	};
	uint64_t left = PAGE - where.linear_address % PAGE;
	unsigned size = left < CPU_DUMP_CODE ? (unsigned)left : CPU_DUMP_CODE;
	const void *code;

	if (!cpu->cpus->ram || !dump->has_regs || !dump->has_sregs ||
	    kvm_ioctl(cpu->vcpu.kvm, cpu->vcpu.fd, KVM_TRANSLATE, &where) < 0 || !where.valid)
		return;
	code = ram_at(cpu->cpus->ram, where.physical_address, size);
	if (!code)
		return;
	memcpy(dump->code, code, size);
	dump->code_size = size;
}

void cpu_dump_read(const struct cpu *cpu, struct cpu_dump *ret_dump)
{
	const struct kvm_run *run = cpu->vcpu.run;
	struct cpu_dump dump = {.index = cpu->index, .exit = run->exit_reason};

	dump.has_regs = kvm_ioctl(cpu->vcpu.kvm, cpu->vcpu.fd, KVM_GET_REGS, &dump.regs) >= 0;
	dump.has_sregs = kvm_ioctl(cpu->vcpu.kvm, cpu->vcpu.fd, KVM_GET_SREGS, &dump.sregs) >= 0;
	if (dump.exit == KVM_EXIT_INTERNAL_ERROR) {
		dump.suberror = run->internal.suberror;
		dump.data_count = run->internal.ndata < 16 ? run->internal.ndata : 16;
		memcpy(dump.data, run->internal.data, dump.data_count * sizeof(dump.data[0]));
	}
	read_code(cpu, &dump);
	*ret_dump = dump;
}

static void print_regs(const struct kvm_regs *regs, FILE *out)
{
	const struct {
		const char *name;
		uint64_t value;
	} list[] = {
		{"rip", regs->rip}, {"rfl", regs->rflags}, {"rsp", regs->rsp}, {"rbp", regs->rbp},
		{"rax", regs->rax}, {"rbx", regs->rbx},	   {"rcx", regs->rcx}, {"rdx", regs->rdx},
		{"rsi", regs->rsi}, {"rdi", regs->rdi},	   {"r8 ", regs->r8},  {"r9 ", regs->r9},
		{"r10", regs->r10}, {"r11", regs->r11},	   {"r12", regs->r12}, {"r13", regs->r13},
		{"r14", regs->r14}, {"r15", regs->r15},
	};

	for (size_t i = 0; i < sizeof(list) / sizeof(list[0]); i += 2)
		report_note(out, "  %s %016" PRIx64 "  %s %016" PRIx64, list[i].name, list[i].value,
			    list[i + 1].name, list[i + 1].value);
}

static void print_segment(const char *name, const struct kvm_segment *segment, FILE *out)
{
	report_note(out, "  %s  %04x base %016" PRIx64 " limit %08x type %x dpl %u%s%s%s", name,
		    segment->selector, (uint64_t)segment->base, segment->limit, segment->type,
		    segment->dpl, segment->l ? " 64-bit" : "", segment->db ? " 32-bit" : "",
		    segment->present ? "" : " not present");
}

static void print_sregs(const struct kvm_sregs *sregs, FILE *out)
{
	print_segment("cs", &sregs->cs, out);
	print_segment("ss", &sregs->ss, out);
	report_note(out, "  cr0 %016" PRIx64 "  cr2 %016" PRIx64, (uint64_t)sregs->cr0,
		    (uint64_t)sregs->cr2);
	report_note(out, "  cr3 %016" PRIx64 "  cr4 %016" PRIx64, (uint64_t)sregs->cr3,
		    (uint64_t)sregs->cr4);
	report_note(out,
		    "  efer %" PRIx64 ", gdt %016" PRIx64 " limit %04x, idt %016" PRIx64
		    " limit %04x",
		    (uint64_t)sregs->efer, (uint64_t)sregs->gdt.base, sregs->gdt.limit,
		    (uint64_t)sregs->idt.base, sregs->idt.limit);
}

static void print_code(const struct cpu_dump *dump, FILE *out)
{
	char text[3 * CPU_DUMP_CODE + 1] = "";

	for (unsigned i = 0; i < dump->code_size; i++)
		(void)snprintf(text + 3 * i, 4, " %02x", dump->code[i]);
	if (dump->code_size)
		report_note(out, "  code at rip:%s", text);
	else
		report_note(out, "  code at rip: none; that is no memory of the guest's");
}

void cpu_dump_print(const struct cpu_dump *dump, FILE *out)
{
	char data[16 * 18 + 1] = "";

	for (unsigned i = 0; i < dump->data_count; i++)
		(void)snprintf(data + strlen(data), sizeof(data) - strlen(data), " %" PRIx64,
			       dump->data[i]);
	report_note(out, "vCPU %u, last exit %u (%s):", dump->index, dump->exit,
		    cpu_exit_name(dump->exit));
	if (dump->exit == KVM_EXIT_INTERNAL_ERROR)
		report_note(out, "  suberror %u, data:%s", dump->suberror,
			    dump->data_count ? data : " none");
	if (dump->has_regs)
		print_regs(&dump->regs, out);
	if (dump->has_sregs)
		print_sregs(&dump->sregs, out);
	if (dump->has_regs && dump->has_sregs)
		print_code(dump, out);
}
