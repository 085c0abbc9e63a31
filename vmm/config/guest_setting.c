/* SPDX-License-Identifier: MIT */
#include "config/guest_setting.h"

#include <errno.h>
#include <string.h>

#include "config/cpu_setting.h"
#include "config/pin_setting.h"
#include "config/setting_text.h"
#include "config/vm_config.h"

#define FIELD(member) .field = offsetof(struct vm_config, member)

static const char *const hugepages_choices[] = {"off", "2M", "1G", NULL};

static int set_hugepages(void *object, const char *value, const char *dir, struct pt_error *err)
{
	static const uint64_t sizes[] = {0, UINT64_C(2) << 20, UINT64_C(1) << 30};
	struct vm_config *config = object;
	size_t i = 0;
	int ret = setting_choose(hugepages_choices, value, "a size of huge pages", NULL, &i, err);

	(void)dir;
	if (ret == 0)
		config->hugepages = sizes[i];
	return ret;
}

static int set_serial_file(struct vm_config *config, const char *path, const char *dir,
			   struct pt_error *err)
{
	int ret;

	if (!*path)
		return pt_error_remedy(err, pt_error_set(err, -EINVAL, "\"file:\" names no file"),
				       "write file:PATH");
	ret = setting_path(&config->serial_path, path, dir, err);
	if (ret < 0)
		return ret;
	config->serial = SERIAL_FILE;
	return 0;
}

static const char *const serial_choices[] = {"stdio", "file:", "pty", "none", NULL};

static int set_serial(void *object, const char *value, const char *dir, struct pt_error *err)
{
	static const enum serial_kind kinds[] = {SERIAL_STDIO, SERIAL_FILE, SERIAL_PTY,
						 SERIAL_NONE};
	struct vm_config *config = object;
	size_t i = 0;
	int ret;

	if (strncmp(value, "file:", 5) == 0)
		return set_serial_file(config, value + 5, dir, err);
	ret = setting_choose(serial_choices, value, "a serial line",
			     "stdio, file:PATH, pty or none", &i, err);
	if (ret == 0)
		config->serial = kinds[i];
	return ret;
}

static int set_control(void *object, const char *value, const char *dir, struct pt_error *err)
{
	struct vm_config *config = object;
	int ret = 0;

	config->control_off = strcmp(value, "none") == 0;
	if (!config->control_off)
		ret = setting_path(&config->control, value,
				   strncmp(value, "fd=", 3) == 0 ? NULL : dir, err);
	return ret;
}

static const char *const device_error_choices[] = {
	[VM_DEVICE_ERROR_REPORT] = "report",
	[VM_DEVICE_ERROR_STOP] = "stop",
	[VM_DEVICE_ERROR_REMOVE] = "remove",
	NULL,
};

static const char *const panic_choices[] = {
	[VM_PANIC_STOP] = "stop",
	[VM_PANIC_RESET] = "reset",
	[VM_PANIC_REPORT] = "report",
	NULL,
};

static const char *const backend_choices[] = {
	[BACKEND_AUTO] = "auto",
	[BACKEND_CDEV] = "cdev",
	[BACKEND_GROUP] = "group",
	NULL,
};

static const char *const p2p_choices[] = {
	[P2P_AUTO] = "auto",
	[P2P_ON] = "on",
	[P2P_OFF] = "off",
	NULL,
};

static const char *const host_request_choices[] = {
	[VM_HOST_REQUEST_UNPLUG] = "unplug",
	[VM_HOST_REQUEST_STOP] = "stop",
	[VM_HOST_REQUEST_IGNORE] = "ignore",
	NULL,
};

static const char *const sandbox_choices[] = {
	[VM_SANDBOX_ON] = "on",
	[VM_SANDBOX_OFF] = "off",
	NULL,
};

static const char *const reboot_choices[] = {
	[VM_REBOOT_RESTART] = "restart",
	[VM_REBOOT_STOP] = "stop",
	NULL,
};

