/* SPDX-License-Identifier: MIT */
/* What plan_make() decides, read back from plan_print(). */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "golden.h"
#include "plan/plan.h"
#include "plan_facts.h"

static struct vm_plan must_plan(const struct test_host *host)
{
	struct pt_error err = PT_ERROR_INIT;
	struct vm_plan plan;
	int ret = plan_make(&host->config, &host->facts, &plan, &err);

	cr_assert_eq(ret, 0, "%s", err.message);
	return plan;
}

static void compare(const struct test_host *host, const char *name)
{
	struct vm_plan plan = must_plan(host);
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	plan_print(&plan, out);
	(void)fclose(out);
	golden_compare(name, text);
	free(text);
}

/* 16 KiB of registers; 64-bit. */
static void add_nvme(struct test_host *host)
{
	test_bar(test_host_add(host), 0, 16 * KIB, "64");
}

Test(plan, no_device)
{
	struct test_host host;

	test_host_init(&host);
	compare(&host, "plan-no-device.txt");
}

/* All that is not as usual. */
Test(plan, with_policies)
{
	struct test_host host;

	test_host_init(&host);
	add_nvme(&host);
	host.facts.memlock = 2 * GIB;
	host.facts.hugepages[0] =
		(struct hugepages){.size = 2 * MIB, .exists = 1, .total = 900, .free = 512};
	host.facts.node = (struct numa_node){
		.id = 1,
		.exists = 1,
		.total = 8 * GIB,
		.hugepages = {{.size = 2 * MIB, .exists = 1, .total = 512, .free = 512}},
	};
	host.config.hugepages = 2 * MIB;
	host.config.has_numa_node = true;
	host.config.numa_node = 1;
	host.config.prefault_threads = 8;
	host.config.on_reboot = VM_REBOOT_STOP;
	host.config.on_host_request = VM_HOST_REQUEST_IGNORE;
	host.config.on_device_error = VM_DEVICE_ERROR_REMOVE;
	host.config.stop_limit = 120;
	host.config.unplug_limit = 5;
	compare(&host, "plan-policies.txt");
}

Test(plan, nvme)
{
	struct test_host host;

	test_host_init(&host);
	add_nvme(&host);
	host.config.cpus = 4;
	host.config.threads = 2;
	host.facts.cpu_has[cpu_feature_find("aes")] = true;
	host.config.cpu_features[cpu_feature_find("aes")] = 1;
	host.config.cpu_features[cpu_feature_find("avx2")] = -1;
	compare(&host, "plan-nvme.txt");
}

/* RAM on both sides of the hole, a large 64-bit BAR, ports, BARs below a page, a device opened by its node. */
Test(plan, many_kinds)
{
	static char initrd[] = "/boot/initrd.img";
	static char cmdline[] = "console=ttyS0 root=/dev/nvme0n1";
	static char name[] = "many-kinds";
	static char rom[] = "/roms/card.rom";
	struct vm_config_device settings[3] = {
		{0}, {.rom = VM_ROM_OFF}, {.rom = VM_ROM_FILE, .rom_file = rom}};
	struct test_host host;
	struct device_facts *device;

	test_host_init(&host);
	host.config.memory = 6 * GIB;
	host.config.initrd = initrd;
	host.config.cmdline = cmdline;
	host.config.name = name;
	device = test_host_add(&host);
	device->host.class_code = 0x030000;
	device->host.vendor = 0x10de;
	device->host.rom_size = 512 * KIB;
	host.config.devices = settings;
	host.config.device_count = 3;
	settings[0].has_gpudirect_clique = true;
	settings[0].gpudirect_clique = 9;
	settings[0].low_power = true;
	test_bar(device, 0, 16 * MIB, "32");
	test_bar(device, 1, 32 * GIB, "64 pref");
	test_bar(device, 3, 32 * MIB, "64 pref");
	test_bar(device, 5, 128, "io");
	add_nvme(&host);
	host.devices[1].host.rom_size = 256 * KIB;
	device = test_host_add(&host);
	device->rom_file_size = 5 * KIB;
	device->name = "/dev/vfio/devices/vfio7";
	device->host.irq_pin = 4;
	test_bar(device, 0, 256, "io");
	test_bar(device, 1, 256, "32");
	test_bar(device, 2, 128, "32");
	test_bar(device, 4, 2 * KIB, "64");
	device = test_host_add(&host);
	device->host.irq_pin = 0;
	test_bar(device, 0, MIB, "32 pref");
	compare(&host, "plan-many-kinds.txt");
}

