/* SPDX-License-Identifier: MIT */
/* Devices that a launch takes from their drivers, and virtual functions that it makes: what would keep it from that. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "check/rules.h"
#include "host/binding.h"
#include "host/run_dir.h"

/* Where root's journal is: what one that was killed has left is put right by the launch. */
#define JOURNAL	      "/run/" RUN_DIR_NAME "/devices/"
#define LIBVIRT_LIMIT 10000 /* milliseconds */

bool check_is_to_be_taken(const struct check_run *check, const struct device_facts *device)
{
	return check_config_of(check, device)->managed && check_is_root(check) &&
	       !device->host.mediated && strcmp(device->host.driver, VFIO_DRIVER) != 0;
}

/* Where libvirt is to take them it must be there; one device is enough to know. */
void check_libvirt(struct check_run *check)
{
	struct pt_error err = PT_ERROR_INIT;
	struct finding *finding;

	if (!check->config->libvirt || !check->ask_libvirt)
		return;
	for (size_t i = 0; i < check->facts->device_count; i++) {
		const struct device_facts *device = &check->facts->devices[i];

		if (device->unreadable.code || !check_is_to_be_taken(check, device))
			continue;
		if (check->ask_libvirt(check->config->libvirt, device->host.name, LIBVIRT_LIMIT,
				       &err) == 0)
			return;
		finding = findings_add(check->findings, FINDING_BLOCKS, "libvirt", SUBJECT_HOST,
				       "it is to take the guest's devices from their drivers");
		finding_error(finding, &err);
		if (err.code == -ECONNREFUSED) {
			finding_root_command(finding, check_is_root(check),
					     "systemctl start libvirtd");
			finding_hint(finding,
				     "where each of its drivers has a daemon of its own: "
				     "virtqemud and virtnodedevd; or leave host.libvirt out");
		}
		return;
	}
}

void check_to_be_taken(struct check_run *check, const struct device_facts *device)
{
	const struct vm_config_device *config = check_config_of(check, device);
	const char *name = device->host.name;
	struct finding *finding;

	if (!device->host.mediated || (!config->managed && !config->vfs))
		return;
	finding = findings_add(check->findings, FINDING_BLOCKS, "request", name,
			       "it cannot be had in the way that is asked for");
	finding_what(finding, "%s: is a mediated device, which has its driver by nature", name);
	finding_hint(finding, "--device %s, without managed and vfs", name);
}

/* @file of the function shows it. */
static struct finding *no_vfs(struct check_run *check, const struct device_facts *device,
			      const char *file, const char *value)
{
	struct finding *finding =
		findings_add(check->findings, FINDING_BLOCKS, "vfs", device->host.name,
			     "the guest is to have virtual functions that are made for it");
	char path[PT_PATH_SIZE];

	(void)snprintf(path, sizeof(path), SYSFS_PCI "%s/%s", device->host.name, file);
	finding_seen(finding, path, "%s", value);
	return finding;
}

static bool is_in_journal(const struct check_run *check, const char *bdf)
{
	char path[PT_PATH_SIZE];

	(void)snprintf(path, sizeof(path), JOURNAL "%s", bdf);
	return check_exists(check, path);
}

/* The number is one that it can have; whether it can have any now. */
static void check_vfs_now(struct check_run *check, const struct device_facts *device)
{
	const char *bdf = device->host.name, *driver = device->host.driver;
	const unsigned wanted = check_config_of(check, device)->vfs;
	bool root = check_is_root(check);
	struct finding *finding;
	char count[16];

	(void)snprintf(count, sizeof(count), "%d", device->details.vfs);
	if (device->details.vfs > 0 && !is_in_journal(check, bdf)) {
		finding = no_vfs(check, device, "sriov_numvfs", count);
		finding_what(finding, "%s: somebody has made %d virtual functions of it", bdf,
			     device->details.vfs);
		finding_root_command(finding, root, "echo 0 > " SYSFS_PCI "%s/sriov_numvfs", bdf);
		finding_hint(finding, "or pass those through by their own addresses, which "
				      "tenon devices shows");
		return;
	}
	if (!driver[0] || strstr(driver, "vfio")) {
		finding = no_vfs(check, device, "driver", driver);
		finding_what(finding, "%s: %s cannot make virtual functions", bdf,
			     driver[0] ? driver : "without a driver it");
		finding_root_command(finding, root, "tenon unbind %s", bdf);
		return;
	}
	if (root)
		return;
	finding = no_vfs(check, device, "sriov_numvfs", count);
	finding_what(finding, "%s: only root makes virtual functions", bdf);
	finding_root_command(finding, root, "echo %u > " SYSFS_PCI "%s/sriov_numvfs", wanted, bdf);
	finding_hint(finding, "then pass them through by their own addresses, which tenon devices "
			      "shows, each after: sudo tenon bind BDF");
}

void check_vfs_to_be_made(struct check_run *check, const struct device_facts *device)
{
	const char *bdf = device->host.name;
	const unsigned wanted = check_config_of(check, device)->vfs;
	int most = device->details.vfs_max;
	struct finding *finding;
	char total[16];

	(void)snprintf(total, sizeof(total), "%d", most);
	if (most <= 0) {
		finding = no_vfs(check, device, "sriov_totalvfs", "");
		finding_what(finding, "%s: has no SR-IOV, and so no virtual functions", bdf);
		finding_hint(finding, "--device %s, without vfs, gives the guest the device itself",
			     bdf);
	} else if (wanted > (unsigned)most) {
		finding = no_vfs(check, device, "sriov_totalvfs", total);
		finding_what(finding, "%s: has %d virtual functions, not %u", bdf, most, wanted);
		finding_hint(finding, "--device %s,vfs=%d, or less (in the file, vfs: %d)", bdf,
			     most, most);
	} else {
		check_vfs_now(check, device);
	}
}
