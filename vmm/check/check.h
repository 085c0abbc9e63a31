/* SPDX-License-Identifier: MIT */
/*
 * The preflight: can this host run this guest with these devices, and if not, what exactly is to be done?
 *
 * Rules are small functions over the host's facts and the config; each looks at one thing and adds what it finds. They are
 * listed in check.c, and live in a file for each object that they are about. What the plan would refuse is asked of the
 * plan, what libpassthrough would refuse of libpassthrough, so that nothing is judged twice.
 */
#ifndef TENON_CHECK_CHECK_H
#define TENON_CHECK_CHECK_H

#include <passthrough/sys.h>

#include "check/finding.h"
#include "config/vm_config.h"
#include "host/handed.h"
#include "host/host_facts.h"

#define CHECK_GROUPS_MAX 256

/**
 * struct check_user - whose permissions are looked at
 * @name: for commands
 * @groups: supplementary groups and the effective one
 */
struct check_user {
	unsigned uid;
	char name[64];
	unsigned groups[CHECK_GROUPS_MAX];
	unsigned group_count;
};

/** check_user_self() - this process' user, by its effective ids */
void check_user_self(struct check_user *ret_user);

/** enum check_scope - what is asked */
enum check_scope {
	CHECK_LAUNCH,  /* a guest, now: nothing that takes long unless there is reason to */
	CHECK_GUEST,   /* a guest */
	CHECK_DEVICES, /* devices alone; the config has defaults and them */
};

/**
 * struct check_run - what rules see
 * @ask_libvirt: whether libvirt at a URI knows a PCI function, within milliseconds; NULL: it is not asked
 * @try_ring: whether a loop can be opened; NULL: it is not tried
 * @facts: as host_facts_look() left them. A rule that reports a limit of the host lifts it here, so that the plan, which is
 *	asked last, tells what else there is.
 */
struct check_run {
	const struct pt_sys *sys;
	const struct vm_config *config;
	const struct check_user *user;
	enum check_scope scope;
	int (*ask_libvirt)(const char *uri, const char *name, unsigned limit, struct pt_error *err);
	int (*try_ring)(struct pt_error *err);
	struct host_facts *facts;
	struct findings *findings;
};

/**
 * check_host() - apply all rules
 *
 * Findings are added in the order of subjects: host, each device, guest. Errors: -ENOMEM.
 */
int check_host(struct check_run *check, struct pt_error *err);

/**
 * check_config() - look at this host, and apply all rules for this process' user
 * @handed: zeroed; gets what was handed in to this process, and must live as long as @ret_facts
 * @ret_facts: what there is, for the plan, which accepts it when nothing blocks. Inverse: host_facts_done().
 * @findings: what there is to say; written on failure too. Inverse: findings_done().
 *
 * Errors: of host_facts_look() and check_host().
 */
int check_config(const struct pt_sys *sys, const struct vm_config *config, enum check_scope scope,
		 struct handed *handed, struct host_facts *ret_facts, struct findings *findings,
		 struct pt_error *err);

#endif
