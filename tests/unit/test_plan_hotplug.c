/* SPDX-License-Identifier: MIT */
/* Slots that are empty at first, and what plan_hotplug() decides on a device that comes into one. */
#include <criterion/criterion.h>
#include <errno.h>
#include <stdlib.h>

#include "check.h"
#include "config/size.h"
#include "plan/plan.h"
#include "plan_facts.h"

/* A guest with one device in slot 2, and two slots that are empty. */
static struct vm_plan guest(struct test_host *host)
{
	static struct vm_config_device asked = {.slot = 2};

	test_host_init(host);
	test_bar(test_host_add(host), 0, 16 * KIB, "64");
	host->config.devices = &asked;
	host->config.device_count = 1;
	host->config.hotplug_slots = 2;
	host->config.reserve_64bit = 3 * GIB;
	return must_plan(host);
}

/* One more device, 0000:09:00.0. */
static struct device_facts *more(struct test_host *host, struct vm_config_device *asked)
{
	test_host_init(host);
	*asked = (struct vm_config_device){0};
	host->config.devices = asked;
	host->config.device_count = 1;
	(void)test_host_add(host);
	memcpy(host->devices[0].host.name, "0000:09:00.0", 13);
	return &host->devices[0];
}

Test(plan_hotplug, empty_slots)
{
	struct test_host host;

	(void)guest(&host);
	must_print(&host, "plan-hotplug.txt");
}

/* Ports whose place was said, as a manager that lays out root ports does: two are functions of one device of bus 0. */
static void say_ports(struct vm_config *config)
{
	config->ports[0] = (struct vm_config_port){"pci.1", 1, 2, 0};
	config->ports[1] = (struct vm_config_port){"pci.2", 2, 2, 1};
	config->ports[2] = (struct vm_config_port){"pci.3", 3, 1, 0};
	config->port_count = 3;
	config->hotplug_slots = 0;
}

Test(plan_hotplug, ports_are_where_they_are_said_to_be)
{
	struct vm_config_device asked = {.slot = 2};
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	test_bar(test_host_add(&host), 0, 16 * KIB, "64");
	host.config.devices = &asked;
	host.config.device_count = 1;
	say_ports(&host.config);
	plan = must_plan(&host);
	cr_assert_eq(plan.port_count, 3);
	cr_assert_eq(plan.ports[0].slot, 3);
	cr_assert(!plan.ports[0].multifunction && plan.ports[0].reserve_32bit);
	cr_assert_eq(plan.ports[1].slot, 1);
	cr_assert(plan.ports[1].multifunction && plan.ports[1].bus == 2);
	cr_assert_eq(plan.ports[2].function, 1);
	cr_assert_str_eq(plan.ports[2].id, "pci.2");
	cr_assert_eq(plan.devices[0].port, 2);
	cr_assert_eq(plan.devices[0].gsi, 16 + 2, "the pin is that of its port's device");
}

Test(plan_hotplug, ports_in_one_place)
{
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	say_ports(&host.config);
	host.config.ports[1].function = 0;
	check_error(plan_make(&host.config, &host.facts, &plan, &err), -EEXIST, err,
		    "the root ports of slots 1 and 2 are both to be at 00:02.0");
	say_ports(&host.config);
	host.config.ports[0].function = 2;
	err = (struct pt_error)PT_ERROR_INIT;
	check_error(plan_make(&host.config, &host.facts, &plan, &err), -EINVAL, err,
		    "the root port of slot 2 would be 00:02.1, where nothing is function 0");
}

/* How a guest's first device is had is up to what comes. */
Test(plan_hotplug, the_first_device_can_be_had_in_any_way)
{
	struct vm_config_device asked;
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host, other;
	struct plan_device device;
	struct vm_plan plan = guest(&host);

	(void)more(&other, &asked);
	other.facts.backend = PT_BACKEND_GROUP;
	check_error(plan_hotplug(&plan, &other.config, &other.facts, &device, &err), -EINVAL, err,
		    "the guest's devices are had by cdevs");
	plan.devices[0].id[0] = '\0';
	err = (struct pt_error)PT_ERROR_INIT;
	cr_assert_eq(plan_hotplug(&plan, &other.config, &other.facts, &device, &err), 0, "%s",
		     err.message);
	cr_assert_eq(device.backend, PT_BACKEND_GROUP);
	cr_assert_not(plan.backend_asked);
	host.config.backend = BACKEND_CDEV;
	cr_assert(must_plan(&host).backend_asked);
}

