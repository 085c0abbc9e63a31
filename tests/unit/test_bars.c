/* SPDX-License-Identifier: MIT */
/* BARs: sizing, moving, and when they are in the guest. */
#include "check.h"

#define GIB (1ull << 30)

/*
 * BAR 0: 16 KiB, 64-bit. BAR 2: 256 B of ports. BAR 3: 1 MiB, 32-bit. BAR 4: 256 GiB, 64-bit, prefetchable.
 * No MSI-X, so nothing is cut out.
 */
static struct model_pci mixed(void)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};

	model_config_init(&pci, 0x10de, 0x2330, 0x030200);
	pci.bars[0] = (struct model_bar){.size = 0x4000, .is_64bit = true};
	pci.bars[2] = (struct model_bar){.size = 0x100, .io = true};
	pci.bars[3] = (struct model_bar){.size = 0x100000};
	pci.bars[4] = (struct model_bar){.size = 256 * GIB, .is_64bit = true, .prefetchable = true};
	return pci;
}

static void up(struct check *c)
{
	struct model_pci pci = mixed();

	check_up(c, &pci);
}

/* Writes all ones to a register, reads it back, restores it. */
static uint32_t size_register(const struct check *c, unsigned i)
{
	uint32_t old = cfg_read(c, CFG_BAR(i), 4), value;

	cfg_write(c, CFG_BAR(i), 4, 0xffffffff);
	value = cfg_read(c, CFG_BAR(i), 4);
	cfg_write(c, CFG_BAR(i), 4, old);
	cr_assert_eq(cfg_read(c, CFG_BAR(i), 4), old);
	return value;
}

Test(bars, sizing)
{
	struct check c;

	up(&c);
	cr_assert_eq(size_register(&c, 0), 0xffffc004);
	cr_assert_eq(size_register(&c, 1), 0xffffffff);
	cr_assert_eq(size_register(&c, 2), 0xffffff01);
	cr_assert_eq(size_register(&c, 3), 0xfff00000);
	cr_assert_eq(size_register(&c, 4), 0x0000000c);
	cr_assert_eq(size_register(&c, 5), 0xffffffc0);
	check_down(&c);
}

Test(bars, registers_that_are_none_read_zero)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};
	struct check c;

	model_config_init(&pci, 0x1234, 0x11e8, 0x00ff00);
	pci.bars[0].size = 0x100000;
	check_up(&c, &pci);
	for (unsigned i = 1; i < PT_BARS; i++) {
		cr_assert_eq(size_register(&c, i), 0);
		cr_assert_eq(pt_function_bar(c.function, i).kind, PT_BAR_NONE);
	}
	cr_assert_eq(pt_function_bar(c.function, 99).kind, PT_BAR_NONE);
	check_down(&c);
}

Test(bars, they_are_where_the_setup_says)
{
	struct check c;
	struct pt_function_setup setup;

	up(&c);
	setup = check_setup(&c.host->pci);
	cr_assert_eq(pt_function_bar(c.function, 0).kind, PT_BAR_MEM64);
	cr_assert_eq(pt_function_bar(c.function, 1).kind, PT_BAR_NONE);
	cr_assert_eq(pt_function_bar(c.function, 2).kind, PT_BAR_IO);
	cr_assert_eq(pt_function_bar(c.function, 3).kind, PT_BAR_MEM32);
	cr_assert_eq(pt_function_bar(c.function, 4).kind, PT_BAR_MEM64);
	cr_assert(pt_function_bar(c.function, 4).prefetchable);
	cr_assert_not(pt_function_bar(c.function, 0).prefetchable);
	for (unsigned i = 0; i < PT_BARS; i++) {
		struct pt_bar bar = pt_function_bar(c.function, i);

		cr_assert_eq(bar.size, c.host->pci.bars[i].size);
		cr_assert_eq(bar.address, setup.bar_address[i]);
		cr_assert_not(bar.mapped);
	}
	cr_assert_eq(cfg_read(&c, CFG_BAR(4), 4), (uint32_t)setup.bar_address[4] | 0xc);
	cr_assert_eq(cfg_read(&c, CFG_BAR(5), 4), setup.bar_address[4] >> 32);
	check_down(&c);
}

