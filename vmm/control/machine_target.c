/* SPDX-License-Identifier: MIT */
#include "control/machine_target.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "devices/assigned.h"
#include "virtio/blk.h"
#include "virtio/console.h"

static const char *const states[] = {
	[PT_DEVICE_CLOSED] = "opened",	   [PT_DEVICE_OPENED] = "opened",
	[PT_DEVICE_ATTACHED] = "attached", [PT_DEVICE_RUNNING] = "running",
	[PT_DEVICE_LOST] = "lost",
};

static struct machine *machine_of(void *ctx)
{
	return ((struct machine_target *)ctx)->machine;
}

static const char *name(void *ctx)
{
	return machine_plan(machine_of(ctx))->name;
}

static enum target_status status(void *ctx)
{
	if (machine_powered_off(machine_of(ctx)))
		return TARGET_SHUTDOWN;
	return machine_paused(machine_of(ctx)) ? TARGET_PAUSED : TARGET_RUNNING;
}

static void pause_machine(void *ctx)
{
	machine_pause(machine_of(ctx));
}

static void resume_machine(void *ctx)
{
	machine_resume(machine_of(ctx));
}

static void power_button(void *ctx)
{
	machine_press_power(machine_of(ctx));
}

static void reset(void *ctx)
{
	machine_press_reset(machine_of(ctx));
}

static void quit(void *ctx)
{
	struct machine_target *target = ctx;

	target->quit = true;
	machine_stop(target->machine);
}

static unsigned cpus(void *ctx)
{
	return machine_plan(machine_of(ctx))->cpus;
}

static void cpu(void *ctx, unsigned index, struct target_cpu *ret_cpu)
{
	const struct vm_plan *plan = machine_plan(machine_of(ctx));
	const struct plan_topology *topology = &plan->topology;

	*ret_cpu = (struct target_cpu){
		.tid = machine_cpu_thread(machine_of(ctx), index),
		.socket = index / topology->threads / topology->cores,
		.core = index / topology->threads % topology->cores,
		.thread = index % topology->threads,
		.node = -1,
	};
	for (unsigned i = 0; i < plan->node_count; i++) {
		if (cpu_list_has(&plan->nodes[i].cpus, index))
			ret_cpu->node = (int)i;
	}
}

/* Those that are passed through, then the others. */
static unsigned devices(void *ctx)
{
	const struct vm_plan *plan = machine_plan(machine_of(ctx));

	return plan->device_count + plan->virtio_count;
}

static void virtio_device(struct machine *machine, unsigned index, struct target_device *ret_device)
{
	const struct vm_plan *plan = machine_plan(machine);
	const struct plan_virtio *virtio = &plan->virtio[index];

	*ret_device = (struct target_device){
		.kind = (enum target_kind)(TARGET_RNG + virtio->kind - PLAN_VIRTIO_RNG),
		.id = virtio->id,
		.host_name = "",
		.bus = plan->ports[virtio->port].bus,
		.port = virtio->port,
		.present = machine_has_virtio(machine, index),
	};
	if (virtio->kind == PLAN_VIRTIO_DISK)
		ret_device->host_name = virtio->disk.path;
	else if (virtio->kind == PLAN_VIRTIO_NET)
		ret_device->host_name = virtio->net.tap;
}

static void device_of(void *ctx, unsigned index, struct target_device *ret_device)
{
	const struct vm_plan *plan = machine_plan(machine_of(ctx));
	const struct plan_device *device = &plan->devices[index];
	struct assigned_info info;

	if (index >= plan->device_count) {
		virtio_device(machine_of(ctx), index - plan->device_count, ret_device);
		return;
	}
	*ret_device = (struct target_device){
		.kind = TARGET_PASSTHROUGH,
		.id = device->id[0] ? device->id : device->bdf,
		.host_name = device->bdf,
		.bus = plan->ports[device->port].bus,
		.port = device->port,
		.function = device->function,
		.present = machine_device_info(machine_of(ctx), index, &info),
	};
	if (!ret_device->present)
		return;
	ret_device->state = states[info.state];
	ret_device->stats = info.stats;
	memcpy(ret_device->bars, info.bars, sizeof(info.bars));
	memcpy(ret_device->health, info.health, sizeof(info.health));
}

