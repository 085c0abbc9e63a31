/* SPDX-License-Identifier: MIT */
/*
 * The machine's virtio devices.
 */
#include <errno.h>
#include <stdlib.h>

#include "machine/channels.h"
#include "machine/machine_private.h"

static int open_unit(struct machine *machine, unsigned index, struct pt_error *err)
{
	const struct plan_virtio *plan = &machine->plan.virtio[index];
	const struct virtio_pci_host host = {
		.kvm = &machine->kvm,
		.routes = &machine->routes,
		.memory = &machine->memory,
		.memory_end = 1ull << machine->plan.phys_bits,
		.line = slots_line,
		.ctx = &machine->slots.list[plan->port],
	};
	struct virtio_unit *unit = calloc(1, sizeof(*unit));
	int r;

	if (!unit)
		return pt_error_set(err, -ENOMEM, "%s: out of memory", plan->id);
	machine->virtio[index] = unit;
	r = virtio_unit_open(unit, machine->sys, plan, &machine->ram, &host, false, err);
	if (!r)
		slots_plug_virtio(&machine->slots, unit);
	return r;
}

int machine_add_virtio(struct machine *machine, struct pt_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < machine->plan.virtio_count && !r; i++)
		r = open_unit(machine, i, err);
	return r;
}

int machine_watch_virtio(struct machine *machine, struct pt_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < machine->plan.virtio_count && !r; i++) {
		channels_hear(machine->virtio[i], &machine->options.listener);
		r = virtio_unit_watch(machine->virtio[i], &machine->loop, err);
	}
	return r;
}

void machine_reset_virtio(struct machine *machine)
{
	for (unsigned i = 0; i < PLAN_VIRTIO_MAX; i++) {
		if (machine->virtio[i])
			virtio_pci_reset(&machine->virtio[i]->pci);
	}
}

void machine_remove_virtio(struct machine *machine)
{
	for (unsigned i = PLAN_VIRTIO_MAX; i-- > 0;) {
		if (machine->virtio[i])
			virtio_unit_done(machine->virtio[i]);
		free(machine->virtio[i]);
		machine->virtio[i] = NULL;
	}
	while (machine->virtio_gone) {
		struct virtio_unit *unit = machine->virtio_gone;

		machine->virtio_gone = unit->next;
		free(unit);
	}
}

void machine_disk_info(const struct machine *machine, unsigned index, uint64_t *ret_size,
		       struct blk_stats *ret_stats)
{
	struct virtio_unit *unit =
		machine_has_virtio(machine, index) ? machine->virtio[index] : NULL;

	if (!unit || unit->plan.kind != PLAN_VIRTIO_DISK)
		return;
	*ret_size = unit->blk.image.size;
	*ret_stats = virtio_blk_stats(&unit->blk);
}

const struct console_port *machine_console_port(const struct machine *machine, unsigned index,
						unsigned port)
{
	const struct virtio_console *console = &machine->virtio[index]->console;

	return port < console->port_count ? &console->ports[port] : NULL;
}
