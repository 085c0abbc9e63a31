/* SPDX-License-Identifier: MIT */
#include "config/vm_setting.h"

#include <ctype.h>
#include <errno.h>
#include <passthrough/host.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "config/duration.h"
#include "config/nearest.h"
#include "config/setting_text.h"
#include "config/size.h"

#define CPUS_FORM     "write 1 to %d", VM_CPUS_MAX
#define SERIAL_FORMS  "write stdio, file:PATH, pty or none"
#define ERROR_FORMS   "write report, stop or remove"
#define BACKEND_FORMS "write auto, cdev or group"

static int set_name(struct vm_config *config, const char *value, const char *dir,
		    struct pt_error *err)
{
	(void)dir;
	for (const char *c = value; *c; c++) {
		if (isalnum((unsigned char)*c) || (c > value && strchr("._-", *c)))
			continue;
		return pt_error_remedy(
			err, pt_error_set(err, -EINVAL, "\"%s\" is not a name", value),
			"use letters, digits, '.', '_' and '-', beginning with a letter or digit");
	}
	return setting_text(&config->name, value, VM_NAME_SIZE, err);
}

static int set_cpus(struct vm_config *config, const char *value, const char *dir,
		    struct pt_error *err)
{
	unsigned cpus = 0;

	(void)dir;
	for (const char *c = value; *c || c == value; c++) {
		if (!isdigit((unsigned char)*c))
			return pt_error_remedy(
				err, pt_error_set(err, -EINVAL, "\"%s\" is not a number", value),
				CPUS_FORM);
		if (cpus <= VM_CPUS_MAX) /* more digits cannot make it valid again */
			cpus = cpus * 10 + (unsigned)(*c - '0');
	}
	if (cpus == 0 || cpus > VM_CPUS_MAX)
		return pt_error_remedy(err, pt_error_set(err, -ERANGE, "%s is out of range", value),
				       CPUS_FORM);
	config->cpus = cpus;
	return 0;
}

static int set_memory(struct vm_config *config, const char *value, const char *dir,
		      struct pt_error *err)
{
	uint64_t bytes;
	int ret = size_parse(value, &bytes);

	(void)dir;
	if (ret == -ERANGE)
		ret = pt_error_set(err, ret, "%s is more than any machine has", value);
	else if (ret < 0 && *value && strspn(value, "0123456789") == strlen(value))
		ret = pt_error_set(err, ret, "%s has no unit", value);
	else if (ret < 0)
		ret = pt_error_set(err, ret, "\"%s\" is not a size", value);
	else if (bytes == 0)
		ret = pt_error_set(err, -ERANGE, "%s is no memory at all", value);
	if (ret < 0)
		return pt_error_remedy(err, ret, SIZE_FORMS_TEXT);
	config->memory = bytes;
	return 0;
}

static int set_kernel(struct vm_config *config, const char *value, const char *dir,
		      struct pt_error *err)
{
	return setting_path(&config->kernel, value, dir, err);
}

static int set_initrd(struct vm_config *config, const char *value, const char *dir,
		      struct pt_error *err)
{
	return setting_path(&config->initrd, value, dir, err);
}

static int set_cmdline(struct vm_config *config, const char *value, const char *dir,
		       struct pt_error *err)
{
	char *empty;

	(void)dir;
	if (*value)
		return setting_text(&config->cmdline, value, VM_CMDLINE_SIZE, err);
	/* An empty command line is a choice: it takes the default away. */
	empty = strdup("");
	if (!empty)
		return pt_error_set(err, -ENOMEM, "out of memory");
	free(config->cmdline);
	config->cmdline = empty;
	return 0;
}

/* One of @names. @what is what an unknown one is not, @forms the remedy. */
static int choose(const char *const *names, size_t count, const char *value, const char *what,
		  const char *forms, size_t *ret_index, struct pt_error *err)
{
	const char *nearest;

	for (size_t i = 0; i < count; i++) {
		if (strcmp(value, names[i]) == 0) {
			*ret_index = i;
			return 0;
		}
	}
	nearest = nearest_name(value, names, count);
	return pt_error_remedy(err,
			       pt_error_set(err, -EINVAL, "\"%s\" is not %s%s%s%s", value, what,
					    nearest ? "; did you mean \"" : "",
					    nearest ? nearest : "", nearest ? "\"?" : ""),
			       "%s", forms);
}

