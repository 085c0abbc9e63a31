/* SPDX-License-Identifier: MIT */
/* A root port as the guest sees it: registers, windows, what is behind it, hot-plug events and interrupts. */
#include <criterion/criterion.h>
#include <string.h>

#include "devices/root_port.h"

#define EXP	   0x40u
#define LNKCTL	   (EXP + 0x10)
#define LNKSTA	   (EXP + 0x12)
#define SLTCTL	   (EXP + 0x18)
#define SLTSTA	   (EXP + 0x1a)
#define MSI	   0x80u
#define BRIDGE_CTL 0x3eu
#define ABP	   0x001u
#define PDC	   0x008u
#define PDS	   0x040u
#define DLLSC	   0x100u
#define DLLLA	   0x2000u
#define POWER_OFF  0x400u
#define LISTEN	   0x1021u /* link and button events, by interrupt */
#define NOBODY	   0xffffffffu

static struct {
	unsigned messages, holds, releases;
	uint64_t address;
	uint32_t data;
	bool line;
	bool link_at_hold;
} seen;

static struct pci_host pci;
static struct root_port port, other;
static struct plan_port plan, other_plan;
static uint8_t spaces[PLAN_FUNCTIONS_MAX][4096];

static void message(void *ctx, uint64_t address, uint32_t data)
{
	(void)ctx;
	seen.messages++;
	seen.address = address;
	seen.data = data;
}

static void line(void *ctx, bool level)
{
	(void)ctx;
	seen.line = level;
}

static void hold(void *ctx)
{
	(void)ctx;
	seen.holds++;
	seen.link_at_hold = atomic_load(&port.link);
}

static void release(void *ctx)
{
	(void)ctx;
	seen.releases++;
	cr_assert_not(atomic_load(&port.link), "the function is ready before it can be reached");
}

static const struct root_port_ops ops = {message, line, hold, release};

static uint32_t space_read(void *state, unsigned offset, unsigned size)
{
	uint32_t value = 0;

	memcpy(&value, (const uint8_t *)state + offset, size);
	return value;
}

static void space_write(void *state, unsigned offset, unsigned size, uint32_t value)
{
	memcpy((uint8_t *)state + offset, &value, size);
}

static const struct pci_function_ops space_ops = {space_read, space_write, NULL};

static uint32_t in(uint64_t bus, unsigned devfn, unsigned offset, unsigned size)
{
	uint32_t value = 0;

	pci_ecam_ops.read(&pci, bus << 20 | devfn << 12 | offset, &value, size);
	return value;
}

static void out(uint64_t bus, unsigned devfn, unsigned offset, unsigned size, uint32_t value)
{
	pci_ecam_ops.write(&pci, bus << 20 | devfn << 12 | offset, &value, size);
}

static uint32_t get(unsigned offset, unsigned size)
{
	return in(0, 5 << 3, offset, size);
}

static void set(unsigned offset, unsigned size, uint32_t value)
{
	out(0, 5 << 3, offset, size, value);
}

static void put(uint8_t *space, unsigned offset, unsigned size, uint32_t value)
{
	memcpy(space + offset, &value, size);
}

/* An endpoint of 8 GT/s, of which 4 lanes of 8 are wired; 256 bytes of payload of 512. */
static void make_endpoint(uint8_t *space)
{
	put(space, 0x00, 4, 0x00101b36);
	put(space, 0x06, 2, 0x10);
	put(space, 0x34, 1, 0x50);
	put(space, 0x50, 2, 0x6005);
	put(space, 0x60, 2, 0x0010);
	put(space, 0x64, 4, 2);
	put(space, 0x68, 2, 1 << 5);
	put(space, 0x6c, 4, 0x83);
	put(space, 0x72, 2, 0x41);
}

