/* SPDX-License-Identifier: MIT */
/*
 * Where a guest's devices are: what "bus=" and "addr=" mean in slots.
 */
#ifndef TENON_QEMU_QEMU_LAYOUT_H
#define TENON_QEMU_QEMU_LAYOUT_H

#include "qemu/qemu_options.h"

#define QEMU_SLOT_SIZE 16

/**
 * qemu_layout_slot() - the slot of a place, as the setting "slot" takes it; empty when no place was asked for
 *
 * Errors: -EINVAL there is no such place.
 */
int qemu_layout_slot(const struct qemu_guest *guest, const struct qemu_place *place,
		     char slot[QEMU_SLOT_SIZE], struct pt_error *err);

/**
 * qemu_layout_port() - a root port
 * @addr: its place on the root bus; @chassis: what becomes its slot's number; both as they were written, NULL when not said
 *
 * Errors: -EINVAL, -ERANGE, -EEXIST.
 */
int qemu_layout_port(struct qemu_guest *guest, const char *id, const char *addr,
		     const char *chassis, struct pt_error *err);

/** qemu_layout_rest() - slots for what comes while the guest runs; when all devices are known. Errors: -EOPNOTSUPP. */
int qemu_layout_rest(struct qemu_guest *guest, struct pt_error *err);

/** qemu_check_memory() - whether an object is the guest's memory as -m has it; qemu_machine.c. Errors: -EINVAL. */
int qemu_check_memory(const struct qemu_guest *guest, const struct qemu_value *value,
		      struct pt_error *err);

/** qemu_bytes() - "256" in @unit; or with k, M, G or T behind it. Return: 0 for what is no size. */
uint64_t qemu_bytes(const char *text, uint64_t unit);

#endif
