/* SPDX-License-Identifier: MIT */
/*
 * A guest's whole life, from its config: facts, check, plan, machine, in this order; the types are in the headers of the same names.
 */
#ifndef TENON_GUEST_RUN_H
#define TENON_GUEST_RUN_H

#include <passthrough/sys.h>

#include "config/vm_config.h"
#include "timing.h"

/**
 * guest_run() - take the devices, run the guest until it ends, give them back; what is wrong is said on standard error
 * @config: becomes what is run: a device's virtual functions stand in it where the device did
 *
 * Return: an exit code.
 */
int guest_run(const struct pt_sys *sys, struct vm_config *config, struct timing *timing);

#endif
