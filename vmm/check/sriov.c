/* SPDX-License-Identifier: MIT */
/* Physical and virtual functions: what one of them is like for the other. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/rules.h"

/* With cdevs the kernel asks for the token since 6.17; with groups it always has. */
static bool asks_for_token(const struct check_run *check)
{
	return check->facts->backend == PT_BACKEND_GROUP || check_kernel_is(check, 6, 17);
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

/* Who has @bdf open, "dpdk-testpmd (pid 1200)"; empty for nobody that this user may see. */
static void user_of(const struct check_run *check, const char *bdf, char *text, size_t size)
{
	struct pt_host_device device;
	char path[PT_PATH_SIZE];

	text[0] = '\0';
	if (pt_host_read(check->sys, bdf, &device, NULL) < 0)
		return;
	(void)snprintf(path, sizeof(path), "/dev/vfio/devices/%s", device.node);
	if (device.node[0] && pt_host_holder(check->sys, path, text, size) > 0)
		return;
	(void)snprintf(path, sizeof(path), "/dev/vfio/%d", device.group);
	(void)pt_host_holder(check->sys, path, text, size);
}

/*
 * Nobody but the physical function's user knows the token, and there is none to learn where it has no user: then it goes back
 * to the host's driver, with which no token is asked for. Its virtual functions go meanwhile.
 */
static void how_to_do_without_token(const struct check_run *check, const char *bdf,
				    const char *physfn, struct finding *finding)
{
	char user[PT_NODE_SIZE * 2], vfs[16];
	bool root = check_is_root(check);

	user_of(check, physfn, user, sizeof(user));
	(void)check_read_of(check, physfn, "sriov_numvfs", vfs, sizeof(vfs), NULL);
	if (user[0]) {
		finding_hint(finding,
			     "--device %s,vf-token=UUID (in the file, vf-token: UUID), with the "
			     "UUID that %s has set",
			     bdf, user);
		return;
	}
	finding_root_command(finding, root, "tenon unbind %s", physfn);
	finding_root_command(finding, root, "echo %s > " SYSFS_PCI "%s/sriov_numvfs", vfs, physfn);
	finding_root_command(finding, root, "tenon bind %s", bdf);
	finding_hint(
		finding,
		"nobody seems to use %s; where somebody does: --device %s,vf-token=UUID (in the "
		"file, vf-token: UUID), with the UUID that was set there",
		physfn, bdf);
}

static void check_token(struct check_run *check, const struct device_facts *device,
			const char *driver, const char *driver_path)
{
	const char *bdf = device->host.name, *physfn = device->host.physfn;
	struct finding *finding;

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
	finding_seen(finding, driver_path, "%s", driver);
	how_to_do_without_token(check, bdf, physfn, finding);
}

void check_virtual_function(struct check_run *check, const struct device_facts *device)
{
	const char *bdf = device->host.name, *physfn = device->host.physfn;
	char driver[PT_DRIVER_SIZE], path[PT_PATH_SIZE];
	struct finding *finding;

	if (!physfn[0])
		return;
	driver_of(check, physfn, driver, sizeof(driver), path);
	if (driver[0]) {
		check_token(check, device, driver, path);
		return;
	}
	finding = findings_add(
		check->findings, FINDING_WARNS, "physfn", bdf,
		"most virtual functions do nothing unless their physical function's driver tells them to");
	finding_what(finding, "%s: its physical function %s has no driver", bdf, physfn);
	finding_seen(finding, path, "%s", "");
	finding_root_command(finding, check_is_root(check), "echo %s > /sys/bus/pci/drivers_probe",
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
		check->findings,
		check_is_to_be_taken(check, device) ? FINDING_BLOCKS : FINDING_WARNS, "vfs", bdf,
		"they lose their physical function's driver, and work as the guest decides or not at all");
	finding_what(finding, "%s: it has %d virtual function%s", bdf, vfs, vfs == 1 ? "" : "s");
	(void)snprintf(path, sizeof(path), SYSFS_PCI "%s/sriov_numvfs", bdf);
	finding_seen(finding, path, "%d", vfs);
	finding_root_command(finding, check_is_root(check), "echo 0 > %s", path);
}
