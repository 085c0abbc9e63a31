/* SPDX-License-Identifier: MIT */
/* Where virtio devices go, and what they are called. */
#include <criterion/criterion.h>
#include <errno.h>

#include "plan/plan.h"
#include "plan_facts.h"

static struct test_host host;
static struct vm_plan plan;
static struct pt_error err;
static struct vm_config_disk disks[2];
static struct vm_config_net nets[2];
static char path_a[] = "/a.img", path_b[] = "/b.img", tap_a[] = "tap0", tap_b[] = "tap1";

static void up(void)
{
	test_host_init(&host);
	disks[0] = (struct vm_config_disk){.path = path_a};
	disks[1] = (struct vm_config_disk){.path = path_b};
	nets[0] = (struct vm_config_net){.tap = tap_a};
	nets[1] = (struct vm_config_net){.tap = tap_b};
	host.config.disks = disks;
	host.config.disk_count = 2;
	host.config.nets = nets;
	host.config.net_count = 2;
	host.config.has_rng = true;
	host.config.cpus = 4;
}

TestSuite(plan_virtio, .init = up);

static void make(void)
{
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), 0, "%s", err.message);
}

Test(plan_virtio, each_has_a_port_of_its_own_behind_those_that_are_passed_through)
{
	(void)test_host_add(&host);
	make();
	cr_assert_eq(plan.port_count, 6);
	cr_assert_eq(plan.virtio_count, 5);
	for (unsigned i = 0; i < plan.virtio_count; i++) {
		const struct plan_virtio *virtio = &plan.virtio[i];

		cr_assert_eq(virtio->slot, i + 2);
		cr_assert_eq(plan.ports[virtio->port].slot, virtio->slot);
		cr_assert_eq(virtio->bar, plan.ports[virtio->port].memory.base);
		cr_assert_geq(plan.ports[virtio->port].memory.size, 0x8000u);
		cr_assert_eq(virtio->gsi, PLAN_INTX_GSI + virtio->slot % PLAN_INTX_GSIS);
	}
	cr_assert_str_eq(plan.virtio[0].id, "disk0");
	cr_assert_str_eq(plan.virtio[1].id, "disk1");
	cr_assert_str_eq(plan.virtio[2].id, "net0");
	cr_assert_str_eq(plan.virtio[4].id, "rng0");
	cr_assert_eq(plan.virtio[0].disk.queues, 4);
	cr_assert_eq(plan.virtio[2].net.pairs, 1);
}

Test(plan_virtio, a_slot_that_is_asked_for_is_given)
{
	disks[1].slot = 1;
	nets[0].slot = 31;
	make();
	cr_assert_eq(plan.virtio[1].slot, 1);
	cr_assert_eq(plan.virtio[2].slot, 31);
	cr_assert_eq(plan.virtio[0].slot, 2);
	cr_assert_eq(plan.ports[plan.port_count - 1].slot, 31);
}

Test(plan_virtio, a_slot_is_not_shared)
{
	disks[0].slot = disks[1].slot = 3;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), -EEXIST);
	cr_assert(strstr(err.message, "slot 3"), "%s", err.message);
}

Test(plan_virtio, an_id_is_given_once)
{
	char id[] = "root";

	disks[0].id = id;
	nets[1].id = id;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), -EEXIST);
	cr_assert(strstr(err.message, "root") && strstr(err.message, "tap1"), "%s", err.message);
}

/* The same each time, another one for another guest or tap device, of nobody's, and not a group's. */
Test(plan_virtio, an_address_is_made_of_the_names)
{
	char name[] = "other";
	uint8_t first[6];

	make();
	memcpy(first, plan.virtio[2].net.mac, 6);
	cr_assert_eq(first[0] & 3, 2);
	cr_assert_neq(memcmp(first, plan.virtio[3].net.mac, 6), 0);
	make();
	cr_assert_eq(memcmp(first, plan.virtio[2].net.mac, 6), 0);
	host.config.name = name;
	make();
	cr_assert_neq(memcmp(first, plan.virtio[2].net.mac, 6), 0);
	nets[0].has_mac = true;
	memcpy(nets[0].mac, "\x52\x54\x00\x12\x34\x56", 6);
	make();
	cr_assert_eq(memcmp(nets[0].mac, plan.virtio[2].net.mac, 6), 0);
}

Test(plan_virtio, more_devices_than_slots_are_refused)
{
	for (unsigned i = 0; i < 27; i++)
		(void)test_host_add(&host);
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), -E2BIG);
	cr_assert(strstr(err.message, "32 devices"), "%s", err.message);
}

/* A console or a channel is a device; a controller has several, where they say so. */
Test(plan_virtio, ports)
{
	char name[] = "org.example.agent", controller[] = "vs0", id[] = "channel0",
	     label[] = "charchannel0", path[] = "/run/agent";
	struct vm_config_console consoles[] = {
		{.where = VM_CONSOLE_PTY},
		{.channel = true, .name = name, .where = VM_CONSOLE_SOCKET, .path = path},
		{.where = VM_CONSOLE_NONE, .controller = controller},
		{.channel = true,
		 .name = name,
		 .where = VM_CONSOLE_SOCKET,
		 .fd = 7,
		 .controller = controller,
		 .number = 30,
		 .id = id,
		 .label = label},
	};
	struct vm_config_controller controllers[] = {{.id = controller, .slot = 9}};
	const struct plan_console *console;

	host.config.disk_count = host.config.net_count = 0;
	host.config.consoles = consoles;
	host.config.console_count = 4;
	host.config.controllers = controllers;
	host.config.controller_count = 1;
	make();
	cr_assert_eq(plan.virtio_count, 4, "and the random numbers");
	cr_assert_str_eq(plan.virtio[0].id, "console0");
	cr_assert_str_eq(plan.virtio[1].id, "channel1", "channel0 is a port's");
	cr_assert_str_eq(plan.virtio[2].id, "vs0");
	cr_assert_eq(plan.virtio[2].slot, 9);
	cr_assert_eq(plan.virtio[0].console.ports[0].number, 0);
	console = &plan.virtio[1].console;
	cr_assert_eq(console->port_count, 1);
	cr_assert_eq(console->ports[0].number, 1);
	cr_assert_str_eq(console->ports[0].name, name);
	cr_assert_str_eq(console->ports[0].path, path);
	cr_assert_str_empty(console->ports[0].id);
	console = &plan.virtio[2].console;
	cr_assert_eq(console->port_count, 2);
	cr_assert_eq(console->ports[1].number, 30);
	cr_assert_eq(console->ports[1].fd, 7);
	cr_assert_str_eq(console->ports[1].id, id);
	cr_assert_str_eq(console->ports[1].label, label);
}

Test(plan_virtio, a_controller_has_so_many_ports)
{
	char controller[] = "vs0";
	struct vm_config_console consoles[PLAN_CONSOLE_PORTS_MAX + 1] = {0};
	struct vm_config_controller controllers[] = {{.id = controller}};

	for (unsigned i = 0; i <= PLAN_CONSOLE_PORTS_MAX; i++)
		consoles[i] = (struct vm_config_console){.controller = controller, .number = i};
	host.config.consoles = consoles;
	host.config.console_count = PLAN_CONSOLE_PORTS_MAX + 1;
	host.config.controllers = controllers;
	host.config.controller_count = 1;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), -E2BIG);
	cr_assert(strstr(err.message, "vs0"), "%s", err.message);
}
