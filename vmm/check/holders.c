/* SPDX-License-Identifier: MIT */
/* Which other process has a device, or its group: one look through /proc for all devices. */
#include <stdio.h>
#include <string.h>

#include "check/rules.h"
#include "host/holder_guest.h"

#define WHY_HOLDER "a device, and with it its IOMMU group, has one owner at a time"

static bool is_cdev(const char *path, const char *node)
{
	return node[0] && strncmp(path, "/dev/vfio/devices/", 18) == 0 &&
	       strcmp(path + 18, node) == 0;
}

/* The sibling whose cdev @path is; NULL for none. */
static const struct pt_host_sibling *sibling_at(const struct pt_host_device *device,
						const char *path)
{
	for (unsigned i = 0; i < device->sibling_count; i++) {
		if (is_cdev(path, device->siblings[i].node))
			return &device->siblings[i];
	}
	return NULL;
}

/* Whether @path is the device's, its group's or a sibling's. */
static bool concerns(const struct pt_host_device *device, const char *path)
{
	char group[PT_NODE_SIZE];

	if (is_cdev(path, device->node) || sibling_at(device, path))
		return true;
	(void)snprintf(group, sizeof(group), "/dev/vfio/%s%d", device->noiommu ? "noiommu-" : "",
		       device->group);
	return device->group >= 0 && strcmp(path, group) == 0;
}

bool check_is_typed_safely(const char *name)
{
	static const char safe[] =
		"abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-";

	return name[0] != '-' && name[strspn(name, safe)] == '\0';
}

/* What is better takes its time, and a guest that listens. */
void check_how_to_end(const struct check_run *check, const struct pt_holder *holder,
		      struct finding *finding)
{
	struct holder_guest guest = {.libvirt = false};
	bool root = check_is_root(check), named;

	named = holder_guest_of(check->sys, holder->pid, &guest) &&
		check_is_typed_safely(guest.name);
	if (named && guest.libvirt) {
		finding_root_command(finding, root, "virsh -c qemu:///system destroy %s",
				     guest.name);
		finding_hint(finding,
			     "better: virsh -c qemu:///system shutdown %s, or detach-device",
			     guest.name);
		return;
	}
	finding_root_command(finding, root, "kill %d", holder->pid);
	if (named && strcmp(holder->comm, "tenon") == 0)
		finding_hint(finding, "better: tenon ctl %s shutdown", guest.name);
	else
		finding_hint(finding, "better: let %s end as it is meant to", holder->comm);
}

void check_in_use(const struct check_run *check, const char *kind, const char *name,
		  const struct pt_holder *holder, struct finding *finding)
{
	finding_what(finding, "%s %s: %s (pid %d) has it in use", kind, name, holder->comm,
		     holder->pid);
	finding_seen(finding, holder->link, "%s", holder->path);
	check_how_to_end(check, holder, finding);
}

static int add_holder(void *arg, const struct pt_holder *holder)
{
	struct check_run *check = arg;

	for (size_t i = 0; i < check->facts->device_count; i++) {
		const struct pt_host_device *host = &check->facts->devices[i].host;
		const struct pt_host_sibling *sibling = sibling_at(host, holder->path);
		struct finding *finding;

		/* Who handed it in may have it open as well. */
		if (check->facts->devices[i].unreadable.code || check->facts->devices[i].fd ||
		    !concerns(host, holder->path) ||
		    findings_has(check->findings, "holder", host->name))
			continue;
		finding = findings_add(check->findings, FINDING_BLOCKS, "holder", host->name,
				       WHY_HOLDER);
		if (sibling)
			finding_what(
				finding, "%s: %s (pid %d) has %s, of the same IOMMU group (%d)",
				host->name, holder->comm, holder->pid, sibling->name, host->group);
		else
			finding_what(finding, "%s: in use by %s (pid %d), which has %s open",
				     host->name, holder->comm, holder->pid, holder->path);
		finding_seen(finding, holder->link, "%s", holder->path);
		check_how_to_end(check, holder, finding);
	}
	return 0;
}

/*
 * Whether somebody may have a function: the kernel enables it when it is opened, and counts that. Some drivers of the host
 * leave the count behind, so that it is a reason to look, and no more.
 */
static bool may_be_open(const struct check_run *check, const char *bdf)
{
	char count[16];

	return !check_read_of(check, bdf, "enable", count, sizeof(count), NULL) ||
	       strcmp(count, "0") != 0;
}

static bool any_may_be_open(const struct check_run *check)
{
	for (size_t i = 0; i < check->facts->device_count; i++) {
		const struct pt_host_device *host = &check->facts->devices[i].host;

		if (may_be_open(check, host->name))
			return true;
		for (unsigned j = 0; j < host->sibling_count; j++) {
			if (may_be_open(check, host->siblings[j].name))
				return true;
		}
	}
	return false;
}

/* On a host with thousands of processes that look takes longer than the rest of a launch. */
void check_holders(struct check_run *check)
{
	if (check->scope == CHECK_LAUNCH && !any_may_be_open(check))
		return;
	if (check->facts->device_count)
		(void)pt_host_holders(check->sys, "/dev/vfio/", add_holder, check);
}
