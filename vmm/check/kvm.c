/* SPDX-License-Identifier: MIT */
/* Whether this host runs guests at all. */
#include <errno.h>
#include <string.h>

#include "check/rules.h"

#define KVM_NODE "/dev/kvm"
#define WHY_KVM	 "a guest's instructions are run by the processor itself, through KVM"

static bool is_absent(int code)
{
	return code == -ENOENT || code == -ENODEV || code == -ENXIO;
}

/* By what the processor says of itself; @cpuinfo is the beginning of /proc/cpuinfo, which has the first one. */
static void how_to_get_kvm(const struct check_run *check, struct finding *finding)
{
	char cpuinfo[8192];
	const char *module = NULL;

	(void)check_read(check, "/proc/cpuinfo", cpuinfo, sizeof(cpuinfo));
	if (strstr(cpuinfo, " vmx"))
		module = "kvm_intel";
	else if (strstr(cpuinfo, " svm"))
		module = "kvm_amd";
	if (module) {
		finding_seen(finding, "/proc/cpuinfo", "flags: %s",
			     strcmp(module, "kvm_amd") ? "vmx" : "svm");
		finding_root_command(finding, check_is_root(check), "modprobe %s", module);
		finding_hint(finding, "if that fails, turn on %s in the firmware's settings",
			     strcmp(module, "kvm_amd") ? "VT-x" : "SVM");
		return;
	}
	finding_seen(finding, "/proc/cpuinfo", "flags: neither vmx nor svm");
	finding_root_command(finding, check_is_root(check), "systemctl reboot --firmware-setup");
	finding->after = FINDING_AFTER_REBOOT;
}

/* Owner, mode and control group permit it, and opening it was refused: only a security module's profile is left. */
static void how_to_be_let(const struct check_run *check, struct finding *finding)
{
	static const char profile_path[] = "/proc/self/attr/current";
	char profile[FINDING_VALUE_SIZE];

	if (!check_read(check, profile_path, profile, sizeof(profile)) ||
	    strcmp(profile, "unconfined") == 0)
		return;
	finding_what(finding, KVM_NODE ": this process' security profile forbids it");
	finding_seen(finding, profile_path, "%s", profile);
	finding->hint[0] = '\0';
	finding_root_command(finding, check_is_root(check),
			     "journalctl -k -g \"apparmor|avc\" -n 20");
	finding_hint(finding, "that shows what was denied; allow it in the profile");
}

void check_kvm(struct check_run *check)
{
	const struct pt_error *error = &check->facts->kvm_error;
	struct finding *finding;

	check_node(check, SUBJECT_HOST, KVM_NODE);
	if (!error->code || findings_has(check->findings, "access", SUBJECT_HOST))
		return;
	finding = findings_add(check->findings, FINDING_BLOCKS, "kvm", SUBJECT_HOST, WHY_KVM);
	finding_error(finding, error);
	finding_seen(finding, KVM_NODE, "%s", "");
	if (is_absent(error->code))
		how_to_get_kvm(check, finding);
	else if (error->code == -EACCES || error->code == -EPERM)
		how_to_be_let(check, finding);
}
