/* SPDX-License-Identifier: MIT */
/* What is an expansion ROM, and what a guest sees of one. */
#include "check.h"

#include "rom_image.h"

#define ROM_REGISTER 0x30
#define ENABLE	     1u
#define PLACE	     0xd0000000u

/* Bytes that are or are not a ROM. */

static uint8_t bytes[8192];

static int verdict(size_t size, struct pt_error *err)
{
	*err = (struct pt_error)PT_ERROR_INIT;
	return pt_rom_check(bytes, size, err);
}

static void make(void)
{
	memset(bytes, 0xff, sizeof(bytes));
	rom_image(bytes, 4, 0x10de, 0x2330, 1);
}

TestSuite(rom_bytes, .init = make);

Test(rom_bytes, one_image)
{
	struct pt_error err;

	check_ok(verdict(2048, &err), err);
	check_ok(verdict(8192, &err), err);
}

Test(rom_bytes, several_images)
{
	struct pt_error err;

	rom_image(bytes, 4, 0x10de, 0x2330, 0);
	rom_image(bytes + 2048, 8, 0x10de, 0x2330, 1);
	check_ok(verdict(6144, &err), err);
	check_error(verdict(6143, &err), -EINVAL, err, "0x800");
}

/* Not marked as the last, and what follows is no image: a vendor's own. */
Test(rom_bytes, what_follows_may_be_something_else)
{
	struct pt_error err;

	rom_image(bytes, 4, 0x10de, 0x2330, 0);
	check_ok(verdict(2048, &err), err);
	check_ok(verdict(2049, &err), err);
	check_ok(verdict(8192, &err), err);
}

Test(rom_bytes, no_signature)
{
	struct pt_error err;

	check_error(verdict(0, &err), -EINVAL, err, "0x55 0xaa");
	check_error(verdict(0x19, &err), -EINVAL, err, "0x55 0xaa");
	bytes[1] = 0x55;
	check_error(verdict(8192, &err), -EINVAL, err, "0x55 0xaa");
	memset(bytes, 0xff, sizeof(bytes));
	check_error(verdict(8192, &err), -EINVAL, err, "0x55 0xaa");
}

Test(rom_bytes, a_data_structure_that_is_nowhere)
{
	static const uint16_t places[] = {0, 0x10, 0x19, 0x7e9, 0x800, 0xffff, 0x40};
	struct pt_error err;

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		make();
		rom_put(bytes + 0x18, 2, places[i]);
		check_error(verdict(2048, &err), -EINVAL, err, "no PCI data structure");
	}
	check_error(verdict(0x20, &err), -EINVAL, err, "no PCI data structure");
}

Test(rom_bytes, lengths_out_of_bounds)
{
	static const uint16_t units[] = {0, 5, 0xffff};
	struct pt_error err;

	for (size_t i = 0; i < sizeof(units) / sizeof(units[0]); i++) {
		make();
		rom_put(bytes + ROM_DATA + 0x10, 2, units[i]);
		check_error(verdict(2048, &err), -EINVAL, err, "there are 2048");
	}
	/* The data structure lies behind the image's end. */
	make();
	memcpy(bytes + 0x300, bytes + ROM_DATA, 0x18);
	rom_put(bytes + 0x18, 2, 0x300);
	rom_put(bytes + 0x310, 2, 1);
	check_error(verdict(2048, &err), -EINVAL, err, "says it has 512 bytes");
}

Test(rom_bytes, sixteen_mebibytes_at_most)
{
	static uint8_t large[(16u << 20) + 1];
	struct pt_error err = PT_ERROR_INIT;

	rom_image(large, 4, 0x10de, 0x2330, 1);
	check_ok(pt_rom_check(large, 16u << 20, &err), err);
	check_error(pt_rom_check(large, sizeof(large), &err), -EFBIG, err, "16 MiB");
}

Test(rom_bytes, space_is_a_power_of_two)
{
	cr_assert_eq(pt_rom_space(0), 2048);
	cr_assert_eq(pt_rom_space(512), 2048);
	cr_assert_eq(pt_rom_space(2048), 2048);
	cr_assert_eq(pt_rom_space(2049), 4096);
	cr_assert_eq(pt_rom_space(500000), 524288);
	cr_assert_eq(pt_rom_space(16u << 20), 16u << 20);
	cr_assert_eq(pt_rom_space(UINT64_MAX), 16u << 20);
}

/* What the guest sees. The device's own: 4 KiB in a BAR of 64 KiB. */

static uint8_t image[4096];
static struct pt_function_setup setup;

static struct model_pci card(void)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);

	rom_image(image, 8, 0x1b36, 0x0010, 1);
	pci.rom = image;
	pci.rom_size = sizeof(image);
	pci.rom_space = 0x10000;
	setup = check_setup(&pci);
	setup.rom.address = PLACE;
	return pci;
}