static void disk(void *ctx, unsigned index, struct target_disk *ret_disk)
{
	const struct vm_plan *plan = machine_plan(machine_of(ctx));
	const unsigned number = index - plan->device_count;
	const struct plan_disk *disk = &plan->virtio[number].disk;
	struct blk_stats stats = {0};
	uint64_t size = 0;

	machine_disk_info(machine_of(ctx), number, &size, &stats);
	*ret_disk = (struct target_disk){
		.path = disk->path,
		.readonly = disk->readonly,
		.direct = disk->direct,
		.size = size,
		.read_bytes = stats.read_bytes,
		.write_bytes = stats.write_bytes,
		.reads = stats.reads,
		.writes = stats.writes,
		.flushes = stats.flushes,
		.discards = stats.discards,
	};
}

static struct pt_space_stats dma(void *ctx)
{
	return machine_dma(machine_of(ctx));
}

static json_t *happened(const char *id, const char *what, const char *detail)
{
	json_t *data = json_pack("{s:s, s:s}", "device", id, "what", what);

	if (data && detail)
		(void)json_object_set_new(data, "detail", json_string(detail));
	return data;
}

/* Whoever asked is answered first. */
static void came(void *ctx, const struct pt_error *err)
{
	struct machine_target *target = ctx;

	target->came(target->came_ctx, err);
	control_event(
		target->control, "X_TENON_DEVICE",
		happened(target->coming, err ? "not-added" : "added", err ? err->message : NULL));
}

static int use_iommufd(struct machine_target *target, const char *id, struct pt_error *err)
{
	const struct iommufd *iommufd = iommufds_find(&target->iommufds, id, err);
	int r;

	if (!iommufd)
		return -ENOENT;
	r = machine_use_space(target->machine, iommufd->fd, err);
	return r ? pt_error_prefix(err, r, "iommufd '%s'", id) : 0;
}

static int duplicate(const int *fds, int *ret_fds)
{
	for (unsigned i = 0; i < PLAN_NET_PAIRS_MAX; i++) {
		ret_fds[i] = fds[i] ? fcntl(fds[i], F_DUPFD_CLOEXEC, 3) : 0;
		if (ret_fds[i] < 0)
			return -errno;
	}
	return 0;
}

static void close_all(int *fds)
{
	for (unsigned i = 0; i < PLAN_NET_PAIRS_MAX; i++) {
		if (fds[i] > 0)
			(void)close(fds[i]);
	}
}

/* Descriptors of its own; a vsock's is the caller's until the device has it. */
static int take_backend(struct machine_target *target, const struct target_request *request,
			struct plan_virtio *virtio, struct pt_error *err)
{
	const struct backend *backend =
		request->backend ? backends_file(&target->backends, request->backend) : NULL;
	int fds[PLAN_NET_PAIRS_MAX] = {0}, vhost_fds[PLAN_NET_PAIRS_MAX] = {0};
	int r;

	if (virtio->kind == PLAN_VIRTIO_VSOCK)
		virtio->vsock.fd = request->fd;
	if (!backend)
		return 0;
	r = duplicate(backend->fds, fds);
	if (!r)
		r = duplicate(backend->vhost_fds, vhost_fds);
	if (r) {
		close_all(fds);
		close_all(vhost_fds);
		return pt_error_set(err, r, "%s: %s", virtio->id, strerror(-r));
	}
	if (virtio->kind == PLAN_VIRTIO_DISK)
		virtio->disk.fd = fds[0];
	if (virtio->kind == PLAN_VIRTIO_NET) {
		memcpy(virtio->net.fds, fds, sizeof(fds));
		memcpy(virtio->net.vhost_fds, vhost_fds, sizeof(vhost_fds));
	}
	return 0;
}

static void give_back(struct plan_virtio *virtio)
{
	if (virtio->kind == PLAN_VIRTIO_DISK && virtio->disk.fd)
		(void)close(virtio->disk.fd);
	if (virtio->kind == PLAN_VIRTIO_NET) {
		close_all(virtio->net.fds);
		close_all(virtio->net.vhost_fds);
	}
}

static int plug_virtio(struct machine_target *target, const struct target_request *request,
		       struct pt_error *err)
{
	struct plan_virtio *virtio = &target->addition.virtio;
	int r = take_backend(target, request, virtio, err);

