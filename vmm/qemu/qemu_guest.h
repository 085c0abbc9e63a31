/* SPDX-License-Identifier: MIT */
/*
 * struct qemu_guest: what a command line of QEMU's, as libvirt writes it, asks for; most of it is a struct vm_config as the file and
 * the options of tenon make it.
 */
#ifndef TENON_QEMU_QEMU_GUEST_H
#define TENON_QEMU_QEMU_GUEST_H

#include <stdbool.h>

#include "config/device_kind.h"
#include "config/vm_config.h"
#include "qemu/qemu_value.h"

#define QEMU_BACKENDS_MAX 128

/** struct qemu_backend - what a device names by its id: a -chardev, -netdev, -blockdev or -object; @used: one has named it */
struct qemu_backend {
	const char *option;
	struct qemu_value value;
	bool used;
};

/** enum qemu_machine - what the guest's PCI buses are called and how devices are laid out on them */
enum qemu_machine {
	QEMU_MACHINE_I440FX, /* one bus, pci.0 */
	QEMU_MACHINE_Q35,    /* pcie.0, and a bus behind each pcie-root-port */
	QEMU_MACHINE_NONE,   /* there is no guest: somebody asks what there could be */
};

/**
 * struct qemu_guest - what was asked
 * @pidfile: where the process's number is to be written, NULL for nowhere
 */
struct qemu_guest {
	struct vm_config config;
	enum qemu_machine machine;
	bool daemonize;
	char *pidfile;
	struct qemu_backend backends[QEMU_BACKENDS_MAX];
	size_t backend_count;
};

/** qemu_guest_init() - nothing asked yet. Inverse: qemu_guest_done(). */
void qemu_guest_init(struct qemu_guest *guest);

/** qemu_guest_done() - accepts one that was only zeroed */
void qemu_guest_done(struct qemu_guest *guest);

/**
 * qemu_guest_parse() - read a command line
 * @argv: @argv[0] is the program
 *
 * Inverse: qemu_guest_done(), after a failure too. Errors: -EINVAL and others; the message names the option, the remedy what to
 * change in the domain's XML.
 */
int qemu_guest_parse(int argc, char **argv, struct qemu_guest *guest, struct pt_error *err);

/** qemu_guest_backend() - the one of this id, NULL when there is none; it is used from now on */
const struct qemu_value *qemu_guest_backend(struct qemu_guest *guest, const char *option,
					    const char *id);

#endif
