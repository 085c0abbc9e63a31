/* SPDX-License-Identifier: MIT */
/* Who may open the nodes that a guest needs, and if not this user, what forbids it. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "check/policy.h"
#include "check/rules.h"

#define IOMMUFD_NODE	  "/dev/iommu"
#define CAP_SYS_RAWIO_BIT (1ull << 17)
#define RULE		  "60-tenon.rules"
#define GROUP		  "tenon"
#define WHY_NODE	  "it is opened for reading and writing"
#define UDEV_HINT                                                                            \
	"for good, a line in /etc/udev/rules.d: %s, GROUP=\"kvm\", MODE=\"0660\", with the " \
	"user in group kvm"

static bool in_group(const struct check_user *user, unsigned gid)
{
	for (unsigned i = 0; i < user->group_count; i++) {
		if (user->groups[i] == gid)
			return true;
	}
	return false;
}

/* As the kernel decides by owner, group and mode alone. @bits: those of others, 06 to read and write, 01 to pass. */
static bool mode_permits(const struct check_user *user, const struct pt_stat *stat, unsigned bits)
{
	unsigned shift = user->uid == stat->uid ? 6 : in_group(user, stat->gid) ? 3 : 0;

	return user->uid == 0 || (stat->mode >> shift & bits) == bits;
}

/* Whether it is not the directory that keeps the user from the node in it. */
static bool may_pass(const struct check_run *check, const char *path)
{
	char folder[PT_PATH_SIZE];
	struct pt_stat stat;

	(void)snprintf(folder, sizeof(folder), "%.*s", (int)(strrchr(path, '/') - path), path);
	return check->sys->stat(check->sys->ctx, folder, &stat) == 0 &&
	       mode_permits(check->user, &stat, 01);
}

/* From /etc/group, where the groups of devices are: the one called @name, or if that is NULL the one with *@gid. */
static bool find_group(const struct check_run *check, const char *name, unsigned *gid,
		       char *ret_name, size_t size)
{
	char text[16384], *line, *next;

	(void)check_read(check, "/etc/group", text, sizeof(text));
	for (line = strtok_r(text, "\n", &next); line; line = strtok_r(NULL, "\n", &next)) {
		char *password = strchr(line, ':');
		const char *number = password ? strchr(password + 1, ':') : NULL;
		unsigned of_line = number ? (unsigned)strtoul(number + 1, NULL, 10) : 0;

		if (!number)
			continue;
		*password = '\0';
		if (name ? strcmp(line, name) != 0 : of_line != *gid)
			continue;
		*gid = of_line;
		(void)snprintf(ret_name, size, "%s", line);
		return true;
	}
	return false;
}

/* Where a package, an administrator or `cmake --install` puts it. */
static bool has_udev_rule(const struct check_run *check)
{
	static const char *const places[] = {"/usr/lib/udev/rules.d/" RULE,
					     "/etc/udev/rules.d/" RULE,
					     "/usr/local/lib/udev/rules.d/" RULE};

	for (size_t i = 0; i < sizeof(places) / sizeof(places[0]); i++) {
		if (check_exists(check, places[i]))
			return true;
	}
	return false;
}

/* The rule is there, and the node was made before it, or somebody changed it since. */
static bool by_udev_rule(const struct check_run *check, const char *path, struct finding *finding)
{
	char name[64];
	unsigned gid;

	if (strcmp(path, "/dev/kvm") == 0 || !has_udev_rule(check) ||
	    !find_group(check, GROUP, &gid, name, sizeof(name)))
		return false;
	finding_root_command(finding, false, "udevadm trigger --settle --action=add %s", path);
	if (!in_group(check->user, gid)) {
		finding_root_command(finding, false, "usermod -aG " GROUP " %s", check->user->name);
		finding->after = FINDING_AFTER_LOGIN;
	}
	return true;
}

/* The rule for udev that would set a node's group. */
static const char *udev_match(const char *path)
{
	if (strncmp(path, "/dev/vfio/devices/", 18) == 0)
		return "SUBSYSTEM==\"vfio-dev\"";
	if (strncmp(path, "/dev/vfio/", 10) == 0)
		return "SUBSYSTEM==\"vfio\"";
	return strcmp(path, "/dev/iommu") == 0 ? "KERNEL==\"iommu\"" : "KERNEL==\"kvm\"";
}

static void how_to_get_permission(const struct check_run *check, const char *path,
				  const struct pt_stat *stat, struct finding *finding)
{
	unsigned gid = stat->gid;
	char group[64];

	if (stat->gid != 0 && (stat->mode & 060) == 060 &&
	    find_group(check, NULL, &gid, group, sizeof(group))) {
		finding_root_command(finding, false, "usermod -aG %s %s", group, check->user->name);
		finding->after = FINDING_AFTER_LOGIN;
		return;
	}
	if (by_udev_rule(check, path, finding))
		return;
	finding_root_command(finding, false, "chown %s %s", check->user->name, path);
	finding_hint(finding, UDEV_HINT, udev_match(path));
}

