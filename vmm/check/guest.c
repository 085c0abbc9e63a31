/* SPDX-License-Identifier: MIT */
/* What the guest asks of the host: files, memory, and room for its devices' BARs. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "boot/boot.h"
#include "check/rules.h"
#include "config/size.h"
#include "host/boot_files.h"
#include "host/rom_file.h"
#include "plan/plan.h"
#include "plan/plan_steps.h"

#define APIC_ID_REACHED 255u
#define WHY_BOOT	"the guest starts from them"

static struct finding *of_guest(struct check_run *check, enum finding_severity severity,
				const char *id, const char *why, const struct pt_error *err)
{
	struct finding *finding = findings_add(check->findings, severity, id, SUBJECT_GUEST, why);

	finding_error(finding, err);
	return finding;
}

void check_boot_files(struct check_run *check)
{
	struct pt_error err = PT_ERROR_INIT;

	if (check->scope != CHECK_DEVICES && boot_files_check(check->config, &err) < 0)
		of_guest(check, FINDING_BLOCKS, "boot-files", WHY_BOOT, &err);
}

void check_roms(struct check_run *check)
{
	struct pt_error err = PT_ERROR_INIT;

	if (rom_files_measure(check->sys, check->config, check->facts, &err) < 0)
		of_guest(check, FINDING_BLOCKS, "rom",
			 "the guest finds it as the device's expansion ROM", &err);
}

bool check_pins_memory(const struct check_run *check)
{
	for (size_t i = 0; i < check->facts->device_count; i++) {
		const struct device_facts *device = &check->facts->devices[i];

		if (!device->unreadable.code && check_translates(device) &&
		    !check_config_of(check, device)->unsafe_noiommu)
			return true;
	}
	return false;
}

void check_memory(struct check_run *check)
{
	const struct host_facts *facts = check->facts;
	uint64_t memory = check->config->memory;
	char need[SIZE_TEXT_SIZE], has[SIZE_TEXT_SIZE];
	struct finding *finding;

	/* More than there is at all is the plan's to refuse. */
	if (check->scope == CHECK_DEVICES || check->config->hugepages ||
	    !check_pins_memory(check) || memory <= facts->memory_available ||
	    memory > facts->memory_total)
		return;
	finding = findings_add(
		check->findings, FINDING_WARNS, "memory", SUBJECT_GUEST,
		"devices need all of the guest's memory at once; the host would have to swap, or kill processes");
	finding_what(finding, "memory of %s is more than is available now, %s",
		     size_text(memory, need),
		     size_text(facts->memory_available & ~0xfffffull, has));
	finding_seen(finding, "/proc/meminfo", "MemAvailable: %" PRIu64 " kB",
		     facts->memory_available / 1024);
	/* A sixteenth is for what comes to the host meanwhile. */
	finding_hint(finding, "--memory %" PRIu64 "M or less; or end what takes memory on the host",
		     (facts->memory_available - facts->memory_available / 16) >> 21 << 1);
}

void check_memlock(struct check_run *check)
{
	struct pt_error err = PT_ERROR_INIT;
	struct finding *finding;

	if (check->scope == CHECK_DEVICES || !check_pins_memory(check) ||
	    pt_host_check_limit(check->sys, check->facts->backend, check->config->memory, &err) ==
		    0) {
		check->facts->memlock = UINT64_MAX;
		return;
	}
	finding = of_guest(
		check, FINDING_BLOCKS, "memlock",
		"devices reach all of the guest's memory at any time, so that it is pinned, and pinned "
		"memory is limited",
		&err);
	finding_seen(finding, "/proc/self/limits", "Max locked memory %" PRIu64 " bytes",
		     check->facts->memlock);
	/* Of the shell that this is typed in. */
	finding_root_command(finding, check_is_root(check),
			     "prlimit --pid $$ --memlock=unlimited:unlimited");
	check->facts->memlock = UINT64_MAX;
}

