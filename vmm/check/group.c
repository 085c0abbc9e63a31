/* SPDX-License-Identifier: MIT */
/*
 * What the control groups that this process is in leave to the guest: memory, CPUs and NUMA nodes. Source: the kernel's
 * cgroup-v2.rst, memory.max and cpuset. Of version 1, where each kind of group has a tree of its own, nothing is looked at.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "check/rules.h"
#include "config/size.h"
#include "cpu_list.h"

#define CGROUPS "/sys/fs/cgroup"

/* The group of this process, "/a/b". Return: whether there is one. */
static bool own_group(const struct check_run *check, char ret_group[PT_PATH_SIZE])
{
	char text[1024], *group;

	(void)check_read(check, "/proc/self/cgroup", text, sizeof(text));
	group = strstr(text, "0::/");
	if (!group)
		return false;
	group += strlen("0::");
	(void)snprintf(ret_group, PT_PATH_SIZE, "%.*s", (int)strcspn(group, "\n"), group);
	if (strcmp(ret_group, "/") == 0)
		ret_group[0] = '\0';
	return true;
}

/* The one above: "/a" of "/a/b", and "" last, which has limits in a container. Return: false when there is none. */
static bool go_up(char *group)
{
	char *last = strrchr(group, '/');

	if (!last)
		return false;
	*last = '\0';
	return true;
}

static bool read_of(const struct check_run *check, const char *group, const char *file,
		    char ret_path[PT_PATH_SIZE], char *buf, size_t size)
{
	return snprintf(ret_path, PT_PATH_SIZE, CGROUPS "%s/%s", group, file) < PT_PATH_SIZE &&
	       check_read(check, ret_path, buf, size);
}

/* The lowest limit, and its file. */
static uint64_t memory_limit(const struct check_run *check, char ret_path[PT_PATH_SIZE])
{
	char group[PT_PATH_SIZE], path[PT_PATH_SIZE], value[32];
	uint64_t lowest = UINT64_MAX, limit;

	for (bool more = own_group(check, group); more; more = go_up(group)) {
		if (read_of(check, group, "memory.max", path, value, sizeof(value)) &&
		    sscanf(value, "%" SCNu64, &limit) == 1 && limit < lowest) {
			lowest = limit;
			memcpy(ret_path, path, sizeof(path));
		}
	}
	return lowest;
}

void check_group_memory(struct check_run *check)
{
	const uint64_t memory = check->config->memory;
	char path[PT_PATH_SIZE], need[SIZE_TEXT_SIZE], has[SIZE_TEXT_SIZE];
	struct finding *finding;
	uint64_t limit;

	if (check->scope == CHECK_DEVICES || check->config->hugepages || !check_pins_memory(check))
		return;
	limit = memory_limit(check, path);
	if (memory <= limit)
		return;
	finding = findings_add(
		check->findings, FINDING_BLOCKS, "memory", SUBJECT_GUEST,
		"devices need all of the guest's memory at once; whoever takes more than the "
		"control group has is killed");
	finding_what(finding, "memory of %s is more than this process' control group has, %s",
		     size_text(memory, need), size_text(limit & ~0xfffffull, has));
	finding_seen(finding, path, "%" PRIu64, limit);
	finding_root_command(finding, check_is_root(check), "echo max > %s", path);
	finding_hint(finding,
		     "for good, in a systemd unit: MemoryMax=; or --memory %" PRIu64 "M or less",
		     (limit - limit / 16) >> 21 << 1);
}

/** struct cpuset - what a cpuset limits: CPUs or nodes */
struct cpuset {
	const char *effective; /* the file that says what the group has */
	const char *set;       /* the one that says what it is to have */
	const char *unit;      /* how systemd calls that */
};

static const struct cpuset cpus = {"cpuset.cpus.effective", "cpuset.cpus", "AllowedCPUs="};
static const struct cpuset nodes = {"cpuset.mems.effective", "cpuset.mems", "AllowedMemoryNodes="};

static bool list_of(const struct check_run *check, const char *group, const struct cpuset *kind,
		    char ret_path[PT_PATH_SIZE], struct cpu_list *ret_list)
{
	char text[CPU_LIST_TEXT_SIZE];

	return read_of(check, group, kind->effective, ret_path, text, sizeof(text)) &&
	       cpu_list_parse(text, strlen(text), ret_list) == 0;
}

/* What is left to this process: the nearest group that has the file knows. Return: false where nothing is limited. */
static bool left_to(const struct check_run *check, const struct cpuset *kind,
		    char ret_path[PT_PATH_SIZE], struct cpu_list *ret_list)
{
	char group[PT_PATH_SIZE];

	for (bool more = own_group(check, group); more; more = go_up(group)) {
		if (list_of(check, group, kind, ret_path, ret_list))
			return true;
	}
	return false;
}

static struct cpu_list without(const struct cpu_list *list, const struct cpu_list *others)
{
	struct cpu_list rest = *list;

	for (size_t i = 0; i < sizeof(rest.words) / sizeof(rest.words[0]); i++)
		rest.words[i] &= ~others->words[i];
	return rest;
}

static void join(struct cpu_list *list, const struct cpu_list *others)
{
	for (size_t i = 0; i < sizeof(list->words) / sizeof(list->words[0]); i++)
		list->words[i] |= others->words[i];
}

