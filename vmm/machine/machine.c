/* SPDX-License-Identifier: MIT */
/*
 * How a machine is built and taken apart.
 *
 * The steps of machine_create() are in the one order that works: KVM is told of a device before the device is bound,
 * memory is mapped for the devices after one of them is attached, so that a failure names the range, and everything that
 * can fail is done before the guest sees anything. Each step's inverse is in machine_destroy(), which goes through them in
 * reverse and takes a machine that was only half built.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "machine/address_space.h"
#include "machine/affinity.h"
#include "machine/machine_private.h"
#include "service.h"

/* 2. A memory slot for each piece of RAM. */
static int add_ram(struct machine *machine, struct pt_error *err)
{
	int r = ram_open(&machine->ram, &machine->plan, err);

	for (unsigned i = 0; i < machine->plan.ram_count && !r; i++) {
		const struct plan_ram *ram = &machine->plan.ram[i];

		r = kvm_memslots_add(&machine->memslots, ram->gpa, ram->size,
				     machine->ram.base + ram->offset, err);
	}
	return r;
}

/* 1 to 3. */
static int create_vm(struct machine *machine, struct pt_error *err)
{
	int r = kvm_open(&machine->kvm, machine->sys, err);

	if (r)
		return r;
	kvm_memslots_init(&machine->memslots, &machine->kvm);
	kvm_routes_init(&machine->routes, &machine->kvm);
	r = kvm_chips_save(&machine->kvm, &machine->chips, err);
	if (!r)
		r = add_ram(machine, err);
	machine->cpus.ports = &machine->ports;
	machine->cpus.memory = &machine->memory;
	machine->cpus.ram = &machine->ram;
	machine->cpus.requests = &machine->requests;
	machine->cpus.timing = machine->options.timing;
	machine->cpus.sandbox = machine->options.sandbox;
	if (!r)
		r = cpus_open(&machine->cpus, &machine->kvm, &machine->plan, err);
	if (!r)
		timing_mark(machine->options.timing, TIMING_KVM);
	return r;
}

static struct assigned_host what_devices_get(struct machine *machine)
{
	return (struct assigned_host){
		.files = machine->sys,
		.kvm = &machine->kvm,
		.memslots = &machine->memslots,
		.routes = &machine->routes,
		.ports = &machine->ports,
		.memory = &machine->memory,
		.memory_end = 1ull << machine->plan.phys_bits,
		.peer_to_peer = machine->plan.peer_to_peer,
	};
}

/* 4. */
static int open_assigned(struct machine *machine, struct pt_error *err)
{
	const struct assigned_host host = what_devices_get(machine);
	unsigned count = machine->plan.device_count;
	int r;

	for (unsigned i = 0; i < count; i++)
		assigned_init(&machine->assigned[i], &host, &machine->plan.devices[i]);
	r = address_space_open(&machine->kvm, &machine->plan, &machine->space, err);
	for (unsigned i = 0; i < count && !r; i++)
		r = assigned_open(&machine->assigned[i], machine->space, err);
	if (!r)
		timing_mark(machine->options.timing, TIMING_OPEN);
	return r;
}

/* 5. */
static int attach_assigned(struct machine *machine, struct pt_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < machine->plan.device_count && !r; i++)
		r = assigned_bind(&machine->assigned[i], err);
	if (!r)
		timing_mark(machine->options.timing, TIMING_BIND);
	for (unsigned i = 0; i < machine->plan.device_count && !r; i++)
		r = assigned_attach(&machine->assigned[i], err);
	if (!r)
		timing_mark(machine->options.timing, TIMING_ATTACH);
	return r;
}

/* 6. Once, whatever the number of devices. */
static int map_ram(struct machine *machine, struct pt_error *err)
{
	int r = address_space_fill(machine->space, &machine->plan, &machine->ram, err);

	if (r)
		return r;
	if (machine->options.timing)
		machine->options.timing->ioas_maps = pt_space_stats(machine->space).maps;
	timing_mark(machine->options.timing, TIMING_MAP);
	return 0;
}

/* 8. */
static int create_functions(struct machine *machine, struct pt_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < machine->plan.device_count && !r; i++)
		r = assigned_create(&machine->assigned[i], err);
	for (unsigned i = 0; i < machine->plan.device_count && !r; i++)
		slots_plug(&machine->slots, &machine->plan.devices[i], &machine->assigned[i]);
	if (!r)
		timing_mark(machine->options.timing, TIMING_FUNCTION);
	return r;
}

/* 9. */
static int load(struct machine *machine, struct pt_error *err)
{
	int r = boot_load(&machine->boot, &machine->ram, err);

	if (!r)
		r = machine_enter_kernel(machine, err);
	if (!r)
		timing_mark(machine->options.timing, TIMING_LOAD);
	return r;
}

