/* SPDX-License-Identifier: MIT */
#include "host/aer.h"

#include <passthrough/host.h>
#include <stdio.h>
#include <string.h>

#include "host/read_text.h"

#define COUNTERS_SIZE 1024 /* two dozen lines "NAME COUNT" */

static void append(char *buf, const char *text)
{
	size_t len = strlen(buf);

	(void)snprintf(buf + len, AER_TEXT_SIZE - len, "%s", text);
}

/* The sum that each file ends with is no error of its own. */
static void append_counters(char *counters, const char *severity, char *buf)
{
	const char *separator = NULL;
	char *rest = counters, *line;

	while ((line = strsep(&rest, "\n"))) {
		char name[32], text[64];
		unsigned long long count;

		if (sscanf(line, "%31s %llu", name, &count) != 2 || !count ||
		    strncmp(name, "TOTAL", 5) == 0)
			continue;
		if (!separator) {
			append(buf, *buf ? "; " : "");
			append(buf, severity);
			append(buf, ": ");
		}
		(void)snprintf(text, sizeof(text), "%s%s %llu", separator ? separator : "", name,
			       count);
		append(buf, text);
		separator = ", ";
	}
}

const char *aer_text(const struct pt_sys *sys, const char *bdf, char *buf)
{
	static const char *const severities[] = {"fatal", "nonfatal", "correctable"};

	*buf = '\0';
	for (size_t i = 0; i < sizeof(severities) / sizeof(severities[0]); i++) {
		char path[PT_PATH_SIZE], counters[COUNTERS_SIZE];

		(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/aer_dev_%s", bdf,
			       severities[i]);
		if (read_text(sys, path, counters, sizeof(counters)) == 0)
			append_counters(counters, severities[i], buf);
	}
	return buf;
}
