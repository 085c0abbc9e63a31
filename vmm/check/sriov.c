/* SPDX-License-Identifier: MIT */
/* Physical and virtual functions: what one of them is like for the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/rules.h"

/* With cdevs the kernel asks for the token since 6.17; with groups it always has. */
static bool asks_for_token(const struct check_run *check)
{
	char release[64];
	unsigned major = 0, minor = 0;

	if (check->facts->backend == PT_BACKEND_GROUP)
		return true;
	if (!check_read(check, "/proc/sys/kernel/osrelease", release, sizeof(release)) ||
	    sscanf(release, "%u.%u", &major, &minor) != 2)
		return false;
	return major > 6 || (major == 6 && minor >= 17);
}

static void driver_of(const struct check_run *check, const char *bdf, char *ret_driver, size_t size,
		      char *ret_path)
{
	char target[PT_PATH_SIZE];
	const char *slash;

	ret_driver[0] = '\0';
	(void)snprintf(ret_path, PT_PATH_SIZE, SYSFS_PCI "%s/driver", bdf);
	if (check->sys->readlink(check->sys->ctx, ret_path, target, sizeof(target)) < 0)
		return;
	slash = strrchr(target, '/');
	(void)snprintf(ret_driver, size, "%.*s", (int)size - 1, slash ? slash + 1 : target);
}

void check_virtual_function(struct check_run *check, const struct device_facts *device)
{
	const char *bdf = device->host.name, *physfn = device->host.physfn;
	char driver[PT_DRIVER_SIZE], path[PT_PATH_SIZE];
	struct finding *finding;

	if (!physfn[0])
		return;
	driver_of(check, physfn, driver, sizeof(driver), path);
	if (!driver[0]) {
		finding = findings_add(
			check->findings, FINDING_WARNS, "physfn", bdf,
			"most virtual functions do nothing unless their physical function's driver tells them to");
		finding_what(finding, "%s: its physical function %s has no driver", bdf, physfn);
		finding_seen(finding, path, "%s", "");
		finding_root_command(finding, check_is_root(check),
				     "echo %s > /sys/bus/pci/drivers_probe", physfn);
		return;
	}
	if (!strstr(driver, "vfio") || check_config_of(check, device)->vf_token ||
	    !asks_for_token(check))
		return;
	finding = findings_add(
		check->findings, FINDING_BLOCKS, "token", bdf,
		"who has the physical function decides what its virtual functions do, so the kernel wants proof "
		"that the two users trust each other");
	finding_what(
		finding,
		"%s: its physical function %s is bound to %s, and it has to be given the VF token "
		"that the user of %s has set",
		bdf, physfn, driver, physfn);
	finding_seen(finding, path, "%s", driver);
	finding_hint(
		finding,
		"give the UUID that was set there (vf-token=UUID); or give %s back to its host driver (tenon unbind) and make the virtual functions anew",
		physfn);
}

void check_physical_function(struct check_run *check, const struct device_facts *device)
{
	const char *bdf = device->host.name;
	struct finding *finding;
	char path[PT_PATH_SIZE];
	int vfs = device->details.vfs;

	if (vfs <= 0)
		return;
	finding = findings_add(
		check->findings, FINDING_WARNS, "vfs", bdf,
		"they lose their physical function's driver, and work as the guest decides or not at all");
	finding_what(finding, "%s: it has %d virtual function%s", bdf, vfs, vfs == 1 ? "" : "s");
	(void)snprintf(path, sizeof(path), SYSFS_PCI "%s/sriov_numvfs", bdf);
	finding_seen(finding, path, "%d", vfs);
	finding_root_command(finding, check_is_root(check), "echo 0 > %s", path);
}