Test(bars, an_address_that_is_not_aligned_is_refused)
{
	struct model_pci pci = mixed();
	struct check c;

	for (unsigned i = 0; i < PT_BARS; i++) {
		struct pt_function_setup setup = check_setup(&pci);

		if (pci.bars[i].size == 0)
			continue;
		setup.bar_address[i] += pci.bars[i].size / 2;
		check_attach(&c, &pci);
		check_error(
			pt_function_create(c.device, &setup, &guest_ops, NULL, &c.function, &c.err),
			-EINVAL, c.err, "0000:02:00.0");
		check_down(&c);
	}
}

Test(bars, a_32_bit_bar_above_4_gib_is_refused)
{
	struct model_pci pci = mixed();
	struct pt_function_setup setup = check_setup(&pci);
	struct check c;

	setup.bar_address[3] = 1ull << 32;
	check_attach(&c, &pci);
	check_error(pt_function_create(c.device, &setup, &guest_ops, NULL, &c.function, &c.err),
		    -EINVAL, c.err, "0000:02:00.0");
	check_down(&c);
}

Test(bars, memory_decode_brings_memory_bars_and_io_decode_ports)
{
	struct check c;
	struct pt_function_setup setup;

	up(&c);
	setup = check_setup(&c.host->pci);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_IO);
	cr_assert_eq(c.guest->trap_count, 1);
	cr_assert_eq(c.guest->window_count, 0);
	cr_assert_eq(guest_trap(c.guest, 1, setup.bar_address[2])->bar, 2);
	cr_assert_eq(guest_trap(c.guest, 1, setup.bar_address[2])->size, 0x100);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_null(guest_trap(c.guest, 1, setup.bar_address[2]));
	cr_assert_eq(c.guest->trap_count, 3);
	cr_assert_eq(c.guest->window_count, 3);
	cr_assert(pt_function_bar(c.function, 4).mapped);
	cr_assert_not(pt_function_bar(c.function, 2).mapped);
	cfg_write(&c, CFG_COMMAND, 2, 0);
	cr_assert_eq(c.guest->trap_count + c.guest->window_count, 0);
	check_down(&c);
}

Test(bars, the_guest_reaches_the_devices_memory)
{
	struct check c;
	struct pt_function_setup setup;

	up(&c);
	setup = check_setup(&c.host->pci);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	model_write_bar(c.host, 4, 200 * GIB, "far away", 9);
	cr_assert_str_eq(guest_memory(c.guest, setup.bar_address[4] + 200 * GIB), "far away");
	strcpy(guest_memory(c.guest, setup.bar_address[3] + 0xfff00), "near");
	cr_assert_eq(bar_read(&c, 3, 0xfff00, 4), 0x7261656e);
	check_down(&c);
}

Test(bars, memory_is_congruent_with_the_guests_address)
{
	struct check c;

	up(&c);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	for (unsigned i = 0; i < c.guest->window_count; i++) {
		const struct guest_window *window = &c.guest->windows[i];
		uint64_t unit = window->size < GIB ? window->size : GIB;

		cr_assert_eq((window->gpa - (uintptr_t)window->hva) % unit, 0, "0x%lx at %p",
			     window->gpa, window->hva);
	}
	check_down(&c);
}

Test(bars, decoding_follows_the_order)
{
	struct check c;
	unsigned mark;

	up(&c);
	mark = model_mark(c.model);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert(model_ordered(c.model, mark, "config write 0x4 value 0x2", "memory_add"),
		  "the device decodes before the guest has it");
	mark = model_mark(c.model);
	cfg_write(&c, CFG_COMMAND, 2, 0);
	cr_assert(model_ordered(c.model, mark, "memory_remove", "config write 0x4 value 0x0"),
		  "the guest has it no longer when decoding ends");
	cr_assert(model_ordered(c.model, mark, "trap_remove", "config write 0x4 value 0x0"));
	check_down(&c);
}

Test(bars, a_write_to_command_that_changes_no_decoding_moves_nothing)
{
	struct check c;
	unsigned mark;

	up(&c);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	mark = model_mark(c.model);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_BM);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM | 0x0400);
	cr_assert_eq(model_calls(c.model, mark, "guest memory"), 0);
	cr_assert_eq(model_calls(c.model, mark, "guest trap"), 0);
	check_down(&c);
}

static void move64(const struct check *c, unsigned i, uint64_t address)
{
	cfg_write(c, CFG_BAR(i), 4, (uint32_t)address);
	cfg_write(c, CFG_BAR(i + 1), 4, (uint32_t)(address >> 32));
}

