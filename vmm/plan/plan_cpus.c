/* SPDX-License-Identifier: MIT */
/*
 * The guest's processors: how many, in what sockets, cores and threads, what they can do, and whether KVM has all that.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "plan/plan_steps.h"

/* How many bits number @count things. */
static unsigned bits_for(unsigned count)
{
	unsigned bits = 0;

	while ((1u << bits) < count)
		bits++;
	return bits;
}

unsigned plan_thread_bits(const struct plan_topology *topology)
{
	return bits_for(topology->threads);
}

unsigned plan_core_bits(const struct plan_topology *topology)
{
	return bits_for(topology->cores);
}

uint32_t plan_apic_id(const struct plan_topology *topology, unsigned cpu)
{
	unsigned thread = cpu % topology->threads;
	unsigned core = cpu / topology->threads % topology->cores;
	unsigned socket = cpu / topology->threads / topology->cores;

	return (socket << plan_core_bits(topology) | core) << plan_thread_bits(topology) | thread;
}

/* How many things, of which each takes @bits of an id, are below @ids. */
static unsigned fitting(unsigned count, unsigned ids, unsigned bits)
{
	return count < ids >> bits ? count : ids >> bits;
}

/* The most sockets, or else cores, or else threads, as they are now, whose ids are below @ids. */
static struct plan_topology below(struct plan_topology topology, unsigned ids)
{
	const unsigned thread_bits = plan_thread_bits(&topology);

	topology.sockets = fitting(topology.sockets, ids, thread_bits + plan_core_bits(&topology));
	if (topology.sockets)
		return topology;
	topology.sockets = 1;
	topology.cores = fitting(topology.cores, ids, thread_bits);
	if (topology.cores)
		return topology;
	topology.cores = 1;
	topology.threads = fitting(topology.threads, ids, 0);
	return topology;
}

void plan_cpus_below(const struct vm_plan *plan, unsigned ids, char *ret_text, size_t size)
{
	const struct plan_topology most = below(plan->topology, ids);
	const unsigned cpus = most.sockets * most.cores * most.threads;
	const int len = snprintf(ret_text, size, "--cpus %u,sockets=%u,cores=%u,threads=%u", cpus,
				 most.sockets, most.cores, most.threads);

	if (plan->cpus <= ids && len > 0 && (size_t)len < size)
		(void)snprintf(ret_text + len, size - (size_t)len,
			       "; or all of them, --cpus %u,sockets=1,cores=%u,threads=1",
			       plan->cpus, plan->cpus);
}

static int too_many(uint64_t count, unsigned max, struct pt_error *err)
{
	(void)pt_error_set(err, -ERANGE, "%" PRIu64 " virtual CPUs: this host runs 1 to %u", count,
			   max);
	return pt_error_remedy(err, -ERANGE, "--cpus %u", count ? max : 1);
}

/* What is not given follows from the rest: cores first, then sockets, then threads. */
static unsigned *what_is_open(const struct vm_config *config, struct plan_topology *topology)
{
	if (!config->cores)
		return &topology->cores;
	if (!config->sockets)
		return &topology->sockets;
	return config->threads ? NULL : &topology->threads;
}

static int contradicts(const struct plan_topology *topology, unsigned count, uint64_t makes,
		       struct pt_error *err)
{
	(void)pt_error_set(err, -EINVAL,
			   "%u virtual CPUs do not make whole sockets (%u), cores (%u in each) and "
			   "threads (%u in each)",
			   count, topology->sockets, topology->cores, topology->threads);
	return pt_error_remedy(err, -EINVAL, "--cpus %" PRIu64 ",sockets=%u,cores=%u,threads=%u",
			       makes, topology->sockets, topology->cores, topology->threads);
}

static int plan_topology(const struct vm_config *config, unsigned max, struct vm_plan *plan,
			 struct pt_error *err)
{
	struct plan_topology topology = {
		.sockets = config->sockets ? config->sockets : 1,
		.cores = config->cores ? config->cores : 1,
		.threads = config->threads ? config->threads : 1,
	};
	unsigned *open = what_is_open(config, &topology);
	uint64_t makes = (uint64_t)topology.sockets * topology.cores * topology.threads;
	bool given = config->sockets || config->cores || config->threads;
	uint64_t count = config->cpus || !given ? config->cpus : makes;

	if (!count || count > max)
		return too_many(count, max, err);
	if (count % makes || (!open && count != makes))
		return contradicts(&topology, (unsigned)count, makes, err);
	if (open)
		*open = (unsigned)(count / makes);
	plan->cpus = (unsigned)count;
	plan->topology = topology;
	return 0;
}

/* Sockets, cores and threads have bits of their own in it, so that ids are spread where they are no powers of two. */
static int check_ids(const struct host_facts *facts, const struct vm_plan *plan,
		     struct pt_error *err)
{
	uint32_t last = plan_apic_id(&plan->topology, plan->cpus - 1);
	char text[PLAN_CPUS_TEXT_SIZE];

	if (last < facts->max_cpu_ids)
		return 0;
	(void)pt_error_set(
		err, -ERANGE,
		"%u virtual CPUs in this topology have APIC ids up to %u: this host's KVM "
		"has them up to %u",
		plan->cpus, last, facts->max_cpu_ids - 1);
	plan_cpus_below(plan, facts->max_cpu_ids, text, sizeof(text));
	return pt_error_remedy(err, -ERANGE, "%s", text);
}

static int check_features(const struct host_facts *facts, const struct vm_plan *plan,
			  struct pt_error *err)
{
	for (unsigned i = 0; i < CPU_FEATURES; i++) {
		if (plan->cpu_features[i] <= 0 || facts->cpu_has[i])
			continue;
		(void)pt_error_set(
			err, -EOPNOTSUPP,
			"a CPU with %s: this host's processor or its KVM has no such feature",
			cpu_features[i].name);
		return pt_error_remedy(err, -EOPNOTSUPP, "leave +%s out of --cpu",
				       cpu_features[i].name);
	}
	return 0;
}

int plan_cpus(const struct vm_config *config, const struct host_facts *facts, struct vm_plan *plan,
	      struct pt_error *err)
{
	unsigned max = facts->max_cpus < VM_CPUS_MAX ? facts->max_cpus : VM_CPUS_MAX;
	int ret = plan_topology(config, max, plan, err);

	if (ret < 0)
		return ret;
	ret = check_ids(facts, plan, err);
	if (ret < 0)
		return ret;
	memcpy(plan->cpu_features, config->cpu_features, sizeof(plan->cpu_features));
	return check_features(facts, plan, err);
}
