/* SPDX-License-Identifier: MIT */
/* What plan_make() decides, read back from plan_print(). */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "plan/plan.h"
#include "plan_facts.h"

Test(plan, no_device)
{
	struct test_host host;

	test_host_init(&host);
	must_print(&host, "plan-no-device.txt");
}

/* All that is not as usual. */
Test(plan, with_policies)
{
	struct test_host host;

	test_host_init(&host);
	test_host_add_nvme(&host);
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
	must_print(&host, "plan-policies.txt");
}

Test(plan, nvme)
{
	struct test_host host;

	test_host_init(&host);
	test_host_add_nvme(&host);
	host.config.cpus = 4;
	host.config.threads = 2;
	host.facts.cpu_has[cpu_feature_find("aes")] = true;
	host.config.cpu_features[cpu_feature_find("aes")] = 1;
	host.config.cpu_features[cpu_feature_find("avx2")] = -1;
	must_print(&host, "plan-nvme.txt");
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
	test_host_add_nvme(&host);
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
	must_print(&host, "plan-many-kinds.txt");
}

/* What the host says of it may be no size that a ROM can have; the library judges it then. */
Test(plan, a_rom_of_a_size_that_none_has_gets_no_address)
{
	static const uint64_t sizes[] = {0, 512, 3000, 0x30000, 32 * MIB};
	struct test_host host;
	struct vm_plan plan;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		test_host_init(&host);
		test_host_add_nvme(&host);
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
		test_host_add_nvme(&host);
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

Test(plan, every_device_has_an_id)
{
	static char one[] = "passthrough1", disk[] = "root-disk", again[] = "root-disk";
	struct vm_config_device asked[4] = {{.id = NULL}, {.id = one}, {.id = NULL}, {.id = disk}};
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host;
	struct vm_plan plan;

	test_host_asks(&host, asked, 4, 4);
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

	test_host_asks(&host, asked, 2, 2);
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
	test_host_add_nvme(&host);
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