static void up(void)
{
	memset(&seen, 0, sizeof(seen));
	memset(spaces, 0, sizeof(spaces));
	plan = (struct plan_port){
		.slot = 5,
		.bus = 2,
		.io = {0x3000, 0x2000},
		.memory = {0x80100000, 0x300000},
		.prefetch = {0x4000000000, 0x800000000},
	};
	other_plan = (struct plan_port){.slot = 6, .bus = 3};
	pci_host_init(&pci);
	root_port_init(&port, &plan, &ops, NULL);
	root_port_init(&other, &other_plan, &ops, NULL);
	pci_host_plug(&pci, 5, 0, &root_port_config_ops, &port);
	pci_host_plug(&pci, 6, 0, &root_port_config_ops, &other);
	make_endpoint(spaces[0]);
	root_port_plug(&port, 0, &space_ops, spaces[0]);
}

static void down(void)
{
	root_port_done(&port);
	root_port_done(&other);
}

TestSuite(root_port, .init = up, .fini = down);

Test(root_port, firmware_has_programmed_numbers_and_windows)
{
	cr_assert_eq(get(0x00, 4), 0x000c1b36);
	cr_assert_eq(get(0x08, 4), 0x06040000);
	cr_assert_eq(get(0x0e, 1), 1);
	cr_assert_eq(get(0x04, 2) & 7, 7);
	cr_assert_eq(get(0x18, 4), 0x00020200);
	cr_assert_eq(get(0x1c, 2), 0x4030, "0x3000 to 0x4fff");
	cr_assert_eq(get(0x20, 4), 0x80308010, "0x80100000 to 0x803fffff");
	cr_assert_eq(get(0x24, 4), 0xfff10001, "low halves of 0x40_0000_0000 and 0x47_ffff_ffff");
	cr_assert_eq(get(0x28, 4), 0x40);
	cr_assert_eq(get(0x2c, 4), 0x47);
}

Test(root_port, windows_that_the_plan_lacks_are_not_there)
{
	static const struct {
		unsigned offset, size, closed;
	} windows[] = {{0x1c, 2, 0}, {0x24, 4, 0}, {0x28, 4, 0}, {0x2c, 4, 0}};

	for (size_t i = 0; i < sizeof(windows) / sizeof(windows[0]); i++) {
		cr_assert_eq(in(0, 6 << 3, windows[i].offset, windows[i].size), 0);
		out(0, 6 << 3, windows[i].offset, windows[i].size, NOBODY);
		cr_assert_eq(in(0, 6 << 3, windows[i].offset, windows[i].size), 0);
	}
	cr_assert_eq(in(0, 6 << 3, 0x20, 4), 0x0000fff0, "the memory window is closed");
	out(0, 6 << 3, 0x20, 4, 0x80108000);
	cr_assert_eq(in(0, 6 << 3, 0x20, 4), 0x80108000);
}

Test(root_port, the_guest_may_move_windows_and_nothing_else)
{
	for (unsigned offset = 0; offset < 256; offset += 4) {
		if (offset != 0x18 && offset != EXP + 0x10 && offset != EXP + 0x18 &&
		    offset != 0x3c)
			set(offset, 4, NOBODY);
	}
	cr_assert_eq(get(0x00, 4), 0x000c1b36);
	cr_assert_eq(get(0x08, 4), 0x06040000);
	cr_assert_eq(get(0x10, 4), 0, "no BAR");
	cr_assert_eq(get(0x1c, 2), 0xf0f0);
	cr_assert_eq(get(0x20, 4), 0xfff0fff0);
	cr_assert_eq(get(0x24, 4), 0xfff1fff1);
	cr_assert_eq(get(0x30, 4), 0);
	cr_assert_eq(get(0x34, 1), EXP);
	cr_assert_eq(get(EXP, 4), 0x01428010);
	cr_assert_eq(get(EXP + 0x14, 4) >> 19, 5, "the physical slot number");
	cr_assert_eq(get(MSI, 4), 0x00810005);
	root_port_reset(&port);
	cr_assert_eq(get(0x20, 4), 0x80308010);
	cr_assert_eq(get(MSI, 4), 0x00800005);
}

