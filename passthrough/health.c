/* SPDX-License-Identifier: MIT */
/* How a device is: whether it answers, its power state, and what the kernel's AER driver counted. */
#include <stdlib.h>

#include "caps.h"
#include "internal.h"

#define CONFIG_HEAD 256u /* every capability of the standard list is in it */
#define PM_CONTROL  4u
#define PM_STATE    0x3u

static int read_state(struct pt_device *device, int *ret_answers, unsigned *ret_power)
{
	uint64_t size = device->regions[PT_REGION_CONFIG].info.size;
	uint8_t config[CONFIG_HEAD] = {0};
	struct pt_cap caps[PT_CAPS_MAX];
	unsigned count;
	int r;

	/* That of a mediated device ends at byte 254. */
	r = pt_device_read(device, PT_REGION_CONFIG, 0, config,
			   size < sizeof(config) ? size : sizeof(config));

	if (r < 0)
		return r;
	*ret_answers = pt_config_answers(config);
	*ret_power = 0;
	count = pt_caps_walk(config, sizeof(config), caps);
	for (unsigned i = 0; *ret_answers && i < count; i++) {
		/* The first one counts. */
		if (caps[i].id != PT_CAP_PM || caps[i].offset > CONFIG_HEAD - PM_CONTROL - 2)
			continue;
		*ret_power = config[caps[i].offset + PM_CONTROL] & PM_STATE;
		break;
	}
	return 0;
}

int pt_health_check(struct pt_device *device, const char **ret_evidence)
{
	static const char *const in_state[] = {NULL, "is in D1", "is in D2", "is in D3hot"};
	unsigned power = 0;
	int answers = 1;
	int r = read_state(device, &answers, &power);

	if (r < 0) {
		*ret_evidence = strerror(-r);
		return r;
	}
	if (answers && power == 0)
		return 0;
	*ret_evidence = answers ? in_state[power] : "reads all ones";
	return -EIO;
}

/* Adds the counters that are not 0 to the text; a line is "NAME COUNT", the last "TOTAL_ERR_... COUNT". */
static uint64_t read_counters(const struct pt_device *device, const char *kind, char *text,
			      size_t size)
{
	char path[PT_PATH_SIZE], buf[2048], *line, *next, *count;
	uint64_t total = 0, n;
	size_t used;

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/aer_dev_%s", device->host.name,
		       kind);
	if (pt_read_file(device->sys, path, buf, sizeof(buf)) < 0)
		return 0;
	for (line = strtok_r(buf, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		count = strrchr(line, ' ');
		if (!count)
			continue;
		n = strtoull(count + 1, NULL, 10);
		*count = '\0';
		if (!strncmp(line, "TOTAL_", 6)) {
			total = n;
			continue;
		}
		used = strlen(text);
		if (n > 0)
			(void)snprintf(text + used, size - used, "%s%s %s %llu",
				       used > 0 ? ", " : "", kind, line, (unsigned long long)n);
	}
	return total;
}

PT_PUBLIC int pt_device_health(struct pt_device *device, struct pt_device_health *ret_health,
			       struct pt_error *err)
{
	struct pt_device_health health = {
		.resettable = device->resettable,
		.last_reset = device->last_reset,
		.reset_owed = device->reset_owed,
	};
	const char *name = device->host.name;
	int r;

	if (device->state == PT_DEVICE_LOST)
		return pt_error_set(err, -ENODEV, "%s: is gone", name);
	r = pt_device_require(device, 1u << PT_DEVICE_ATTACHED | 1u << PT_DEVICE_RUNNING,
			      "look how it is", err);
	if (r < 0)
		return r;
	r = read_state(device, &health.answers, &health.power_state);
	if (r < 0)
		return pt_error_set(err, r, "%s: reading config space: %s", name, strerror(-r));
	if (pt_device_reset_methods(device, health.reset_methods, sizeof(health.reset_methods),
				    NULL) < 0)
		health.reset_methods[0] = '\0';
	health.aer_correctable =
		read_counters(device, "correctable", health.aer, sizeof(health.aer));
	health.aer_nonfatal = read_counters(device, "nonfatal", health.aer, sizeof(health.aer));
	health.aer_fatal = read_counters(device, "fatal", health.aer, sizeof(health.aer));
	*ret_health = health;
	return 0;
}
