/* SPDX-License-Identifier: MIT */
/* The small devices: clock, power management, reset ports, host bridge. */
#include <criterion/criterion.h>
#include <string.h>

#include "devices/panic_port.h"
#include "devices/pci_host.h"
#include "devices/pm.h"
#include "devices/reset_port.h"
#include "devices/rtc.h"

static struct pt_error err;

static uint32_t in(const struct device_ops *ops, void *state, uint64_t offset, unsigned size)
{
	uint32_t value = 0;

	ops->read(state, offset, &value, size);
	return value;
}

static void out(const struct device_ops *ops, void *state, uint64_t offset, unsigned size,
		uint32_t value)
{
	ops->write(state, offset, &value, size);
}

static time_t leap_day(void)
{
	return 1709251199; /* 2024-02-29 23:59:59 UTC, a Thursday */
}

static uint32_t cmos(struct rtc *rtc, uint8_t index)
{
	out(&rtc_ops, rtc, 0, 1, index);
	return in(&rtc_ops, rtc, 1, 1);
}

Test(rtc, tells_the_time_in_bcd)
{
	struct rtc rtc;

	rtc_init(&rtc);
	rtc.now = leap_day;
	cr_assert_eq(cmos(&rtc, 0), 0x59);
	cr_assert_eq(cmos(&rtc, 2), 0x59);
	cr_assert_eq(cmos(&rtc, 4), 0x23);
	cr_assert_eq(cmos(&rtc, 6), 5);
	cr_assert_eq(cmos(&rtc, 7), 0x29);
	cr_assert_eq(cmos(&rtc, 8), 2);
	cr_assert_eq(cmos(&rtc, 9), 0x24);
	cr_assert_eq(cmos(&rtc, 0x32), 0x20);
	cr_assert_eq(cmos(&rtc, 0x0a) & 0x80, 0);
	cr_assert_eq(cmos(&rtc, 0x0b), 2);
	cr_assert_eq(cmos(&rtc, 0x0d), 0x80);
	cr_assert_eq(cmos(&rtc, 0x80), 0x59, "bit 7 of the index is not of it");
}

Test(rtc, cannot_be_set_but_keeps_the_other_bytes)
{
	struct rtc rtc;

	rtc_init(&rtc);
	rtc.now = leap_day;
	cmos(&rtc, 9);
	out(&rtc_ops, &rtc, 1, 1, 0x99);
	cr_assert_eq(cmos(&rtc, 9), 0x24);
	cmos(&rtc, 0x40);
	out(&rtc_ops, &rtc, 1, 1, 0x99);
	cr_assert_eq(cmos(&rtc, 0x40), 0x99);
	rtc_reset(&rtc);
	cr_assert_eq(cmos(&rtc, 0x40), 0);
	cr_assert_eq(in(&rtc_ops, &rtc, 0, 1), 0xff);
}

static bool sci;

static void set_sci(void *ctx, bool level)
{
	(void)ctx;
	sci = level;
}

Test(pm, s5_asks_to_power_off_and_nothing_else_does)
{
	struct requests requests;
	struct pm pm;

	cr_assert_eq(requests_init(&requests, &err), 0);
	pm_init(&pm, &requests, set_sci, NULL);
	cr_assert_eq(in(&pm_ops, &pm, 4, 2), 1, "in ACPI mode");
	out(&pm_ops, &pm, 4, 2, 5 << 10);
	out(&pm_ops, &pm, 4, 2, 3 << 10 | 1 << 13);
	cr_assert_eq(requests_pending(&requests), 0);
	out(&pm_ops, &pm, 4, 2, 5 << 10 | 1 << 13);
	cr_assert_eq(requests_pending(&requests), REQUEST_POWEROFF);
	cr_assert_eq(in(&pm_ops, &pm, 4, 2) & 1 << 13, 0, "write only");
	requests_done(&requests);
}

Test(pm, status_and_enable_make_the_interrupt)
{
	struct pm pm;

	sci = false;
	pm_init(&pm, NULL, set_sci, NULL);
	pm.status = 0x100;
	cr_assert_eq(in(&pm_ops, &pm, 0, 2), 0x100);
	out(&pm_ops, &pm, 2, 2, 0x100);
	cr_assert(sci);
	out(&pm_ops, &pm, 0, 2, 0x020);
	cr_assert(sci, "another bit");
	out(&pm_ops, &pm, 1, 1, 0x01);
	cr_assert_not(sci, "writing one clears, by bytes as well");
	cr_assert_eq(in(&pm_ops, &pm, 0, 4), 0x01000000);
	pm_reset(&pm);
	cr_assert_eq(in(&pm_ops, &pm, 2, 2), 0);
}