Test(plan_hotplug, too_many_empty_slots)
{
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host;
	struct vm_plan plan;

	(void)guest(&host);
	host.config.hotplug_slots = 31;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), -E2BIG);
	cr_assert_str_eq(err.message, "31 slots that are empty at first, and the devices leave 30");
	cr_assert_str_eq(err.remedy, "--hotplug-slots 30");
	host.config.hotplug_slots = 30;
	host.config.reserve_64bit = MIB;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), 0, "%s", err.message);
	cr_assert_eq(plan.port_count, 31);
}

/* What is said can be typed, and is the most that fits. */
static void check_reserve(struct test_host *host, uint64_t *reserve, const char *option,
			  const char *where)
{
	struct pt_error err = PT_ERROR_INIT;
	struct vm_plan plan;
	char text[64];
	uint64_t fits;

	cr_assert_eq(plan_make(&host->config, &host->facts, &plan, &err), -ENOSPC);
	cr_assert(strstr(err.message, where), "%s", err.message);
	cr_assert_eq(strncmp(err.remedy, option, strlen(option)), 0, "%s", err.remedy);
	(void)snprintf(text, sizeof(text), "%.*s", (int)strcspn(err.remedy + strlen(option), ","),
		       err.remedy + strlen(option));
	cr_assert_eq(size_parse(text, &fits), 0, "%s", text);
	*reserve = fits;
	check_ok(plan_make(&host->config, &host->facts, &plan, &err), err);
	*reserve = fits * 2;
	cr_assert_eq(plan_make(&host->config, &host->facts, &plan, &err), -ENOSPC);
}

Test(plan_hotplug, what_they_reserve_has_to_fit)
{
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host;
	struct vm_plan plan;

	(void)guest(&host);
	host.config.reserve_32bit = GIB;
	check_reserve(&host, &host.config.reserve_32bit, "--reserve-32bit ", "below 4 GiB");
	host.config.reserve_32bit = MIB;
	host.config.reserve_64bit = UINT64_C(1) << 62;
	check_reserve(&host, &host.config.reserve_64bit, "--reserve-64bit ", "above memory");
	host.config.reserve_64bit = UINT64_MAX;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, &err), -ENOSPC);
}

Test(plan_hotplug, a_device_comes_into_the_first_that_is_empty)
{
	struct vm_config_device asked;
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host, other;
	struct vm_plan plan = guest(&host);
	struct plan_device device;

	test_bar(more(&other, &asked), 0, 4 * GIB, "64 pref");
	test_bar(&other.devices[0], 2, 64 * KIB, "32");
	test_bar(&other.devices[0], 4, 64, "io");
	cr_assert_eq(plan_hotplug(&plan, &other.config, &other.facts, &device, &err), 0, "%s",
		     err.message);
	cr_assert_eq(plan.ports[device.port].slot, 1);
	cr_assert_eq(device.bar_address[0], plan.ports[device.port].prefetch.base);
	cr_assert_eq(device.bar_address[2], plan.ports[device.port].memory.base);
	cr_assert_eq(device.bar_address[4], plan.ports[device.port].io.base);
	cr_assert_eq(device.gsi, PLAN_INTX_GSI + 1);
	cr_assert_str_eq(device.id, "passthrough1");
	cr_assert_not(device.multifunction);
	plan.devices[plan.device_count++] = device;
	memcpy(other.devices[0].host.name, "0000:0a:00.0", 13);
	cr_assert_eq(plan_hotplug(&plan, &other.config, &other.facts, &device, &err), 0, "%s",
		     err.message);
	cr_assert_eq(plan.ports[device.port].slot, 3);
	cr_assert_str_eq(device.id, "passthrough2");
}

