/* SPDX-License-Identifier: MIT */
#include "qemu/qemu_domain.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "cleanup.h"
#include "config/guest_setting.h"
#include "config/setting.h"
#include "host/libvirt.h"
#include "qemu/qemu_domain_devices.h"
#include "qemu/qemu_guest.h"
#include "qemu/qemu_words.h"
#include "qemu/qemu_xml.h"
#include "report.h"

#define WORDS_MAX 1024
#define READ_LIMIT \
	60000 /* milliseconds; an emulator that libvirt does not know yet is asked first */
#define STANDARD_URI "qemu:///system"

static int set(struct vm_config *config, const char *name, const char *value, struct pt_error *err)
{
	return setting_set(setting_find(&guest_settings, name), config, value, NULL, err);
}

/* "0:4 1:5", as --pin takes it. */
static int take_pins(const xmlNode *domain, struct vm_config *config, struct pt_error *err)
{
	const xmlNode *tune = qemu_xml_child(domain, "cputune"),
		      *emulator = qemu_xml_child(tune, "emulatorpin"),
		      *pin = qemu_xml_child(tune, "vcpupin");
	CLEANUP_FREE char *pins = NULL;
	size_t size;
	FILE *out = open_memstream(&pins, &size);
	int ret = 0;

	if (!out)
		return pt_error_set(err, -ENOMEM, "out of memory");
	for (; pin; pin = qemu_xml_next(pin))
		(void)fprintf(out, "%s%s:%s", ftell(out) ? " " : "",
			      qemu_xml_attribute(pin, "vcpu"), qemu_xml_attribute(pin, "cpuset"));
	(void)fclose(out);
	if (*pins)
		ret = set(config, "pin", pins, err);
	if (ret == 0 && emulator)
		ret = set(config, "emulator-pin", qemu_xml_attribute(emulator, "cpuset"), err);
	return ret < 0 ? pt_error_prefix(err, ret, "<cputune>") : 0;
}

static int take_ends(const xmlNode *domain, struct vm_config *config, struct pt_error *err)
{
	const char *on_reboot = qemu_xml_text(qemu_xml_child(domain, "on_reboot")),
		   *on_crash = qemu_xml_text(qemu_xml_child(domain, "on_crash")),
		   *on_panic = "stop";
	int ret = 0;

	if (strcmp(on_reboot, "destroy") == 0)
		ret = set(config, "on-reboot", "stop", err);
	if (strcmp(on_crash, "restart") == 0 || strcmp(on_crash, "coredump-restart") == 0)
		on_panic = "reset";
	else if (strcmp(on_crash, "preserve") == 0)
		on_panic = "pause";
	return ret < 0 ? ret : set(config, "on-panic", on_panic, err);
}

/* What limits a domain is libvirt's doing as well: the guest runs without it. */
static void say_what_is_left_out(const xmlNode *domain, FILE *out)
{
	static const char *const left_out[] = {
		"memtune", "blkiotune", "iotune",   "bandwidth", "vcpusched",	"shares",
		"quota",   "period",	"resource", "seclabel",	 "iothreadpin",
	};

	for (size_t i = 0; i < sizeof(left_out) / sizeof(left_out[0]); i++) {
		if (qemu_xml_within(domain, left_out[i]))
			report_note(out,
				    "<%s> is without effect: it is libvirt's to do, which has no "
				    "part in this",
				    left_out[i]);
	}
}

/* A socket in the folder that libvirt makes for those of a domain that it runs itself. */
static void take_channels(struct vm_config *config, FILE *out)
{
	for (size_t i = 0; i < config->console_count; i++) {
		struct vm_config_console *console = &config->consoles[i];

		if (!console->path || !strstr(console->path, "/libvirt/qemu/channel/"))
			continue;
		report_note(
			out,
			"<channel> %s: its socket would be libvirt's to find a place for, which has "
			"no part in this; it ends in a pseudo terminal, which tenon ctl %s info names",
			console->name ? console->name : console->label,
			config->name ? config->name : "GUEST");
		free(console->path);
		console->path = NULL;
		console->where = VM_CONSOLE_PTY;
	}
}

/* Before the emulator there are the variables of its environment. */
static char **find_emulator(char **words)
{
	while (*words && **words != '/')
		words++;
	return words;
}

/* What libvirt wrote, and what it was not asked of. */
static int parse_command(char *command, const xmlNode *domain, struct qemu_guest *guest,
			 struct pt_error *err)
{
	CLEANUP(qemu_added_done) struct qemu_added added = {0};
	CLEANUP_FREE char **words = calloc(WORDS_MAX, sizeof(*words));
	char **argv;
	size_t count = 0;
	int ret;

	if (!words)
		return pt_error_set(err, -ENOMEM, "out of memory");
	ret = qemu_domain_add(domain, &added, err);
	if (ret == 0)
		ret = qemu_words_split(command, words, WORDS_MAX - QEMU_ADDED_MAX, &count, err);
	if (ret < 0)
		return ret;
	argv = find_emulator(words);
	if (!*argv)
		return pt_error_set(err, -EINVAL, "a command line without an emulator");
	memcpy(words + count, added.words, added.count * sizeof(*words));
	count += added.count;
	return qemu_guest_parse((int)(words + count - argv), argv, guest, err);
}

int qemu_domain_parse(char *command, const char *xml, const char *uri, FILE *out,
		      struct vm_config *ret_config, struct pt_error *err)
{
	CLEANUP(qemu_guest_done) struct qemu_guest guest;
	CLEANUP(qemu_xml_done) struct qemu_xml read = {0};
	struct vm_config *config = &guest.config;
	int ret;

	qemu_guest_init(&guest);
	ret = qemu_xml_read(xml, &read, err);
	if (ret == 0)
		ret = parse_command(command, read.domain, &guest, err);
	if (ret == 0)
		ret = take_ends(read.domain, config, err);
	if (ret == 0)
		ret = take_pins(read.domain, config, err);
	if (ret == 0)
		ret = set(config, "host.libvirt", uri, err);
	if (ret == 0)
		ret = set(config, "stop-limit",
			  setting_find(&guest_settings, "stop-limit")->standard, err);
	if (ret < 0)
		return ret;
	qemu_domain_manage(read.domain, config);
	say_what_is_left_out(read.domain, out);
	take_channels(config, out);
	free(config->control);
	config->control = NULL;
	config->paused = false;
	config->stays = false;
	*ret_config = *config;
	*config = (struct vm_config){0};
	return 0;
}

static int without_devices(const char *xml, char **ret_xml, struct pt_error *err)
{
	return qemu_xml_without(xml, qemu_domain_devices, ret_xml, err);
}

static int check_not_running(const struct libvirt_domain *domain, const char *uri, const char *name,
			     struct pt_error *err)
{
	if (!domain->active)
		return 0;
	return pt_error_remedy(err,
			       pt_error_set(err, -EBUSY, "%s: libvirt (%s) runs it", name, uri),
			       "virsh -c %s shutdown %s", uri, name);
}

int qemu_domain_read(const char *uri, const char *name, bool starts, struct vm_config *ret_config,
		     struct pt_error *err)
{
	CLEANUP(libvirt_domain_done) struct libvirt_domain domain = {0};
	int ret;

	if (!uri)
		uri = STANDARD_URI;
	ret = libvirt_domain_read(LIBVIRT_LIBRARY, uri, name, without_devices, READ_LIMIT, &domain,
				  err);
	if (ret == 0 && starts)
		ret = check_not_running(&domain, uri, name, err);
	if (ret == 0)
		ret = qemu_domain_parse(domain.command, domain.xml, uri, stderr, ret_config, err);
	return ret;
}
