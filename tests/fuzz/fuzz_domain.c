/* SPDX-License-Identifier: MIT */
/*
 * A domain as libvirt describes it: a command line, and from the first '<' on its XML. It is refused with a code and a reason, or the
 * guest that it asks for is within all limits, and nothing is left of what libvirt alone would do.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "host/libvirt.h"
#include "input.h"
#include "qemu/qemu_domain.h"
#include "qemu/qemu_domain_devices.h"
#include "qemu/qemu_xml.h"

/* In place of host/libvirt.c. */
int libvirt_domain_read(const char *library, const char *uri, const char *name, libvirt_edit *edit,
			unsigned limit, struct libvirt_domain *ret_domain, struct pt_error *err)
{
	(void)library, (void)uri, (void)edit, (void)limit, (void)ret_domain;
	return pt_error_set(err, -ENOENT, "%s", name);
}

void libvirt_domain_done(struct libvirt_domain *domain)
{
	(void)domain;
}

static void check_without(const char *xml)
{
	struct pt_error err = PT_ERROR_INIT;
	struct qemu_xml read;
	char *rest;
	int ret = qemu_xml_without(xml, qemu_domain_devices, &rest, &err);

	fuzz_require(ret == 0 || (ret == -EINVAL && *err.message), "%s", err.message);
	if (ret < 0)
		return;
	fuzz_require(qemu_xml_read(rest, &read, &err) == 0, "it cannot be read again");
	for (size_t i = 0; qemu_domain_devices[i]; i++)
		fuzz_require(!qemu_xml_child(qemu_xml_child(read.domain, "devices"),
					     qemu_domain_devices[i]),
			     "a device is left");
	qemu_xml_done(&read);
	free(rest);
}

static void check_config(const struct vm_config *config)
{
	fuzz_require(config->kernel || config->cpus, "a guest");
	fuzz_require(!config->control && !config->paused && !config->stays, "libvirt's");
	fuzz_require(config->libvirt, "who gives devices away");
	for (size_t i = 0; i < config->device_count; i++)
		fuzz_require(config->devices[i].name && config->devices[i].slot <= VM_SLOT_MAX,
			     "device");
	for (size_t i = 0; i < config->net_count; i++)
		fuzz_require(config->nets[i].tap, "net");
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pt_error err = PT_ERROR_INIT;
	struct vm_config config;
	char *command = malloc(size + 1), *xml;
	int ret;

	fuzz_require(command, "no memory");
	memcpy(command, data, size);
	command[size] = '\0';
	xml = strdup(command + strcspn(command, "<"));
	fuzz_require(xml, "no memory");
	command[strcspn(command, "<")] = '\0';
	check_without(xml);
	ret = qemu_domain_parse(command, xml, "qemu:///system", stderr, &config, &err);
	if (ret == 0) {
		check_config(&config);
		vm_config_done(&config);
	} else {
		fuzz_require(ret < 0 && err.code == ret && *err.message, "no reason");
	}
	free(command);
	free(xml);
	return 0;
}