void check_node(struct check_run *check, const char *subject, const char *path)
{
	struct pt_host_node node;
	struct finding *finding;
	int ret = pt_host_node(check->sys, path, &node);
	bool by_profile;

	/* One that is not there is another rule's business. */
	if (ret == -ENOENT)
		return;
	/* SELinux forbids to look at it as well. */
	by_profile = (ret == 0 ? node.stat.usable : ret == -EACCES && may_pass(check, path)) &&
		     policy_has_profile_against(check, path);
	if (ret == 0 && node.stat.usable && !by_profile)
		return;
	finding = findings_add(check->findings, FINDING_BLOCKS, "access", subject, WHY_NODE);
	if (by_profile) {
		policy_forbids(check, path, true, finding);
		return;
	}
	if (ret < 0) {
		finding_what(finding, "%s: %s", path, strerror(-ret));
		finding_hint(finding, "make the directories above it passable for this user");
		return;
	}
	finding_what(finding, "%s: user %s may not open it", path, check->user->name);
	finding_seen(finding, path, "mode %04o, owner %u, group %u", node.stat.mode, node.stat.uid,
		     node.stat.gid);
	if (mode_permits(check->user, &node.stat, 06))
		policy_forbids(check, path, false, finding);
	else
		how_to_get_permission(check, path, &node.stat, finding);
}

/* A device that could be had by its cdev: that one is missing is no other's fault. */
static bool has_cdev(const struct host_facts *facts)
{
	for (size_t i = 0; i < facts->device_count; i++) {
		if (facts->devices[i].host.node[0])
			return true;
	}
	return false;
}

static void check_iommufd(struct check_run *check)
{
	struct finding *finding;

	if (!has_cdev(check->facts) || check_exists(check, IOMMUFD_NODE))
		return;
	finding = findings_add(check->findings, FINDING_BLOCKS, "node", SUBJECT_HOST,
			       "cdevs of devices are bound to it");
	finding_what(finding, "there is no " IOMMUFD_NODE);
	finding_seen(finding, IOMMUFD_NODE, "%s", "");
	finding_root_command(finding, check_is_root(check), "modprobe iommufd");
	finding_hint(finding, "in a container, pass it in: --device=" IOMMUFD_NODE
			      "; or use the device's group: --backend group");
}

/* What all devices of a guest are reached through. */
void check_shared_nodes(struct check_run *check)
{
	const struct host_facts *facts = check->facts;

	if (!facts->device_count || facts->space_fd)
		return;
	if (facts->backend == PT_BACKEND_CDEV)
		check_iommufd(check);
	check_node(check, SUBJECT_HOST,
		   facts->backend == PT_BACKEND_GROUP ? "/dev/vfio/vfio" : IOMMUFD_NODE);
}

/* Its DMA would reach all memory, so the kernel opens it only to who may do that anyway. Source: linux/capability.h. */
static void check_rawio(struct check_run *check, const struct device_facts *device)
{
	static const char status_path[] = "/proc/self/status", key[] = "\nCapEff:";
	struct finding *finding;
	char status[4096];
	const char *at;

	if (!device->host.noiommu || !check_config_of(check, device)->unsafe_noiommu ||
	    !check_read(check, status_path, status, sizeof(status)))
		return;
	at = strstr(status, key);
	if (!at || strtoull(at + strlen(key), NULL, 16) & CAP_SYS_RAWIO_BIT)
		return;
	finding = findings_add(check->findings, FINDING_BLOCKS, "access", device->host.name,
			       "its DMA would reach all memory, were it on");
	finding_what(finding, "%s: a device without an IOMMU needs CAP_SYS_RAWIO",
		     device->host.name);
	finding_seen(finding, status_path, "%.*s", (int)strcspn(at + 1, "\n"), at + 1);
	finding_hint(finding,
		     "run as root, or as a service with AmbientCapabilities=CAP_SYS_RAWIO");
}

void check_device_nodes(struct check_run *check, const struct device_facts *device)
{
	struct pt_host_node node;
	char path[PT_PATH_SIZE];
	int ret;

	/* Before it is bound to vfio-pci there is none, or one for another purpose. */
	if (device->refused.code || device->fd)
		return;
	ret = pt_host_device_node(check->sys, &device->host, check->facts->backend, &node);
	if (ret < 0 && ret != -EACCES)
		return;
	(void)snprintf(path, sizeof(path), "%s", node.path);
	check_node(check, device->host.name, path);
	check_rawio(check, device);
}