/* What the host says of it may be no size that a ROM can have; the library judges it then. */
Test(plan, a_rom_of_a_size_that_none_has_gets_no_address)
{
	static const uint64_t sizes[] = {0, 512, 3000, 0x30000, 32 * MIB};
	struct test_host host;
	struct vm_plan plan;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		test_host_init(&host);
		add_nvme(&host);
		host.devices[0].host.rom_size = sizes[i];
		cr_assert_eq(plan_make(&host.config, &host.facts, &plan, NULL), 0);
		cr_assert_eq(plan.devices[0].bars[PT_BAR_ROM].size, 0);
		cr_assert_eq(plan.devices[0].rom, PT_ROM_DEVICE);
	}
}

Test(plan, the_same_facts_give_the_same_plan)
{
	struct test_host host;
	struct vm_plan a, b;

	test_host_init(&host);
	for (int i = 0; i < 31; i++)
		add_nvme(&host);
	a = must_plan(&host);
	b = must_plan(&host);
	cr_assert_eq(memcmp(&a, &b, sizeof(a)), 0);
}

Test(plan, defaults_of_texts)
{
	static char empty[] = "";
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	plan = must_plan(&host);
	cr_assert_str_eq(plan.name, "tenon");
	cr_assert_str_eq(plan.cmdline, "console=ttyS0");
	cr_assert_str_eq(plan.initrd, "");
	host.config.serial = SERIAL_NONE;
	plan = must_plan(&host);
	cr_assert_str_eq(plan.cmdline, "");
	host.config.serial = SERIAL_PTY;
	host.config.cmdline = empty;
	plan = must_plan(&host);
	cr_assert_str_eq(plan.cmdline, "");
}

Test(plan, devices_reach_each_other_where_there_are_two)
{
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	host.config.p2p = P2P_ON;
	(void)test_host_add(&host);
	plan = must_plan(&host);
	cr_assert(!plan.peer_to_peer && !plan.peers_reach_all);
	(void)test_host_add(&host);
	plan = must_plan(&host);
	cr_assert(plan.peer_to_peer && plan.peers_reach_all);
	host.config.p2p = P2P_AUTO;
	plan = must_plan(&host);
	cr_assert(plan.peer_to_peer && !plan.peers_reach_all);
	host.devices[0].host.mediated = 1;
	plan = must_plan(&host);
	cr_assert(!plan.peer_to_peer, "a mediated device is no peer");
	(void)test_host_add(&host);
	plan = must_plan(&host);
	cr_assert(plan.peer_to_peer);
	host.config.p2p = P2P_OFF;
	plan = must_plan(&host);
	cr_assert(!plan.peer_to_peer);
}

/* Guest address, place in the file and so the address in this process agree modulo any page size. */
Test(plan, huge_pages)
{
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	host.facts.hugepages[1] =
		(struct hugepages){.size = GIB, .exists = 1, .total = 9, .free = 5};
	host.config.memory = 5 * GIB;
	host.config.hugepages = GIB;
	plan = must_plan(&host);
	cr_assert_eq(plan.hugepages, GIB);
	cr_assert_eq(plan.ram_count, 2);
	for (unsigned i = 0; i < plan.ram_count; i++) {
		cr_assert_eq(plan.ram[i].gpa % GIB, 0);
		cr_assert_eq(plan.ram[i].offset % GIB, 0);
		cr_assert_eq(plan.ram[i].size % GIB, 0);
	}
	host.config.hugepages = 0;
	plan = must_plan(&host);
	cr_assert_eq(plan.hugepages, 0);
}