/* ACPI specification 6.5, 4.8.3.1.1: bit 8. */
Test(pm, the_power_button)
{
	struct pm pm;

	sci = false;
	pm_init(&pm, NULL, set_sci, NULL);
	cr_assert_not(pm_hears_power(&pm));
	pm_press_power(&pm);
	cr_assert_not(sci, "the guest has not turned it on");
	out(&pm_ops, &pm, 0, 2, 0x100);
	out(&pm_ops, &pm, 2, 2, 0x100);
	cr_assert(pm_hears_power(&pm));
	cr_assert_not(sci);
	pm_press_power(&pm);
	cr_assert(sci);
	cr_assert_eq(in(&pm_ops, &pm, 0, 2), 0x100);
	out(&pm_ops, &pm, 0, 2, 0x100);
	cr_assert_not(sci);
	pm_reset(&pm);
	cr_assert_not(pm_hears_power(&pm));
}

Test(pm, the_timer_runs_at_its_rate)
{
	struct timespec pause = {.tv_nsec = 50000000};
	struct pm pm;
	uint32_t before, ticks;

	pm_init(&pm, NULL, set_sci, NULL);
	before = in(&pm_ops, &pm, 8, 4);
	nanosleep(&pause, NULL);
	ticks = in(&pm_ops, &pm, 8, 4) - before;
	cr_assert_geq(ticks, 3579545 / 20);
	cr_assert_lt(ticks, 3579545 * 5u, "even on a machine that is busy");
}

Test(reset_port, both_ports_ask_for_a_reset)
{
	struct requests requests;

	cr_assert_eq(requests_init(&requests, &err), 0);
	out(&reset_port_ops, &requests, 0, 1, 0x02);
	out(&keyboard_port_ops, &requests, 0, 1, 0xd1);
	cr_assert_eq(requests_pending(&requests), 0);
	out(&reset_port_ops, &requests, 0, 1, 0x06);
	cr_assert_eq(requests_take(&requests), REQUEST_RESET);
	requests_clear(&requests, REQUEST_RESET);
	cr_assert_eq(requests_take(&requests), 0);
	out(&keyboard_port_ops, &requests, 0, 1, 0xfe);
	cr_assert_eq(requests_take(&requests), REQUEST_RESET);
	requests_done(&requests);
}

Test(panic_port, a_panic_is_asked_for_and_a_crash_kernel_is_told_of)
{
	struct requests requests;

	cr_assert_eq(requests_init(&requests, &err), 0);
	cr_assert_eq(in(&panic_port_ops, &requests, 0, 1), 3, "the events that are understood");
	out(&panic_port_ops, &requests, 0, 1, 0);
	out(&panic_port_ops, &requests, 0, 1, 0x04);
	out(&panic_port_ops, &requests, 0, 2, 0x01);
	cr_assert_eq(requests_pending(&requests), 0);
	out(&panic_port_ops, &requests, 0, 1, 0x02);
	cr_assert_eq(requests_take(&requests), REQUEST_CRASH_KERNEL);
	requests_clear(&requests, REQUEST_PANICS);
	out(&panic_port_ops, &requests, 0, 1, 0x01);
	cr_assert_eq(requests_take(&requests), REQUEST_PANIC);
	requests_done(&requests);
}

Test(requests, the_first_crash_is_the_one_that_is_told)
{
	struct requests requests;
	struct pt_error first = {-5, "first", ""}, second = {-5, "second", ""};

	cr_assert_eq(requests_init(&requests, &err), 0);
	requests_crash(&requests, &first);
	requests_crash(&requests, &second);
	cr_assert_str_eq(requests.crash.message, "first");
	requests_done(&requests);
}

struct spy {
	uint8_t space[4096];
	unsigned accesses;
};

static uint32_t spy_read(void *state, unsigned offset, unsigned size)
{
	struct spy *spy = state;
	uint32_t value = 0;

	cr_assert_eq(offset % size, 0, "%u bytes at 0x%x", size, offset);
	spy->accesses++;
	memcpy(&value, spy->space + offset, size);
	return value;
}

static void spy_write(void *state, unsigned offset, unsigned size, uint32_t value)
{
	struct spy *spy = state;

	cr_assert_eq(offset % size, 0, "%u bytes at 0x%x", size, offset);
	spy->accesses++;
	memcpy(spy->space + offset, &value, size);
}