Test(bars, a_bar_moves_while_decoding_is_off)
{
	struct check c;

	up(&c);
	move64(&c, 4, 16ull << 40);
	cfg_write(&c, CFG_BAR(3), 4, 0xe0000000);
	cfg_write(&c, CFG_BAR(2), 4, 0xc000);
	cr_assert_eq(c.guest->trap_count, 0);
	cr_assert_eq(pt_function_bar(c.function, 4).address, 16ull << 40,
		     "where the guest has it, whatever the decode bits say");
	cr_assert_eq(pt_function_bar(c.function, 3).address, 0xe0000000);
	cr_assert_eq(pt_function_bar(c.function, 2).address, 0xc000);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_IO);
	cr_assert_not_null(guest_memory(c.guest, 16ull << 40));
	cr_assert_not_null(guest_memory(c.guest, 0xe0000000));
	cr_assert_not_null(guest_trap(c.guest, 1, 0xc000));
	check_down(&c);
}

Test(bars, a_bar_moves_while_decoding_is_on)
{
	struct check c;
	struct pt_function_setup setup;

	up(&c);
	setup = check_setup(&c.host->pci);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_IO);
	move64(&c, 0, 0x1200000000);
	cr_assert_null(guest_memory(c.guest, setup.bar_address[0]));
	cr_assert_not_null(guest_memory(c.guest, 0x1200000000));
	cr_assert_eq(pt_function_bar(c.function, 0).address, 0x1200000000);
	cfg_write(&c, CFG_BAR(2), 4, 0xd000);
	cr_assert_null(guest_trap(c.guest, 1, setup.bar_address[2]));
	cr_assert_not_null(guest_trap(c.guest, 1, 0xd000));
	check_down(&c);
}

/* A driver may size a BAR without turning decoding off; what it then has is no address. */
Test(bars, sizing_while_decoding_is_on_comes_back)
{
	struct check c;
	struct pt_function_setup setup;

	up(&c);
	setup = check_setup(&c.host->pci);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_IO);
	for (unsigned i = 0; i < PT_BARS; i++)
		size_register(&c, i);
	cfg_write(&c, CFG_BAR(4), 4, 0xffffffff);
	cfg_write(&c, CFG_BAR(5), 4, 0xffffffff);
	move64(&c, 4, setup.bar_address[4]);
	for (unsigned i = 0; i < PT_BARS; i++)
		cr_assert_eq(pt_function_bar(c.function, i).mapped,
			     pt_function_bar(c.function, i).kind != PT_BAR_NONE, "BAR %u", i);
	cr_assert_not_null(guest_memory(c.guest, setup.bar_address[4]));
	cr_assert_eq(c.guest->reports, 0, "%s", c.guest->report.message);
	check_down(&c);
}

Test(bars, byte_and_word_writes_to_a_register)
{
	struct check c;

	up(&c);
	cfg_write(&c, CFG_BAR(3) + 2, 2, 0xe010);
	cr_assert_eq(cfg_read(&c, CFG_BAR(3), 4), 0xe0100000);
	cfg_write(&c, CFG_BAR(3) + 3, 1, 0xd0);
	cr_assert_eq(cfg_read(&c, CFG_BAR(3), 4), 0xd0100000);
	cfg_write(&c, CFG_BAR(3), 1, 0xff);
	cr_assert_eq(cfg_read(&c, CFG_BAR(3), 4), 0xd0100000);
	check_down(&c);
}

Test(bars, ports_are_always_trapped)
{
	struct check c;
	uint32_t value = 0x11223344;

	up(&c);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_IO);
	model_write_bar(c.host, 2, 0x20, &value, 4);
	cr_assert_eq(bar_read(&c, 2, 0x20, 4), 0x11223344);
	cr_assert_eq(bar_read(&c, 2, 0x21, 1), 0x33);
	bar_write(&c, 2, 0x20, 2, 0xbeef);
	cr_assert_eq(bar_read(&c, 2, 0x20, 4), 0x1122beef);
	cr_assert_eq(pt_function_stats(c.function).bar_accesses, 4);
	check_down(&c);
}

