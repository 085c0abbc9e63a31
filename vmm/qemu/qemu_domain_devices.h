/* SPDX-License-Identifier: MIT */
/*
 * Devices of a domain that libvirt describes: those for which libvirt would open, make or set something first, so that what it
 * writes of them into a command line is of no use to another process, or cannot be written at all. They are read from the XML, and
 * become options as QEMU takes them.
 */
#ifndef TENON_QEMU_QEMU_DOMAIN_DEVICES_H
#define TENON_QEMU_QEMU_DOMAIN_DEVICES_H

#include <passthrough/error.h>
#include <stddef.h>

#include "config/vm_config.h"
#include "qemu/qemu_xml.h"

#define QEMU_ADDED_MAX (4 * VM_DEVICES_MAX)

/** struct qemu_added - options; the words are its own */
struct qemu_added {
	char *words[QEMU_ADDED_MAX];
	size_t count;
};

/** qemu_domain_devices - the elements, by name; ends with a NULL */
extern const char *const qemu_domain_devices[];

/**
 * qemu_domain_add() - the options of a domain's devices
 *
 * Inverse: qemu_added_done(), after a failure too. Errors: -EOPNOTSUPP one that only libvirt could make; -E2BIG; -ENOMEM.
 */
int qemu_domain_add(const xmlNode *domain, struct qemu_added *added, struct pt_error *err);

/** qemu_added_done() - accepts one that was only zeroed */
void qemu_added_done(struct qemu_added *added);

/** qemu_domain_manage() - those devices that libvirt would take from their drivers are taken for the guest */
void qemu_domain_manage(const xmlNode *domain, struct vm_config *config);

#endif