static int create(struct check *c, const struct model_pci *pci)
{
	int r;

	check_attach(c, pci);
	c->guest = guest_new(c->model);
	r = pt_function_create(c->device, &setup, &guest_ops, c->guest, &c->function, &c->err);
	if (r == 0)
		check_ok(pt_function_start(c->function, &c->err), c->err);
	return r;
}

static void up(struct check *c)
{
	struct model_pci pci = card();

	check_ok(create(c, &pci), c->err);
}

static void turn_on(const struct check *c)
{
	cfg_write(c, CFG_COMMAND, 2, COMMAND_MEM);
	cfg_write(c, ROM_REGISTER, 4, cfg_read(c, ROM_REGISTER, 4) | ENABLE);
}

static uint32_t sized(const struct check *c)
{
	uint32_t old = cfg_read(c, ROM_REGISTER, 4), size;

	cfg_write(c, ROM_REGISTER, 4, 0xfffff800);
	size = cfg_read(c, ROM_REGISTER, 4);
	cfg_write(c, ROM_REGISTER, 4, old);
	return size;
}

static bool trapped(const struct check *c, uint64_t address)
{
	const struct guest_trap *trap = guest_trap(c->guest, 0, address);

	return trap && trap->bar == PT_BAR_ROM;
}

Test(rom, the_register)
{
	struct check c;

	up(&c);
	cr_assert_eq(cfg_read(&c, ROM_REGISTER, 4), PLACE);
	cr_assert_eq(sized(&c), 0xffff0000);
	cfg_write(&c, ROM_REGISTER, 4, 0xffffffff);
	cr_assert_eq(cfg_read(&c, ROM_REGISTER, 4), 0xffff0001, "reserved bits read zero");
	cfg_write(&c, ROM_REGISTER, 1, 0xfe);
	cr_assert_eq(cfg_read(&c, ROM_REGISTER, 4), 0xffff0000);
	cr_assert_eq(model_device_config(c.host, ROM_REGISTER, 4), 0, "the host's is its own");
	cr_assert_eq(pt_function_bar(c.function, PT_BAR_ROM).size, 0x10000);
	check_down(&c);
}

Test(rom, the_guest_reads_the_devices)
{
	struct check c;
	uint8_t byte;

	up(&c);
	turn_on(&c);
	cr_assert(trapped(&c, PLACE));
	cr_assert(pt_function_bar(c.function, PT_BAR_ROM).mapped);
	for (unsigned i = 0; i < sizeof(image); i++) {
		byte = (uint8_t)bar_read(&c, PT_BAR_ROM, i, 1);
		cr_assert_eq(byte, image[i], "byte %u", i);
	}
	cr_assert_eq(bar_read(&c, PT_BAR_ROM, 4096, 8), UINT64_MAX, "behind it nothing is");
	cr_assert_eq(bar_read(&c, PT_BAR_ROM, 0xfffe, 4), 0xffffffff, "across the end");
	cr_assert_eq(bar_read(&c, PT_BAR_ROM, UINT64_MAX, 4), 0xffffffff);
	bar_write(&c, PT_BAR_ROM, 0, 4, 0);
	cr_assert_eq(bar_read(&c, PT_BAR_ROM, 0, 2), 0xaa55, "read only");
	cr_assert_eq(c.guest->reports, 0, "%s", c.guest->report.message);
	check_down(&c);
}

Test(rom, is_read_once_and_not_before_the_guest_turns_it_on)
{
	struct check c;
	unsigned mark;

	up(&c);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	(void)sized(&c);
	cr_assert_eq(model_calls(c.model, 0, "bar 6 read"), 0);
	mark = model_mark(c.model);
	turn_on(&c);
	cr_assert_eq(model_calls(c.model, mark, "bar 6 read"), 1);
	for (unsigned i = 0; i < 3; i++) {
		cfg_write(&c, CFG_COMMAND, 2, 0);
		cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
		bar_read(&c, PT_BAR_ROM, 8 * i, 8);
	}
	pt_function_stop(c.function);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	turn_on(&c);
	cr_assert_eq(bar_read(&c, PT_BAR_ROM, 0, 2), 0xaa55);
	cr_assert_eq(model_calls(c.model, mark, "bar 6 read"), 1);
	check_down(&c);
}

