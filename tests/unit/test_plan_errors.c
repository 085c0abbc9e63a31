/* SPDX-License-Identifier: MIT */
/* What does not fit, and what the user is told. */
#include <criterion/criterion.h>
#include <errno.h>

#include "plan/plan.h"
#include "plan_facts.h"

static void must_fail(const struct test_host *host, int code, const char *message,
		      const char *remedy)
{
	struct pt_error err = PT_ERROR_INIT;
	struct vm_plan plan = {.cpus = 77};
	int ret = plan_make(&host->config, &host->facts, &plan, &err);

	cr_assert_eq(ret, code, "%d: %s", ret, err.message);
	cr_assert_eq(err.code, code);
	cr_assert_str_eq(err.message, message, "%s", err.message);
	cr_assert_str_eq(err.remedy, remedy, "%s", err.remedy);
	cr_assert_eq(plan.cpus, 77, "the plan was written on failure");
	cr_assert_eq(plan_make(&host->config, &host->facts, &plan, NULL), code,
		     "another result without an error to fill in");
}

Test(plan_errors, cpus)
{
	struct test_host host;

	test_host_init(&host);
	host.config.cpus = 0;
	must_fail(&host, -ERANGE, "0 virtual CPUs: this host runs 1 to 710", "--cpus 1");
	host.config.cpus = 9;
	host.facts.max_cpus = 8;
	must_fail(&host, -ERANGE, "9 virtual CPUs: this host runs 1 to 8", "--cpus 8");
}

static void cpus(struct test_host *host, unsigned count, unsigned sockets, unsigned cores,
		 unsigned threads)
{
	host->config.cpus = count;
	host->config.sockets = sockets;
	host->config.cores = cores;
	host->config.threads = threads;
}

Test(plan_errors, topologies)
{
	struct test_host host;

	test_host_init(&host);
	cpus(&host, 6, 0, 0, 4);
	must_fail(
		&host, -EINVAL,
		"6 virtual CPUs do not make whole sockets (1), cores (1 in each) and threads (4 in each)",
		"--cpus 4,sockets=1,cores=1,threads=4");
	cpus(&host, 8, 2, 1, 2);
	must_fail(
		&host, -EINVAL,
		"8 virtual CPUs do not make whole sockets (2), cores (1 in each) and threads (2 in each)",
		"--cpus 4,sockets=2,cores=1,threads=2");
	cpus(&host, 0, 1024, 1024, 1024);
	must_fail(&host, -ERANGE, "1073741824 virtual CPUs: this host runs 1 to 710", "--cpus 710");
	cpus(&host, 0, 2, 65, 5);
	must_fail(
		&host, -ERANGE,
		"650 virtual CPUs in this topology have APIC ids up to 1540: this host's KVM has them up to 1023",
		"--cpus 325,sockets=1,cores=65,threads=5; or all of them, --cpus 650,sockets=1,cores=650,threads=1");
}

Test(plan_errors, a_feature_that_kvm_lacks)
{
	struct test_host host;

	test_host_init(&host);
	host.config.cpu_features[cpu_feature_find("avx512f")] = 1;
	must_fail(&host, -EOPNOTSUPP,
		  "a CPU with avx512f: this host's processor or its KVM has no such feature",
		  "leave +avx512f out of --cpu");
}

Test(plan_errors, memory_itself)
{
	struct test_host host;

	test_host_init(&host);
	host.config.memory = 0;
	must_fail(&host, -EINVAL, "memory of 0 bytes is too small for a guest",
		  "--memory 32M or more");
	host.config.memory = 513 * MIB;
	must_fail(&host, -EINVAL, "memory of 513 MiB is not a multiple of 2 MiB",
		  "--memory 512M or --memory 514M");
	host.config.memory = UINT64_MAX;
	must_fail(&host, -EINVAL, "memory of 18446744073709551615 bytes is not a multiple of 2 MiB",
		  "a smaller --memory");
}

