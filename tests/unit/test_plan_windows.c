/* SPDX-License-Identifier: MIT */
/* Where BARs go: windows of ports, below 4 GiB and above. */
#include <criterion/criterion.h>

#include "plan/plan.h"
#include "plan_facts.h"

static const struct plan_range *port_window(const struct vm_plan *plan, unsigned device,
					    const struct pt_host_bar *bar)
{
	const struct plan_port *port = &plan->ports[plan->devices[device].port];

	if (bar->io)
		return &port->io;
	return bar->is_64bit && bar->prefetchable ? &port->prefetch : &port->memory;
}

/* Ports' windows are whole steps of their kind, and nobody else's. */
static void check_port_windows(const struct vm_plan *plan)
{
	struct plan_range taken[3 * PLAN_PORTS_MAX];
	size_t count = 0;

	for (unsigned i = 0; i < plan->port_count; i++) {
		const struct plan_range *windows[] = {&plan->ports[i].io, &plan->ports[i].memory,
						      &plan->ports[i].prefetch};

		cr_assert(windows[1]->size, "a memory window is always there");
		for (size_t j = 0; j < 3; j++) {
			uint64_t step = j ? MIB : 4 * KIB;

			if (!windows[j]->size)
				continue;
			cr_assert_eq(windows[j]->base % step, 0);
			cr_assert_eq(windows[j]->size % step, 0);
			for (size_t k = 0; k < count; k++)
				cr_assert(taken[k].base >= windows[j]->base + windows[j]->size ||
					  windows[j]->base >= taken[k].base + taken[k].size);
			taken[count++] = *windows[j];
		}
	}
}

/* Every BAR of every device: inside its port's window and the host bridge's, a multiple of its size, and nobody else's. */
static void check_bars(const struct vm_plan *plan)
{
	struct {
		uint64_t first, last;
		int io;
	} taken[PLAN_DEVICES_MAX * PT_BARS];
	size_t count = 0;

	for (unsigned i = 0; i < plan->device_count; i++) {
		for (unsigned j = 0; j < PT_BARS; j++) {
			const struct pt_host_bar *bar = &plan->devices[i].bars[j];
			const struct plan_range *window = &plan->mmio32_window;
			uint64_t room = bar->io || bar->size > 4096 ? bar->size : 4096;
			uint64_t first = plan->devices[i].bar_address[j];

			if (!bar->size || (bar->io && !first))
				continue;
			if (bar->io)
				window = &plan->io_window;
			else if (bar->is_64bit && bar->prefetchable)
				window = &plan->mmio64_window;
			cr_assert_eq(first % room, 0, "device %u BAR %u", i, j);
			cr_assert_geq(first, window->base);
			cr_assert_leq(first + room, window->base + window->size);
			window = port_window(plan, i, bar);
			cr_assert_geq(first, window->base);
			cr_assert_leq(first + room, window->base + window->size);
			for (size_t k = 0; k < count; k++)
				cr_assert(taken[k].io != bar->io || first > taken[k].last ||
						  first + room - 1 < taken[k].first,
					  "device %u BAR %u overlaps", i, j);
			taken[count].first = first;
			taken[count].last = first + room - 1;
			taken[count++].io = bar->io;
		}
	}
}

Test(plan_windows, bars_never_overlap)
{
	static const char *const kinds[] = {"64", "64 pref", "32", "32 pref", "io"};
	unsigned seed = 1;

	for (int round = 0; round < 200; round++) {
		struct test_host host;
		struct vm_plan plan;

		test_host_init(&host);
		for (int i = 0; i < 1 + round % 31; i++) {
			struct device_facts *device = test_host_add(&host);

			for (unsigned j = 0; j < 5; j++) {
				const char *kind = kinds[(unsigned)rand_r(&seed) % 5];
				unsigned shift = 4 + (unsigned)rand_r(&seed) % 20;

				if (strcmp(kind, "io") == 0)
					shift = 2 + shift % 6;
				test_bar(device, j, UINT64_C(1) << shift, kind);
				j += strstr(kind, "64") != NULL;
			}
		}
		plan = must_plan(&host);
		check_bars(&plan);
		check_port_windows(&plan);
	}
}

/* One behind a port of its own, three in one slot, whose functions' pins are those of the slot. */
Test(plan_windows, several_functions_in_one_slot)
{
	struct vm_config_device asked[4] = {
		{.slot = 3, .function = 7}, {.slot = 0}, {.slot = 3}, {.slot = 3, .function = 1}};
	struct test_host host;

	test_host_init(&host);
	for (size_t i = 0; i < 4; i++) {
		struct device_facts *device = test_host_add(&host);

		device->host.irq_pin = (unsigned)(i % 2 + 1);
		test_bar(device, 0, (16 * KIB) << i, i == 2 ? "64 pref" : "32");
		test_bar(device, 4, 32, "io");
	}
	host.config.devices = asked;
	host.config.device_count = 4;
	must_print(&host, "plan-functions.txt");
	check_bars(&(struct vm_plan[]){must_plan(&host)}[0]);
}

