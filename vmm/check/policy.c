/* SPDX-License-Identifier: MIT */
#include "check/policy.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>

#include "check/rules.h"
#include "host/read_text.h"

#define SELINUX	      "/sys/fs/selinux/enforce"
#define PROFILE	      "/proc/self/attr/current"
#define PROFILES      "/etc/apparmor.d/"
#define OF_DOMAINS    PROFILES "local/abstractions/libvirt-qemu"
#define PROFILE_BYTES 65536

static bool selinux_enforces(const struct check_run *check)
{
	char text[8];

	return check_read(check, SELINUX, text, sizeof(text)) && text[0] == '1';
}

/* Of this process, "tenon (enforce)"; one that may not even read that has one as well. Return: whether it has any. */
static bool has_profile(const struct check_run *check, char *ret_profile, size_t size)
{
	int ret = read_text(check->sys, PROFILE, ret_profile, size);

	if (ret < 0) {
		(void)snprintf(ret_profile, size, "%s", strerror(-ret));
		return ret == -EACCES;
	}
	ret_profile[strcspn(ret_profile, "\n")] = '\0';
	return ret_profile[0] && strcmp(ret_profile, "unconfined") != 0;
}

bool policy_has_profile_against(const struct check_run *check, const char *path)
{
	char profile[FINDING_VALUE_SIZE];
	int fd;

	if (!has_profile(check, profile, sizeof(profile)))
		return false;
	fd = check->sys->open(check->sys->ctx, path, O_RDWR);
	if (fd >= 0)
		(void)check->sys->close(check->sys->ctx, fd);
	return fd == -EACCES || fd == -EPERM;
}

/* Of "user:role:type:level", the third. Return: whether there is one that a shell takes as it stands. */
static bool type_of(const char *context, char *ret_type, size_t size)
{
	const char *at = strchr(context, ':');

	at = at ? strchr(at + 1, ':') : NULL;
	if (!at)
		return false;
	(void)snprintf(ret_type, size, "%.*s", (int)strcspn(at + 1, ":"), at + 1);
	return ret_type[0] && check_is_typed_safely(ret_type);
}

/*
 * What is typed is one more module of the policy, whose rule has all that is done with the node: what the kernel logs is the first
 * thing that was denied.
 */
static void selinux_forbids(const struct check_run *check, const char *path,
			    struct finding *finding)
{
	char context[FINDING_VALUE_SIZE], type[FINDING_VALUE_SIZE];
	const bool root = check_is_root(check);
	const char *name = strrchr(path, '/') + 1;

	(void)has_profile(check, context, sizeof(context));
	finding_what(finding, "%s: SELinux denies it to this process", path);
	finding_seen(finding, PROFILE, "%s", context);
	if (!type_of(context, type, sizeof(type))) {
		finding_hint(finding,
			     "allow it in the policy: ausearch -m avc -ts recent | audit2allow");
		return;
	}
	finding_root_command(finding, root,
			     "echo \"(allow %s $(stat -c %%C %s | cut -d: -f3) (chr_file (getattr "
			     "open read write ioctl map)))\" > tenon-%s.cil",
			     type, path, name);
	finding_root_command(finding, root, "semodule -i tenon-%s.cil", name);
	finding_hint(finding, "semodule -r tenon-%s takes that back", name);
}

/* Numbers of devices and groups change from one start of the host to the next. */
static void rule_for(const char *path, char *ret_rule, size_t size)
{
	size_t len = strcspn(path, "0123456789");
	const bool numbered = strncmp(path, "/dev/vfio/", 10) == 0 && path[len];

	(void)snprintf(ret_rule, size, "%.*s%s rw,", (int)len, path, numbered ? "[0-9]*" : "");
}

/* As Debian's packages call files: the profile "tenon" is in tenon, "/usr/bin/tenon" in usr.bin.tenon. */
static void file_of(const char *profile, char *ret_name, size_t size)
{
	(void)snprintf(ret_name, size, "%s", profile[0] == '/' ? profile + 1 : profile);
	for (char *slash = strchr(ret_name, '/'); slash; slash = strchr(slash, '/'))
		*slash = '.';
}

/* Whether the file of that name includes what an administrator adds. */
static bool has_local_part(const struct check_run *check, const char *name)
{
	char path[PT_PATH_SIZE], include[PT_PATH_SIZE], text[PROFILE_BYTES];

	(void)snprintf(path, sizeof(path), PROFILES "%s", name);
	(void)snprintf(include, sizeof(include), "<local/%s>", name);
	return check_read(check, path, text, sizeof(text)) && strstr(text, include);
}

/* What is typed goes into the part of the profile that is the administrator's. */
static void how_to_allow(const struct check_run *check, const char *profile, const char *rule,
			 struct finding *finding)
{
	const bool root = check_is_root(check);
	char name[FINDING_VALUE_SIZE];

	if (strncmp(profile, "libvirt-", 8) == 0) {
		finding_root_command(finding, root, "echo \"%s\" >> " OF_DOMAINS, rule);
		finding_hint(finding, "libvirt makes the domain's profile of it when it starts");
		return;
	}
	file_of(profile, name, sizeof(name));
	if (name[0] != '.' && check_is_typed_safely(name) && has_local_part(check, name)) {
		finding_root_command(finding, root, "echo \"%s\" >> " PROFILES "local/%s", rule,
				     name);
		finding_root_command(finding, root, "apparmor_parser -r " PROFILES "%s", name);
		return;
	}
	finding_root_command(finding, root, "journalctl -k -g \"apparmor|avc\" -n 20");
	finding_hint(finding,
		     "that shows what was denied; the profile takes the rule: %s and is loaded "
		     "anew by apparmor_parser -r with its file",
		     rule);
}

static void profile_forbids(const struct check_run *check, const char *path,
			    struct finding *finding)
{
	char profile[FINDING_VALUE_SIZE], rule[PT_PATH_SIZE];

	(void)has_profile(check, profile, sizeof(profile));
	finding_seen(finding, PROFILE, "%s", profile);
	profile[strcspn(profile, " ")] = '\0';
	finding_what(finding, "%s: the AppArmor profile of this process does not allow it", path);
	rule_for(path, rule, sizeof(rule));
	how_to_allow(check, profile, rule, finding);
}

static void group_forbids(const struct check_run *check, const char *path, struct finding *finding)
{
	char text[FINDING_VALUE_SIZE];

	finding_what(finding, "%s: the control group of this process does not allow the device",
		     path);
	if (check_read(check, "/proc/self/cgroup", text, sizeof(text)))
		finding_seen(finding, "/proc/self/cgroup", "%.*s", (int)strcspn(text, "\n"), text);
	finding_hint(finding, "in a systemd unit: DeviceAllow=%s rw; in a container: --device=%s",
		     path, path);
}

void policy_forbids(const struct check_run *check, const char *path, bool by_profile,
		    struct finding *finding)
{
	if (selinux_enforces(check))
		selinux_forbids(check, path, finding);
	else if (by_profile)
		profile_forbids(check, path, finding);
	else
		group_forbids(check, path, finding);
}