Test(plan_errors, huge_pages)
{
	struct test_host host;

	test_host_init(&host);
	host.config.memory = 512 * MIB;
	host.config.hugepages = 2 * MIB;
	must_fail(
		&host, -ENODEV,
		"this host has no huge pages of 2 MiB: there is no "
		"/sys/kernel/mm/hugepages/hugepages-2048kB",
		"--hugepages off, or another size; `ls /sys/kernel/mm/hugepages` shows which there "
		"are");
	host.facts.hugepages[0] =
		(struct hugepages){.size = 2 * MIB, .exists = 1, .total = 300, .free = 200};
	must_fail(&host, -ENOMEM,
		  "memory of 512 MiB takes 256 huge pages of 2 MiB: 200 of the host's 300 are free "
		  "(/sys/kernel/mm/hugepages/hugepages-2048kB)",
		  "as root: echo 356 > /sys/kernel/mm/hugepages/hugepages-2048kB/nr_hugepages; or "
		  "--hugepages off");
	host.config.hugepages = GIB;
	host.facts.hugepages[1] =
		(struct hugepages){.size = GIB, .exists = 1, .total = 4, .free = 4};
	must_fail(&host, -EINVAL, "memory of 512 MiB is not a multiple of 1 GiB, its page size",
		  "--memory 1G, or --hugepages off");
}

Test(plan_errors, memory_of_the_host)
{
	struct test_host host;

	test_host_init(&host);
	host.config.memory = 66 * GIB;
	must_fail(&host, -ENOMEM, "memory of 66 GiB is more than this host has: 64 GiB",
		  "--memory 57600M or less, of what is available now");
}

Test(plan_errors, memlock_matters_with_devices_only)
{
	struct test_host host;
	struct vm_plan plan;

	test_host_init(&host);
	host.facts.memlock = 8 * MIB;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, NULL), 0);
	cr_assert_not(plan.pins_memory);
	(void)test_host_add(&host);
	must_fail(&host, -ENOMEM,
		  "devices need all of the guest's memory locked: 1 GiB, and this process may lock "
		  "8 MiB",
		  "run as root; or raise the limit: ulimit -l 1048576 in the shell, "
		  "LimitMEMLOCK=infinity in a systemd unit");
	host.facts.memlock = GIB;
	cr_assert_eq(plan_make(&host.config, &host.facts, &plan, NULL), 0);
	cr_assert(plan.pins_memory);
}

Test(plan_errors, addresses_of_guests)
{
	struct test_host host;

	test_host_init(&host);
	host.facts.guest_phys_bits = 33;
	host.config.memory = 10 * GIB;
	must_fail(&host, -ERANGE,
		  "memory of 10 GiB does not fit: guests on this host have addresses of 33 bits",
		  "--memory 6G or less");
	host.facts.guest_phys_bits = 32;
	must_fail(&host, -ERANGE,
		  "memory of 10 GiB does not fit: guests on this host have addresses of 32 bits",
		  "--memory 2G or less");
}

Test(plan_errors, addresses_of_an_iommu)
{
	struct test_host host;

	test_host_init(&host);
	(void)test_host_add(&host);
	test_host_add(&host)->iova_bits = 34;
	test_host_add(&host)->iova_bits = 0; /* the kernel does not say */
	host.config.memory = 20 * GIB;
	must_fail(&host, -ERANGE,
		  "memory of 20 GiB does not fit: the IOMMU of 0000:02:00.0 translates 34 bits",
		  "--memory 14G or less");
}

Test(plan_errors, a_reserved_range_in_ram)
{
	struct test_host host;
	struct device_facts *device;

	test_host_init(&host);
	host.config.memory = 4 * GIB;
	device = test_host_add(&host);
	device->reserved[1] = (struct pt_iova_range){0x7b800000, 0x7fffffff};
	device->reserved_count = 2;
	must_fail(
		&host, -EADDRINUSE,
		"0000:01:00.0: its IOMMU reserves 0x7b800000-0x7fffffff, where the guest's memory "
		"would be (0x0-0x7fffffff)",
		"--memory 1976M or less, or leave 0000:01:00.0 out");
	device->reserved[1] = (struct pt_iova_range){0x140000000, UINT64_MAX};
	must_fail(&host, -EADDRINUSE,
		  "0000:01:00.0: its IOMMU reserves 0x140000000-0xffffffffffffffff, where the "
		  "guest's memory would be (0x100000000-0x17fffffff)",
		  "--memory 3G or less, or leave 0000:01:00.0 out");
	device->reserved[1] = (struct pt_iova_range){0, 0xfff};
	must_fail(&host, -EADDRINUSE,
		  "0000:01:00.0: its IOMMU reserves 0x0-0xfff, where the guest's memory would be "
		  "(0x0-0x7fffffff)",
		  "leave 0000:01:00.0 out; no size of memory avoids it");
}

