/* SPDX-License-Identifier: MIT */
/* Buses: who answers, what nobody answers, and a device that moves itself while it is asked. */
#include <criterion/criterion.h>
#include <errno.h>
#include <string.h>

#include "machine/bus.h"

static struct bus bus;
static struct pt_error err;

struct spy {
	uint64_t offset;
	unsigned size;
	unsigned reads;
	unsigned writes;
	uint64_t value;
};

static void spy_read(void *state, uint64_t offset, void *data, unsigned size)
{
	struct spy *spy = state;

	spy->offset = offset;
	spy->size = size;
	spy->reads++;
	memset(data, 0x5a, size);
}

static void spy_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	struct spy *spy = state;

	spy->offset = offset;
	spy->size = size;
	spy->writes++;
	spy->value = 0;
	memcpy(&spy->value, data, size);
}

static const struct device_ops spy_ops = {"spy", spy_read, spy_write};

static uint32_t read32(uint64_t address)
{
	uint32_t value = 0;

	bus_read(&bus, address, &value, sizeof(value));
	return value;
}

static void up(void)
{
	bus_init(&bus);
}

static void down(void)
{
	bus_done(&bus);
}

TestSuite(bus, .init = up, .fini = down);

Test(bus, an_access_reaches_its_range_with_the_offset_in_it)
{
	struct spy a = {0}, b = {0};
	uint16_t value = 0x1234;

	cr_assert_eq(bus_add(&bus, 0x1000, 0x100, &spy_ops, &a, &err), 0);
	cr_assert_eq(bus_add(&bus, 0x2000, 0x100, &spy_ops, &b, &err), 0);
	cr_assert_eq(read32(0x2010), 0x5a5a5a5a);
	cr_assert_eq(b.offset, 0x10);
	cr_assert_eq(a.reads, 0);
	bus_write(&bus, 0x10fe, &value, sizeof(value));
	cr_assert_eq(a.offset, 0xfe);
	cr_assert_eq(a.size, 2);
	cr_assert_eq(a.value, 0x1234);
}

Test(bus, nothing_reads_all_ones)
{
	struct spy a = {0};
	uint32_t value = 0;

	cr_assert_eq(read32(0), 0xffffffff);
	cr_assert_eq(bus_add(&bus, 0x1000, 0x100, &spy_ops, &a, &err), 0);
	cr_assert_eq(read32(0x0ffe), 0xffffffff, "begins before the range");
	cr_assert_eq(read32(0x10fe), 0xffffffff, "ends behind it");
	cr_assert_eq(read32(0x1100), 0xffffffff);
	bus_write(&bus, 0x10fe, &value, sizeof(value));
	cr_assert_eq(a.reads + a.writes, 0);
}

Test(bus, the_first_that_was_added_wins)
{
	struct spy machine = {0}, bar = {0};

	cr_assert_eq(bus_add(&bus, 0x1080, 1, &spy_ops, &machine, &err), 0);
	cr_assert_eq(bus_add(&bus, 0x1000, 0x100, &spy_ops, &bar, &err), 0);
	bus_write(&bus, 0x1080, "x", 1);
	cr_assert_eq(machine.writes, 1);
	cr_assert_eq(bar.writes, 0);
	(void)read32(0x1080);
	cr_assert_eq(bar.reads, 1, "as a dword it is not the byte's");
}

Test(bus, removal_needs_the_whole_identity)
{
	struct spy a = {0}, b = {0};

	cr_assert_eq(bus_add(&bus, 0x1000, 0x100, &spy_ops, &a, &err), 0);
	bus_remove(&bus, 0x1000, 0x100, &b);
	bus_remove(&bus, 0x1000, 0x80, &a);
	(void)read32(0x1000);
	cr_assert_eq(a.reads, 1);
	bus_remove(&bus, 0x1000, 0x100, &a);
	cr_assert_eq(read32(0x1000), 0xffffffff);
}

Test(bus, ranges_at_the_end_of_the_address_space)
{
	struct spy a = {0};

	cr_assert_eq(bus_add(&bus, UINT64_MAX - 0xff, 0x100, &spy_ops, &a, &err), 0);
	cr_assert_eq(read32(UINT64_MAX - 3), 0x5a5a5a5a);
	cr_assert_eq(bus_add(&bus, UINT64_MAX - 0xff, 0x101, &spy_ops, &a, &err), -EINVAL);
	cr_assert_eq(bus_add(&bus, 0, 0, &spy_ops, &a, &err), -EINVAL);
}

static void mover_write(void *state, uint64_t offset, const void *data, unsigned size)
{
	uint64_t to = 0;

	(void)offset;
	memcpy(&to, data, size);
	bus_remove(&bus, 0x1000, 0x100, state);
	cr_assert_eq(bus_add(&bus, to, 0x100, &spy_ops, state, &err), 0);
}

static const struct device_ops mover_ops = {"mover", spy_read, mover_write};

Test(bus, a_device_may_move_while_it_is_asked, .timeout = 10)
{
	struct spy a = {0};
	uint32_t to = 0x9000;

	cr_assert_eq(bus_add(&bus, 0x1000, 0x100, &mover_ops, &a, &err), 0);
	bus_write(&bus, 0x1000, &to, sizeof(to));
	cr_assert_eq(read32(0x1000), 0xffffffff);
	cr_assert_eq(read32(0x9000), 0x5a5a5a5a);
}
