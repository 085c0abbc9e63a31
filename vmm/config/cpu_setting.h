/* SPDX-License-Identifier: MIT */
/*
 * What kind of processor the guest has: "host", and features that are to be there, "+NAME", or not, "-NAME".
 */
#ifndef TENON_CONFIG_CPU_SETTING_H
#define TENON_CONFIG_CPU_SETTING_H

#include <passthrough/error.h>

#define CPU_PATTERN "^host(,[+-][A-Za-z0-9_.-]+)*$"

/** set_cpu() - for struct setting; a whole value: what was said of features before is no more */
int set_cpu(void *object, const char *value, const char *dir, struct pt_error *err);

#endif