/* Whether the group leaves out any of @wanted: which, and what it has instead. */
static bool leaves_out(const struct check_run *check, const struct cpuset *kind,
		       const struct cpu_list *wanted, char ret_path[PT_PATH_SIZE],
		       struct cpu_list *ret_left, struct cpu_list *ret_lacks)
{
	if (!cpu_list_count(wanted) || !left_to(check, kind, ret_path, ret_left))
		return false;
	*ret_lacks = without(wanted, ret_left);
	return cpu_list_count(ret_lacks) > 0;
}

/* From the top: a group has at most what the one above has. */
static void give_from_top(const struct check_run *check, const char *group,
			  const struct cpuset *kind, const struct cpu_list *wanted,
			  struct finding *finding)
{
	char above[PT_PATH_SIZE], path[PT_PATH_SIZE], text[CPU_LIST_TEXT_SIZE];
	struct cpu_list has, lacks;

	(void)snprintf(above, sizeof(above), "%s", group);
	if (!go_up(above))
		return; /* the root has all that there is */
	give_from_top(check, above, kind, wanted, finding);
	if (!list_of(check, group, kind, path, &has))
		return;
	lacks = without(wanted, &has);
	if (!cpu_list_count(&lacks))
		return;
	join(&has, wanted);
	finding_root_command(finding, check_is_root(check), "echo %s > " CGROUPS "%s/%s",
			     cpu_list_text(&has, text), group, kind->set);
}

static struct finding *add_cpuset(struct check_run *check, enum finding_severity severity,
				  const struct cpuset *kind, const char *path,
				  const struct cpu_list *left, const struct cpu_list *wanted,
				  const char *why)
{
	struct finding *finding =
		findings_add(check->findings, severity, "cpuset", SUBJECT_GUEST, why);
	char group[PT_PATH_SIZE], text[CPU_LIST_TEXT_SIZE];

	finding_seen(finding, path, "%s", cpu_list_text(left, text));
	if (own_group(check, group))
		give_from_top(check, group, kind, wanted, finding);
	finding_hint(finding, "for good, in a systemd unit: %s; or take what is in %s", kind->unit,
		     text);
	return finding;
}

static struct cpu_list pinned_to(const struct vm_plan *plan)
{
	struct cpu_list wanted = plan->emulator_cpus, pin;

	for (unsigned cpu = 0; cpu < plan->cpus; cpu++) {
		if (plan_pin(plan, cpu, &pin))
			join(&wanted, &pin);
	}
	return wanted;
}

static bool has_none(const struct cpu_list *pin, const struct cpu_list *left)
{
	struct cpu_list lacks = without(pin, left);

	return cpu_list_count(pin) && cpu_list_count(&lacks) == cpu_list_count(pin);
}

/* The first that has nowhere to run. Return: its name, in @buf; NULL for none. */
static const char *find_homeless(const struct vm_plan *plan, const struct cpu_list *left, char *buf,
				 size_t size)
{
	struct cpu_list pin;

	if (has_none(&plan->emulator_cpus, left))
		return "what is no virtual CPU";
	for (unsigned cpu = 0; cpu < plan->cpus; cpu++) {
		if (!plan_pin(plan, cpu, &pin) || !has_none(&pin, left))
			continue;
		(void)snprintf(buf, size, "virtual CPU %u", cpu);
		return buf;
	}
	return NULL;
}

void check_group_cpus(struct check_run *check, const struct vm_plan *plan)
{
	char path[PT_PATH_SIZE], text[CPU_LIST_TEXT_SIZE], name[32];
	struct cpu_list left, lacks, wanted = pinned_to(plan);
	struct finding *finding;
	const char *homeless;

	if (!leaves_out(check, &cpus, &wanted, path, &left, &lacks))
		return;
	homeless = find_homeless(plan, &left, name, sizeof(name));
	finding = add_cpuset(check, homeless ? FINDING_BLOCKS : FINDING_WARNS, &cpus, path, &left,
			     &wanted, "what is pinned runs on those CPUs that the group has");
	(void)cpu_list_text(&lacks, text);
	if (homeless)
		finding_what(finding,
			     "%s has none of the CPUs that it is pinned to: this process' "
			     "control group leaves out %s",
			     homeless, text);
	else
		finding_what(finding,
			     "of the host's CPUs that are pinned to, this process' "
			     "control group leaves out %s",
			     text);
}

void check_group_nodes(struct check_run *check, const struct vm_plan *plan)
{
	char path[PT_PATH_SIZE], text[CPU_LIST_TEXT_SIZE];
	struct cpu_list left, wanted = {0}, lacks;
	struct finding *finding;

	if (plan->numa_node >= 0)
		cpu_list_add(&wanted, (unsigned)plan->numa_node);
	for (unsigned i = 0; i < plan->node_count; i++) {
		if (plan->nodes[i].host_node >= 0)
			cpu_list_add(&wanted, (unsigned)plan->nodes[i].host_node);
	}
	if (!leaves_out(check, &nodes, &wanted, path, &left, &lacks))
		return;
	finding = add_cpuset(check, FINDING_BLOCKS, &nodes, path, &left, &wanted,
			     "the guest's memory comes from those nodes that the group has");
	finding_what(finding,
		     "memory is to come from NUMA node %s, which this process' control "
		     "group leaves out",
		     cpu_list_text(&lacks, text));
}