/* That of a device that left is empty, and its name and id are free. */
Test(plan_hotplug, a_slot_that_was_emptied)
{
	struct vm_config_device asked;
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host, other;
	struct vm_plan plan = guest(&host);
	struct plan_device device;

	(void)more(&other, &asked);
	asked.slot = 2;
	cr_assert_eq(plan_hotplug(&plan, &other.config, &other.facts, &device, &err), -EBUSY);
	plan.devices[0].id[0] = '\0';
	cr_assert_eq(plan_hotplug(&plan, &other.config, &other.facts, &device, &err), 0, "%s",
		     err.message);
	cr_assert_eq(plan.ports[device.port].slot, 2);
	cr_assert_str_eq(device.id, "passthrough0");
}

#define MUST_FAIL(code, part)                                                                    \
	do {                                                                                     \
		cr_assert_eq(plan_hotplug(&plan, &other.config, &other.facts, &device, &err),    \
			     code, "%s", err.message);                                           \
		cr_assert(strstr(err.message, "0000:09:00.0") || strstr(err.message, "one dev"), \
			  "%s", err.message);                                                    \
		cr_assert(strstr(err.message, part), "%s", err.message);                         \
	} while (0)

Test(plan_hotplug, what_cannot_come)
{
	static char id[] = "passthrough0";
	struct vm_config_device asked;
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host, other;
	struct vm_plan plan = guest(&host);
	struct plan_device device;

	(void)more(&other, &asked);
	asked.slot = 2;
	MUST_FAIL(-EBUSY, "slot 2 is taken");
	asked.slot = 9;
	MUST_FAIL(-EBUSY, "no such slot");
	asked.slot = 2;
	asked.function = 1;
	MUST_FAIL(-EBUSY, "slot 2 is taken");
	asked.slot = 1;
	asked.function = 0;
	asked.id = id;
	MUST_FAIL(-EEXIST, "the id passthrough0 is 0000:01:00.0's");
	asked.id = NULL;
	other.facts.backend = PT_BACKEND_GROUP;
	MUST_FAIL(-EINVAL, "by cdevs");
	other.facts.backend = PT_BACKEND_CDEV;
	other.devices[0].host.noiommu = 1;
	MUST_FAIL(-EINVAL, "no IOMMU");
	other.devices[0].host.noiommu = 0;
	other.devices[0].iova_bits = 29;
	MUST_FAIL(-ERANGE, "translates 29 bits");
	other.devices[0].iova_bits = 39;
	other.devices[0].reserved[1] = (struct pt_iova_range){0x1000, 0x1fff};
	other.devices[0].reserved_count = 2;
	MUST_FAIL(-EADDRINUSE, "reserves 0x1000");
	other.devices[0].reserved_count = 1;
	test_bar(&other.devices[0], 0, 32 * MIB, "32");
	MUST_FAIL(-ENOSPC, "below 4 GiB");
	cr_assert(strstr(err.remedy, "reserve-32bit"));
	test_bar(&other.devices[0], 0, 8 * GIB, "64 pref");
	MUST_FAIL(-ENOSPC, "which has 4 GiB");
	cr_assert(strstr(err.remedy, "reserve-64bit"));
	test_bar(&other.devices[0], 0, 0, "");
	plan.devices[1] = plan.devices[2] = plan.devices[0];
	plan.devices[1].port = 0;
	plan.devices[2].port = 2;
	plan.device_count = 3;
	asked.slot = 0;
	MUST_FAIL(-ENOSPC, "no slot of the guest is empty");
	other.config.device_count = 0;
	cr_assert_eq(plan_hotplug(&plan, &other.config, &other.facts, &device, &err), -EINVAL);
}

/* A guest with one device in slot 2, and a config that asks for a disk. */
static struct vm_plan guest_for_disk(struct test_host *host, struct vm_config_disk *disk)
{
	struct vm_plan plan = guest(host);

	*disk = (struct vm_config_disk){.path = (char *)"/data.img"};
	host->config = (struct vm_config){.disks = disk, .disk_count = 1};
	return plan;
}

