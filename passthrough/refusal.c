/* SPDX-License-Identifier: MIT */
/* See refusal.h. Here is what both backends are refused for; cdev_refusal.c and group_refusal.c have their own. */
#include "refusal.h"

#include <fcntl.h>

#include "noiommu.h"
#include "sysfs.h"

int pt_refused_by_row(const struct pt_refusal *rows, size_t count, const struct pt_device *device,
		      const char *what, int code, struct pt_error *err)
{
	const char *name = device->host.name;

	for (size_t i = 0; i < count; i++) {
		if (rows[i].code != code)
			continue;
		pt_error_set(err, code, "%s: %s: %s", name, what, rows[i].cause);
		return pt_error_remedy(err, code, "%s", rows[i].remedy);
	}
	pt_error_set(err, code, "%s: %s: %s", name, what, strerror(-code));
	return pt_error_remedy(err, code, PT_VFIO_LOG);
}

int pt_refused_open(const struct pt_host_device *host, const char *path, int code,
		    struct pt_error *err)
{
	if (code == -EPERM && host->noiommu)
		return pt_noiommu_no_rawio(host->name, code, err);
	pt_error_set(err, code, "%s: %s: %s", host->name, path, strerror(-code));
	switch (code) {
	case -EACCES:
		return pt_error_remedy(
			err, code, "run as root, or give this user the node: chown $USER %s", path);
	case -EPERM:
		return pt_error_remedy(
			err, code,
			"the node may be opened by this user, and something else forbids it: allow it in the "
			"container's device list (cgroup) or the security module's policy");
	case -ENOENT:
		return pt_error_remedy(
			err, code,
			"sysfs has the device and /dev has not: in a container, pass the node in; else see "
			"whether udev runs");
	case -ENODEV:
	case -ENXIO:
		pt_error_set(err, code, "%s: %s: its driver is being unbound from it", host->name,
			     path);
		return pt_error_remedy(err, code, "bind it to vfio-pci again, and try again");
	case -EMFILE:
	case -ENFILE:
		return pt_error_remedy(err, code, "raise the limit of open files: ulimit -n");
	default:
		return code;
	}
}

/* The identity alone is not enough: that of a virtual function is all ones (SR-IOV 1.1, 3.4.1.1). */
static bool answers(const struct pt_sys *sys, const char *bdf)
{
	char path[PT_PATH_SIZE];
	uint8_t header[64] = {0};
	bool ones = true;
	int64_t n;
	int fd;

	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/config", bdf);
	fd = sys->open(sys->ctx, path, O_RDONLY);
	if (fd < 0)
		return true;
	n = sys->pread(sys->ctx, fd, header, sizeof(header), 0);
	pt_close_fd(sys, &fd);
	for (size_t i = 0; i < sizeof(header); i++)
		ones = ones && header[i] == 0xff;
	return n != (int64_t)sizeof(header) || !ones;
}

static bool power_state(const struct pt_sys *sys, const char *bdf, char *buf, size_t size)
{
	char path[PT_PATH_SIZE];

	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/power_state", bdf);
	return pt_read_file(sys, path, buf, size) > 0;
}

/* Puts the device's name in front of a cause that was found. */
static int named(const struct pt_device *device, int code, struct pt_error *err)
{
	return code < 0 ? pt_error_prefix(err, code, "%s", device->host.name) : 0;
}

/* Runtime power management remembers an error, and refuses all that comes after. Source: Documentation/power/runtime_pm.rst. */
static int cause_power(const struct pt_device *device, int code, struct pt_error *err)
{
	const char *bdf = device->host.name;
	char path[PT_PATH_SIZE], status[PT_WORD_SIZE];

	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/power/runtime_status", bdf);
	if (device->host.mediated || pt_read_file(device->sys, path, status, sizeof(status)) <= 0 ||
	    strcmp(status, "error") != 0)
		return 0;
	pt_error_set(err, code,
		     "its power management is in error, and the kernel does not wake it");
	return pt_error_remedy(err, code,
			       "have the kernel look for it anew: echo 1 > " PT_SYSFS_PCI
			       "%s/remove; echo 1 > /sys/bus/pci/rescan",
			       bdf);
}

int pt_refused_by_power(const struct pt_device *device, int code, struct pt_error *err)
{
	return named(device, cause_power(device, code, err), err);
}

int pt_cause_state(const struct pt_device *device, int code, struct pt_error *err)
{
	const char *bdf = device->host.name;
	char state[16];

	if (device->host.mediated)
		return 0;
	if (!answers(device->sys, bdf)) {
		pt_error_set(err, code,
			     "the device does not answer: its config space reads all ones");
		return pt_error_remedy(
			err, code,
			"see the host's kernel log; a device that fell off its bus comes back by a reset of the bus "
			"(echo 1 > /sys/bus/pci/devices/%s/remove; echo 1 > /sys/bus/pci/rescan) or a power "
			"cycle",
			bdf);
	}
	if (cause_power(device, code, err) < 0)
		return code;
	if (power_state(device->sys, bdf, state, sizeof(state)) && strcmp(state, "D0") &&
	    strcmp(state, "unknown")) {
		pt_error_set(err, code,
			     "the device is in power state %s, and the kernel cannot wake it",
			     state);
		return pt_error_remedy(
			err, code,
			"keep it awake: echo on > " PT_SYSFS_PCI
			"%s/power/control; and where it hangs in D3, load vfio-pci with disable_idle_d3=1",
			bdf);
	}
	return 0;
}

int pt_refused_by_state(const struct pt_device *device, int code, struct pt_error *err)
{
	return named(device, pt_cause_state(device, code, err), err);
}