/* 60 KiB of ports are 15 windows; memory does not run out with them. */
Test(plan_windows, devices_do_without_ports_when_none_are_left)
{
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	for (unsigned i = 0; i < 17; i++) {
		struct device_facts *device = test_host_add(&host);

		test_bar(device, 0, 128, i == 3 ? "32" : "io");
		test_bar(device, 1, 16 * MIB, "32");
	}
	plan = must_plan(&host);
	check_bars(&plan);
	cr_assert_eq(plan.ports[3].io.size, 0, "not implemented where nobody needs it");
	cr_assert_eq(plan.devices[15].bar_address[0], 0xf000);
	cr_assert_eq(plan.ports[16].io.size, 0);
	cr_assert_eq(plan.devices[16].bar_address[0], 0);
	cr_assert_neq(plan.devices[16].bar_address[1], 0);
}

/* A bridge's window for what is not prefetchable has 32 bits. */
Test(plan_windows, only_prefetchable_bars_are_above_4_gib)
{
	struct test_host host;
	struct device_facts *device;
	struct vm_plan plan;

	test_host_init(&host);
	device = test_host_add(&host);
	test_bar(device, 0, 16 * KIB, "64");
	test_bar(device, 2, 16 * KIB, "64 pref");
	plan = must_plan(&host);
	cr_assert_eq(plan.devices[0].bar_address[0], PLAN_MMIO32_BASE);
	cr_assert_eq(plan.devices[0].bar_address[2], plan.mmio64_window.base);
}

Test(plan_windows, a_gpu_of_256_gib)
{
	struct test_host host;
	struct device_facts *device;
	struct vm_plan plan;

	test_host_init(&host);
	host.facts.guest_phys_bits = 46;
	device = test_host_add(&host);
	device->iova_bits = 48;
	test_bar(device, 0, 256 * GIB, "64 pref");
	plan = must_plan(&host);
	check_bars(&plan);
	cr_assert_eq(plan.mmio64_window.size, 512 * GIB);
	cr_assert_eq(plan.mmio64_window.base, 256 * GIB);
}

Test(plan_windows, the_window_shrinks_to_what_there_is)
{
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	host.facts.guest_phys_bits = 36;
	test_host_add_nvme(&host);
	plan = must_plan(&host);
	cr_assert_eq(plan.mmio64_window.base, 4 * GIB);
	cr_assert_eq(plan.mmio64_window.size, 60 * GIB);
	host.facts.guest_phys_bits = 32;
	host.facts.device_count = 0;
	plan = must_plan(&host);
	cr_assert_eq(plan.mmio64_window.size, 0);
}

/* An AMD host: the 12 GiB below 1 TiB are HyperTransport's. */
Test(plan_windows, the_window_keeps_clear_of_reserved_ranges)
{
	struct test_host host;
	struct device_facts *device;
	struct vm_plan plan;

	test_host_init(&host);
	host.facts.guest_phys_bits = 48;
	device = test_host_add(&host);
	device->iova_bits = 48;
	device->reserved[device->reserved_count++] =
		(struct pt_iova_range){0xfd00000000, 0xffffffffff};
	test_bar(device, 0, 64 * GIB, "64 pref");
	plan = must_plan(&host);
	cr_assert_eq(plan.mmio64_window.base, 64 * GIB);
	cr_assert_eq(plan.mmio64_window.size, 128 * GIB);
	/* Twice 512 GiB fit above it only. */
	test_bar(device, 0, 512 * GIB, "64 pref");
	plan = must_plan(&host);
	cr_assert_eq(plan.mmio64_window.base, 1024 * GIB);
	cr_assert_eq(plan.mmio64_window.size, 1024 * GIB);
	check_bars(&plan);
}

Test(plan_windows, of_two_small_gaps_the_larger_one)
{
	struct test_host host;
	struct device_facts *device;
	struct vm_plan plan;

	test_host_init(&host);
	host.facts.guest_phys_bits = 36; /* 64 GiB */
	device = test_host_add(&host);
	test_bar(device, 0, 16 * KIB, "64");
	device = test_host_add(&host);
	/* Out of order, overlapping, and one across the start. */
	device->reserved[1] = (struct pt_iova_range){20 * GIB + 5, 24 * GIB - 1};
	device->reserved[2] = (struct pt_iova_range){3 * GIB, 4 * GIB + 7};
	device->reserved[3] = (struct pt_iova_range){19 * GIB, 22 * GIB};
	device->reserved_count = 4;
	plan = must_plan(&host);
	cr_assert_eq(plan.mmio64_window.base, 24 * GIB);
	cr_assert_eq(plan.mmio64_window.size, 40 * GIB);
}
