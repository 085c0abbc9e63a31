/* SPDX-License-Identifier: MIT */
#include "host/holder_guest.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "host/read_text.h"

#define CMDLINE_SIZE 16384
#define GUEST_KEY    "guest="
/* Of the system's libvirt; a user's own has them below the home directory. */
#define LIBVIRT_FILES "/var/lib/libvirt/"

/* A comma in a name is written twice. */
static void copy_name(const char *arg, struct holder_guest *guest)
{
	size_t size = 0;

	if (strncmp(arg, GUEST_KEY, strlen(GUEST_KEY)) == 0)
		arg += strlen(GUEST_KEY);
	for (; *arg && size < sizeof(guest->name) - 1; arg++) {
		if (*arg == ',' && *++arg != ',')
			break;
		guest->name[size++] = *arg;
	}
	guest->name[size] = '\0';
}

bool holder_guest_of(const struct pt_sys *sys, int pid, struct holder_guest *ret_guest)
{
	CLEANUP_FREE char *text = calloc(1, CMDLINE_SIZE);
	struct holder_guest guest = {.libvirt = false};
	char path[32];

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", pid);
	if (!text || read_text(sys, path, text, CMDLINE_SIZE - 1) < 0)
		return false;
	/* Arguments end with a zero each, and all of them with the buffer's own. */
	for (const char *arg = text, *next; *arg; arg = next) {
		next = arg + strlen(arg) + 1;
		if (strcmp(arg, "-name") == 0 || strcmp(arg, "--name") == 0)
			copy_name(next, &guest);
		guest.libvirt = guest.libvirt || strstr(arg, LIBVIRT_FILES);
	}
	if (!guest.name[0])
		return false;
	*ret_guest = guest;
	return true;
}