/* The kernel answers only while the device decodes memory. */
Test(rom, is_there_while_both_bits_are_set_in_d0)
{
	struct check c;

	up(&c);
	cfg_write(&c, ROM_REGISTER, 4, PLACE | ENABLE);
	cr_assert_eq(c.guest->trap_count, 0);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_IO);
	cr_assert_not(trapped(&c, PLACE));
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert(trapped(&c, PLACE));
	cfg_write(&c, 0x64, 2, 3);
	cr_assert_not(trapped(&c, PLACE));
	cfg_write(&c, 0x64, 2, 0);
	cr_assert(trapped(&c, PLACE));
	cfg_write(&c, ROM_REGISTER, 4, PLACE);
	cr_assert_not(trapped(&c, PLACE));
	cr_assert_not_null(guest_trap(c.guest, 0, setup.bar_address[0]), "the BAR stays");
	cfg_write(&c, ROM_REGISTER, 4, PLACE | ENABLE);
	cfg_write(&c, CFG_COMMAND, 2, 0);
	cr_assert_eq(c.guest->trap_count, 0);
	check_down(&c);
}

Test(rom, moves_with_its_register)
{
	struct check c;

	up(&c);
	turn_on(&c);
	cfg_write(&c, ROM_REGISTER, 4, 0xe0010000 | ENABLE);
	cr_assert_not(trapped(&c, PLACE));
	cr_assert(trapped(&c, 0xe0010000));
	cr_assert_eq(pt_function_bar(c.function, PT_BAR_ROM).address, 0xe0010000);
	pt_function_stop(c.function);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	cr_assert_eq(cfg_read(&c, ROM_REGISTER, 4), PLACE, "after a reset where it was, and off");
	check_down(&c);
}

static void check_absent(struct check *c, const char *why)
{
	cr_assert_eq(sized(c), 0);
	cr_assert_eq(cfg_read(c, ROM_REGISTER, 4), 0);
	cr_assert_eq(pt_function_bar(c->function, PT_BAR_ROM).kind, PT_BAR_NONE);
	cr_assert_eq(bar_read(c, PT_BAR_ROM, 0, 4), 0xffffffff);
	if (why) {
		cr_assert_eq(c->guest->reports, 1);
		cr_assert_eq(c->guest->severity, PT_WARNING);
		cr_assert(strstr(c->guest->report.message, "0000:02:00.0"));
		cr_assert(strstr(c->guest->report.message, why), "%s", c->guest->report.message);
		check_remedy(c->guest->report, "from a file");
	} else {
		cr_assert_eq(c->guest->reports, 0, "%s", c->guest->report.message);
	}
}

Test(rom, none_when_the_device_has_none)
{
	struct model_pci pci = card();
	struct check c;

	pci.rom_space = 0;
	model_config_put(&pci, ROM_REGISTER, 4, 0xfe000001);
	check_ok(create(&c, &pci), c.err);
	turn_on(&c);
	check_absent(&c, NULL);
	check_down(&c);
}

Test(rom, none_when_the_embedder_says_so)
{
	struct model_pci pci = card();
	struct check c;

	setup.rom.source = PT_ROM_NONE;
	check_ok(create(&c, &pci), c.err);
	turn_on(&c);
	check_absent(&c, NULL);
	cr_assert_eq(model_calls(c.model, 0, "bar 6 read"), 0);
	check_down(&c);
}

Test(rom, one_that_makes_no_sense_is_absent)
{
	struct model_pci pci = card();
	struct check c;

	image[0] = 0;
	check_ok(create(&c, &pci), c.err);
	turn_on(&c);
	check_absent(&c, "0x55 0xaa");
	cr_assert_null(guest_trap(c.guest, 0, PLACE));
	turn_on(&c);
	pt_function_stop(c.function);
	check_ok(pt_function_start(c.function, &c.err), c.err);
	turn_on(&c);
	check_absent(&c, "0x55 0xaa");
	cr_assert_eq(model_calls(c.model, 0, "bar 6 read"), 1);
	check_down(&c);
}

Test(rom, one_that_cannot_be_read_is_absent)
{
	struct model_pci pci = card();
	struct check c;

	check_ok(create(&c, &pci), c.err);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	*model_fault(c.model) = (struct model_fault){.countdown = 2, .error = -EIO};
	cfg_write(&c, ROM_REGISTER, 4, PLACE | ENABLE);
	cr_assert_not_null(strstr(model_fault(c.model)->where, "pread"));
	check_absent(&c, "cannot be read");
	check_down(&c);
}

Test(rom, no_memory_for_it_is_absent)
{
	struct model_pci pci = card();
	struct check c;

	check_ok(create(&c, &pci), c.err);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	*model_fault(c.model) = (struct model_fault){.countdown = 1, .error = -ENOMEM};
	cfg_write(&c, ROM_REGISTER, 4, PLACE | ENABLE);
	check_absent(&c, "memory");
	check_down(&c);
}

Test(rom, of_a_size_that_no_rom_has_is_absent)
{
	static const uint64_t sizes[] = {1, 1024, 0x11000, 0x18000, 32u << 20, 1ull << 32};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct model_pci pci = card();
		struct check c;

		pci.rom_space = sizes[i];
		check_ok(create(&c, &pci), c.err);
		turn_on(&c);
		check_absent(&c, "its size");
		check_down(&c);
	}
}

