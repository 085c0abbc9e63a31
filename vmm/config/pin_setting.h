/* SPDX-License-Identifier: MIT */
/*
 * Which of the host's CPUs run what.
 */
#ifndef TENON_CONFIG_PIN_SETTING_H
#define TENON_CONFIG_PIN_SETTING_H

#include <passthrough/error.h>

#include "cpu_list.h"

#define PIN_WORD    CPU_LIST_PATTERN "(:" CPU_LIST_PATTERN ")?"
#define PIN_PATTERN "^" PIN_WORD "( " PIN_WORD ")*$"

/** set_pin() - for struct setting: "8-11", or "0-2:8-11 3:12" */
int set_pin(void *object, const char *value, const char *dir, struct pt_error *err);

/** set_emulator_pin() - for struct setting: "0-1" */
int set_emulator_pin(void *object, const char *value, const char *dir, struct pt_error *err);

/** setting_cpu_list() - read a list of CPUs. Errors: -EINVAL, -ERANGE. */
int setting_cpu_list(const char *value, struct cpu_list *ret_list, struct pt_error *err);

#endif