#define CPUS_PART(key, text)                                                                  \
	{                                                                                     \
		.name = #key, .arg = "N", .help = (text), .kind = SETTING_NUMBER, FIELD(key), \
		.min = 1, .max = VM_CPUS_MAX                                                  \
	}

static const struct setting cpus_rows[] = {
	{
		.name = "count",
		.arg = "N",
		.help = "of virtual CPUs",
		.kind = SETTING_NUMBER,
		FIELD(cpus),
		.min = 1,
		.max = VM_CPUS_MAX,
	},
	CPUS_PART(sockets, "that they are in"),
	CPUS_PART(cores, "of each socket"),
	CPUS_PART(threads, "of each core"),
};

static const struct setting_table cpus_parts = {cpus_rows,
						sizeof(cpus_rows) / sizeof(cpus_rows[0])};

static const struct setting rows[] = {
	{
		.name = "name",
		.arg = "NAME",
		.help = "Name of the guest, for messages",
		.standard = "tenon",
		.group = SETTING_GUEST,
		.kind = SETTING_TEXT,
		FIELD(name),
		.min = 1,
		.max = VM_NAME_SIZE - 1,
		.pattern = "^[A-Za-z0-9][A-Za-z0-9._-]*$",
		.what = "a name",
		.form = "use letters, digits, '.', '_' and '-', beginning with a letter or digit",
	},
	{
		.name = "cpus",
		.arg = "N",
		.help = "Number of virtual CPUs; with sockets=, cores= or threads= behind it, their topology",
		.standard = "1",
		.group = SETTING_GUEST,
		.kind = SETTING_NUMBER,
		FIELD(cpus),
		.min = 1,
		.max = VM_CPUS_MAX,
		.parts = &cpus_parts,
	},
	{
		.name = "cpu",
		.arg = "CPU",
		.help = "What the virtual CPUs can do: host, which is all that the host's can and KVM passes on, and behind it "
			",+NAME or ,-NAME for features that must be there or must not",
		.standard = "host",
		.group = SETTING_GUEST,
		.kind = SETTING_OTHER,
		.pattern = CPU_PATTERN,
		.set = set_cpu,
	},
	{
		.name = "pin",
		.arg = "CPUS",
		.help = "The host's CPUs that run the guest's: a list such as 8-11, one for each in turn; or words "
			"such as 0-2:8-11, any of these for each of those",
		.group = SETTING_GUEST,
		.kind = SETTING_OTHER,
		.pattern = PIN_PATTERN,
		.max = CPU_LIST_MAX - 1,
		.set = set_pin,
	},
	{
		.name = "emulator-pin",
		.arg = "CPUS",
		.help = "The host's CPUs that run all else of the guest's: devices, disks, the control socket",
		.group = SETTING_GUEST,
		.kind = SETTING_OTHER,
		.pattern = "^" CPU_LIST_PATTERN "$",
		.max = CPU_LIST_MAX - 1,
		.set = set_emulator_pin,
	},
	{
		.name = "memory",
		.arg = "SIZE",
		.help = "Memory, such as 512M, 2G or 1.5G",
		.standard = "512M",
		.group = SETTING_GUEST,
		.kind = SETTING_SIZE,
		FIELD(memory),
	},
	{
		.name = "hugepages",
		.arg = "SIZE",
		.help = "Huge pages to back memory with, from the host's pool: 2M, 1G or off",
		.standard = "off",
		.group = SETTING_GUEST,
		.kind = SETTING_OTHER,
		.choices = hugepages_choices,
		.set = set_hugepages,
	},
	{
		.name = "numa-node",
		.arg = "N",
		.help = "The host's NUMA node that memory comes from, and no other",
		.group = SETTING_GUEST,
		.kind = SETTING_NUMBER,
		FIELD(numa_node),
		.given = offsetof(struct vm_config, has_numa_node),
		.max = VM_NODE_MAX,
	},
	{
		.name = "prefault-threads",
		.arg = "N",
		.help = "Make all memory present before the guest runs, by so many threads; 0 leaves it "
			"until it is used",
		.standard = "0",
		.group = SETTING_GUEST,
		.kind = SETTING_NUMBER,
		FIELD(prefault_threads),
		.max = VM_PREFAULT_MAX,
	},
	{
		.name = "kernel",
		.arg = "FILE",
		.help = "Linux kernel to boot: a bzImage, or a vmlinux for PVH",
		.group = SETTING_BOOT,
		.kind = SETTING_PATH,
		FIELD(kernel),
	},
	{
		.name = "initrd",
		.arg = "FILE",
		.help = "Initial RAM disk for the kernel",
		.group = SETTING_BOOT,
		.kind = SETTING_PATH,
		FIELD(initrd),
	},
	{
		.name = "cmdline",
		.arg = "TEXT",
		.help = "Kernel command line",
		.standard = "console=ttyS0",
		.group = SETTING_BOOT,
		.kind = SETTING_TEXT,
		FIELD(cmdline),
		.max = VM_CMDLINE_SIZE - 1,
	},
	{
		.name = "serial",
		.arg = "WHERE",
		.help = "Where the guest's serial line goes: stdio, file:PATH (written anew), pty or none",
		.standard = "stdio",
		.group = SETTING_DEVICES,
		.kind = SETTING_OTHER,
		.choices = serial_choices,
		.pattern = "^(stdio|pty|none|file:.+)$",
		.set = set_serial,
	},
	{
		.name = "control",
		.arg = "PATH",
		.help = "Where the control socket is, or none; by default NAME.sock in the run-time directory, where "
			"tenon ctl finds it",
		.group = SETTING_DEVICES,
		.kind = SETTING_OTHER,
		.pattern = "^.+$",
		.set = set_control,
	},
	{
		.name = "hotplug-slots",
		.arg = "N",
		.help = "Number of slots that are empty at first, for devices that come while the guest runs",
		.standard = "0",
		.group = SETTING_DEVICES,
		.kind = SETTING_NUMBER,
		FIELD(hotplug_slots),
		.max = VM_SLOT_MAX,
	},
	{
		.name = "reserve-32bit",
		.arg = "SIZE",
		.help = "Address space below 4 GiB for the BARs of what comes into an empty slot, for each of them",
		.standard = "16M",
		.group = SETTING_DEVICES,
		.kind = SETTING_SIZE,
		FIELD(reserve_32bit),
	},
	{
		.name = "reserve-64bit",
		.arg = "SIZE",
		.help = "The same for 64-bit prefetchable BARs, such as a GPU's memory",
		.standard = "1G",
		.group = SETTING_DEVICES,
		.kind = SETTING_SIZE,
		FIELD(reserve_64bit),
	},
	{
		.name = "backend",
		.arg = "WHICH",
		.help = "How devices are had: cdev (iommufd), group (IOMMU groups and a container) or auto",
		.standard = "auto",
		.group = SETTING_DEVICES,
		.kind = SETTING_CHOICE,
		FIELD(backend),
		.choices = backend_choices,
		.what = "a backend",
	},
	{
		.name = "p2p",
		.arg = "WHEN",
		.help = "Whether devices reach each other's BARs by DMA: auto, on (and refuse a device that "
			"cannot) or off",
		.standard = "auto",
		.group = SETTING_DEVICES,
		.kind = SETTING_CHOICE,
		FIELD(p2p),
		.choices = p2p_choices,
		.what = "a choice here",
	},
	{
		.name = "host.libvirt",
		.arg = "URI",
		.help = "Take managed devices by this libvirt, where one manages the host's devices, such as "
			"qemu:///system",
		.group = SETTING_DEVICES,
		.kind = SETTING_TEXT,
		FIELD(libvirt),
		.min = 1,
		.max = 127,
		.pattern = "^[a-z+]+:.*$",
		.what = "a URI of libvirt",
		.form = "write one such as qemu:///system",
	},
	{
		.name = "iommufd",
		.arg = "fd=N",
		.help = "Open descriptor of /dev/iommu (for groups, of /dev/vfio/vfio) to use, by number or "
			"by the service manager's name",
		.group = SETTING_DEVICES,
		.kind = SETTING_TEXT,
		FIELD(iommufd),
		.min = 1,
		.max = VM_FD_SIZE - 1,
		.pattern = "^fd=.+$",
		.what = "a descriptor",
		.form = "write fd=N, or fd=NAME for one that the service manager hands in",
	},
	{
		.name = "hotplug-files",
		.arg = "FOLDERS",
		.help = "Folders, separated by ':', whose files a device may be given while the guest runs, such "
			"as an expansion ROM",
		.group = SETTING_DEVICES,
		.kind = SETTING_TEXT,
		FIELD(hotplug_files),
		.min = 1,
		.max = VM_FOLDERS_SIZE - 1,
		.pattern = "^/.*$",
		.what = "a list of folders",
		.form = "write paths that begin with '/', with ':' between two",
	},
	{
		.name = "sandbox",
		.arg = "WHETHER",
		.help = "Keep the guest's process from files, system calls and privileges that it does not need: on, "
			"or off to look for a mistake",
		.standard = "on",
		.group = SETTING_GUEST,
		.kind = SETTING_CHOICE,
		FIELD(sandbox),
		.choices = sandbox_choices,
		.what = "a choice here",
	},
	{
		.name = "on-reboot",
		.arg = "ACTION",
		.help = "When the guest restarts: let it restart, or stop it",
		.standard = "restart",
		.group = SETTING_EVENTS,
		.kind = SETTING_CHOICE,
		FIELD(on_reboot),
		.choices = reboot_choices,
		.what = "an action",
	},
	{
		.name = "stop-limit",
		.arg = "TIME",
		.help = "How long the guest may take to power off when it is asked to, by SIGTERM, before it is "
			"stopped by force",
		.standard = "60s",
		.group = SETTING_EVENTS,
		.kind = SETTING_TIME,
		FIELD(stop_limit),
	},
	{
		.name = "on-host-request",
		.arg = "ACTION",
		.help = "When the host wants a device back: unplug it, stop the guest, or ignore that and let "
			"the host wait",
		.standard = "unplug",
		.group = SETTING_EVENTS,
		.kind = SETTING_CHOICE,
		FIELD(on_host_request),
		.choices = host_request_choices,
		.what = "an action",
	},
	{
		.name = "unplug-limit",
		.arg = "TIME",
		.help = "How long the guest may take to let go of a device before it is taken by force, such "
			"as 30s or 2m",
		.standard = "30s",
		.group = SETTING_EVENTS,
		.kind = SETTING_TIME,
		FIELD(unplug_limit),
	},
	{
		.name = "on-device-error",
		.arg = "ACTION",
		.help = "When a device reports an error that cannot be corrected: report it, stop the guest, "
			"or remove the device",
		.standard = "report",
		.group = SETTING_EVENTS,
		.kind = SETTING_CHOICE,
		FIELD(on_device_error),
		.choices = device_error_choices,
		.what = "an action",
	},
	{
		.name = "on-panic",
		.arg = "ACTION",
		.help = "When the guest's kernel panics: stop, with exit code 3, reset, or report it and let "
			"it go on",
		.standard = "stop",
		.group = SETTING_EVENTS,
		.kind = SETTING_CHOICE,
		FIELD(on_panic),
		.choices = panic_choices,
		.what = "an action",
	},
};

const struct setting_table guest_settings = {rows, sizeof(rows) / sizeof(rows[0])};
