/* SPDX-License-Identifier: MIT */
/*
 * What forbids a node whose owner and mode permit it: a security module, or a control group.
 *
 * access(2) asks control groups and SELinux. AppArmor decides by path, and only when a file is opened, so that a process with
 * a profile has to try.
 */
#ifndef TENON_CHECK_POLICY_H
#define TENON_CHECK_POLICY_H

#include "check/check.h"

/** policy_has_profile_against() - whether this process has a security profile, and opening @path is refused to it */
bool policy_has_profile_against(const struct check_run *check, const char *path);

/**
 * policy_forbids() - what, evidence and remedy
 * @by_profile: policy_has_profile_against() found it; else access(2) refuses against owner and mode
 */
void policy_forbids(const struct check_run *check, const char *path, bool by_profile,
		    struct finding *finding);

#endif