Test(root_port, the_link_is_the_devices)
{
	cr_assert_eq(get(EXP + 0x0c, 2) & 0x3ff, 0x43, "8 GT/s, 4 lanes");
	cr_assert_eq(get(LNKSTA, 2), 0x43 | DLLLA);
	cr_assert_eq(get(EXP + 0x2c, 4), 0x0e, "2.5, 5 and 8 GT/s");
	cr_assert_eq(get(EXP + 0x04, 4) & 7, 2);
	cr_assert_eq(get(EXP + 0x08, 2) & 0xe0, 1 << 5);
	cr_assert_eq(in(0, 6 << 3, LNKSTA, 2), 0, "and none without a device");
}

/* Chains that loop or lead nowhere end; a conventional function has the least link there is. */
Test(root_port, a_device_without_a_link)
{
	put(spaces[0], 0x60, 2, 0x5009);
	root_port_plug(&port, 0, &space_ops, spaces[0]);
	cr_assert_eq(get(LNKSTA, 2), 0x11 | DLLLA);
	put(spaces[0], 0x34, 1, 0x04);
	root_port_plug(&port, 0, &space_ops, spaces[0]);
	cr_assert_eq(get(LNKSTA, 2), 0x11 | DLLLA);
	memset(spaces[0], 0xff, sizeof(spaces[0]));
	root_port_plug(&port, 0, &space_ops, spaces[0]);
	cr_assert(get(LNKSTA, 2) & DLLLA);
}

Test(root_port, accesses_go_to_the_bus_that_the_guest_gave_the_port)
{
	cr_assert_eq(in(2, 0, 0, 4), 0x00101b36);
	cr_assert_eq(in(1, 0, 0, 4), NOBODY);
	cr_assert_eq(in(3, 0, 0, 4), NOBODY, "the other port's slot is empty");
	cr_assert_eq(in(2, 1, 0, 4), NOBODY, "function 1");
	cr_assert_eq(in(2, 8, 0, 4), NOBODY, "a link has device 0 only");
	out(2, 0, 0x40, 4, 0x1234);
	cr_assert_eq(in(2, 0, 0x40, 4), 0x1234);
	set(0x18, 4, 0x00070700);
	cr_assert_eq(in(2, 0, 0, 4), NOBODY);
	cr_assert_eq(in(7, 0, 0, 4), 0x00101b36);
	root_port_reset(&port);
	cr_assert_eq(in(2, 0, 0, 4), 0x00101b36);
}

Test(root_port, a_slot_holds_eight_functions)
{
	for (unsigned i = 1; i < PLAN_FUNCTIONS_MAX; i++) {
		put(spaces[i], 0, 4, i << 16 | 0x1b36);
		root_port_plug(&port, i, &space_ops, spaces[i]);
	}
	for (unsigned i = 1; i < PLAN_FUNCTIONS_MAX; i++)
		cr_assert_eq(in(2, i, 0, 4), i << 16 | 0x1b36);
	cr_assert_eq(in(2, 8, 0, 4), NOBODY);
	root_port_remove(&port);
	for (unsigned i = 0; i < PLAN_FUNCTIONS_MAX; i++)
		cr_assert_eq(in(2, i, 0, 4), NOBODY);
}

Test(root_port, extended_space_is_empty)
{
	cr_assert_eq(get(0x100, 4), 0);
	set(0x100, 4, NOBODY);
	cr_assert_eq(get(0x100, 4), 0);
}

