/* SPDX-License-Identifier: MIT */
/* Whether this host runs guests at all: by KVM, with io_uring beside it. */
#include <errno.h>
#include <string.h>

#include "check/rules.h"

#define KVM_NODE "/dev/kvm"
#define CPUINFO	 "/proc/cpuinfo"
#define WHY_KVM	 "a guest's instructions are run by the processor itself, through KVM"

static bool is_absent(int code)
{
	return code == -ENOENT || code == -ENODEV || code == -ENXIO;
}

/* What the processor runs guests by, as it says itself: the first one of /proc/cpuinfo. */
struct processor {
	bool known;
	const char *module; /* of KVM; NULL where it has neither VT-x nor SVM */
};

static struct processor look_at_processor(const struct check_run *check)
{
	struct processor processor = {.known = false};
	char cpuinfo[8192];

	(void)check_read(check, CPUINFO, cpuinfo, sizeof(cpuinfo));
	processor.known = strstr(cpuinfo, "flags") != NULL;
	if (strstr(cpuinfo, " vmx"))
		processor.module = "kvm_intel";
	else if (strstr(cpuinfo, " svm"))
		processor.module = "kvm_amd";
	return processor;
}

static void how_to_get_virtualization(const struct check_run *check, struct finding *finding)
{
	finding_seen(finding, CPUINFO, "flags: neither vmx nor svm");
	if (check_is_virtual(check)) {
		finding_hint(finding,
			     "this host is itself a virtual machine: on the machine below it, "
			     "turn nested virtualization on, and give it that machine's "
			     "processor (QEMU: -cpu host)");
		return;
	}
	finding_root_command(finding, check_is_root(check), "systemctl reboot --firmware-setup");
	finding_hint(finding, "turn on VT-x (Intel) or SVM (AMD) in the firmware's settings");
	finding->after = FINDING_AFTER_REBOOT;
}

static void how_to_get_kvm(const struct check_run *check, struct finding *finding)
{
	const char *module = look_at_processor(check).module;

	if (!module) {
		how_to_get_virtualization(check, finding);
		return;
	}
	finding_seen(finding, CPUINFO, "flags: %s", strcmp(module, "kvm_amd") ? "vmx" : "svm");
	finding_root_command(finding, check_is_root(check), "modprobe %s", module);
	finding_hint(finding, "if that fails, turn on %s in the firmware's settings",
		     strcmp(module, "kvm_amd") ? "VT-x" : "SVM");
}

/* Kernels exist with a KVM that is made of software. */
static void check_virtualization(struct check_run *check)
{
	const struct processor processor = look_at_processor(check);
	struct finding *finding;

	if (!processor.known || processor.module)
		return;
	finding = findings_add(
		check->findings, FINDING_WARNS, "kvm", SUBJECT_HOST,
		"without them KVM runs few guests, if any: one may stand still before its first word");
	finding_what(finding, KVM_NODE " is there, and the processor has neither VT-x nor SVM");
	how_to_get_virtualization(check, finding);
}

void check_kvm(struct check_run *check)
{
	const struct pt_error *error = &check->facts->kvm_error;
	struct finding *finding;

	check_node(check, SUBJECT_HOST, KVM_NODE);
	if (findings_has(check->findings, "access", SUBJECT_HOST))
		return;
	if (!error->code) {
		check_virtualization(check);
		return;
	}
	finding = findings_add(check->findings, FINDING_BLOCKS, "kvm", SUBJECT_HOST, WHY_KVM);
	finding_error(finding, error);
	if (!is_absent(error->code))
		return;
	finding_seen(finding, KVM_NODE, "%s", "");
	how_to_get_kvm(check, finding);
}

#define RING_SWITCH "/proc/sys/kernel/io_uring_disabled"

void check_ring(struct check_run *check)
{
	struct pt_error err = PT_ERROR_INIT;
	struct finding *finding;
	char value[16];

	if (check->scope == CHECK_DEVICES || !check->try_ring || check->try_ring(&err) == 0)
		return;
	finding = findings_add(check->findings, FINDING_BLOCKS, "io-uring", SUBJECT_HOST,
			       "tenon waits by it for all that happens beside the guest's CPUs");
	finding_error(finding, &err);
	if (!check_read(check, RING_SWITCH, value, sizeof(value)) || strcmp(value, "0") == 0)
		return;
	finding_seen(finding, RING_SWITCH, "%s", value);
	finding->hint[0] = '\0';
	finding_root_command(finding, check_is_root(check), "sysctl kernel.io_uring_disabled=0");
}
