/* SPDX-License-Identifier: MIT */
/* Slots, the functions in them, and their interrupts. */
#include <criterion/criterion.h>
#include <errno.h>

#include "plan/plan.h"
#include "plan_facts.h"

Test(plan_slots, slots_and_gsis)
{
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	for (int i = 0; i < 31; i++)
		test_host_add_nvme(&host);
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

Test(plan_slots, a_device_gets_the_slot_it_asks_for_and_the_others_what_is_left)
{
	struct vm_config_device asked[3] = {{.slot = 0}, {.slot = 1}, {.slot = 9}};
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host;
	struct vm_plan plan;

	test_host_asks(&host, asked, 3, 4);
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

Test(plan_slots, functions_of_one_slot_know_of_each_other)
{
	struct vm_config_device asked[3] = {{.slot = 2, .function = 1}, {.slot = 2}, {.slot = 0}};
	struct test_host host;
	struct vm_plan plan;

	test_host_asks(&host, asked, 3, 3);
	plan = must_plan(&host);
	cr_assert_eq(plan.port_count, 2);
	cr_assert_eq(plan.devices[0].port, plan.devices[1].port);
	cr_assert_eq(plan.devices[0].function, 1);
	cr_assert_eq(plan.devices[1].function, 0);
	cr_assert(plan.devices[0].multifunction && plan.devices[1].multifunction);
	cr_assert_eq(plan.ports[plan.devices[2].port].slot, 1, "the next slot with nothing in it");
	cr_assert_not(plan.devices[2].multifunction);
}

Test(plan_slots, a_slot_has_a_function_0_and_each_function_once)
{
	struct vm_config_device asked[3] = {
		{.slot = 0}, {.slot = 4, .function = 2}, {.slot = 4, .function = 1}};
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host;
	struct vm_plan plan;

	test_host_asks(&host, asked, 3, 3);
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

/* As libvirt lays out a PC: no root ports, and no buses behind them. */
Test(plan_slots, slots_that_are_flat)
{
	struct test_host host;

	test_host_init(&host);
	host.config.flat = true;
	host.config.hotplug_slots = 1;
	test_host_add_nvme(&host);
	test_host_add_nvme(&host);
	host.config.devices = (struct vm_config_device[]){{.slot = 9}, {.slot = 9, .function = 1}};
	host.config.device_count = 2;
	host.config.has_rng = true;
	host.config.rng.slot = 5;
	must_print(&host, "plan-flat.txt");
}