Test(bars, accesses_outside_a_bar)
{
	struct check c;

	up(&c);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_IO);
	cr_assert_eq(bar_read(&c, 2, 0x100, 4), 0xffffffff);
	cr_assert_eq(bar_read(&c, 2, 0xfe, 4), 0xffffffff);
	cr_assert_eq(bar_read(&c, 1, 0, 4), 0xffffffff);
	cr_assert_eq(bar_read(&c, 77, 0, 4), 0xffffffff);
	cr_assert_eq(bar_read(&c, 0, UINT64_MAX, 1), 0xff);
	bar_write(&c, 2, 0x100, 4, 1);
	bar_write(&c, 77, 0, 4, 1);
	check_down(&c);
}

Test(bars, smaller_than_a_page_is_trapped)
{
	struct model_pci pci = mixed();
	struct check c;
	uint32_t value = 0xcafe;

	pci.bars[3].size = 0x80;
	check_up(&c, &pci);
	cfg_write(&c, CFG_BAR(3), 4, 0xe0000080);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_null(guest_memory(c.guest, 0xe0000080));
	cr_assert_eq(guest_trap(c.guest, 0, 0xe0000080)->bar, 3);
	model_write_bar(c.host, 3, 4, &value, 4);
	cr_assert_eq(bar_read(&c, 3, 4, 4), 0xcafe);
	check_down(&c);
}

Test(bars, what_sparse_areas_leave_out_is_trapped)
{
	struct model_pci pci = mixed();
	struct check c;
	uint32_t value = 0x600d;

	pci.sparse_region = 3;
	pci.sparse_count = 2;
	pci.sparse[0] = (struct pt_area){0, 0x40000};
	pci.sparse[1] = (struct pt_area){0x80000, 0x80000};
	check_up(&c, &pci);
	cfg_write(&c, CFG_BAR(3), 4, 0xe0000000);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_not_null(guest_memory(c.guest, 0xe003ffff));
	cr_assert_null(guest_memory(c.guest, 0xe0040000));
	cr_assert_null(guest_memory(c.guest, 0xe007ffff));
	cr_assert_not_null(guest_memory(c.guest, 0xe0080000));
	model_write_bar(c.host, 3, 0x50000, &value, 4);
	cr_assert_eq(bar_read(&c, 3, 0x50000, 4), 0x600d);
	check_down(&c);
}

/* Failures of the embedder. */

Test(bars, memory_that_cannot_be_added_stays_trapped_and_is_reported)
{
	struct check c;
	struct pt_function_setup setup;

	up(&c);
	setup = check_setup(&c.host->pci);
	/* The write to the device, the trap, the memory of BAR 0. */
	*model_fault(c.model) = (struct model_fault){.countdown = 3, .error = -ENOSPC};
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_not_null(strstr(model_fault(c.model)->where, "memory_add"), "%s",
			   model_fault(c.model)->where);
	cr_assert_eq(c.guest->reports, 1);
	cr_assert_null(guest_memory(c.guest, setup.bar_address[0]));
	cr_assert_not_null(guest_trap(c.guest, 0, setup.bar_address[0]));
	cr_assert_not_null(guest_memory(c.guest, setup.bar_address[3]));
	check_down(&c);
}

Test(bars, a_trap_that_cannot_be_added_is_reported)
{
	struct check c;

	up(&c);
	*model_fault(c.model) = (struct model_fault){.countdown = 2, .error = -ENOMEM};
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_not_null(strstr(model_fault(c.model)->where, "trap_add"), "%s",
			   model_fault(c.model)->where);
	cr_assert_eq(c.guest->reports, 1);
	cr_assert_not(pt_function_bar(c.function, 0).mapped);
	cfg_write(&c, CFG_COMMAND, 2, 0);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert(pt_function_bar(c.function, 0).mapped);
	check_down(&c);
}

/* The second in one place is trapped only, and nobody is harmed when either goes. */
Test(bars, a_guest_may_put_two_in_one_place)
{
	struct check c;

	up(&c);
	move64(&c, 0, 0xe0000000);
	cfg_write(&c, CFG_BAR(3), 4, 0xe0000000);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(c.guest->reports, 1);
	cr_assert_not_null(strstr(c.guest->report.message, "over another"), "%s",
			   c.guest->report.message);
	cr_assert(pt_function_bar(c.function, 0).mapped && pt_function_bar(c.function, 3).mapped);
	cr_assert_null(guest_memory(c.guest, 0xe0004000));
	cfg_write(&c, CFG_BAR(3), 4, 0xe0100000);
	cr_assert_not_null(guest_memory(c.guest, 0xe0000000));
	cr_assert_not_null(guest_memory(c.guest, 0xe0100000));
	check_down(&c);
}