int pt_refused_by_holder(const struct pt_device *device, int code, const char *node,
			 struct pt_error *err)
{
	char holder[128];

	if (pt_node_holder(device->sys, node, device->fd, holder, sizeof(holder)) == 0)
		return 0;
	pt_error_set(err, code, "%s: in use by %s, which has %s open", device->host.name, holder,
		     node);
	return pt_error_remedy(err, code, "end that process first");
}

static int refused_interrupts(const struct pt_device *device, int code, const char *module,
			      struct pt_error *err)
{
	char path[PT_PATH_SIZE];

	if (pt_host_isolation(device->sys, device->space->setup.backend, path) != PT_NOT_ISOLATED)
		return 0;
	pt_error_set(
		err, code,
		"%s: its interrupts are not isolated: this host remaps none (no chip of " PT_SYSFS_IRQS
		" is an \"IR-\" one), and %s.allow_unsafe_interrupts is not set",
		device->host.name, module);
	return pt_error_remedy(
		err, code,
		"turn interrupt remapping on in the firmware, and take intremap=off from the kernel's command line; "
		"without such hardware, and with guests that you trust: echo Y > %s",
		path);
}

/* Somebody else's iommufd or container has a function of the group. */
static int held_by_owner(const struct pt_device *device, int code, struct pt_error *err)
{
	const struct pt_host_device *host = &device->host;
	char node[PT_PATH_SIZE], holder[128];

	for (unsigned i = 0; i < host->sibling_count; i++) {
		const struct pt_host_sibling *sibling = &host->siblings[i];

		if (sibling->node[0] == '\0')
			continue;
		(void)snprintf(node, sizeof(node), PT_VFIO_NODES "%s", sibling->node);
		if (pt_host_holder(device->sys, node, holder, sizeof(holder)) == 0)
			continue;
		pt_error_set(err, code, "%s: %s has %s, of the same IOMMU group (%d)", host->name,
			     holder, sibling->name, host->group);
		return pt_error_remedy(
			err, code, "give both functions to one guest, or end that process first");
	}
	return 0;
}

int pt_refused_by_owner(const struct pt_device *device, int code, struct pt_error *err)
{
	int r = pt_blocked_by_sibling(&device->host, code, err);

	return r < 0 ? r : held_by_owner(device, code, err);
}

int pt_refused_dma(const struct pt_device *device, int code, const char *module,
		   struct pt_error *err)
{
	int r = pt_refused_by_owner(device, code, err);

	if (r == 0)
		r = refused_interrupts(device, code, module, err);
	if (r < 0)
		return r;
	pt_error_set(
		err, code,
		"%s: the DMA of its IOMMU group (%d) belongs to someone else, or its interrupts are not isolated",
		device->host.name, device->host.group);
	return pt_error_remedy(
		err, code,
		"see who has a function of the group (as root: fuser -v /dev/vfio/* " PT_VFIO_NODES
		"*) and what the kernel's log says; %s.allow_unsafe_interrupts=1 is for hosts without interrupt "
		"remapping",
		module);
}

int pt_refused_token(const struct pt_device *device, int code, struct pt_error *err)
{
	const char *name = device->host.name, *physfn = device->host.physfn;
	const char *what = device->has_vf_token ? "the VF token given is not the one"
						: "it has to be given the VF token";

	if (physfn[0] == '\0')
		pt_error_set(err, code,
			     "%s: its virtual functions are in use, and %s that its user has set",
			     name, what);
	else
		pt_error_set(err, code,
			     "%s: its physical function %s is bound to vfio-pci, and %s that the "
			     "user of %s has set",
			     name, physfn, what, physfn);
	return pt_error_remedy(
		err, code,
		"give the UUID that was set there (vf-token=UUID), or bind %s to its host driver again",
		physfn[0] == '\0' ? name : physfn);
}

int pt_refused_no_token(const struct pt_device *device, int code, struct pt_error *err)
{
	const struct pt_host_device *host = &device->host;
	const char *name = host->name, *physfn = host->physfn;
	char driver[PT_DRIVER_SIZE] = "", path[PT_PATH_SIZE], count[16];

	(void)snprintf(path, sizeof(path), PT_SYSFS_PCI "%s/sriov_totalvfs", name);
	if (physfn[0] == '\0' && pt_read_file(device->sys, path, count, sizeof(count)) < 0) {
		pt_error_set(err, code, "%s: takes no VF token: it has nothing to do with SR-IOV",
			     name);
		return pt_error_remedy(err, code, "leave vf-token out");
	}
	if (physfn[0] != '\0')
		(void)pt_sysfs_link(device->sys, physfn, "driver", driver, sizeof(driver));
	if (physfn[0] != '\0' && !strstr(driver, "vfio")) {
		pt_error_set(
			err, code,
			"%s: takes no VF token: its physical function %s is bound to %s, not to vfio-pci",
			name, physfn, driver[0] != '\0' ? driver : "no driver");
		return pt_error_remedy(err, code, "leave vf-token out");
	}
	return 0;
}

int pt_refused_reset(const struct pt_device *device, int code, struct pt_error *err)
{
	pt_error_set(err, code,
		     "%s: it, or a function that is reset with it, is being reset by someone else",
		     device->host.name);
	return pt_error_remedy(err, code, "try again");
}

int pt_refused_otherwise(const struct pt_device *device, int code, struct pt_error *err)
{
	const char *name = device->host.name;
	int r = pt_refused_by_state(device, code, err);

	if (r < 0)
		return r;
	pt_error_set(err, code, "%s: the kernel could not turn it on: %s", name,
		     code == -EIO ? "the device or its port did not do as the kernel asked"
				  : strerror(-code));
	return pt_error_remedy(err, code, "see the kernel's log: dmesg | grep %s", name);
}