Test(plan, ram_is_split_at_2_gib)
{
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	host.config.memory = 2 * GIB;
	plan = must_plan(&host);
	cr_assert_eq(plan.ram_count, 1);
	cr_assert_eq(plan.ram[0].size, 2 * GIB);
	host.config.memory = 2 * GIB + 2 * MIB;
	plan = must_plan(&host);
	cr_assert_eq(plan.ram_count, 2);
	cr_assert_eq(plan.ram[1].gpa, PLAN_HIGH_RAM_BASE);
	cr_assert_eq(plan.ram[1].size, 2 * MIB);
	cr_assert_eq(plan.ram[1].offset, 2 * GIB);
	cr_assert_eq(plan.mmio64_window.base, 5 * GIB);
}

Test(plan, slots_and_gsis)
{
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	for (int i = 0; i < 31; i++)
		add_nvme(&host);
	host.devices[1].host.irq_pin = 3;
	host.devices[2].host.irq_pin = 0;
	plan = must_plan(&host);
	cr_assert_eq(plan.device_count, 31);
	for (unsigned i = 0; i < 31; i++)
		cr_assert_eq(plan.ports[plan.devices[i].port].slot, i + 1);
	cr_assert_eq(plan.bus_last, 31);
	cr_assert_eq(plan.devices[0].gsi, 17);
	cr_assert_eq(plan.devices[1].gsi, 16 + (2 + 2) % 4);
	cr_assert_eq(plan.devices[2].gsi, 0);
	cr_assert_eq(plan.devices[3].gsi, 16);
}

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

Test(plan, bars_never_overlap)
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

/* 60 KiB of ports are 15 windows; memory does not run out with them. */
Test(plan, devices_do_without_ports_when_none_are_left)
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
Test(plan, only_prefetchable_bars_are_above_4_gib)
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

Test(plan, a_gpu_of_256_gib)
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

Test(plan, the_window_shrinks_to_what_there_is)
{
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	host.facts.guest_phys_bits = 36;
	add_nvme(&host);
	plan = must_plan(&host);
	cr_assert_eq(plan.mmio64_window.base, 4 * GIB);
	cr_assert_eq(plan.mmio64_window.size, 60 * GIB);
	host.facts.guest_phys_bits = 32;
	host.facts.device_count = 0;
	plan = must_plan(&host);
	cr_assert_eq(plan.mmio64_window.size, 0);
}

/* An AMD host: the 12 GiB below 1 TiB are HyperTransport's. */
Test(plan, the_window_keeps_clear_of_reserved_ranges)
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

Test(plan, of_two_small_gaps_the_larger_one)
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

Test(plan, a_device_gets_the_slot_it_asks_for_and_the_others_what_is_left)
{
	struct vm_config_device asked[3] = {{.slot = 0}, {.slot = 1}, {.slot = 9}};
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	for (size_t i = 0; i < 4; i++)
		test_host_add(&host);
	host.config.devices = asked;
	host.config.device_count = 3;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), 0, "%s", err.message);
	cr_assert_eq(plan.ports[plan.devices[0].port].slot, 2);
	cr_assert_eq(plan.ports[plan.devices[1].port].slot, 1);
	cr_assert_eq(plan.ports[plan.devices[2].port].slot, 9);
	cr_assert_eq(plan.ports[plan.devices[3].port].slot, 3);
	for (unsigned i = 0; i < 4; i++)
		cr_assert_eq(plan.ports[i].bus, i + 1);
	cr_assert_eq(plan.ports[3].slot, 9, "buses are in the order of slots");
	cr_assert_eq(plan.devices[2].gsi, PLAN_INTX_GSI + 9 % 4);

	for (unsigned i = 0; i < 4; i++)
		cr_assert_not(plan.devices[i].multifunction);

	asked[2].slot = 1;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), -EEXIST);
	cr_assert_str_eq(err.message, "slot 1.0 is asked for by 0000:02:00.0 and by 0000:03:00.0");
	cr_assert(strstr(err.remedy, "slot=1.1"), "%s", err.remedy);
}