Test(plan_hotplug, a_virtio_device_comes)
{
	struct vm_config_disk disk;
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host;
	struct vm_plan plan = guest_for_disk(&host, &disk);
	struct plan_virtio virtio;

	cr_assert_eq(plan_hotplug_virtio(&plan, &host.config, &virtio, &err), 0, "%s", err.message);
	cr_assert_eq(virtio.slot, 1);
	cr_assert_eq(virtio.gsi, PLAN_INTX_GSI + 1);
	cr_assert_eq(virtio.bar, plan.ports[virtio.port].memory.base);
	cr_assert_str_eq(virtio.id, "disk0");
	cr_assert_eq(virtio.disk.queues, plan.cpus);
	plan.virtio[plan.virtio_count++] = virtio;
	cr_assert_eq(plan_hotplug_virtio(&plan, &host.config, &virtio, &err), -EEXIST);
	cr_assert_str_eq(err.message, "/data.img: the guest has it already, as disk0");
	disk.path = (char *)"/other.img";
	cr_assert_eq(plan_hotplug_virtio(&plan, &host.config, &virtio, &err), 0, "%s", err.message);
	cr_assert_eq(virtio.slot, 3);
	cr_assert_str_eq(virtio.id, "disk1");
	disk.id = (char *)"passthrough0";
	cr_assert_eq(plan_hotplug_virtio(&plan, &host.config, &virtio, &err), -EEXIST);
	disk.id = NULL;
	disk.slot = 1;
	cr_assert_eq(plan_hotplug_virtio(&plan, &host.config, &virtio, &err), -EBUSY);
	plan.virtio[0].id[0] = '\0';
	cr_assert_eq(plan_hotplug_virtio(&plan, &host.config, &virtio, &err), 0, "%s", err.message);
	cr_assert_str_eq(virtio.id, "disk0", "what left is forgotten");
}

/* A slot that was planned for a device without memory below 4 GiB has no room for a virtio device. */
Test(plan_hotplug, a_slot_without_a_window)
{
	struct vm_config_disk disk;
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host;
	struct vm_plan plan = guest_for_disk(&host, &disk);
	struct plan_virtio virtio;

	plan.ports[0].memory.size = 0;
	disk.slot = 1;
	cr_assert_eq(plan_hotplug_virtio(&plan, &host.config, &virtio, &err), -ENOSPC);
	cr_assert_not_null(strstr(err.remedy, "another slot"));
}

/* Those of one device, function 0 last, share the slot's windows. */
Test(plan_hotplug, function_by_function)
{
	struct vm_config_device asked;
	struct pt_error err = PT_ERROR_INIT;
	struct test_host host, other;
	struct vm_plan plan = guest(&host);
	struct plan_device device;
	uint64_t first;

	test_bar(more(&other, &asked), 0, 16 * KIB, "32");
	asked.slot = 3;
	asked.function = 1;
	cr_assert_eq(plan_hotplug(&plan, &other.config, &other.facts, &device, &err), 0, "%s",
		     err.message);
	cr_assert_eq(device.function, 1);
	cr_assert(device.multifunction);
	first = device.bar_address[0];
	plan.devices[plan.device_count++] = device;
	memcpy(other.devices[0].host.name, "0000:0a:00.0", 13);
	cr_assert_eq(plan_hotplug(&plan, &other.config, &other.facts, &device, &err), -EBUSY,
		     "that function is taken");
	asked.function = 0;
	test_bar(&other.devices[0], 0, 64 * KIB, "32");
	cr_assert_eq(plan_hotplug(&plan, &other.config, &other.facts, &device, &err), 0, "%s",
		     err.message);
	cr_assert(device.multifunction);
	cr_assert_geq(device.bar_address[0], first + 16 * KIB);
	cr_assert_eq(device.bar_address[0] % (64 * KIB), 0);
	plan.devices[plan.device_count++] = device;
	memcpy(other.devices[0].host.name, "0000:0b:00.0", 13);
	asked.function = 2;
	cr_assert_eq(plan_hotplug(&plan, &other.config, &other.facts, &device, &err), -EBUSY,
		     "with function 0 the device is complete");
	asked.slot = asked.function = 0;
	cr_assert_eq(plan_hotplug(&plan, &other.config, &other.facts, &device, &err), 0);
	cr_assert_eq(plan.ports[device.port].slot, 1);
	cr_assert_not(device.multifunction);
}
