/* SPDX-License-Identifier: MIT */
/*
 * libvirt's API: its node devices, where libvirt manages the host, so that it knows who has a device, and gives none to a domain of
 * its own that a guest of ours has; and the domains that it knows.
 *
 * The library is looked for when it is used, and not needed to build or to run anything else. Source: libvirt's API reference,
 * libvirt-nodedev and libvirt-domain.
 */
#ifndef TENON_HOST_LIBVIRT_H
#define TENON_HOST_LIBVIRT_H

#include <passthrough/error.h>
#include <stdbool.h>

#define LIBVIRT_LIBRARY "libvirt.so.0"

/** enum libvirt_action - LIBVIRT_LOOK: nothing, but whether it knows the device */
enum libvirt_action { LIBVIRT_LOOK, LIBVIRT_DETACH, LIBVIRT_REATTACH };

/**
 * libvirt_do() - have PCI function @name taken from its driver and given to vfio-pci, or the inverse, or look whether it could be
 * @library: LIBVIRT_LIBRARY
 * @uri: of the libvirt daemon: "qemu:///system"
 * @limit: milliseconds; after that it goes on without this process
 *
 * Errors: -ENOENT there is no libvirt, or not this device; -ECONNREFUSED its daemon does not answer; -EBUSY it refuses, and the
 * message says why; -ETIMEDOUT.
 */
int libvirt_do(const char *library, const char *uri, const char *name, enum libvirt_action action,
	       unsigned limit, struct pt_error *err);

/**
 * struct libvirt_domain - what libvirt knows of a domain
 * @active: it runs
 * @xml: its definition, as it is started next
 * @command: the command line that libvirt would start it with, or what was left of it, as for a shell
 */
struct libvirt_domain {
	bool active;
	char *xml;
	char *command;
};

typedef int libvirt_edit(const char *xml, char **ret_xml, struct pt_error *err);

/**
 * libvirt_domain_read() - domain @name, of which nothing is changed
 * @edit: makes of the XML that of which the command line is asked, from malloc(3); called by a thread
 *
 * Errors: as of libvirt_do(), and of @edit; -EINVAL it has no command line, and the message says why; -EIO. Inverse:
 * libvirt_domain_done().
 */
int libvirt_domain_read(const char *library, const char *uri, const char *name, libvirt_edit *edit,
			unsigned limit, struct libvirt_domain *ret_domain, struct pt_error *err);

/** libvirt_domain_done() - accepts one that was only zeroed */
void libvirt_domain_done(struct libvirt_domain *domain);

#endif