/* One behind a port of its own, three in one slot, whose functions' pins are those of the slot. */
Test(plan, several_functions_in_one_slot)
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
	compare(&host, "plan-functions.txt");
	check_bars(&(struct vm_plan[]){must_plan(&host)}[0]);
}

Test(plan, functions_of_one_slot_know_of_each_other)
{
	struct vm_config_device asked[3] = {{.slot = 2, .function = 1}, {.slot = 2}, {.slot = 0}};
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	for (size_t i = 0; i < 3; i++)
		test_host_add(&host);
	host.config.devices = asked;
	host.config.device_count = 3;
	plan = must_plan(&host);
	cr_assert_eq(plan.port_count, 2);
	cr_assert_eq(plan.devices[0].port, plan.devices[1].port);
	cr_assert_eq(plan.devices[0].function, 1);
	cr_assert_eq(plan.devices[1].function, 0);
	cr_assert(plan.devices[0].multifunction && plan.devices[1].multifunction);
	cr_assert_eq(plan.ports[plan.devices[2].port].slot, 1, "the next slot with nothing in it");
	cr_assert_not(plan.devices[2].multifunction);
}

Test(plan, a_slot_has_a_function_0_and_each_function_once)
{
	struct vm_config_device asked[3] = {
		{.slot = 0}, {.slot = 4, .function = 2}, {.slot = 4, .function = 1}};
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	for (size_t i = 0; i < 3; i++)
		test_host_add(&host);
	host.config.devices = asked;
	host.config.device_count = 3;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), -EINVAL);
	cr_assert_str_eq(err.message, "0000:02:00.0: it would be function 2 of slot 4, which has "
				      "no function 0; a guest would not find it");
	cr_assert(strstr(err.remedy, "slot=4.0"), "%s", err.remedy);
	asked[2].function = 2;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), -EEXIST);
	cr_assert_str_eq(err.message, "slot 4.2 is asked for by 0000:02:00.0 and by 0000:03:00.0");
	cr_assert(strstr(err.remedy, "slot=4.0"), "%s", err.remedy);
	asked[2].function = 0;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), 0, "%s", err.message);
}

Test(plan, every_device_has_an_id)
{
	static char one[] = "passthrough1", disk[] = "root-disk", again[] = "root-disk";
	struct vm_config_device asked[4] = {{.id = NULL}, {.id = one}, {.id = NULL}, {.id = disk}};
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	for (size_t i = 0; i < 4; i++)
		test_host_add(&host);
	host.config.devices = asked;
	host.config.device_count = 4;
	plan = must_plan(&host);
	cr_assert_str_eq(plan.devices[0].id, "passthrough0");
	cr_assert_str_eq(plan.devices[1].id, "passthrough1");
	cr_assert_str_eq(plan.devices[2].id, "passthrough2", "no other has it");
	cr_assert_str_eq(plan.devices[3].id, "root-disk");
	asked[0].id = again;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), -EEXIST);
	cr_assert_str_eq(err.message,
			 "the id root-disk is given to 0000:01:00.0 and to 0000:04:00.0");
	cr_assert_str_neq(err.remedy, "");
}

Test(plan, a_vf_token_goes_to_its_device)
{
	static char token[] = "2ab74924-c335-45f4-9b16-8569e5b08258";
	struct vm_config_device asked[2] = {{.name = NULL}, {.vf_token = token}};
	struct test_host host;
	struct vm_plan plan;
	struct pt_error err = PT_ERROR_INIT;

	test_host_init(&host);
	test_host_add(&host);
	test_host_add(&host);
	host.config.devices = asked;
	host.config.device_count = 2;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), 0, "%s", err.message);
	cr_assert_str_eq(plan.devices[0].vf_token, "");
	cr_assert_str_eq(plan.devices[1].vf_token, token);
}

