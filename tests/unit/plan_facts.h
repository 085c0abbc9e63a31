/* SPDX-License-Identifier: MIT */
/*
 * Hosts and devices for tests of the plan, made by hand.
 */
#ifndef TESTS_PLAN_FACTS_H
#define TESTS_PLAN_FACTS_H

#include <criterion/criterion.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/vm_config.h"
#include "golden.h"
#include "host/host_facts.h"
#include "plan/plan.h"

#define KIB (UINT64_C(1) << 10)
#define MIB (UINT64_C(1) << 20)
#define GIB (UINT64_C(1) << 30)

/** struct test_host - a config and the facts it meets; the config owns nothing, so that it needs no vm_config_done() */
struct test_host {
	struct vm_config config;
	struct host_facts facts;
	struct device_facts devices[40];
	char names[40][PT_NAME_SIZE];
};

/** test_host_init() - 64 GiB, 40-bit addresses, no device; the guest has 1 GiB */
static inline void test_host_init(struct test_host *host)
{
	static char kernel[] = "/boot/bzImage";

	memset(host, 0, sizeof(*host));
	vm_config_init(&host->config);
	host->config.kernel = kernel;
	host->config.memory = GIB;
	host->facts = (struct host_facts){
		.guest_phys_bits = 40,
		.max_cpus = 710,
		.max_cpu_ids = 1024,
		.memory_total = 64 * GIB,
		.memory_available = 60 * GIB,
		.memlock = UINT64_MAX,
		.devices = host->devices,
	};
}

/** test_host_add() - one more device, 0000:NN:00.0, with the MSI range reserved and nothing else */
static inline struct device_facts *test_host_add(struct test_host *host)
{
	size_t i = host->facts.device_count++;
	struct device_facts *device = &host->devices[i];

	(void)snprintf(device->host.name, PT_NAME_SIZE, "0000:%02x:00.0", (unsigned)(i + 1) & 0xff);
	memcpy(host->names[i], device->host.name, PT_NAME_SIZE);
	device->name = host->names[i];
	device->iova_bits = 39;
	device->reserved[0] = (struct pt_iova_range){0xfee00000, 0xfeefffff};
	device->reserved_count = 1;
	device->host.vendor = 0x1b36;
	device->host.device = (uint16_t)(0x10 + i);
	device->host.class_code = 0x010802;
	device->host.irq_pin = 1;
	return device;
}

/** test_host_asks() - @count devices, of which the first @asked_count are asked for as in @asked, which stays the caller's */
static inline void test_host_asks(struct test_host *host, struct vm_config_device *asked,
				  size_t asked_count, size_t count)
{
	test_host_init(host);
	for (size_t i = 0; i < count; i++)
		test_host_add(host);
	host->config.devices = asked;
	host->config.device_count = asked_count;
}

static inline void test_bar(struct device_facts *device, unsigned index, uint64_t size,
			    const char *kind)
{
	device->host.bars[index] = (struct pt_host_bar){
		.size = size,
		.io = strstr(kind, "io") != NULL,
		.is_64bit = strstr(kind, "64") != NULL,
		.prefetchable = strstr(kind, "pref") != NULL,
	};
}

/** test_host_add_nvme() - one with 16 KiB of registers, 64-bit */
static inline void test_host_add_nvme(struct test_host *host)
{
	test_bar(test_host_add(host), 0, 16 * KIB, "64");
}

/** must_plan() - the plan that there must be */
static inline struct vm_plan must_plan(const struct test_host *host)
{
	struct pt_error err = PT_ERROR_INIT;
	struct vm_plan plan;
	int ret = plan_make(&host->config, &host->facts, &plan, &err);

	cr_assert_eq(ret, 0, "%s", err.message);
	return plan;
}

/** must_print() - the plan as plan_print() writes it is in the file of that name in golden/ */
static inline void must_print(const struct test_host *host, const char *name)
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

#endif
