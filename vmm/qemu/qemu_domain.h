/* SPDX-License-Identifier: MIT */
/*
 * The other direction: a domain that libvirt knows is run, or planned, by tenon itself, and libvirt has no part in it but to give
 * devices away.
 */
#ifndef TENON_QEMU_QEMU_DOMAIN_H
#define TENON_QEMU_QEMU_DOMAIN_H

#include <stdio.h>

#include "config/vm_config.h"

/**
 * qemu_domain_parse() - a domain as libvirt describes it (see struct libvirt_domain), as a guest of tenon's own
 * @command: is written to
 * @uri: of the libvirt that is to give away managed devices
 *
 * What libvirt tells an emulator is in the command line, but for the devices of qemu_domain_devices, which are read from the XML, as
 * is what libvirt does itself: it takes managed devices from their drivers, pins CPUs, ends a guest that restarts or crashes. What
 * nobody would do then is refused, or said on @out. The monitor's socket and the stop before the start are libvirt's, and not
 * taken over.
 *
 * Errors: of qemu_guest_parse(); -EOPNOTSUPP. Inverse: vm_config_done().
 */
int qemu_domain_parse(char *command, const char *xml, const char *uri, FILE *out,
		      struct vm_config *ret_config, struct pt_error *err);

/**
 * qemu_domain_read() - the same of a domain by its name
 * @uri: NULL for the system's libvirt
 * @starts: it is to be run, so that libvirt must not
 *
 * Errors: of libvirt_domain_read(); -EBUSY libvirt runs it. Inverse: vm_config_done().
 */
int qemu_domain_read(const char *uri, const char *name, bool starts, struct vm_config *ret_config,
		     struct pt_error *err);

#endif