static const struct pci_function_ops spy_ops = {spy_read, spy_write, NULL};

static struct pci_host pci;
static struct spy spy;

static void pci_up(void)
{
	pci_host_init(&pci);
	memset(&spy, 0, sizeof(spy));
	pci_host_plug(&pci, 3, 0, &spy_ops, &spy);
}

TestSuite(pci_host, .init = pci_up);

Test(pci_host, the_bridge_is_in_slot_0)
{
	cr_assert_eq(in(&pci_ecam_ops, &pci, 0, 4), 0x00081b36);
	cr_assert_eq(in(&pci_ecam_ops, &pci, 2, 2), 0x0008);
	cr_assert_eq(in(&pci_ecam_ops, &pci, 0x0b, 1), 0x06);
	cr_assert_eq(in(&pci_ecam_ops, &pci, 0x100, 4), 0);
	out(&pci_ecam_ops, &pci, 0, 4, 0);
	cr_assert_eq(in(&pci_ecam_ops, &pci, 0, 4), 0x00081b36);
}

Test(pci_host, nobody_reads_all_ones)
{
	cr_assert_eq(in(&pci_ecam_ops, &pci, 5 << 15, 4), 0xffffffff, "an empty slot");
	cr_assert_eq(in(&pci_ecam_ops, &pci, 3 << 15 | 1 << 12, 4), 0xffffffff, "function 1");
	cr_assert_eq(in(&pci_ecam_ops, &pci, 1 << 20 | 3 << 15, 4), 0xffffffff, "bus 1");
	out(&pci_ecam_ops, &pci, 5 << 15, 4, 1);
	cr_assert_eq(spy.accesses, 0);
}

Test(pci_host, both_ways_lead_to_the_same_place)
{
	out(&pci_ecam_ops, &pci, 3 << 15 | 0x44, 4, 0x12345678);
	out(&pci_ports_ops, &pci, 0, 4, 0x80000000 | 3 << 11 | 0x44);
	cr_assert_eq(in(&pci_ports_ops, &pci, 0, 4), 0x80000000 | 3 << 11 | 0x44);
	cr_assert_eq(in(&pci_ports_ops, &pci, 4, 4), 0x12345678);
	cr_assert_eq(in(&pci_ports_ops, &pci, 6, 2), 0x1234);
	cr_assert_eq(in(&pci_ports_ops, &pci, 7, 1), 0x12);
	out(&pci_ports_ops, &pci, 5, 1, 0xaa);
	cr_assert_eq(in(&pci_ecam_ops, &pci, 3 << 15 | 0x44, 4), 0x1234aa78);
}

Test(pci_host, extended_space_is_for_ecam_only)
{
	out(&pci_ecam_ops, &pci, 3 << 15 | 0xffc, 4, 0xcafe);
	cr_assert_eq(in(&pci_ecam_ops, &pci, 3 << 15 | 0xffc, 4), 0xcafe);
	out(&pci_ports_ops, &pci, 0, 4, 0x80000000 | 3 << 11 | 0xfc);
	cr_assert_eq(in(&pci_ports_ops, &pci, 4, 4), 0);
}

Test(pci_host, the_address_register_is_a_dword)
{
	out(&pci_ports_ops, &pci, 0, 4, 0x80000000 | 3 << 11);
	out(&pci_ports_ops, &pci, 3, 1, 0x01);
	cr_assert_eq(in(&pci_ports_ops, &pci, 0, 4), 0x80000000 | 3 << 11);
	cr_assert_eq(in(&pci_ports_ops, &pci, 2, 2), 0xffff);
	out(&pci_ports_ops, &pci, 0, 4, 3 << 11);
	cr_assert_eq(in(&pci_ports_ops, &pci, 4, 4), 0xffffffff, "not enabled");
	pci_host_reset(&pci);
	cr_assert_eq(in(&pci_ports_ops, &pci, 0, 4), 0);
}

Test(pci_host, odd_accesses_are_taken_apart)
{
	uint64_t value = 0x1122334455667788, back = 0;

	pci_ecam_ops.write(&pci, 3 << 15 | 0x40, &value, 8);
	cr_assert_eq(spy.accesses, 2);
	pci_ecam_ops.read(&pci, 3 << 15 | 0x40, &back, 8);
	cr_assert_eq(back, value);
	cr_assert_eq(in(&pci_ecam_ops, &pci, 3 << 15 | 0x41, 4), 0x44556677);
	cr_assert_eq(in(&pci_ecam_ops, &pci, 3 << 15 | 0x43, 2), 0x4455);
}
