/* SPDX-License-Identifier: MIT */
/*
 * Which of the host's CPUs run the guest's, and which run what tenon does for it.
 */
#include <errno.h>
#include <string.h>

#include "plan/plan_steps.h"

/* The word's two sides; it was read before, so it can be read. Return: behind the word, NULL at the end. */
static const char *next_word(const char *word, bool *ret_mapped, struct cpu_list *ret_guest,
			     struct cpu_list *ret_host)
{
	size_t len = strcspn(word, " ");
	const char *colon = memchr(word, ':', len);
	size_t before = colon ? (size_t)(colon - word) : len;

	*ret_guest = *ret_host = (struct cpu_list){0};
	*ret_mapped = colon != NULL;
	if (colon) {
		(void)cpu_list_parse(word, before, ret_guest);
		(void)cpu_list_parse(colon + 1, len - before - 1, ret_host);
	} else {
		(void)cpu_list_parse(word, len, ret_host);
	}
	return word[len] ? word + len + 1 : NULL;
}

bool plan_pin(const struct vm_plan *plan, unsigned cpu, struct cpu_list *ret_cpus)
{
	bool found = false, mapped;
	struct cpu_list guest, host;

	for (const char *word = plan->pin[0] ? plan->pin : NULL; word;) {
		word = next_word(word, &mapped, &guest, &host);
		if (mapped && !cpu_list_has(&guest, cpu))
			continue;
		if (!mapped) {
			unsigned one = cpu_list_nth(&host, cpu);

			host = (struct cpu_list){0};
			cpu_list_add(&host, one);
		}
		*ret_cpus = host;
		found = true;
	}
	return found;
}

static int not_online(const char *what, const struct cpu_list *cpus, const struct host_facts *facts,
		      struct pt_error *err)
{
	char text[CPU_LIST_TEXT_SIZE];

	for (unsigned cpu = 0; cpu < CPU_LIST_MAX && cpu_list_count(&facts->cpus); cpu++) {
		if (!cpu_list_has(cpus, cpu) || cpu_list_has(&facts->cpus, cpu))
			continue;
		(void)pt_error_set(err, -ENODEV, "%s: this host has no CPU %u that is online", what,
				   cpu);
		return pt_error_remedy(err, -ENODEV, "take some of %s",
				       cpu_list_text(&facts->cpus, text));
	}
	return 0;
}

static int check_word(const struct vm_plan *plan, const struct host_facts *facts, bool mapped,
		      const struct cpu_list *guest, const struct cpu_list *host,
		      struct pt_error *err)
{
	unsigned count = cpu_list_count(host);

	if (!mapped && (count != plan->cpus || strchr(plan->pin, ' '))) {
		(void)pt_error_set(err, -EINVAL, "pin: %u of the host's CPUs for %u virtual CPUs",
				   count, plan->cpus);
		return pt_error_remedy(err, -EINVAL,
				       "name one for each; or write VCPUS:CPUS, such as 0-%u:%u",
				       plan->cpus - 1, cpu_list_nth(&facts->cpus, 0));
	}
	for (unsigned cpu = plan->cpus; cpu < CPU_LIST_MAX; cpu++) {
		if (!cpu_list_has(guest, cpu))
			continue;
		(void)pt_error_set(err, -ERANGE, "pin: there is no virtual CPU %u", cpu);
		return pt_error_remedy(err, -ERANGE, "they are 0 to %u", plan->cpus - 1);
	}
	return not_online("pin", host, facts, err);
}

int plan_pins(const struct vm_config *config, const struct host_facts *facts, struct vm_plan *plan,
	      struct pt_error *err)
{
	struct cpu_list guest, host;
	bool mapped;

	plan->emulator_cpus = config->emulator_cpus;
	if (config->pin)
		memcpy(plan->pin, config->pin, strlen(config->pin) + 1);
	for (const char *word = config->pin; word;) {
		int ret;

		word = next_word(word, &mapped, &guest, &host);
		ret = check_word(plan, facts, mapped, &guest, &host, err);
		if (ret < 0)
			return ret;
	}
	return not_online("emulator-pin", &plan->emulator_cpus, facts, err);
}
