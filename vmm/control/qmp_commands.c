/* SPDX-License-Identifier: MIT */
/*
 * The commands of the control socket, and the types of what they take and answer. Names and types are QEMU's where QEMU has
 * them (docs/interop/qemu-qmp-ref); ours begin with x-tenon-.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/qmp_backend_commands.h"
#include "control/qmp_device_commands.h"
#include "control/qmp_fd_commands.h"
#include "control/qmp_guest_commands.h"
#include "control/qmp_pci.h"
#include "control/qmp_schema.h"
#include "control/qmp_session.h"
#include "control/qmp_version.h"
#include "qemu/qemu_answers.h"

#define MEMBERS(...) ((const struct qmp_member[]){__VA_ARGS__, {NULL, NULL, false}})
#define VALUES(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define OBJECT(name, ...)                                                \
	{                                                                \
		name, QMP_OBJECT, MEMBERS(__VA_ARGS__), NULL, NULL, NULL \
	}
#define ENUM(name, ...)                                               \
	{                                                             \
		name, QMP_ENUM, NULL, VALUES(__VA_ARGS__), NULL, NULL \
	}

const struct qmp_type qmp_types[] = {
	{QMP_EMPTY_TYPE, QMP_OBJECT, (const struct qmp_member[]){{NULL, NULL, false}}, NULL, NULL,
	 NULL},
	OBJECT("qmp_capabilities-arg", {"enable", "[str]", true}),
	OBJECT("VersionTriple", {"major", "int", false}, {"minor", "int", false},
	       {"micro", "int", false}),
	OBJECT("VersionInfo", {"qemu", "VersionTriple", false}, {"package", "str", false}),
	OBJECT("CommandInfo", {"name", "str", false}),
	ENUM("RunState", "running", "paused", "shutdown", "prelaunch"),
	OBJECT("StatusInfo", {"running", "bool", false}, {"status", "RunState", false}),
	OBJECT("NameInfo", {"name", "str", true}),
	OBJECT("KvmInfo", {"enabled", "bool", false}, {"present", "bool", false}),
	OBJECT("CpuInstanceProperties", {"node-id", "int", true}, {"socket-id", "int", false},
	       {"core-id", "int", false}, {"thread-id", "int", false}),
	OBJECT("CpuInfoFast", {"cpu-index", "int", false}, {"qom-path", "str", false},
	       {"thread-id", "int", false}, {"props", "CpuInstanceProperties", false},
	       {"target", "str", false}),
	OBJECT("ChardevInfo", {"label", "str", false}, {"filename", "str", false},
	       {"frontend-open", "bool", false}, {"x-tenon-channel", "str", true}),
	OBJECT("PciMemoryRange", {"base", "int", false}, {"limit", "int", false}),
	OBJECT("PciMemoryRegion", {"bar", "int", false}, {"type", "str", false},
	       {"address", "int", false}, {"prefetch", "bool", true},
	       {"mem_type_64", "bool", true}),
	OBJECT("PciBusInfo", {"number", "int", false}, {"secondary", "int", false},
	       {"subordinate", "int", false}, {"io_range", "PciMemoryRange", false},
	       {"memory_range", "PciMemoryRange", false},
	       {"prefetchable_range", "PciMemoryRange", false}),
	OBJECT("PciBridgeInfo", {"bus", "PciBusInfo", false}, {"devices", "[PciDeviceInfo]", true}),
	OBJECT("PciDeviceClass", {"desc", "str", true}, {"class", "int", false}),
	OBJECT("PciDeviceId", {"device", "int", false}, {"vendor", "int", false},
	       {"subsystem", "int", true}, {"subsystem-vendor", "int", true}),
	OBJECT("PciDeviceInfo", {"bus", "int", false}, {"slot", "int", false},
	       {"function", "int", false}, {"class_info", "PciDeviceClass", false},
	       {"id", "PciDeviceId", false}, {"irq", "int", true}, {"irq_pin", "int", false},
	       {"qdev_id", "str", false}, {"pci_bridge", "PciBridgeInfo", true},
	       {"regions", "[PciMemoryRegion]", false}),
	OBJECT("PciInfo", {"bus", "int", false}, {"devices", "[PciDeviceInfo]", false}),
	OBJECT("TargetInfo", {"arch", "str", false}),
	OBJECT("MachineInfo", {"name", "str", false}, {"alias", "str", true},
	       {"is-default", "bool", true}, {"cpu-max", "int", false},
	       {"hotpluggable-cpus", "bool", false}, {"numa-mem-supported", "bool", false},
	       {"deprecated", "bool", false}, {"default-cpu-type", "str", true},
	       {"default-ram-id", "str", true}),
	ENUM("Accelerator", "kvm"),
	OBJECT("AcceleratorInfo", {"enabled", "Accelerator", false},
	       {"present", "[Accelerator]", false}),
	OBJECT("CpuDefinitionInfo", {"name", "str", false}, {"typename", "str", false},
	       {"unavailable-features", "[str]", true}, {"static", "bool", false},
	       {"migration-safe", "bool", true}),
	OBJECT("CommandLineParameterInfo", {"name", "str", false}, {"type", "str", false}),
	OBJECT("CommandLineOptionInfo", {"option", "str", false},
	       {"parameters", "[CommandLineParameterInfo]", false}),
	OBJECT("query-command-line-options-arg", {"option", "str", true}),
	OBJECT("ObjectTypeInfo", {"name", "str", false}, {"parent", "str", true}),
	OBJECT("qom-list-types-arg", {"implements", "str", true}, {"abstract", "bool", true}),
	OBJECT("list-properties-arg", {"typename", "str", false}),
	OBJECT("ObjectPropertyInfo", {"name", "str", false}, {"type", "str", false}),
	OBJECT("qom-list-arg", {"path", "str", false}),
	OBJECT("qom-get-arg", {"path", "str", false}, {"property", "str", false}),
	OBJECT("ImageInfo", {"filename", "str", false}, {"format", "str", false},
	       {"virtual-size", "int", false}),
	OBJECT("BlockdevCacheInfo", {"writeback", "bool", false}, {"direct", "bool", false},
	       {"no-flush", "bool", false}),
	OBJECT("BlockDeviceInfo", {"file", "str", false}, {"node-name", "str", true},
	       {"ro", "bool", false}, {"drv", "str", false}, {"backing_file_depth", "int", false},
	       {"encrypted", "bool", false}, {"detect_zeroes", "str", false}, {"bps", "int", false},
	       {"bps_rd", "int", false}, {"bps_wr", "int", false}, {"iops", "int", false},
	       {"iops_rd", "int", false}, {"iops_wr", "int", false},
	       {"write_threshold", "int", false}, {"image", "ImageInfo", false},
	       {"cache", "BlockdevCacheInfo", false}),
	OBJECT("BlockInfo", {"device", "str", false}, {"qdev", "str", true},
	       {"removable", "bool", false}, {"locked", "bool", false}, {"type", "str", false},
	       {"inserted", "BlockDeviceInfo", true}),
	OBJECT("BlockDeviceStats", {"rd_bytes", "int", false}, {"wr_bytes", "int", false},
	       {"unmap_operations", "int", false}, {"rd_operations", "int", false},
	       {"wr_operations", "int", false}, {"flush_operations", "int", false}),
	OBJECT("BlockStats", {"device", "str", true}, {"qdev", "str", true},
	       {"node-name", "str", true}, {"stats", "BlockDeviceStats", false}),
	OBJECT("BlockdevCacheOptions", {"direct", "bool", true}, {"no-flush", "bool", true}),
	ENUM("BlockdevDiscardOptions", "ignore", "unmap"),
	ENUM("BlockdevAioOptions", "threads", "native", "io_uring"),
	ENUM("BlockdevDetectZeroesOptions", "off"),
	ENUM("OnOffAuto", "auto", "on", "off"),
	OBJECT("BlockdevOptionsFile", {"filename", "str", false},
	       {"aio", "BlockdevAioOptions", true}, {"locking", "OnOffAuto", true}),
	OBJECT("BlockdevOptionsFormat", {"file", "str", false}),
	{"blockdev-add-arg", QMP_OBJECT,
	 MEMBERS({"driver", "str", false}, {"node-name", "str", false}, {"filename", "str", true},
		 {"file", "str", true}, {"read-only", "bool", true},
		 {"auto-read-only", "bool", true}, {"cache", "BlockdevCacheOptions", true},
		 {"discard", "BlockdevDiscardOptions", true}, {"aio", "BlockdevAioOptions", true},
		 {"detect-zeroes", "BlockdevDetectZeroesOptions", true},
		 {"locking", "OnOffAuto", true}),
	 NULL, "driver",
	 (const struct qmp_variant[]){{"file", "BlockdevOptionsFile"},
				      {"host_device", "BlockdevOptionsFile"},
				      {"raw", "BlockdevOptionsFormat"},
				      {NULL, NULL}}},
	OBJECT("blockdev-del-arg", {"node-name", "str", false}),
	OBJECT("netdev_add-arg", {"type", "str", false}, {"id", "str", false},
	       {"ifname", "str", true}, {"fd", "str", true}, {"fds", "str", true},
	       {"vhost", "bool", true}, {"vhostfd", "str", true}, {"vhostfds", "str", true},
	       {"queues", "int", true}, {"script", "str", true}, {"downscript", "str", true}),
	OBJECT("netdev_del-arg", {"id", "str", false}),
	OBJECT("BalloonInfo", {"actual", "int", false}),
	OBJECT("balloon-arg", {"value", "int", false}),
	OBJECT("query-named-block-nodes-arg", {"flat", "bool", true}),
	OBJECT("query-blockstats-arg", {"query-nodes", "bool", true}),
	OBJECT("MigrationCapabilityStatus", {"capability", "str", false}, {"state", "bool", false}),
	OBJECT("migrate-set-capabilities-arg",
	       {"capabilities", "[MigrationCapabilityStatus]", false}),
	ENUM("RebootAction", "reset", "shutdown"),
	ENUM("ShutdownAction", "pause", "poweroff"),
	ENUM("PanicAction", "pause", "shutdown", "exit-failure", "none"),
	ENUM("WatchdogAction", "reset", "shutdown", "poweroff", "pause", "debug", "none",
	     "inject-nmi"),
	OBJECT("set-action-arg", {"reboot", "RebootAction", true},
	       {"shutdown", "ShutdownAction", true}, {"panic", "PanicAction", true},
	       {"watchdog", "WatchdogAction", true}),
	OBJECT("device_add-arg", {"driver", "str", false}, {"host", "str", true},
	       {"fd", "str", true}, {"iommufd", "str", true}, {"id", "str", true},
	       {"bus", "str", true}, {"addr", "str", true}, {"multifunction", "bool", true},
	       {"romfile", "str", true}),
	ENUM("XTenonDeviceKind", "device", "disk", "net", "console", "channel", "rng", "vsock"),
	OBJECT("x-tenon-device-add-arg", {"kind", "XTenonDeviceKind", false},
	       {"value", "str", false}),
	OBJECT("object-add-arg", {"qom-type", "str", false}, {"id", "str", false}),
	OBJECT("object-del-arg", {"id", "str", false}),
	OBJECT("device_del-arg", {"id", "str", false}),
	OBJECT("getfd-arg", {"fdname", "str", false}),
	OBJECT("add-fd-arg", {"fdset-id", "int", true}, {"opaque", "str", true}),
	OBJECT("AddfdInfo", {"fdset-id", "int", false}, {"fd", "int", false}),
	OBJECT("remove-fd-arg", {"fdset-id", "int", false}, {"fd", "int", true}),
	OBJECT("FdsetFdInfo", {"fd", "int", false}, {"opaque", "str", true}),
	OBJECT("FdsetInfo", {"fdset-id", "int", false}, {"fds", "[FdsetFdInfo]", false}),
	ENUM("XTenonDeviceState", "opened", "attached", "running", "lost", "gone"),
	OBJECT("XTenonBar", {"bar", "int", false}, {"size", "int", false},
	       {"address", "int", false}, {"io", "bool", false}, {"mapped", "bool", false}),
	OBJECT("XTenonDevice", {"id", "str", false}, {"host", "str", false},
	       {"state", "XTenonDeviceState", false}, {"intx", "bool", true},
	       {"msi-vectors", "int", true}, {"msix-vectors", "int", true},
	       {"config-exits", "int", true}, {"bar-exits", "int", true},
	       {"bars", "[XTenonBar]", true}, {"health", "str", true}),
	OBJECT("XTenonDma", {"bytes", "int", false}, {"maps", "int", false},
	       {"unmaps", "int", false}, {"by-file", "int", false}, {"peer-bars", "int", false}),
	OBJECT("XTenonPassthrough", {"devices", "[XTenonDevice]", false},
	       {"dma", "XTenonDma", false}),
	ENUM("ShutdownCause", "guest-shutdown", "guest-reset", "guest-panic", "host-signal",
	     "host-qmp-quit", "host-qmp-system-reset", "host-error"),
	OBJECT("SHUTDOWN-arg", {"guest", "bool", false}, {"reason", "ShutdownCause", false}),
	ENUM("GuestPanicAction", "poweroff", "run", "pause"),
	OBJECT("GUEST_PANICKED-arg", {"action", "GuestPanicAction", false}),
	OBJECT("DEVICE_DELETED-arg", {"device", "str", true}, {"path", "str", false}),
	OBJECT("VSERPORT_CHANGE-arg", {"id", "str", false}, {"open", "bool", false}),
	ENUM("XTenonDeviceEvent", "wanted-back", "error", "lost", "added", "not-added"),
	OBJECT("X_TENON_DEVICE-arg", {"device", "str", false}, {"what", "XTenonDeviceEvent", false},
	       {"detail", "str", true}),
	{0},
};

const struct qmp_event qmp_events[] = {
	{"SHUTDOWN", "SHUTDOWN-arg"},
	{"RESET", "SHUTDOWN-arg"},
	{"STOP", NULL},
	{"RESUME", NULL},
	{"POWERDOWN", NULL},
	{"GUEST_PANICKED", "GUEST_PANICKED-arg"},
	{"GUEST_CRASHLOADED", "GUEST_PANICKED-arg"},
	{"DEVICE_DELETED", "DEVICE_DELETED-arg"},
	{"DEVICE_UNPLUG_GUEST_ERROR", "DEVICE_DELETED-arg"},
	{"VSERPORT_CHANGE", "VSERPORT_CHANGE-arg"},
	{"X_TENON_DEVICE", "X_TENON_DEVICE-arg"},
	{0},
};

json_t *qmp_version(void)
{
	return json_pack("{s:{s:i, s:i, s:i}, s:s}", "qemu", "major", QMP_VERSION_MAJOR, "minor",
			 QMP_VERSION_MINOR, "micro", 0, "package", "tenon " TENON_VERSION);
}

static json_t *qmp_capabilities(struct qmp_session *session, json_t *arguments,
				struct qmp_error *err)
{
	json_t *enable = json_object_get(arguments, "enable");

	if (json_array_size(enable) > 0) {
		(void)pt_error_set(&err->error, -EINVAL, "Capability %s is not available",
				   json_string_value(json_array_get(enable, 0)));
		return NULL;
	}
	session->negotiated = true;
	return NULL;
}

static json_t *query_version(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)session, (void)arguments, (void)err;
	return qmp_version();
}

static json_t *query_commands(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	json_t *list = json_array();

	(void)session, (void)arguments, (void)err;
	for (const struct qmp_command *command = qmp_commands; command->name; command++)
		(void)json_array_append_new(list, json_pack("{s:s}", "name", command->name));
	return list;
}

static json_t *query_schema(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)session, (void)arguments, (void)err;
	return qmp_schema();
}

static json_t *query_status(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;
	static const char *const names[] = {
		[TARGET_RUNNING] = "running",
		[TARGET_PAUSED] = "paused",
		[TARGET_SHUTDOWN] = "shutdown",
		[TARGET_PRELAUNCH] = "prelaunch",
	};
	enum target_status status = target->ops->status(target->ctx);

	(void)arguments, (void)err;
	return json_pack("{s:b, s:s}", "running", status == TARGET_RUNNING, "status",
			 names[status]);
}

static json_t *query_name(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;

	(void)arguments, (void)err;
	return json_pack("{s:s}", "name", target->ops->name(target->ctx));
}

static json_t *query_kvm(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;
	bool there_is_a_guest = target->ops->status(target->ctx) != TARGET_PRELAUNCH;

	(void)arguments, (void)err;
	return json_pack("{s:b, s:b}", "enabled", there_is_a_guest || qemu_kvm_usable(), "present",
			 1);
}

static json_t *cpu_info(unsigned index, const struct target_cpu *cpu)
{
	json_t *props = json_pack("{s:i, s:i, s:i}", "socket-id", (int)cpu->socket, "core-id",
				  (int)cpu->core, "thread-id", (int)cpu->thread);
	char path[32];

	if (cpu->node >= 0)
		(void)json_object_set_new(props, "node-id", json_integer(cpu->node));
	(void)snprintf(path, sizeof(path), "/machine/cpu[%u]", index);
	return json_pack("{s:i, s:s, s:I, s:o, s:s}", "cpu-index", (int)index, "qom-path", path,
			 "thread-id", (json_int_t)cpu->tid, "props", props, "target", "x86_64");
}

static json_t *query_cpus(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;
	json_t *list = json_array();

	(void)arguments, (void)err;
	for (unsigned i = 0; i < target->ops->cpus(target->ctx); i++) {
		struct target_cpu cpu;

		target->ops->cpu(target->ctx, i, &cpu);
		(void)json_array_append_new(list, cpu_info(i, &cpu));
	}
	return list;
}

static json_t *chardev_info(const struct target_chardev *chardev)
{
	json_t *info = json_pack("{s:s, s:s, s:b}", "label", chardev->label, "filename",
				 chardev->filename, "frontend-open", chardev->open);

	if (info && chardev->channel)
		(void)json_object_set_new(info, "x-tenon-channel", json_string(chardev->channel));
	return info;
}

static json_t *query_chardev(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;
	struct target_chardev chardev;
	json_t *list = json_array();

	(void)arguments, (void)err;
	for (unsigned i = 0; target->ops->chardev(target->ctx, i, &chardev); i++)
		(void)json_array_append_new(list, chardev_info(&chardev));
	return list;
}

static json_t *query_pci(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)arguments, (void)err;
	return qmp_query_pci(session->target);
}

static json_t *stop(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)arguments, (void)err;
	session->target->ops->pause(session->target->ctx);
	return NULL;
}

static json_t *cont(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)arguments, (void)err;
	session->target->ops->resume(session->target->ctx);
	return NULL;
}

static json_t *system_powerdown(struct qmp_session *session, json_t *arguments,
				struct qmp_error *err)
{
	(void)arguments, (void)err;
	session->target->ops->power_button(session->target->ctx);
	return NULL;
}

static json_t *system_reset(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)arguments, (void)err;
	session->target->ops->reset(session->target->ctx);
	return NULL;
}

static json_t *quit(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)arguments, (void)err;
	session->target->ops->quit(session->target->ctx);
	return NULL;
}

static json_t *bars_of(const struct target_device *device)
{
	json_t *list = json_array();

	for (int i = 0; i <= PT_BAR_ROM; i++) {
		const struct pt_bar *bar = &device->bars[i];

		if (bar->kind == PT_BAR_NONE)
			continue;
		(void)json_array_append_new(
			list, json_pack("{s:i, s:I, s:I, s:b, s:b}", "bar", i, "size",
					(json_int_t)bar->size, "address", (json_int_t)bar->address,
					"io", bar->kind == PT_BAR_IO, "mapped", bar->mapped));
	}
	return list;
}

static json_t *device_row(const struct target_device *device)
{
	const struct pt_function_stats *stats = &device->stats;
	json_t *row = json_pack("{s:s, s:s, s:s}", "id", device->id, "host", device->host_name,
				"state", device->present ? device->state : "gone");

	if (!row || !device->present)
		return row;
	(void)json_object_set_new(row, "intx", json_boolean(stats->intx));
	(void)json_object_set_new(row, "msi-vectors", json_integer(stats->msi_vectors));
	(void)json_object_set_new(row, "msix-vectors", json_integer(stats->msix_vectors));
	(void)json_object_set_new(row, "config-exits",
				  json_integer((json_int_t)stats->config_accesses));
	(void)json_object_set_new(row, "bar-exits", json_integer((json_int_t)stats->bar_accesses));
	(void)json_object_set_new(row, "bars", bars_of(device));
	if (*device->health)
		(void)json_object_set_new(row, "health", json_string(device->health));
	return row;
}

static json_t *query_passthrough(struct qmp_session *session, json_t *arguments,
				 struct qmp_error *err)
{
	const struct target *target = session->target;
	const struct pt_space_stats dma = target->ops->dma(target->ctx);
	json_t *list = json_array();

	(void)arguments, (void)err;
	for (unsigned i = 0; i < target->ops->devices(target->ctx); i++) {
		struct target_device device = {0};

		target->ops->device(target->ctx, i, &device);
		if (device.kind == TARGET_PASSTHROUGH)
			(void)json_array_append_new(list, device_row(&device));
	}
	return json_pack("{s:o, s:{s:I, s:I, s:I, s:I, s:I}}", "devices", list, "dma", "bytes",
			 (json_int_t)dma.bytes, "maps", (json_int_t)dma.maps, "unmaps",
			 (json_int_t)dma.unmaps, "by-file", (json_int_t)dma.by_file, "peer-bars",
			 (json_int_t)dma.bars);
}

const struct qmp_command qmp_commands[] = {
	{"qmp_capabilities", "qmp_capabilities-arg", false, NULL, qmp_capabilities},
	{"query-version", NULL, false, "VersionInfo", query_version},
	{"query-commands", NULL, false, "[CommandInfo]", query_commands},
	{"query-qmp-schema", NULL, false, "[any]", query_schema},
	{"query-status", NULL, false, "StatusInfo", query_status},
	{"query-name", NULL, false, "NameInfo", query_name},
	{"query-kvm", NULL, false, "KvmInfo", query_kvm},
	{"query-cpus-fast", NULL, false, "[CpuInfoFast]", query_cpus},
	{"query-chardev", NULL, false, "[ChardevInfo]", query_chardev},
	{"query-pci", NULL, false, "[PciInfo]", query_pci},
	{"query-target", NULL, false, "TargetInfo", qemu_query_target},
	{"query-machines", NULL, false, "[MachineInfo]", qemu_query_machines},
	{"query-accelerators", NULL, false, "AcceleratorInfo", qemu_query_accelerators},
	{"query-cpu-definitions", NULL, false, "[CpuDefinitionInfo]", qemu_query_cpu_definitions},
	{"query-command-line-options", "query-command-line-options-arg", false,
	 "[CommandLineOptionInfo]", qemu_query_options},
	{"qom-list-types", "qom-list-types-arg", false, "[ObjectTypeInfo]", qemu_list_types},
	{"device-list-properties", "list-properties-arg", false, "[ObjectPropertyInfo]",
	 qemu_list_device_properties},
	{"qom-list-properties", "list-properties-arg", false, "[ObjectPropertyInfo]",
	 qemu_list_object_properties},
	{"qom-list", "qom-list-arg", false, "[ObjectPropertyInfo]", qmp_qom_list},
	{"qom-get", "qom-get-arg", false, "any", qmp_qom_get},
	{"query-iothreads", NULL, false, "[any]", qmp_query_nothing},
	{"query-jobs", NULL, false, "[any]", qmp_query_nothing},
	{"query-block", NULL, false, "[BlockInfo]", qmp_query_block},
	{"query-blockstats", "query-blockstats-arg", false, "[BlockStats]", qmp_query_blockstats},
	{"query-named-block-nodes", "query-named-block-nodes-arg", false, "[BlockDeviceInfo]",
	 qmp_query_block_nodes},
	{"query-balloon", NULL, false, "BalloonInfo", qmp_query_balloon},
	{"balloon", "balloon-arg", false, NULL, qmp_balloon},
	{"query-migrate-capabilities", NULL, false, "[MigrationCapabilityStatus]",
	 qmp_query_nothing},
	{"migrate-set-capabilities", "migrate-set-capabilities-arg", false, NULL,
	 qmp_set_capabilities},
	{"set-action", "set-action-arg", false, NULL, qmp_set_action},
	{"stop", NULL, false, NULL, stop},
	{"cont", NULL, false, NULL, cont},
	{"system_powerdown", NULL, false, NULL, system_powerdown},
	{"system_reset", NULL, false, NULL, system_reset},
	{"quit", NULL, false, NULL, quit},
	{"blockdev-add", "blockdev-add-arg", false, NULL, qmp_blockdev_add},
	{"blockdev-del", "blockdev-del-arg", false, NULL, qmp_blockdev_del},
	{"netdev_add", "netdev_add-arg", false, NULL, qmp_netdev_add},
	{"netdev_del", "netdev_del-arg", false, NULL, qmp_netdev_del},
	{"device_add", "device_add-arg", true, NULL, qmp_device_add},
	{"device_del", "device_del-arg", false, NULL, qmp_device_del},
	{"x-tenon-device-add", "x-tenon-device-add-arg", false, NULL, qmp_x_device_add},
	{"object-add", "object-add-arg", true, NULL, qmp_object_add},
	{"object-del", "object-del-arg", false, NULL, qmp_object_del},
	{"getfd", "getfd-arg", false, NULL, qmp_getfd},
	{"closefd", "getfd-arg", false, NULL, qmp_closefd},
	{"add-fd", "add-fd-arg", false, "AddfdInfo", qmp_add_fd},
	{"remove-fd", "remove-fd-arg", false, NULL, qmp_remove_fd},
	{"query-fdsets", NULL, false, "[FdsetInfo]", qmp_query_fdsets},
	{"x-tenon-query-passthrough", NULL, false, "XTenonPassthrough", query_passthrough},
	{0},
};
