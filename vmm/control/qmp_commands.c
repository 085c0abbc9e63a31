/* SPDX-License-Identifier: MIT */
/*
 * The commands of the control socket, and the types of what they take and answer. Names and types are QEMU's where QEMU has
 * them (docs/interop/qemu-qmp-ref); ours begin with x-tenon-.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "control/qmp_device_commands.h"
#include "control/qmp_fd_commands.h"
#include "control/qmp_pci.h"
#include "control/qmp_schema.h"
#include "control/qmp_session.h"
#include "control/qmp_version.h"

#define MEMBERS(...) ((const struct qmp_member[]){__VA_ARGS__, {NULL, NULL, false}})
#define VALUES(...)  ((const char *const[]){__VA_ARGS__, NULL})
#define OBJECT(name, ...)                                    \
	{                                                    \
		name, QMP_OBJECT, MEMBERS(__VA_ARGS__), NULL \
	}
#define ENUM(name, ...)                                   \
	{                                                 \
		name, QMP_ENUM, NULL, VALUES(__VA_ARGS__) \
	}

const struct qmp_type qmp_types[] = {
	{QMP_EMPTY_TYPE, QMP_OBJECT, (const struct qmp_member[]){{NULL, NULL, false}}, NULL},
	OBJECT("qmp_capabilities-arg", {"enable", "[str]", true}),
	OBJECT("VersionTriple", {"major", "int", false}, {"minor", "int", false},
	       {"micro", "int", false}),
	OBJECT("VersionInfo", {"qemu", "VersionTriple", false}, {"package", "str", false}),
	OBJECT("CommandInfo", {"name", "str", false}),
	ENUM("RunState", "running", "paused"),
	OBJECT("StatusInfo", {"running", "bool", false}, {"status", "RunState", false}),
	OBJECT("NameInfo", {"name", "str", true}),
	OBJECT("KvmInfo", {"enabled", "bool", false}, {"present", "bool", false}),
	OBJECT("CpuInfoFast", {"cpu-index", "int", false}, {"qom-path", "str", false},
	       {"thread-id", "int", false}, {"target", "str", false}),
	OBJECT("ChardevInfo", {"label", "str", false}, {"filename", "str", false},
	       {"frontend-open", "bool", false}),
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
	OBJECT("device_add-arg", {"driver", "str", false}, {"host", "str", true},
	       {"fd", "str", true}, {"iommufd", "str", true}, {"id", "str", true},
	       {"bus", "str", true}, {"addr", "str", true}, {"multifunction", "bool", true},
	       {"romfile", "str", true}),
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
	ENUM("GuestPanicAction", "poweroff", "run"),
	OBJECT("GUEST_PANICKED-arg", {"action", "GuestPanicAction", false}),
	OBJECT("DEVICE_DELETED-arg", {"device", "str", true}, {"path", "str", false}),
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
	bool running = target->ops->status(target->ctx) == TARGET_RUNNING;

	(void)arguments, (void)err;
	return json_pack("{s:b, s:s}", "running", running, "status",
			 running ? "running" : "paused");
}

static json_t *query_name(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;

	(void)arguments, (void)err;
	return json_pack("{s:s}", "name", target->ops->name(target->ctx));
}

static json_t *query_kvm(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	(void)session, (void)arguments, (void)err;
	return json_pack("{s:b, s:b}", "enabled", 1, "present", 1); /* there is a guest */
}

static json_t *query_cpus(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;
	json_t *list = json_array();

	(void)arguments, (void)err;
	for (unsigned i = 0; i < target->ops->cpus(target->ctx); i++) {
		char path[32];

		(void)snprintf(path, sizeof(path), "/machine/cpu[%u]", i);
		(void)json_array_append_new(
			list,
			json_pack("{s:i, s:s, s:I, s:s}", "cpu-index", (int)i, "qom-path", path,
				  "thread-id", (json_int_t)target->ops->cpu_thread(target->ctx, i),
				  "target", "x86_64"));
	}
	return list;
}

static json_t *query_chardev(struct qmp_session *session, json_t *arguments, struct qmp_error *err)
{
	const struct target *target = session->target;

	(void)arguments, (void)err;
	return json_pack("[{s:s, s:s, s:b}]", "label", "serial0", "filename",
			 target->ops->serial(target->ctx), "frontend-open", 1);
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
	{"stop", NULL, false, NULL, stop},
	{"cont", NULL, false, NULL, cont},
	{"system_powerdown", NULL, false, NULL, system_powerdown},
	{"system_reset", NULL, false, NULL, system_reset},
	{"quit", NULL, false, NULL, quit},
	{"device_add", "device_add-arg", true, NULL, qmp_device_add},
	{"device_del", "device_del-arg", false, NULL, qmp_device_del},
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
