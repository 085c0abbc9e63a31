/* SPDX-License-Identifier: MIT */
/*
 * What /dev/kvm says before a VM is made.
 */
#ifndef TENON_HOST_KVM_FACTS_H
#define TENON_HOST_KVM_FACTS_H

#include "host/host_facts.h"

/**
 * kvm_facts_read() - fill in guest_phys_bits, max_cpus, max_cpu_ids and cpu_has
 *
 * Errors: -ENOENT no /dev/kvm; -EACCES no permission on it; -ENOTSUP another KVM than we know; -ENOMEM; from the ioctls.
 * On failure @facts is unchanged.
 */
int kvm_facts_read(const struct pt_sys *sys, struct host_facts *facts, struct pt_error *err);

#endif