/* Whatever takes the link down: the device cannot be reached, is held once, and comes back once. */
static void link_goes(unsigned offset, uint16_t bit)
{
	set(offset, 2, get(offset, 2) | bit);
	cr_assert_eq(seen.holds, 1);
	cr_assert_not(seen.link_at_hold, "the way is closed before the device is quiet");
	cr_assert_eq(in(2, 0, 0, 4), NOBODY);
	cr_assert_not(get(LNKSTA, 2) & DLLLA);
	cr_assert(get(SLTSTA, 2) & DLLSC);
	cr_assert(get(SLTSTA, 2) & PDS, "it is still in the slot");
	set(offset, 2, get(offset, 2) | bit);
	cr_assert_eq(seen.holds, 1);
	set(SLTSTA, 2, DLLSC);
	set(offset, 2, get(offset, 2) & (uint16_t)~bit);
	cr_assert_eq(seen.releases, 1);
	cr_assert_eq(in(2, 0, 0, 4), 0x00101b36);
	cr_assert(get(LNKSTA, 2) & DLLLA);
	cr_assert(get(SLTSTA, 2) & DLLSC);
}

Test(root_port, secondary_bus_reset_is_a_reset_of_what_is_behind)
{
	link_goes(BRIDGE_CTL, 0x40);
}

Test(root_port, power_off_is_too)
{
	link_goes(SLTCTL, POWER_OFF);
	cr_assert(root_port_powered(&port));
}

Test(root_port, and_link_disable)
{
	link_goes(LNKCTL, 0x10);
}

Test(root_port, two_reasons_keep_the_link_down)
{
	set(BRIDGE_CTL, 2, 0x40);
	set(SLTCTL, 2, POWER_OFF);
	set(BRIDGE_CTL, 2, 0);
	cr_assert_eq(seen.holds, 1);
	cr_assert_eq(seen.releases, 0);
	set(SLTCTL, 2, 0);
	cr_assert_eq(seen.releases, 1);
}

Test(root_port, the_button_is_an_event)
{
	cr_assert_not(root_port_press(&port), "nobody listens");
	cr_assert_eq(get(SLTSTA, 2), ABP | PDS);
	cr_assert_not(seen.line);
	set(SLTSTA, 2, ABP);
	cr_assert_eq(get(SLTSTA, 2), PDS);
	set(SLTCTL, 2, LISTEN);
	cr_assert(root_port_press(&port));
	cr_assert(seen.line);
	cr_assert(get(0x06, 2) & 8, "interrupt status");
	set(SLTSTA, 1, ABP);
	cr_assert_not(seen.line);
	cr_assert_not(get(0x06, 2) & 8);
}

Test(root_port, the_line_can_be_turned_off)
{
	set(SLTCTL, 2, LISTEN);
	root_port_press(&port);
	set(0x04, 2, 0x0407);
	cr_assert_not(seen.line);
	set(0x04, 2, 0x0007);
	cr_assert(seen.line);
	root_port_reset(&port);
	cr_assert_not(seen.line);
}

/* PCI Express base 6.7.3.4: a message when the first event comes, none for others while it is pending. */
Test(root_port, events_by_message)
{
	set(MSI + 4, 4, 0xfee01000);
	set(MSI + 8, 4, 0);
	set(MSI + 12, 2, 0x41);
	set(MSI + 2, 2, 1);
	set(SLTCTL, 2, LISTEN);
	cr_assert_eq(seen.messages, 0);
	root_port_press(&port);
	cr_assert_eq(seen.messages, 1);
	cr_assert_eq(seen.address, 0xfee01000);
	cr_assert_eq(seen.data, 0x41);
	cr_assert_not(seen.line, "not both");
	root_port_remove(&port);
	cr_assert_eq(seen.messages, 1);
	set(SLTSTA, 2, ABP);
	cr_assert_eq(seen.messages, 1, "the link's event is still pending");
	set(SLTSTA, 2, DLLSC | PDC);
	root_port_press(&port);
	cr_assert_eq(seen.messages, 2);
}

