/* SPDX-License-Identifier: MIT */
#include "virtio/unit.h"

static int open_device(struct virtio_unit *unit, const struct pt_sys *sys, const struct ram *ram,
		       struct pt_error *err)
{
	switch (unit->plan.kind) {
	case PLAN_VIRTIO_RNG:
		unit->virtio = &unit->rng.virtio;
		virtio_rng_init(&unit->rng);
		return 0;
	case PLAN_VIRTIO_BALLOON:
		unit->virtio = &unit->balloon.virtio;
		virtio_balloon_init(&unit->balloon);
		return 0;
	case PLAN_VIRTIO_DISK:
		unit->virtio = &unit->blk.virtio;
		return virtio_blk_open(&unit->blk, sys, &unit->plan.disk, unit->plan.disk.queues,
				       err);
	case PLAN_VIRTIO_NET:
		unit->virtio = &unit->net.virtio;
		return virtio_net_open(&unit->net, sys, &unit->plan.net, ram, err);
	case PLAN_VIRTIO_VSOCK:
		unit->virtio = &unit->vsock.virtio;
		return virtio_vsock_open(&unit->vsock, sys, &unit->plan.vsock, ram, err);
	case PLAN_VIRTIO_CONSOLE:
		unit->virtio = &unit->console.virtio;
		return virtio_console_open(&unit->console, &unit->plan.console, err);
	}
	return 0;
}

static void close_device(struct virtio_unit *unit)
{
	switch (unit->plan.kind) {
	case PLAN_VIRTIO_RNG:
	case PLAN_VIRTIO_BALLOON:
		break;
	case PLAN_VIRTIO_DISK:
		virtio_blk_done(&unit->blk);
		break;
	case PLAN_VIRTIO_NET:
		virtio_net_done(&unit->net);
		break;
	case PLAN_VIRTIO_VSOCK:
		virtio_vsock_done(&unit->vsock);
		break;
	case PLAN_VIRTIO_CONSOLE:
		virtio_console_done(&unit->console);
		break;
	}
}

int virtio_unit_open(struct virtio_unit *unit, const struct pt_sys *sys,
		     const struct plan_virtio *plan, const struct ram *ram,
		     const struct virtio_pci_host *host, bool held, struct pt_error *err)
{
	int r;

	unit->plan = *plan;
	r = open_device(unit, sys, ram, err);
	if (r)
		return pt_error_prefix(err, r, "%s", plan->id);
	unit->virtio->name = unit->plan.id;
	unit->virtio->ram = ram;
	unit->virtio->transport_ops = &virtio_pci_transport_ops;
	unit->virtio->transport = &unit->pci;
	r = virtio_init(unit->virtio, err);
	unit->virtio->held = held;
	if (!r)
		r = virtio_pci_init(&unit->pci, host, unit->virtio, (uint32_t)plan->bar, err);
	return r;
}

int virtio_unit_watch(struct virtio_unit *unit, struct loop *loop, struct pt_error *err)
{
	int r = virtio_watch(unit->virtio, loop, err);

	if (r)
		return r;
	switch (unit->plan.kind) {
	case PLAN_VIRTIO_DISK:
		virtio_blk_watch(&unit->blk, loop);
		return 0;
	case PLAN_VIRTIO_NET:
		return virtio_net_watch(&unit->net, loop, err);
	case PLAN_VIRTIO_VSOCK:
		return virtio_vsock_watch(&unit->vsock, loop, err);
	case PLAN_VIRTIO_CONSOLE:
		return virtio_console_watch(&unit->console, loop, err);
	case PLAN_VIRTIO_RNG:
	case PLAN_VIRTIO_BALLOON:
		break;
	}
	return 0;
}

void virtio_unit_unwatch(struct virtio_unit *unit, struct loop *loop)
{
	virtio_unwatch(unit->virtio, loop);
	switch (unit->plan.kind) {
	case PLAN_VIRTIO_DISK:
		virtio_blk_unwatch(&unit->blk, loop);
		break;
	case PLAN_VIRTIO_NET:
		virtio_net_unwatch(&unit->net, loop);
		break;
	case PLAN_VIRTIO_VSOCK:
		virtio_vsock_unwatch(&unit->vsock, loop);
		break;
	case PLAN_VIRTIO_CONSOLE:
		virtio_console_unwatch(&unit->console, loop);
		break;
	case PLAN_VIRTIO_RNG:
	case PLAN_VIRTIO_BALLOON:
		break;
	}
}

bool virtio_unit_lingers(const struct virtio_unit *unit)
{
	if (virtio_lingers(unit->virtio))
		return true;
	switch (unit->plan.kind) {
	case PLAN_VIRTIO_DISK:
		return unit->blk.done.waiting;
	case PLAN_VIRTIO_NET:
		return virtio_net_lingers(&unit->net);
	case PLAN_VIRTIO_VSOCK:
		return virtio_vsock_lingers(&unit->vsock);
	case PLAN_VIRTIO_CONSOLE:
		return virtio_console_lingers(&unit->console);
	case PLAN_VIRTIO_RNG:
	case PLAN_VIRTIO_BALLOON:
		break;
	}
	return false;
}

void virtio_unit_done(struct virtio_unit *unit)
{
	if (!unit->virtio)
		return;
	virtio_pci_done(&unit->pci);
	virtio_done(unit->virtio);
	close_device(unit);
}
