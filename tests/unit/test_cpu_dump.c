/* SPDX-License-Identifier: MIT */
/* How a vCPU that cannot go on is shown. */
#include "golden.h"

#include "machine/cpu_dump.h"

static void compare(const struct cpu_dump *dump, const char *name)
{
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	cpu_dump_print(dump, out);
	(void)fclose(out);
	golden_compare(name, text);
	free(text);
}

Test(cpu_dump, all_that_is_known)
{
	static const struct cpu_dump dump = {
		.index = 3,
		.has_regs = true,
		.has_sregs = true,
		.regs =
			{
				.rip = 0xffffffff81001234,
				.rflags = 0x10246,
				.rsp = 0xffffc90000013e58,
				.rax = 0x1122334455667788,
				.r15 = 15,
			},
		.sregs =
			{
				.cs = {.selector = 0x10,
				       .type = 0xb,
				       .limit = 0xffffffff,
				       .l = 1,
				       .present = 1},
				.ss = {.selector = 0x18, .type = 3, .limit = 0xffffffff, .db = 1},
				.cr0 = 0x80050033,
				.cr2 = 0x7fff12345678,
				.cr3 = 0x2a0e000,
				.cr4 = 0x3506f0,
				.efer = 0xd01,
				.gdt = {.base = 0xfffffe0000001000, .limit = 0x7f},
				.idt = {.base = 0xfffffe0000000000, .limit = 0xfff},
			},
		.exit = KVM_EXIT_INTERNAL_ERROR,
		.suberror = KVM_INTERNAL_ERROR_DELIVERY_EV,
		.data_count = 2,
		.data = {0x80000b0e, 0x31},
		.code_size = 4,
		.code = {0x48, 0x8b, 0x07, 0xc3},
	};

	compare(&dump, "cpu-dump.txt");
}

Test(cpu_dump, a_vcpu_that_tells_nothing)
{
	static const struct cpu_dump dump = {.exit = 4711};

	compare(&dump, "cpu-dump-nothing.txt");
}
