/* SPDX-License-Identifier: MIT */
#include "inventory/pci_names.h"

#include <errno.h>
#include <pci/pci.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cmd.h"
#include "inventory/printable.h"
#include "library.h"
#include "report.h"

#define LIBRARY "libpci.so.3"

/* Loaded when names are wanted. On a host that has it not, devices have numbers. */
struct library {
	__typeof__(pci_alloc) *alloc;
	__typeof__(pci_cleanup) *cleanup;
	__typeof__(pci_set_param) *set_param;
	__typeof__(pci_set_name_list_path) *set_name_list_path;
	__typeof__(pci_lookup_name) *lookup_name;
};

struct pci_names {
	struct library library;
	struct pci_access *access;
	int flags;
};

/* libpci calls this for a pci.ids that it cannot read, and must not get control back. */
static void __attribute__((noreturn, format(printf, 1, 2))) broken_list(char *format, ...)
{
	struct pt_error err = PT_ERROR_INIT;
	char text[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	(void)pt_error_set(&err, -EIO, "the names of PCI devices: %s", text);
	(void)pt_error_remedy(&err, -EIO, "install pci.ids anew: apt reinstall pci.ids");
	report_error(&err, stderr);
	exit(EXIT_FAILED);
}

static void __attribute__((format(printf, 1, 2))) say_nothing(char *format, ...)
{
	(void)format;
}

static const struct library_function functions[] = {
	{"pci_alloc", offsetof(struct library, alloc)},
	{"pci_cleanup", offsetof(struct library, cleanup)},
	{"pci_set_param", offsetof(struct library, set_param)},
	{"pci_set_name_list_path", offsetof(struct library, set_name_list_path)},
	{"pci_lookup_name", offsetof(struct library, lookup_name)},
	{0},
};

struct pci_names *pci_names_open(const char *file)
{
	struct pci_names *names = calloc(1, sizeof(*names));
	char cache[] = "net.cache_name", none[] = "";
	char *copy;

	if (!names)
		return NULL;
	if (library_load(LIBRARY, functions, &names->library, NULL) < 0) {
		free(names);
		return NULL;
	}
	/* pci_init() would look for a way to the devices; names need none. */
	names->access = names->library.alloc();
	names->access->error = broken_list;
	names->access->warning = say_nothing;
	names->access->debug = say_nothing;
	/* Nor are there names in the user's home, where lspci keeps what it asked the network for. */
	(void)names->library.set_param(names->access, cache, none);
	names->flags = PCI_LOOKUP_NO_NUMBERS | (file ? PCI_LOOKUP_NO_HWDB : 0);
	copy = file ? strdup(file) : NULL;
	if (copy)
		names->library.set_name_list_path(names->access, copy, 1);
	return names;
}

void pci_names_close(struct pci_names *names)
{
	if (!names)
		return;
	names->library.cleanup(names->access);
	free(names);
}

/* pci_lookup_name() cuts what does not fit, and gives NULL for what it does not know. */
#define LOOKUP(names, buf, what, ...)                                                            \
	(names)->library.lookup_name((names)->access, buf, sizeof(buf), (what) | (names)->flags, \
				     ##__VA_ARGS__)

static void take(const char *found, char *ret_name)
{
	printable(found ? found : "", ret_name, PCI_NAME_SIZE);
}

void pci_names_vendor(struct pci_names *names, unsigned vendor, char *ret_name)
{
	char buf[PCI_NAME_SIZE];

	take(names ? LOOKUP(names, buf, PCI_LOOKUP_VENDOR, vendor) : NULL, ret_name);
}

void pci_names_device(struct pci_names *names, unsigned vendor, unsigned device, char *ret_name)
{
	char buf[PCI_NAME_SIZE];

	take(names ? LOOKUP(names, buf, PCI_LOOKUP_DEVICE, vendor, device) : NULL, ret_name);
}

void pci_names_class(struct pci_names *names, uint32_t class_code, char *ret_name)
{
	char buf[PCI_NAME_SIZE];

	take(names ? LOOKUP(names, buf, PCI_LOOKUP_CLASS, class_code >> 8) : NULL, ret_name);
}

void pci_names_subsystem(struct pci_names *names, const struct pt_host_device *device,
			 const struct pt_host_details *details, char *ret_name)
{
	char buf[PCI_NAME_SIZE];

	take(names ? LOOKUP(names, buf, PCI_LOOKUP_SUBSYSTEM | PCI_LOOKUP_DEVICE, device->vendor,
			    device->device, details->subsystem_vendor, details->subsystem_device)
		   : NULL,
	     ret_name);
}

/* "Advanced Micro Devices, Inc. [AMD/ATI]" is AMD/ATI; "Intel Corporation" is Intel. */
static int distinct_part(const char *vendor, const char **ret_begin)
{
	static const char *const forms[] = {", Inc",	    " Inc.",	" Corporation",	  " Corp.",
					    ", Ltd",	    " Ltd",	" Co.,",	  " Co ",
					    " Electronics", " Limited", " Semiconductor", ", LLC"};
	const char *bracket = strrchr(vendor, '['), *end = bracket ? strchr(bracket, ']') : NULL;
	size_t size = strlen(vendor);

	if (end && !end[1] && end > bracket + 1) {
		*ret_begin = bracket + 1;
		return (int)(end - bracket - 1);
	}
	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		const char *found = strstr(vendor, forms[i]);

		if (found && found > vendor && (size_t)(found - vendor) < size)
			size = (size_t)(found - vendor);
	}
	*ret_begin = vendor;
	return (int)size;
}

void pci_names_short(const char *vendor, const char *device, char *ret_name)
{
	char text[2 * PCI_NAME_SIZE];
	const char *begin;
	int size = distinct_part(vendor, &begin);

	(void)snprintf(text, sizeof(text), "%.*s%s%s", size, begin, size && *device ? " " : "",
		       device);
	printable(text, ret_name, PCI_NAME_SIZE);
}