Test(bars, beyond_the_guests_addresses_nothing_is_placed)
{
	struct check c;

	up(&c);
	move64(&c, 0, 1ull << 50);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_not(pt_function_bar(c.function, 0).mapped);
	move64(&c, 0, 1ull << 36);
	cr_assert(pt_function_bar(c.function, 0).mapped);
	check_down(&c);
}

/* Large ones: a page that must be trapped does not cost the huge mappings of the rest. */
Test(bars, a_large_bar_with_an_msix_table_in_its_middle)
{
	static const uint64_t sizes[] = {8 * GIB, 64 * GIB};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};
		uint64_t at = (3ull << 30) + 0x5000, base = 4ull << 40;
		struct check c;

		model_config_init(&pci, 0x10de, 0x2330, 0x030200);
		pci.bars[2] = (struct model_bar){
			.size = sizes[i], .is_64bit = true, .prefetchable = true};
		model_config_msix(&pci, 0x40, 300, 2, (uint32_t)at, 2, (uint32_t)at + 0x8000);
		check_up(&c, &pci);
		cr_assert_eq(cfg_read(&c, CFG_BAR(2), 4) & 0xf, 0xc);
		move64(&c, 2, base);
		cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
		cr_assert_eq(c.guest->window_count, 3);
		for (unsigned w = 0; w < c.guest->window_count; w++)
			cr_assert_eq(
				(c.guest->windows[w].gpa - (uintptr_t)c.guest->windows[w].hva) %
					GIB,
				0);
		cr_assert_not_null(guest_memory(c.guest, base + at - 1));
		cr_assert_null(guest_memory(c.guest, base + at));
		cr_assert_null(guest_memory(c.guest, base + at + 0x1fff), "two pages of table");
		cr_assert_not_null(guest_memory(c.guest, base + at + 0x2000));
		cr_assert_null(guest_memory(c.guest, base + at + 0x8000));
		cr_assert_not_null(guest_memory(c.guest, base + at + 0x9000));
		cr_assert_not_null(guest_memory(c.guest, base + sizes[i] - 1));
		cr_assert_eq(bar_read(&c, 2, at + 12, 4), 1, "masked at power-on");
		check_down(&c);
	}
}

/* Sparse areas and the table's page in one BAR. */
Test(bars, an_msix_table_in_a_sparse_area)
{
	struct model_pci pci = mixed();
	struct check c;

	pci.sparse_region = 3;
	pci.sparse_count = 2;
	pci.sparse[0] = (struct pt_area){0x10000, 0x40000};
	pci.sparse[1] = (struct pt_area){0x80000, 0x80000};
	model_config_msix(&pci, 0x40, 16, 3, 0x20000, 3, 0xff000);
	check_up(&c, &pci);
	cfg_write(&c, CFG_BAR(3), 4, 0xe0000000);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_null(guest_memory(c.guest, 0xe0000000));
	cr_assert_not_null(guest_memory(c.guest, 0xe0010000));
	cr_assert_not_null(guest_memory(c.guest, 0xe001ffff));
	cr_assert_null(guest_memory(c.guest, 0xe0020000));
	cr_assert_not_null(guest_memory(c.guest, 0xe0021000));
	cr_assert_null(guest_memory(c.guest, 0xe0050000));
	cr_assert_not_null(guest_memory(c.guest, 0xe00fe000));
	cr_assert_null(guest_memory(c.guest, 0xe00ff000));
	check_down(&c);
}

Test(bars, two_smaller_than_a_page_in_one_page)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};
	struct check c;
	uint32_t first = 0x1111, second = 0x2222;

	model_config_init(&pci, 0x1b36, 0x0005, 0x00ff00);
	pci.bars[0].size = 0x80;
	pci.bars[1].size = 0x400;
	check_up(&c, &pci);
	cfg_write(&c, CFG_BAR(0), 4, 0xe0000380);
	cfg_write(&c, CFG_BAR(1), 4, 0xe0000400);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(guest_trap(c.guest, 0, 0xe00003ff)->bar, 0);
	cr_assert_eq(guest_trap(c.guest, 0, 0xe0000400)->bar, 1);
	cr_assert_null(guest_trap(c.guest, 0, 0xe0000800));
	cr_assert_eq(c.guest->window_count, 0);
	model_write_bar(c.host, 0, 0x10, &first, 4);
	model_write_bar(c.host, 1, 0x10, &second, 4);
	cr_assert_eq(bar_read(&c, 0, 0x10, 4), 0x1111);
	cr_assert_eq(bar_read(&c, 1, 0x10, 4), 0x2222);
	check_down(&c);
}