static struct hugepages *find_pool(const struct check_run *check)
{
	for (unsigned i = 0; i < HUGEPAGES_SIZES; i++) {
		struct hugepages *pool = &check->facts->hugepages[i];

		if (pool->exists && pool->size == check->config->hugepages)
			return pool;
	}
	return NULL;
}

void check_hugepages(struct check_run *check)
{
	struct vm_plan plan = {.memory = check->config->memory};
	struct hugepages *pool = find_pool(check);
	struct pt_error err = PT_ERROR_INIT;
	struct finding *finding;
	char path[128];

	if (check->scope == CHECK_DEVICES || !pool ||
	    check->config->memory / pool->size <= pool->free ||
	    plan_hugepages(check->config, check->facts, &plan, &err) == 0)
		return;
	finding = of_guest(
		check, FINDING_BLOCKS, "hugepages",
		"the guest's memory is to be made of them, and they are set aside in advance",
		&err);
	(void)snprintf(path, sizeof(path), HUGEPAGES_POOL "/nr_hugepages", pool->size / 1024);
	finding_seen(finding, path, "%" PRIu64 ", of which %" PRIu64 " are free", pool->total,
		     pool->free);
	finding_root_command(finding, check_is_root(check), "echo %" PRIu64 " > %s",
			     pool->total + (check->config->memory / pool->size - pool->free), path);
	finding_hint(finding, "or --hugepages off");
	pool->free = UINT64_MAX;
}

/* What is in the files against the plan: whether the kernel is one, and where the initrd finds room. */
static void check_boot(struct check_run *check, const struct vm_plan *plan)
{
	struct boot boot = {.kernel_fd = -1, .initrd_fd = -1};
	struct pt_error err = PT_ERROR_INIT;

	if (check->scope == CHECK_DEVICES ||
	    findings_has(check->findings, "boot-files", SUBJECT_GUEST))
		return;
	if (boot_open(&boot, plan, &err) < 0)
		of_guest(check, FINDING_BLOCKS, "boot-files", WHY_BOOT, &err);
	boot_done(&boot);
}

/* Without interrupt remapping, which guests do not have, messages and KVM's IOAPIC reach ids of 8 bits. */
static void check_cpus(struct check_run *check, const struct vm_plan *plan)
{
	char text[PLAN_CPUS_TEXT_SIZE];
	struct finding *finding;
	unsigned beyond = 0;

	for (unsigned i = 0; i < plan->cpus; i++)
		beyond += plan_apic_id(&plan->topology, i) > APIC_ID_REACHED;
	if (!beyond)
		return;
	finding = findings_add(
		check->findings, FINDING_WARNS, "cpus", SUBJECT_GUEST,
		"no interrupt of a device reaches CPUs with APIC ids over 255, and Linux "
		"does not use such CPUs");
	finding_what(finding, "%u of %u virtual CPUs have APIC ids over %u", beyond, plan->cpus,
		     APIC_ID_REACHED);
	plan_cpus_below(plan, APIC_ID_REACHED + 1, text, sizeof(text));
	finding_hint(finding, "%s", text);
}

void check_plan(struct check_run *check)
{
	struct pt_error err = PT_ERROR_INIT;
	struct vm_plan plan;

	if (check->facts->kvm_error.code)
		return;
	for (size_t i = 0; i < check->facts->device_count; i++) {
		if (check->facts->devices[i].unreadable.code ||
		    check_config_of(check, &check->facts->devices[i])->vfs)
			return;
	}
	if (plan_make(check->config, check->facts, &plan, &err) < 0) {
		of_guest(check, FINDING_BLOCKS, "plan",
			 "it is decided before anything is touched, and does not come out", &err);
		return;
	}
	check_cpus(check, &plan);
	check_group_cpus(check, &plan);
	check_group_nodes(check, &plan);
	check_boot(check, &plan);
	check_images(check, &plan);
}