	if (r)
		return r;
	r = machine_plug_virtio(target->machine, virtio, came, target, err);
	if (r)
		give_back(virtio);
	else if (request->backend)
		memcpy(request->backend->device, virtio->id, sizeof(virtio->id));
	return r;
}

static int plug(void *ctx, const struct target_request *request,
		void (*done)(void *ctx, const struct pt_error *err), void *done_ctx,
		struct pt_error *err)
{
	struct machine_target *target = ctx;
	struct plan_addition *addition = &target->addition;
	int r = request->iommufd ? use_iommufd(target, request->iommufd, err) : 0;

	if (r == 0)
		r = target->plan_addition(target->sys, machine_plan(target->machine), request,
					  addition, err);
	if (r == 0 && addition->is_virtio)
		r = plug_virtio(target, request, err);
	else if (r == 0)
		r = machine_plug(target->machine, &addition->device, came, target, err);
	if (r < 0)
		return r;
	memcpy(target->coming, addition->is_virtio ? addition->virtio.id : addition->device.id,
	       sizeof(target->coming));
	target->came = done;
	target->came_ctx = done_ctx;
	return 0;
}

static int unplug(void *ctx, unsigned index, struct pt_error *err)
{
	struct target_device which;

	device_of(ctx, index, &which);
	return machine_unplug_request(machine_of(ctx), which.port, err);
}

static unsigned port_slot(void *ctx, const char *id)
{
	const struct vm_plan *plan = machine_plan(machine_of(ctx));

	for (unsigned i = 0; i < plan->port_count; i++) {
		if (strcmp(plan->ports[i].id, id) == 0)
			return plan->ports[i].slot;
	}
	return 0;
}

static int iommufd_add(void *ctx, const char *id, int fd, struct pt_error *err)
{
	struct machine_target *target = ctx;
	struct pt_node node = {0};
	int r = fd ? pt_host_identify(target->sys, fd, &node, err) : 0;

	if (r)
		return pt_error_prefix(err, r, "iommufd '%s'", id);
	if (fd && node.kind != PT_NODE_IOMMUFD)
		return pt_error_set(err, -ENOTTY,
				    "iommufd '%s': the file descriptor is not of /dev/iommu", id);
	return iommufds_add(&target->iommufds, id, fd, err);
}

/* Who has it closed is told when it is. */
static void iommufd_left(void *ctx)
{
	struct machine_target *target = ctx;

	iommufds_remove(&target->iommufds, target->leaving);
	target->left(target->left_ctx, NULL);
	control_answered(target->control);
}

static int iommufd_del(void *ctx, const char *id,
		       void (*done)(void *ctx, const struct pt_error *err), void *done_ctx,
		       struct pt_error *err)
{
	struct machine_target *target = ctx;
	struct iommufd *iommufd = iommufds_find(&target->iommufds, id, err);
	bool used;
	int r;

	if (!iommufd)
		return -ENOENT;
	used = iommufd->fd && machine_plan(target->machine)->space_fd == iommufd->fd;
	if (used && machine_has_space(target->machine))
		return pt_error_set(err, -EBUSY, "object '%s' is in use, can not be deleted", id);
	r = machine_space_settled(target->machine, iommufd_left, target, err);
	if (r)
		return pt_error_prefix(err, r, "object '%s'", id);
	if (used)
		(void)machine_use_space(target->machine, 0, NULL);
	iommufd->leaving = true;
	target->leaving = iommufd;
	target->left = done;
	target->left_ctx = done_ctx;
	return 0;
}

static uint32_t pci_read(void *ctx, unsigned bus, unsigned devfn, unsigned offset, unsigned size)
{
	return machine_config_read(machine_of(ctx), bus, devfn, offset, size);
}

/* Ports of consoles and channels that are there, one after the other. Return: NULL behind the last. */
static const struct console_port *console_port(struct machine *machine, unsigned index)
{
	const struct vm_plan *plan = machine_plan(machine);

	for (unsigned i = 0; i < plan->virtio_count; i++) {
		const struct plan_virtio *virtio = &plan->virtio[i];

		if (virtio->kind != PLAN_VIRTIO_CONSOLE || !machine_has_virtio(machine, i))
			continue;
		if (index < virtio->console.port_count)
			return machine_console_port(machine, i, index);
		index -= virtio->console.port_count;
	}
	return NULL;
}