static int set_serial_file(struct vm_config *config, const char *path, const char *dir,
			   struct pt_error *err)
{
	int ret;

	if (!*path)
		return pt_error_remedy(err, pt_error_set(err, -EINVAL, "\"file:\" names no file"),
				       "write file:PATH");
	ret = setting_path(&config->serial_path, path, dir, err);
	if (ret < 0)
		return ret;
	config->serial = SERIAL_FILE;
	return 0;
}

static int set_serial(struct vm_config *config, const char *value, const char *dir,
		      struct pt_error *err)
{
	static const char *const names[] = {"stdio", "file:", "pty", "none"};
	static const enum serial_kind kinds[] = {SERIAL_STDIO, SERIAL_FILE, SERIAL_PTY,
						 SERIAL_NONE};
	size_t i = 0;
	int ret;

	if (strncmp(value, "file:", 5) == 0)
		return set_serial_file(config, value + 5, dir, err);
	ret = choose(names, sizeof(names) / sizeof(names[0]), value, "a serial line", SERIAL_FORMS,
		     &i, err);
	if (ret == 0)
		config->serial = kinds[i];
	return ret;
}

static int set_unplug_limit(struct vm_config *config, const char *value, const char *dir,
			    struct pt_error *err)
{
	int ret = duration_parse(value, &config->unplug_limit);

	(void)dir;
	if (ret == -ERANGE)
		ret = pt_error_set(err, ret, "%s is out of range", value);
	else if (ret < 0 && *value && strspn(value, "0123456789") == strlen(value))
		ret = pt_error_set(err, ret, "%s has no unit", value);
	else if (ret < 0)
		ret = pt_error_set(err, ret, "\"%s\" is not a time", value);
	return ret < 0 ? pt_error_remedy(err, ret, DURATION_FORMS_TEXT) : 0;
}

static int set_on_device_error(struct vm_config *config, const char *value, const char *dir,
			       struct pt_error *err)
{
	static const char *const names[] = {
		[VM_DEVICE_ERROR_REPORT] = "report",
		[VM_DEVICE_ERROR_STOP] = "stop",
		[VM_DEVICE_ERROR_REMOVE] = "remove",
	};
	size_t i = 0;
	int ret = choose(names, sizeof(names) / sizeof(names[0]), value, "an action", ERROR_FORMS,
			 &i, err);

	(void)dir;
	if (ret == 0)
		config->on_device_error = (enum vm_device_error)i;
	return ret;
}

static int set_backend(struct vm_config *config, const char *value, const char *dir,
		       struct pt_error *err)
{
	static const char *const names[] = {
		[BACKEND_AUTO] = "auto",
		[BACKEND_CDEV] = "cdev",
		[BACKEND_GROUP] = "group",
	};
	size_t i = 0;
	int ret = choose(names, sizeof(names) / sizeof(names[0]), value, "a backend", BACKEND_FORMS,
			 &i, err);

	(void)dir;
	if (ret == 0)
		config->backend = (enum backend_choice)i;
	return ret;
}

const struct vm_setting vm_settings[VM_SETTINGS] = {
	{"name", "NAME", "Name of the guest, for messages (default: tenon)", set_name},
	{"cpus", "N", "Number of virtual CPUs (default: 1)", set_cpus},
	{"memory", "SIZE", "Memory, such as 512M, 2G or 1.5G (default: 512M)", set_memory},
	{"kernel", "FILE", "Linux kernel to boot (a bzImage)", set_kernel},
	{"initrd", "FILE", "Initial RAM disk for it", set_initrd},
	{"cmdline", "TEXT", "Kernel command line (default: console=ttyS0)", set_cmdline},
	{"serial", "WHERE",
	 "Where the guest's serial line goes: stdio (default), file:PATH (written anew), pty or none",
	 set_serial},
	{"unplug-limit", "TIME",
	 "How long the guest may take to let go of a device before it is taken by force, such as 30s or 2m "
	 "(default: 30s)",
	 set_unplug_limit},
	{"on-device-error", "ACTION",
	 "When a device reports an error that cannot be corrected: report it (default), stop the guest, or "
	 "remove the device",
	 set_on_device_error},
	{"backend", "WHICH",
	 "How devices are had: cdev (iommufd), group (IOMMU groups and a container) or auto (default)",
	 set_backend},
};