/* Neither pins memory, so neither is kept from a guest by the limit of locked memory. */
Test(plan, what_pins_no_memory)
{
	struct test_host host;
	struct vm_plan plan;
	struct pt_error err = PT_ERROR_INIT;

	test_host_init(&host);
	host.facts.memlock = 0;
	test_host_add(&host)->host.noiommu = 1;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), 0, "%s", err.message);
	cr_assert(plan.unsafe_noiommu);
	cr_assert_not(plan.pins_memory);
	host.devices[0].host.noiommu = 0;
	host.devices[0].host.mediated = 1;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), 0, "%s", err.message);
	cr_assert_not(plan.unsafe_noiommu);
	cr_assert_not(plan.pins_memory);
	host.devices[0].host.mediated = 0;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), -ENOMEM);
}

/* How the devices are had is part of the plan. */
Test(plan, by_groups)
{
	struct test_host host;
	struct vm_plan plan;
	char *text = NULL;
	size_t size;
	FILE *out = open_memstream(&text, &size);

	test_host_init(&host);
	add_nvme(&host);
	host.devices[0].host.group = 26;
	host.facts.backend = PT_BACKEND_GROUP;
	plan = must_plan(&host);
	cr_assert_eq(plan.backend, PT_BACKEND_GROUP);
	plan_print(&plan, out);
	(void)fclose(out);
	cr_assert_not_null(
		strstr(text, "\n  in a VFIO container: 0000:01:00.0, with IOMMU group 26\n"), "%s",
		text);
	cr_assert_null(strstr(text, "iommufd"), "%s", text);
	free(text);
}

static void topology(unsigned count, unsigned sockets, unsigned cores, unsigned threads,
		     const struct plan_topology *is)
{
	struct test_host host;
	struct pt_error err = PT_ERROR_INIT;
	struct vm_plan plan;

	test_host_init(&host);
	host.config.cpus = count;
	host.config.sockets = sockets;
	host.config.cores = cores;
	host.config.threads = threads;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), 0, "%s", err.message);
	cr_assert_eq(memcmp(&plan.topology, is, sizeof(*is)), 0, "%u, %u, %u",
		     plan.topology.sockets, plan.topology.cores, plan.topology.threads);
	cr_assert_eq(plan.cpus, is->sockets * is->cores * is->threads);
}

/* What is not given follows: cores first, then sockets, then threads. */
Test(plan, topologies)
{
	topology(7, 0, 0, 0, &(struct plan_topology){1, 7, 1});
	topology(8, 2, 0, 2, &(struct plan_topology){2, 2, 2});
	topology(8, 0, 2, 0, &(struct plan_topology){4, 2, 1});
	topology(8, 2, 2, 0, &(struct plan_topology){2, 2, 2});
	topology(8, 2, 2, 2, &(struct plan_topology){2, 2, 2});
	topology(0, 2, 4, 0, &(struct plan_topology){2, 4, 1});
	topology(0, 0, 0, 2, &(struct plan_topology){1, 1, 2});
}

/* Numbers that are no powers of two leave ids out. */
Test(plan, apic_ids)
{
	const struct plan_topology topology = {2, 3, 2};
	static const uint32_t ids[] = {0, 1, 2, 3, 4, 5, 8, 9, 10, 11, 12, 13};

	for (unsigned i = 0; i < 12; i++)
		cr_assert_eq(plan_apic_id(&topology, i), ids[i]);
	cr_assert_eq(plan_apic_id(&(struct plan_topology){1, 255, 1}, 254), 254);
}

/* As libvirt lays out a PC: no root ports, and no buses behind them. */
Test(plan, slots_that_are_flat)
{
	struct test_host host;

	test_host_init(&host);
	host.config.flat = true;
	host.config.hotplug_slots = 1;
	add_nvme(&host);
	add_nvme(&host);
	host.config.devices = (struct vm_config_device[]){{.slot = 9}, {.slot = 9, .function = 1}};
	host.config.device_count = 2;
	host.config.has_rng = true;
	host.config.rng.slot = 5;
	compare(&host, "plan-flat.txt");
}
