/* SPDX-License-Identifier: MIT */
/* The IOMMU: is it on, and does it keep interrupts apart? */
#include <stdio.h>
#include <string.h>

#include "check/rules.h"

#define IOMMUS	     "/sys/class/iommu"
#define TABLES	     "/sys/firmware/acpi/tables/"
#define GRUB_FILE    "/etc/default/grub"
#define GRUB_DROP_IN "/etc/default/grub.d/tenon.cfg"
#define CMDLINE	     "/proc/cmdline"
#define WHY_IOMMU \
	"it keeps a device's DMA within its guest's memory; without, the kernel gives no device away"
#define WHY_REMAP                                                                               \
	"a device could send the host any interrupt; the kernel gives devices away only where " \
	"interrupts are remapped, or where that is waived"

/* The kernel's own tests have an IOMMU that is none. */
static int found_one(void *arg, const char *name)
{
	(void)arg;
	return strncmp(name, "iommufd_selftest", strlen("iommufd_selftest")) != 0;
}

static bool has_iommu(const struct check_run *check)
{
	return check->sys->list(check->sys->ctx, IOMMUS, found_one, NULL) == 1;
}

/* As a word of the kernel's command line. */
static bool booted_with(const char *cmdline, const char *word)
{
	size_t len = strlen(word);

	for (const char *at = strstr(cmdline, word); at; at = strstr(at + 1, word)) {
		if ((at == cmdline || at[-1] == ' ') && (at[len] == ' ' || at[len] == '\0'))
			return true;
	}
	return false;
}

/* A word goes where an administrator put it. */
static void boot_without(const struct check_run *check, struct finding *finding, const char *word)
{
	bool root = check_is_root(check);

	finding_root_command(finding, root, "sed -i \"s/\\b%s\\b//\" " GRUB_FILE, word);
	finding_root_command(finding, root, "update-grub");
	finding_root_command(finding, root, "reboot");
	finding->after = FINDING_AFTER_REBOOT;
}

/* Debian's grub-mkconfig reads these after /etc/default/grub, whatever that says; a file of our own is easily removed. */
void check_boot_with(const struct check_run *check, struct finding *finding, const char *word)
{
	bool root = check_is_root(check);

	finding_root_command(
		finding, root,
		"echo \"GRUB_CMDLINE_LINUX=\\\"\\$GRUB_CMDLINE_LINUX %s\\\"\" >> " GRUB_DROP_IN,
		word);
	finding_root_command(finding, root, "update-grub");
	finding_root_command(finding, root, "reboot");
	finding_hint(
		finding,
		"without GRUB: %s goes onto the kernel's command line by your boot loader's means "
		"(systemd-boot: /etc/kernel/cmdline)",
		word);
	finding->after = FINDING_AFTER_REBOOT;
}

static void how_to_get_iommu(const struct check_run *check, struct finding *finding)
{
	static const char *const offs[] = {"intel_iommu=off", "amd_iommu=off", "iommu=off"};
	char cmdline[4096];

	(void)check_read(check, CMDLINE, cmdline, sizeof(cmdline));
	for (size_t i = 0; i < sizeof(offs) / sizeof(offs[0]); i++) {
		if (!booted_with(cmdline, offs[i]))
			continue;
		finding_seen(finding, CMDLINE, "%s", offs[i]);
		boot_without(check, finding, offs[i]);
		return;
	}
	if (check_exists(check, TABLES "DMAR") && !booted_with(cmdline, "intel_iommu=on")) {
		finding_seen(finding, IOMMUS, "empty; the firmware has one (" TABLES "DMAR)");
		check_boot_with(check, finding, "intel_iommu=on");
		return;
	}
	finding_seen(finding, IOMMUS,
		     "empty; the firmware shows none (neither DMAR nor IVRS in " TABLES ")");
	if (check_exists(check, TABLES "DMAR") || check_exists(check, TABLES "IVRS"))
		finding_seen(finding, IOMMUS,
			     "empty, though the firmware has one; see: dmesg | grep -i iommu");
	if (check_is_virtual(check)) {
		finding_hint(finding,
			     "this host is itself a virtual machine, and has the IOMMU that the "
			     "machine below gives it (QEMU: -machine q35,kernel-irqchip=split "
			     "-device intel-iommu,intremap=on, and intel_iommu=on for the kernel)");
		return;
	}
	finding_root_command(finding, check_is_root(check), "systemctl reboot --firmware-setup");
	finding_hint(finding,
		     "turn on VT-d (Intel) or AMD-Vi / IOMMU (AMD) in the firmware's settings");
	finding->after = FINDING_AFTER_REBOOT;
}

static bool needs_iommu(const struct check_run *check)
{
	const struct host_facts *facts = check->facts;

	for (size_t i = 0; i < facts->device_count; i++) {
		const struct device_facts *device = &facts->devices[i];

		if (!device->unreadable.code && !device->host.mediated &&
		    !check_config_of(check, device)->unsafe_noiommu)
			return true;
	}
	return false;
}

void check_iommu(struct check_run *check)
{
	struct finding *finding;

	if (!needs_iommu(check) || has_iommu(check))
		return;
	finding = findings_add(check->findings, FINDING_BLOCKS, "iommu", SUBJECT_HOST, WHY_IOMMU);
	finding_what(finding, "this host has no IOMMU that is on");
	how_to_get_iommu(check, finding);
}

static void how_to_waive(const struct check_run *check, struct finding *finding,
			 const char *parameter)
{
	const char *module =
		check->facts->backend == PT_BACKEND_GROUP ? "vfio_iommu_type1" : "iommufd";
	bool root = check_is_root(check);

	if (check_exists(check, parameter))
		finding_root_command(finding, root, "echo Y > %s", parameter);
	else
		finding_root_command(finding, root, "modprobe %s allow_unsafe_interrupts=1",
				     module);
	finding_hint(
		finding,
		"that is for guests that you trust, until the next boot (then: options %s "
		"allow_unsafe_interrupts=1 in /etc/modprobe.d); better: interrupt remapping, on in the "
		"firmware and not off on the kernel's command line (intremap=off, nointremap)",
		module);
}

void check_interrupts(struct check_run *check)
{
	char parameter[PT_PATH_SIZE];
	enum pt_isolation isolation;
	struct finding *finding;

	/* Without an IOMMU that is the least of it. */
	if (!needs_iommu(check) || !has_iommu(check))
		return;
	isolation = pt_host_isolation(check->sys, check->facts->backend, parameter);
	if (isolation == PT_ISOLATED)
		return;
	finding = findings_add(check->findings,
			       isolation == PT_NOT_ISOLATED ? FINDING_BLOCKS : FINDING_WARNS,
			       "interrupts", SUBJECT_HOST, WHY_REMAP);
	finding_seen(finding, "/sys/kernel/irq", "no chip_name begins with IR-");
	if (isolation == PT_NOT_ISOLATED) {
		finding_what(finding, "this host remaps no interrupts, and %s is not set",
			     parameter);
		how_to_waive(check, finding, parameter);
		return;
	}
	finding_what(finding, "this host remaps no interrupts, and %s waives that", parameter);
	finding_hint(finding,
		     "run guests that you trust, or turn interrupt remapping on in the firmware");
}