/* Whatever way it is disabled, an access that still comes reads all ones, and a write is dropped. */
Test(bars, a_disabled_one_reads_all_ones)
{
	struct check c;
	uint32_t value = 0x1234;

	up(&c);
	model_write_bar(c.host, 3, 0, &value, 4);
	cr_assert_eq(bar_read(&c, 3, 0, 4), 0xffffffff);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(bar_read(&c, 3, 0, 4), 0x1234);
	cfg_write(&c, CFG_COMMAND, 2, 0);
	cr_assert_eq(bar_read(&c, 3, 0, 8), UINT64_MAX);
	bar_write(&c, 3, 0, 4, 0x5678);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(bar_read(&c, 3, 0, 4), 0x1234);
	cr_assert_eq(c.guest->reports, 0);
	check_down(&c);
}

/* What a malicious guest does with BARs. */

/* In the guest's RAM, as the embedder sees it: memory_add refuses. */
static struct guest_window *put_ram(const struct check *c, uint64_t gpa, uint64_t size)
{
	struct guest_window *ram = &c->guest->windows[c->guest->window_count++];

	*ram = (struct guest_window){gpa, size, NULL};
	return ram;
}

static void take_ram(const struct check *c)
{
	for (unsigned i = 0; i < c->guest->window_count; i++) {
		if (!c->guest->windows[i].hva)
			c->guest->windows[i] = c->guest->windows[--c->guest->window_count];
	}
}

Test(bars, on_top_of_ram_one_is_trapped_and_reported_once)
{
	struct check c;

	up(&c);
	put_ram(&c, 0, 0x80000000);
	cfg_write(&c, CFG_BAR(3), 4, 0x10000000);
	for (unsigned i = 0; i < 50; i++) {
		cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
		cfg_write(&c, CFG_COMMAND, 2, 0);
	}
	cr_assert_eq(c.guest->reports, 1, "%u reports", c.guest->reports);
	cr_assert(strstr(c.guest->report.message, "0000:02:00.0"), "%s", c.guest->report.message);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(c.guest->window_count, 3, "RAM, BAR 0 and BAR 4");
	cfg_write(&c, CFG_BAR(3), 4, 0xe0000000);
	cr_assert_not_null(guest_memory(c.guest, 0xe0000000));
	take_ram(&c);
	check_down(&c);
}

Test(bars, one_on_top_of_another_is_trapped_until_that_moves)
{
	struct check c;

	up(&c);
	cfg_write(&c, CFG_BAR(3), 4, 0xe0000000);
	move64(&c, 0, 0xe0000000);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_eq(c.guest->window_count, 2);
	cr_assert_eq(c.guest->reports, 1);
	cr_assert(pt_function_bar(c.function, 3).mapped, "by trap");
	move64(&c, 0, 1ull << 38);
	cr_assert_eq(c.guest->window_count, 3);
	cr_assert_not_null(guest_memory(c.guest, 0xe00f0000), "not left slow");
	check_down(&c);
}

Test(bars, every_address_at_every_time)
{
	static const uint32_t places[] = {0,	      0xffffffff, 0x00000fff, 0xe0000000,
					  0xe0008000, 0x80000000, 0xfee00000, 0xfffffff0};
	static const uint16_t commands[] = {0, COMMAND_MEM, COMMAND_IO, COMMAND_MEM | COMMAND_IO};
	struct check c;

	up(&c);
	for (unsigned step = 0; step < 6 * 8 * 8 * 4; step++) {
		unsigned bar = step % 6, first = step / 6 % 8, second = step / 48 % 8;

		cfg_write(&c, CFG_COMMAND, 2, commands[(step / 384 + step) % 4]);
		cfg_write(&c, CFG_BAR(bar), 4, places[first]);
		cfg_write(&c, CFG_BAR((bar + 1) % 6), 4, places[second]);
	}
	cfg_write(&c, CFG_COMMAND, 2, 0);
	cr_assert_eq(c.guest->window_count + c.guest->trap_count, 0);
	cr_assert_leq(c.guest->reports, PT_BARS);
	check_down(&c);
}
