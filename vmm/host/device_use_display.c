/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "host/device_use.h"
#include "host/read_text.h"

#define IOMEM_SIZE (1u << 18)

bool device_use_is_display(const struct pt_sys *sys, const char *name)
{
	char path[PT_PATH_SIZE], text[8];

	(void)snprintf(path, sizeof(path), "/sys/bus/pci/devices/%s/boot_vga", name);
	return read_text(sys, path, text, sizeof(text)) == 0 && text[0] == '1';
}

static bool is_framebuffer(const char *owner)
{
	static const char *const names[] = {"BOOTFB",	"efifb",     "vesafb",
					    "simplefb", "simpledrm", "simple-framebuffer"};

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (strstr(owner, names[i]))
			return true;
	}
	return false;
}

/*
 * A line of /proc/iomem is "  e0000000-efffffff : 0000:02:00.0"; what is claimed of it follows, further to the right.
 */
bool device_use_framebuffer(const struct pt_sys *sys, const char *name, char *ret_owner,
			    size_t size)
{
	CLEANUP_FREE char *text = malloc(IOMEM_SIZE);
	char *next = text, *line;
	size_t of_device = 0;
	bool inside = false;

	if (!text || read_text(sys, "/proc/iomem", text, IOMEM_SIZE) < 0)
		return false;
	while ((line = strsep(&next, "\n")) != NULL) {
		const size_t indent = strspn(line, " ");
		const char *owner = strstr(line, " : ");

		if (!owner)
			continue;
		owner += 3;
		if (inside && indent > of_device && is_framebuffer(owner)) {
			(void)snprintf(ret_owner, size, "%s", owner);
			return true;
		}
		if (inside && indent > of_device)
			continue;
		inside = strcmp(owner, name) == 0;
		of_device = indent;
	}
	return false;
}