/* Its entry in the plan is free from now on. With the last one goes what all were in. */
static void device_left(void *ctx, struct assigned *assigned)
{
	struct machine *machine = ctx;

	machine->plan.devices[assigned - machine->assigned].id[0] = '\0';
	plug_release_space(&machine->plug);
}

static void virtio_left(void *ctx, struct virtio_unit *unit)
{
	struct machine *machine = ctx;

	plug_virtio_left(&machine->plug, unit);
}

/* 10. */
static int listen_to_devices(struct machine *machine, struct pt_error *err)
{
	int r;

	machine->unplug = (struct unplug){
		.plan = &machine->plan,
		.slots = &machine->slots,
		.loop = &machine->loop,
		.requests = &machine->requests,
		.listener = &machine->options.listener,
		.left = device_left,
		.left_virtio = virtio_left,
		.ctx = machine,
	};
	machine->plug = (struct plug){
		.plan = &machine->plan,
		.assigned = machine->assigned,
		.virtio = machine->virtio,
		.gone = &machine->virtio_gone,
		.space = &machine->space,
		.host = what_devices_get(machine),
		.ram = &machine->ram,
		.slots = &machine->slots,
		.unplug = &machine->unplug,
		.loop = &machine->loop,
		.cpus = &machine->cpus,
		.sandbox = machine->options.sandbox,
	};
	r = unplug_open(&machine->unplug, err);
	return r ? r : plug_open(&machine->plug, err);
}

static int build(struct machine *machine, struct pt_error *err)
{
	bool devices = machine->plan.device_count > 0;
	int r = affinity_enter(&machine->plan.emulator_cpus, &machine->cpus.unpinned, err);

	if (r)
		return r;
	/* 0. the kernel and the initrd, looked at before anything else is touched */
	r = boot_open(&machine->boot, &machine->plan, err);
	/* 1. a VM with its interrupt controllers, 2. memory, 3. processors */
	if (!r)
		r = create_vm(machine, err);
	/* 4. one IO address space, and the devices opened in it; KVM is told of each */
	if (!r && devices)
		r = open_assigned(machine, err);
	/* 5. every device bound and attached */
	if (!r && devices)
		r = attach_assigned(machine, err);
	/* 6. the guest's memory in it */
	if (!r && devices)
		r = map_ram(machine, err);
	/* 7. the host bridge, the root ports, the serial line, clock, power and reset */
	if (!r)
		r = machine_add_devices(machine, err);
	/* 8. the functions that the guest sees, in their slots */
	if (!r)
		r = machine_add_virtio(machine, err);
	if (!r && devices)
		r = create_functions(machine, err);
	/* 9. the kernel into memory, and the first processor before its first instruction */
	if (!r)
		r = load(machine, err);
	/* 10. what machine_run() waits with, and what it hears of the devices */
	if (!r)
		r = loop_open(&machine->loop, err);
	if (!r)
		r = listen_to_devices(machine, err);
	return r;
}

int machine_create(const struct pt_sys *sys, const struct vm_plan *plan,
		   const struct machine_options *options, struct machine **ret_machine,
		   struct pt_error *err)
{
	struct machine *machine = calloc(1, sizeof(*machine));
	int r;

	if (!machine)
		return pt_error_set(err, -ENOMEM, "no memory for a machine");
	machine->plan = *plan;
	machine->options = *options;
	machine->paused = plan->starts_paused;
	machine->kvm = (struct kvm)KVM_CLOSED;
	machine->sys = sys;
	machine->ram = (struct ram)RAM_CLOSED;
	machine->boot = (struct boot)BOOT_CLOSED;
	machine->shutdown = (struct shutdown)SHUTDOWN_NONE;
	machine->serial.flush_fd = -1;
	machine->serial.room_fd = -1;
	bus_init(&machine->ports);
	bus_init(&machine->memory);
	r = requests_init(&machine->requests, err);
	if (!r)
		r = build(machine, err);
	if (r) {
		machine_destroy(machine);
		return r;
	}
	*ret_machine = machine;
	return 0;
}

void machine_destroy(struct machine *machine)
{
	if (!machine)
		return;
	cpus_stop(&machine->cpus);
	plug_close(&machine->plug);
	unplug_done(&machine->unplug);
	shutdown_done(machine);
	service_unwatch(machine->options.service);
	loop_done(&machine->loop);
	for (unsigned i = machine->plan.device_count; i-- > 0;)
		assigned_done(&machine->assigned[i]);
	machine_remove_virtio(machine);
	slots_done(&machine->slots);
	serial_done(&machine->serial);
	pt_space_close(machine->space);
	cpus_done(&machine->cpus);
	bus_done(&machine->memory);
	bus_done(&machine->ports);
	kvm_routes_done(&machine->routes);
	kvm_memslots_done(&machine->memslots);
	kvm_done(&machine->kvm);
	ram_done(&machine->ram);
	boot_done(&machine->boot);
	requests_done(&machine->requests);
	free(machine);
}
