/* SPDX-License-Identifier: MIT */
#include "timing.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *const phase_names[TIMING_PHASES] = {
	[TIMING_CHECK] = "check", [TIMING_PLAN] = "plan",
	[TIMING_KVM] = "kvm",	  [TIMING_OPEN] = "open",
	[TIMING_BIND] = "bind",	  [TIMING_ATTACH] = "attach",
	[TIMING_MAP] = "map",	  [TIMING_FUNCTION] = "function",
	[TIMING_LOAD] = "load",	  [TIMING_FIRST_ENTRY] = "first-entry",
};

static uint64_t now_ns(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000000000u + (uint64_t)now.tv_nsec;
}

/* How long this process has existed: field 22 of /proc/self/stat is its start, in clock ticks since boot (proc(5)). The
 * name before it may hold blanks and parentheses, so fields are counted from the last ')'. */
static uint64_t age_ns(void)
{
	FILE *file = fopen("/proc/self/stat", "re");
	long ticks_per_s = sysconf(_SC_CLK_TCK);
	unsigned long long ticks = 0;
	char line[512];
	const char *at = NULL;
	uint64_t since_boot = now_ns(CLOCK_BOOTTIME);
	uint64_t start;

	if (!file)
		return 0;
	if (fgets(line, sizeof(line), file))
		at = strrchr(line, ')');
	fclose(file);
	for (int field = 2; at && field < 22; field++)
		at = strchr(at + 1, ' ');
	if (at)
		ticks = strtoull(at, NULL, 10);
	if (!ticks || ticks_per_s <= 0)
		return 0;
	start = ticks * (1000000000ull / (uint64_t)ticks_per_s);
	return since_boot > start ? since_boot - start : 0;
}

void timing_start(struct timing *timing)
{
	uint64_t now = now_ns(CLOCK_MONOTONIC);

	*timing = (struct timing){.start_ns = now - age_ns()};
	timing->last_ns = timing->start_ns;
}

void timing_mark(struct timing *timing, enum timing_phase phase)
{
	uint64_t now;

	if (!timing)
		return;
	now = now_ns(CLOCK_MONOTONIC);
	timing->phase_ns[phase] += now - timing->last_ns;
	timing->last_ns = now;
	if (phase == TIMING_FIRST_ENTRY)
		timing->first_entry_ns = now - timing->start_ns;
}

void timing_watch_memory(struct timing *timing)
{
	timing->status = fopen("/proc/self/status", "re");
}

void timing_done(struct timing *timing)
{
	if (timing->status)
		(void)fclose(timing->status);
	timing->status = NULL;
}

void timing_resident(struct timing *timing)
{
	char line[128];
	uint64_t sum = 0;

	if (!timing || !timing->status)
		return;
	while (fgets(line, sizeof(line), timing->status)) {
		if (!strncmp(line, "RssAnon:", 8) || !strncmp(line, "RssFile:", 8))
			sum += strtoull(line + 8, NULL, 10);
	}
	timing->rss_beyond_ram_kib = sum;
}

static void print_ms(FILE *out, const char *key, uint64_t ns)
{
	fprintf(out, "timing %s_ms %" PRIu64 ".%" PRIu64 "\n", key, ns / 1000000, ns / 100000 % 10);
}

void timing_print(const struct timing *timing, FILE *out)
{
	for (int phase = 0; phase < TIMING_PHASES; phase++)
		print_ms(out, phase_names[phase], timing->phase_ns[phase]);
	print_ms(out, "exec-to-first-entry", timing->first_entry_ns);
	fprintf(out, "timing ioas-maps %" PRIu64 "\n", timing->ioas_maps);
	fprintf(out, "timing rss-beyond-ram_kib %" PRIu64 "\n", timing->rss_beyond_ram_kib);
}
