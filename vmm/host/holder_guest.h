/* SPDX-License-Identifier: MIT */
/*
 * Which guest a process runs that has a device: by its command line, as libvirt and people write it.
 */
#ifndef TENON_HOST_HOLDER_GUEST_H
#define TENON_HOST_HOLDER_GUEST_H

#include <passthrough/sys.h>
#include <stdbool.h>
#include <stddef.h>

#define HOLDER_GUEST_SIZE 64

/** struct holder_guest - @libvirt: the system's libvirt has started it, and knows it by @name */
struct holder_guest {
	char name[HOLDER_GUEST_SIZE];
	bool libvirt;
};

/**
 * holder_guest_of() - what follows -name, or --name
 *
 * QEMU: -name [guest=]NAME[,KEY=VALUE...]; tenon: --name NAME. Return: whether it says one.
 */
bool holder_guest_of(const struct pt_sys *sys, int pid, struct holder_guest *ret_guest);

#endif