/* Bytes of the embedder's. */

static void give(size_t size)
{
	setup.rom.source = PT_ROM_BYTES;
	setup.rom.bytes = bytes;
	setup.rom.size = size;
}

Test(rom, the_embedders_bytes)
{
	struct model_pci pci = card();
	struct check c;

	make();
	rom_image(bytes, 5, 0x1b36, 0x0010, 1);
	give(5 * 512);
	check_ok(create(&c, &pci), c.err);
	memset(bytes, 0, sizeof(bytes));
	cr_assert_eq(sized(&c), 0xfffff000);
	turn_on(&c);
	cr_assert_eq(bar_read(&c, PT_BAR_ROM, 0, 2), 0xaa55, "they were copied");
	cr_assert_eq(bar_read(&c, PT_BAR_ROM, ROM_DATA, 4), 0x52494350);
	cr_assert_eq(bar_read(&c, PT_BAR_ROM, 5 * 512 - 2, 4) >> 16, 0xffff);
	cr_assert_eq(bar_read(&c, PT_BAR_ROM, 4095, 1), 0xff);
	cr_assert_eq(model_calls(c.model, 0, "bar 6 read"), 0);
	cr_assert_eq(c.guest->reports, 0, "%s", c.guest->report.message);
	check_down(&c);
}

Test(rom, the_embedders_bytes_for_a_device_without_one)
{
	struct model_pci pci = card();
	struct check c;

	pci.rom_space = 0;
	rom_image(bytes, 4, 0x1b36, 0x0010, 1);
	give(2048);
	check_ok(create(&c, &pci), c.err);
	cr_assert_eq(sized(&c), 0xfffff800);
	turn_on(&c);
	cr_assert_eq(bar_read(&c, PT_BAR_ROM, 0, 2), 0xaa55);
	check_down(&c);
}

Test(rom, bytes_for_another_device_are_used_with_a_warning_that_names_both)
{
	struct model_pci pci = card();
	struct check c;

	make();
	give(2048);
	check_ok(create(&c, &pci), c.err);
	cr_assert_eq(c.guest->reports, 1);
	cr_assert_eq(c.guest->severity, PT_WARNING);
	cr_assert(strstr(c.guest->report.message, "[10de:2330]"), "%s", c.guest->report.message);
	cr_assert(strstr(c.guest->report.message, "[1b36:0010]"), "%s", c.guest->report.message);
	turn_on(&c);
	cr_assert_eq(bar_read(&c, PT_BAR_ROM, 0, 2), 0xaa55);
	check_down(&c);
}

/* A later image is for it, or the first one's list has it. */
Test(rom, bytes_that_name_the_device_elsewhere)
{
	for (unsigned i = 0; i < 3; i++) {
		struct model_pci pci = card();
		struct check c;

		make();
		rom_image(bytes, 4, 0x1b36, 0x1111, 0);
		rom_image(bytes + 2048, 4, i == 0 ? 0x1b36 : 0x10de, 0x0010, 1);
		if (i > 0) {
			rom_put(bytes + ROM_DATA + 8, 2, 0x40);
			rom_put(bytes + ROM_DATA + 0x40, 2, 0x2222);
			rom_put(bytes + ROM_DATA + 0x42, 2, i == 1 ? 0x0010 : 0);
			rom_put(bytes + ROM_DATA + 0x44, 2, 0x0010);
		}
		give(4096);
		check_ok(create(&c, &pci), c.err);
		cr_assert_eq(c.guest->reports, i == 2, "%u: %s", i, c.guest->report.message);
		check_down(&c);
	}
}

Test(rom, bytes_that_are_none_fail_creation)
{
	struct model_pci pci = card();
	struct check c;

	make();
	bytes[0] = 0;
	give(2048);
	check_error(create(&c, &pci), -EINVAL, c.err, "0000:02:00.0: expansion ROM: not an");
	check_down(&c);
}

Test(rom, an_address_that_is_none_fails_creation)
{
	static const uint64_t bad[] = {PLACE + 0x8000, 1ull << 32};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct model_pci pci = card();
		struct check c;

		setup.rom.address = bad[i];
		check_error(create(&c, &pci), -EINVAL, c.err, "expansion ROM");
		check_down(&c);
	}
}

Test(rom, a_lost_device_reads_all_ones)
{
	struct check c;

	up(&c);
	turn_on(&c);
	*model_fault(c.model) = (struct model_fault){.countdown = 1, .error = -ENODEV};
	cfg_read(&c, 0, 4);
	cr_assert_eq(bar_read(&c, PT_BAR_ROM, 0, 4), 0xffffffff);
	check_down(&c);
}