Test(root_port, surprise_removal)
{
	set(SLTCTL, 2, LISTEN);
	root_port_remove(&port);
	cr_assert_eq(seen.holds, 1);
	cr_assert_eq(get(SLTSTA, 2), PDC | DLLSC);
	cr_assert_eq(get(LNKSTA, 2), 0);
	cr_assert(seen.line);
	cr_assert_eq(in(2, 0, 0, 4), NOBODY);
	root_port_remove(&port);
	set(SLTCTL, 2, LISTEN | POWER_OFF);
	set(SLTCTL, 2, LISTEN);
	cr_assert_eq(seen.holds, 1);
	cr_assert_eq(seen.releases, 0, "there is nothing to power on");
}

Test(root_port, removal_of_what_the_guest_let_go)
{
	set(SLTCTL, 2, LISTEN | POWER_OFF);
	cr_assert_eq(seen.holds, 1);
	set(SLTSTA, 2, DLLSC);
	root_port_remove(&port);
	cr_assert_eq(seen.holds, 1, "it is quiet already");
	cr_assert_eq(get(SLTSTA, 2), PDC);
}

Test(root_port, an_empty_slot_stays_empty_over_a_reset)
{
	root_port_remove(&port);
	root_port_reset(&port);
	cr_assert_eq(get(SLTSTA, 2), 0);
	cr_assert_eq(get(LNKSTA, 2), 0);
	cr_assert_eq(get(SLTCTL, 2) & 0x700, 0x700, "power and its indicator are off");
	cr_assert_eq(in(2, 0, 0, 4), NOBODY);
	cr_assert_eq(get(0x18, 4), 0x00020200);
}

/* The slot was never filled, and the guest listens to it. */
Test(root_port, a_card_that_comes)
{
	root_port_init(&port, &plan, &ops, NULL);
	pci_host_plug(&pci, 5, 0, &root_port_config_ops, &port);
	cr_assert_eq(get(SLTSTA, 2) & PDS, 0);
	cr_assert(get(SLTCTL, 2) & POWER_OFF);
	set(MSI + 4, 4, 0xfee00000);
	set(MSI + 2, 2, 1);
	set(SLTCTL, 2, get(SLTCTL, 2) | LISTEN | PDC);
	memset(&seen, 0, sizeof(seen));
	make_endpoint(spaces[0]);
	root_port_insert(&port, &space_ops, spaces[0]);
	cr_assert_eq(seen.messages, 1);
	cr_assert_eq(get(SLTSTA, 2) & (PDS | PDC | ABP), PDS | PDC | ABP);
	cr_assert_eq(get(EXP + 0x0c, 4) & 0x3ff, 0x43, "the link's, as the device has it");
	cr_assert_eq(get(LNKSTA, 2) & DLLLA, 0);
	cr_assert_eq(seen.releases, 0);
	cr_assert_eq(in(2, 0, 0, 4), NOBODY);
	set(SLTCTL, 2, get(SLTCTL, 2) & ~(uint32_t)POWER_OFF);
	cr_assert_eq(seen.releases, 1);
	cr_assert(get(LNKSTA, 2) & DLLLA);
	cr_assert_eq(in(2, 0, 0, 4), 0x00101b36);
	root_port_remove(&port);
	cr_assert_eq(in(2, 0, 0, 4), NOBODY);
	root_port_forget(&port, 0);
}

/* A guest without hot-plug has left the power on. */
Test(root_port, a_card_that_comes_into_a_slot_with_power)
{
	root_port_init(&port, &plan, &ops, NULL);
	pci_host_plug(&pci, 5, 0, &root_port_config_ops, &port);
	set(SLTCTL, 2, get(SLTCTL, 2) & ~(uint32_t)POWER_OFF);
	memset(&seen, 0, sizeof(seen));
	make_endpoint(spaces[0]);
	root_port_insert(&port, &space_ops, spaces[0]);
	cr_assert_eq(seen.releases, 1);
	cr_assert_eq(in(2, 0, 0, 4), 0x00101b36);
}