Test(plan_errors, bars_that_do_not_fit)
{
	struct test_host host;
	struct device_facts *device;

	test_host_init(&host);
	device = test_host_add(&host);
	test_bar(device, 2, 2 * GIB, "32");
	must_fail(
		&host, -ENOSPC,
		"the devices' BARs need 2 GiB of addresses below 4 GiB, and there are 1536 MiB (a "
		"fixed window); the largest is BAR 2 of 0000:01:00.0 with 2 GiB",
		"leave 0000:01:00.0 out");
	test_bar(device, 2, 512 * GIB, "64 pref");
	(void)test_host_add(&host);
	must_fail(&host, -ENOSPC,
		  "the devices' BARs need 512 GiB of addresses above memory, and there are 0 bytes "
		  "(the IOMMU of 0000:01:00.0 translates 39 bits); the largest is BAR 2 of "
		  "0000:01:00.0 with 512 GiB",
		  "leave 0000:01:00.0 out, or divide the devices among guests");
}

Test(plan_errors, sums_that_overflow)
{
	struct test_host host;

	test_host_init(&host);
	test_bar(test_host_add(&host), 0, UINT64_C(1) << 63, "64 pref");
	test_bar(test_host_add(&host), 2, UINT64_C(1) << 63, "64 pref");
	must_fail(&host, -EOVERFLOW,
		  "0000:02:00.0: BAR 2: the devices' BARs are larger than any address space", "");
	host.facts.device_count = 1;
	must_fail(&host, -ENOSPC,
		  "the devices' BARs need 8388608 TiB of addresses above memory, and there are 0 "
		  "bytes (the IOMMU of 0000:01:00.0 translates 39 bits); the largest is BAR 0 of "
		  "0000:01:00.0 with 8388608 TiB",
		  "leave 0000:01:00.0 out");
}

Test(plan_errors, facts_that_cannot_be)
{
	struct test_host host;
	struct device_facts *device;

	test_host_init(&host);
	device = test_host_add(&host);
	test_bar(device, 1, 0x3000, "32");
	must_fail(&host, -EINVAL,
		  "0000:01:00.0: the size of BAR 1 is 0x3000, which is no power of two", "");
	test_bar(device, 1, 0, "32");
	test_bar(device, 5, 4096, "64");
	must_fail(&host, -EINVAL, "0000:01:00.0: BAR 5 has 64 bits and no upper half", "");
	test_bar(device, 5, 0, "32");
	device->host.irq_pin = 5;
	must_fail(&host, -EINVAL, "0000:01:00.0: it has interrupt pin 5, and there are 4", "");
}

Test(plan_errors, a_clique_is_for_nvidias_display_controllers)
{
	struct vm_config_device settings = {.has_gpudirect_clique = true};
	struct device_facts *device;
	struct test_host host;

	test_host_init(&host);
	host.config.devices = &settings;
	host.config.device_count = 1;
	device = test_host_add(&host);
	must_fail(&host, -EINVAL,
		  "0000:01:00.0: gpudirect-clique is for NVIDIA display controllers, and this is "
		  "[1b36:0010], class 010802",
		  "leave it out");
	device->host.vendor = 0x10de;
	device->host.class_code = 0x040300;
	must_fail(&host, -EINVAL,
		  "0000:01:00.0: gpudirect-clique is for NVIDIA display controllers, and this is "
		  "[10de:0010], class 040300",
		  "leave it out");
}

Test(plan_errors, devices)
{
	struct test_host host;

	test_host_init(&host);
	for (int i = 0; i < 32; i++)
		(void)test_host_add(&host);
	must_fail(&host, -E2BIG, "32 devices, and a guest has room for 31",
		  "divide them among guests");
	host.facts.device_count = 2;
	memcpy(host.devices[1].host.name, host.devices[0].host.name, PT_NAME_SIZE);
	must_fail(&host, -EEXIST, "0000:01:00.0 is named twice", "name each device once");
}

Test(plan_errors, some_devices_without_an_iommu)
{
	struct test_host host;

	test_host_init(&host);
	test_host_add(&host);
	test_host_add(&host)->host.noiommu = 1;
	must_fail(
		&host, -EINVAL,
		"0000:02:00.0: no IOMMU stands before it, so it cannot share an address space with "
		"0000:01:00.0",
		"divide them among guests");
	host.devices[0].host.noiommu = 1;
	host.devices[1].host.noiommu = 0;
	must_fail(
		&host, -EINVAL,
		"0000:01:00.0: no IOMMU stands before it, so it cannot share an address space with "
		"0000:02:00.0",
		"divide them among guests");
}
