/* SPDX-License-Identifier: MIT */
#include "check/check.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <pwd.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "check/rules.h"
#include "host/libvirt.h"
#include "host/read_text.h"
#include "loop/loop.h"

static void check_unreadable(struct check_run *check, const struct device_facts *device)
{
	struct finding *finding;

	if (!device->unreadable.code)
		return;
	finding = findings_add(check->findings, FINDING_BLOCKS, "device",
			       device->host.name[0] ? device->host.name : SUBJECT_GUEST,
			       "a device is opened by its address, once");
	finding_error(finding, &device->unreadable);
	if (device->unreadable.code == -ENODEV)
		finding_command(finding, "tenon devices");
}

/* Of this host. */
static void (*const host_rules[])(struct check_run *check) = {
	check_kvm, check_ring, check_iommu, check_interrupts, check_shared_nodes, check_libvirt,
};

/* Of each device that there is. */
static void (*const device_rules[])(struct check_run *check, const struct device_facts *device) = {
	/* Before it can be bound, it must be awake, the host do without its screen, and its virtual functions be gone. */
	check_answers,
	check_power,
	check_addresses,
	check_display,
	check_physical_function,
	check_virtual_function,
	check_obstacles,
	check_device_nodes,
	check_link,
	check_errors,
	check_reset,
};

/* Of the guest, and of what takes one look for all devices. The plan comes last: it is asked for what is left. */
static void (*const guest_rules[])(struct check_run *check) = {
	check_holders,	    check_boot_files, check_disks,     check_roms,
	check_networks,	    check_vsock,      check_places,    check_memory,
	check_group_memory, check_memlock,    check_hugepages, check_plan,
};

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void check_device(struct check_run *check, const struct device_facts *device)
{
	check_unreadable(check, device);
	if (device->unreadable.code)
		return;
	/* What else is so of it matters to the host alone. */
	if (pt_bridge_kind(device->host.class_code)) {
		check_obstacles(check, device);
		return;
	}
	check_to_be_taken(check, device);
	/* Virtual functions that are to be made are not known, and their physical one stays where it is. */
	if (check_config_of(check, device)->vfs) {
		check_vfs_to_be_made(check, device);
		return;
	}
	for (size_t i = 0; i < COUNT(device_rules); i++)
		device_rules[i](check, device);
}

int check_host(struct check_run *check, struct pt_error *err)
{
	if (check->facts->device_count)
		check->findings->backend =
			check->facts->backend == PT_BACKEND_GROUP ? "group" : "cdev";
	for (size_t i = 0; i < COUNT(host_rules); i++)
		host_rules[i](check);
	for (size_t i = 0; i < check->facts->device_count; i++)
		check_device(check, &check->facts->devices[i]);
	for (size_t i = 0; i < COUNT(guest_rules); i++)
		guest_rules[i](check);
	return check->findings->out_of_memory ? pt_error_set(err, -ENOMEM, "out of memory") : 0;
}

/* Descriptors decide for some devices which they are, and for all how they are had. */
static int look(const struct pt_sys *sys, const struct vm_config *config, struct handed *handed,
		struct host_facts *ret_facts, struct pt_error *err)
{
	struct device_request requests[VM_DEVICES_MAX];
	enum pt_backend_kind backend;
	enum backend_choice choice = BACKEND_AUTO;
	int ret = handed_take(handed, err);

	if (ret == 0)
		ret = handed_devices(sys, handed, config, requests, &choice, err);
	if (ret < 0)
		return ret;
	backend = choice == BACKEND_GROUP ? PT_BACKEND_GROUP : PT_BACKEND_CDEV;
	ret = host_facts_look(sys, requests, config->device_count,
			      choice == BACKEND_AUTO ? NULL : &backend, ret_facts, err);
	if (ret < 0)
		return ret;
	return handed_space(sys, handed, config, ret_facts->backend, &ret_facts->space_fd, err);
}