static bool chardev(void *ctx, unsigned index, struct target_chardev *ret_chardev)
{
	const struct machine_target *target = ctx;
	const struct console_port *port;

	if (index == 0) {
		*ret_chardev =
			(struct target_chardev){target->serial_label, target->serial, true, NULL};
		return true;
	}
	port = console_port(target->machine, index - 1);
	if (port)
		*ret_chardev = (struct target_chardev){
			console_port_label(port), port->end.name, console_port_is_open(port),
			port->plan->channel ? port->plan->name : NULL};
	return port != NULL;
}

/* One that is not its device itself. */
static struct target_peripheral port_peripheral(const struct console_port *port)
{
	return (struct target_peripheral){port->plan->id[0] ? port->plan->id : NULL,
					  port->plan->channel ? "virtserialport" : "virtconsole"};
}

static bool peripheral(void *ctx, unsigned index, struct target_peripheral *ret_peripheral)
{
	static const char *const types[] = {
		[TARGET_PASSTHROUGH] = "vfio-pci",	[TARGET_RNG] = "virtio-rng-pci",
		[TARGET_DISK] = "virtio-blk-pci",	[TARGET_NET] = "virtio-net-pci",
		[TARGET_VSOCK] = "vhost-vsock-pci",	[TARGET_BALLOON] = "virtio-balloon-pci",
		[TARGET_CONSOLE] = "virtio-serial-pci",
	};
	const struct vm_plan *plan = machine_plan(machine_of(ctx));
	const struct console_port *port;
	struct target_device device = {0};

	if (index == 0) {
		*ret_peripheral = (struct target_peripheral){"serial0", "isa-serial"};
		return true;
	}
	if (--index < plan->port_count && !plan->flat) {
		*ret_peripheral =
			(struct target_peripheral){plan->ports[index].id, "pcie-root-port"};
		return true;
	}
	index -= plan->flat ? 0 : plan->port_count;
	if (index < devices(ctx)) {
		device_of(ctx, index, &device);
		*ret_peripheral = (struct target_peripheral){device.present ? device.id : NULL,
							     types[device.kind]};
		return true;
	}
	port = console_port(machine_of(ctx), index - devices(ctx));
	if (port)
		*ret_peripheral = port_peripheral(port);
	return port != NULL;
}

static uint64_t memory(void *ctx)
{
	return machine_plan(machine_of(ctx))->memory;
}

static void set_on_reboot(void *ctx, bool ends)
{
	struct machine *machine = machine_of(ctx);

	machine_set_on_end(machine, machine_plan(machine)->stays, ends);
}

static void set_on_power_off(void *ctx, bool stays)
{
	struct machine *machine = machine_of(ctx);

	machine_set_on_end(machine, stays, machine_plan(machine)->stops_on_reboot);
}

static void set_on_panic(void *ctx, enum target_panic action)
{
	static const enum plan_panic actions[] = {
		[TARGET_PANIC_NONE] = PLAN_PANIC_REPORT,
		[TARGET_PANIC_PAUSE] = PLAN_PANIC_PAUSE,
		[TARGET_PANIC_END] = PLAN_PANIC_STOP,
	};

	machine_set_on_panic(machine_of(ctx), actions[action]);
}

static const struct target_ops ops = {
	.name = name,
	.status = status,
	.pause = pause_machine,
	.resume = resume_machine,
	.power_button = power_button,
	.reset = reset,
	.quit = quit,
	.cpus = cpus,
	.cpu = cpu,
	.devices = devices,
	.device = device_of,
	.disk = disk,
	.dma = dma,
	.plug = plug,
	.unplug = unplug,
	.port_slot = port_slot,
	.iommufd_add = iommufd_add,
	.iommufd_del = iommufd_del,
	.pci_read = pci_read,
	.chardev = chardev,
	.peripheral = peripheral,
	.memory = memory,
	.set_on_reboot = set_on_reboot,
	.set_on_power_off = set_on_power_off,
	.set_on_panic = set_on_panic,
};