static int ask_libvirt(const char *uri, const char *name, unsigned limit, struct pt_error *err)
{
	return libvirt_do(LIBVIRT_LIBRARY, uri, name, LIBVIRT_LOOK, limit, err);
}

static int try_ring(struct pt_error *err)
{
	struct loop loop = {.open = false};
	int ret = loop_open(&loop, err);

	loop_done(&loop);
	return ret;
}

int check_config(const struct pt_sys *sys, const struct vm_config *config, enum check_scope scope,
		 struct handed *handed, struct host_facts *ret_facts, struct findings *findings,
		 struct pt_error *err)
{
	struct check_user user;
	struct check_run check = {sys,	       config,	 &user,	    scope,
				  ask_libvirt, try_ring, ret_facts, findings};
	int ret = look(sys, config, handed, ret_facts, err);

	if (ret < 0)
		return ret;
	if (config->has_numa_node)
		ret_facts->node = numa_node_read(sys, config->numa_node);
	for (size_t i = 0; i < config->node_count; i++) {
		if (config->nodes[i].has_host_node)
			ret_facts->nodes[i] = numa_node_read(sys, config->nodes[i].host_node);
	}
	check_user_self(&user);
	return check_host(&check, err);
}

void check_user_self(struct check_user *ret_user)
{
	struct check_user user = {.uid = geteuid()};
	gid_t groups[CHECK_GROUPS_MAX];
	const struct passwd *entry = getpwuid(user.uid);
	int count = getgroups(CHECK_GROUPS_MAX - 1, groups);

	if (entry)
		(void)snprintf(user.name, sizeof(user.name), "%s", entry->pw_name);
	else
		(void)snprintf(user.name, sizeof(user.name), "%u", user.uid);
	for (int i = 0; i < count; i++)
		user.groups[user.group_count++] = groups[i];
	user.groups[user.group_count++] = getegid();
	*ret_user = user;
}

const struct device_facts *check_find(const struct check_run *check, const char *name)
{
	for (size_t i = 0; i < check->facts->device_count; i++) {
		if (strcmp(check->facts->devices[i].host.name, name) == 0)
			return &check->facts->devices[i];
	}
	return NULL;
}

const struct vm_config_device *check_config_of(const struct check_run *check,
					       const struct device_facts *device)
{
	return &check->config->devices[device - check->facts->devices];
}

bool check_read(const struct check_run *check, const char *path, char *buf, size_t size)
{
	size_t len;

	buf[0] = '\0';
	if (read_text(check->sys, path, buf, size) < 0) {
		buf[0] = '\0';
		return false;
	}
	for (len = strlen(buf); len > 0 && isspace((unsigned char)buf[len - 1]); len--)
		buf[len - 1] = '\0';
	return true;
}

bool check_read_of(const struct check_run *check, const char *bdf, const char *file, char *buf,
		   size_t size, char ret_path[PT_PATH_SIZE])
{
	char path[PT_PATH_SIZE];

	(void)snprintf(path, sizeof(path), SYSFS_PCI "%s/%s", bdf, file);
	if (ret_path)
		memcpy(ret_path, path, sizeof(path));
	return check_read(check, path, buf, size);
}

bool check_kernel_is(const struct check_run *check, unsigned major, unsigned minor)
{
	unsigned has_major, has_minor;
	char release[64];

	return check_read(check, "/proc/sys/kernel/osrelease", release, sizeof(release)) &&
	       sscanf(release, "%u.%u", &has_major, &has_minor) == 2 &&
	       (has_major > major || (has_major == major && has_minor >= minor));
}

bool check_exists(const struct check_run *check, const char *path)
{
	char real[PT_PATH_SIZE];

	return check->sys->realpath(check->sys->ctx, path, real, sizeof(real)) >= 0;
}

bool check_is_virtual(const struct check_run *check)
{
	char cpuinfo[8192];

	return check_read(check, "/proc/cpuinfo", cpuinfo, sizeof(cpuinfo)) &&
	       strstr(cpuinfo, " hypervisor") != NULL;
}