struct target machine_target(struct machine_target *target)
{
	return (struct target){.ops = &ops, .ctx = target, .backends = &target->backends};
}

void machine_target_done(struct machine_target *target)
{
	iommufds_done(&target->iommufds);
	backends_done(&target->backends);
}

static json_t *cause(bool guest, const char *reason)
{
	return json_pack("{s:b, s:s}", "guest", guest, "reason", reason);
}

static json_t *deleted(const struct machine_event *event)
{
	char path[PT_PATH_SIZE];

	(void)snprintf(path, sizeof(path), "/machine/peripheral/%s", event->device);
	return json_pack("{s:s, s:s}", "device", event->device, "path", path);
}

static json_t *device_event(const struct machine_event *event, const char *what)
{
	return happened(event->device, what, event->detail);
}

/* A reset comes as an event of its own. */
static json_t *panicked(void *ctx)
{
	static const char *const actions[] = {
		[PLAN_PANIC_STOP] = "poweroff",
		[PLAN_PANIC_RESET] = "run",
		[PLAN_PANIC_REPORT] = "run",
		[PLAN_PANIC_PAUSE] = "pause",
	};

	return json_pack("{s:s}", "action", actions[machine_plan(machine_of(ctx))->on_panic]);
}

static void on_event(void *ctx, const struct machine_event *event)
{
	struct control *control = ((struct machine_target *)ctx)->control;

	switch (event->kind) {
	case MACHINE_EVENT_PAUSED:
		control_event(control, "STOP", NULL);
		break;
	case MACHINE_EVENT_RESUMED:
		control_event(control, "RESUME", NULL);
		break;
	case MACHINE_EVENT_RESET:
		control_event(control, "RESET",
			      event->by_guest ? cause(true, "guest-reset")
					      : cause(false, "host-qmp-system-reset"));
		break;
	case MACHINE_EVENT_POWERED_OFF:
		control_event(control, "SHUTDOWN", cause(true, event->detail));
		break;
	case MACHINE_EVENT_POWER_BUTTON:
		control_event(control, "POWERDOWN", NULL);
		break;
	case MACHINE_EVENT_PANIC:
		control_event(control, "GUEST_PANICKED", panicked(ctx));
		break;
	case MACHINE_EVENT_CRASH_KERNEL:
		control_event(control, "GUEST_CRASHLOADED", json_pack("{s:s}", "action", "run"));
		break;
	case MACHINE_EVENT_DEVICE_REMOVED:
		control_event(control, "DEVICE_DELETED", deleted(event));
		break;
	case MACHINE_EVENT_DEVICE_KEPT:
		control_event(control, "DEVICE_UNPLUG_GUEST_ERROR", deleted(event));
		break;
	case MACHINE_EVENT_CHANNEL_OPENED:
		control_event(control, "VSERPORT_CHANGE",
			      json_pack("{s:s, s:b}", "id", event->device, "open", 1));
		break;
	case MACHINE_EVENT_CHANNEL_CLOSED:
		control_event(control, "VSERPORT_CHANGE",
			      json_pack("{s:s, s:b}", "id", event->device, "open", 0));
		break;
	case MACHINE_EVENT_DEVICE_WANTED:
		control_event(control, "X_TENON_DEVICE", device_event(event, "wanted-back"));
		break;
	case MACHINE_EVENT_DEVICE_ERROR:
		control_event(control, "X_TENON_DEVICE", device_event(event, "error"));
		break;
	case MACHINE_EVENT_DEVICE_LOST:
		control_event(control, "X_TENON_DEVICE", device_event(event, "lost"));
		break;
	}
}

struct machine_listener machine_target_listener(struct machine_target *target)
{
	return (struct machine_listener){.event = on_event, .ctx = target};
}

void machine_target_ended(struct machine_target *target, enum machine_end end, bool failed)
{
	json_t *why = NULL;

	if (failed)
		why = cause(false, "host-error");
	else if (end == MACHINE_POWEROFF)
		why = cause(true, "guest-shutdown");
	else if (end == MACHINE_CRASHED)
		why = cause(true, "guest-panic");
	else
		why = cause(false, target->quit ? "host-qmp-quit" : "host-signal");
	control_event(target->control, "SHUTDOWN", why);
}
