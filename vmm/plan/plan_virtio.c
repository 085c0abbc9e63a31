/* SPDX-License-Identifier: MIT */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/plan_steps.h"

_Static_assert(PLAN_NET_PAIRS_MAX == VM_NET_QUEUES_MAX, "config and plan disagree");
_Static_assert((int)PLAN_VHOST_AUTO == (int)VM_VHOST_AUTO &&
		       (int)PLAN_VHOST_ON == (int)VM_VHOST_ON &&
		       (int)PLAN_VHOST_OFF == (int)VM_VHOST_OFF,
	       "config and plan disagree");
_Static_assert(PLAN_SERIAL_SIZE == VM_DISK_SERIAL_MAX + 1, "config and plan disagree");
_Static_assert((int)PLAN_CONSOLE_PTY == (int)VM_CONSOLE_PTY &&
		       (int)PLAN_CONSOLE_STDIO == (int)VM_CONSOLE_STDIO &&
		       (int)PLAN_CONSOLE_SOCKET == (int)VM_CONSOLE_SOCKET &&
		       (int)PLAN_CONSOLE_FILE == (int)VM_CONSOLE_FILE &&
		       (int)PLAN_CONSOLE_NONE == (int)VM_CONSOLE_NONE &&
		       PLAN_CHANNEL_NAME_SIZE == VM_CHANNEL_NAME_SIZE &&
		       PLAN_CONSOLE_NUMBER_MAX == VM_CONTROLLER_PORTS_MAX - 1,
	       "config and plan disagree");

#define QUEUES_MAX 16u /* more than that share nothing that would be worth it */

/* Return: NULL when there is no room. */
static struct plan_virtio *next(struct vm_plan *plan, enum plan_virtio_kind kind, const char *id,
				unsigned slot, struct pt_error *err)
{
	struct plan_virtio *virtio = &plan->virtio[plan->virtio_count];

	if (plan->virtio_count == PLAN_VIRTIO_MAX) {
		(void)pt_error_set(err, -E2BIG, "more than %d virtio devices", PLAN_VIRTIO_MAX);
		return NULL;
	}
	plan->virtio_count++;
	*virtio = (struct plan_virtio){.kind = kind, .slot = slot};
	(void)snprintf(virtio->id, sizeof(virtio->id), "%s", id ? id : "");
	return virtio;
}

static int plan_disk(const struct vm_config_disk *config, struct vm_plan *plan,
		     struct pt_error *err)
{
	struct plan_virtio *virtio = next(plan, PLAN_VIRTIO_DISK, config->id, config->slot, err);
	struct plan_disk *disk;

	if (!virtio)
		return -E2BIG;
	disk = &virtio->disk;
	if (strlen(config->path) >= sizeof(disk->path))
		return pt_error_set(err, -ENAMETOOLONG, "disk %s: the path is too long",
				    config->path);
	(void)snprintf(disk->path, sizeof(disk->path), "%s", config->path);
	(void)snprintf(disk->serial, sizeof(disk->serial), "%s",
		       config->serial ? config->serial : "");
	disk->readonly = config->readonly;
	disk->direct = config->direct;
	disk->queues = plan->cpus < QUEUES_MAX ? plan->cpus : QUEUES_MAX;
	return 0;
}

/*
 * An address of the kind that is not given out by anybody (IEEE 802, locally administered), the same each time, and another one
 * for each guest and tap device: FNV-1a of their names.
 */
static void default_mac(const struct vm_plan *plan, const char *tap, uint8_t *mac)
{
	const char *const names[] = {plan->name, "/", tap};
	uint64_t hash = 0xcbf29ce484222325u;

	for (size_t i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		for (const char *c = names[i]; *c; c++)
			hash = (hash ^ (unsigned char)*c) * 0x100000001b3u;
	}
	for (unsigned i = 0; i < 6; i++)
		mac[i] = (uint8_t)(hash >> 8 * i);
	mac[0] = (uint8_t)((mac[0] & ~1u) | 2u);
}

static int plan_net(const struct vm_config_net *config, struct vm_plan *plan, struct pt_error *err)
{
	struct plan_virtio *virtio = next(plan, PLAN_VIRTIO_NET, config->id, config->slot, err);
	struct plan_net *net;

	if (!virtio)
		return -E2BIG;
	net = &virtio->net;
	(void)snprintf(net->tap, sizeof(net->tap), "%s", config->tap);
	if (config->has_mac)
		memcpy(net->mac, config->mac, sizeof(net->mac));
	else
		default_mac(plan, net->tap, net->mac);
	net->mtu = config->mtu;
	net->pairs = config->queues ? config->queues : 1;
	net->vhost = (enum plan_vhost)config->vhost;
	memcpy(net->fds, config->fds, sizeof(net->fds));
	memcpy(net->vhost_fds, config->vhost_fds, sizeof(net->vhost_fds));
	return 0;
}

static int plan_port(const struct vm_config_console *config, struct plan_console *console,
		     struct pt_error *err)
{
	struct plan_console_port *port = &console->ports[console->port_count];

	if (console->port_count == PLAN_CONSOLE_PORTS_MAX)
		return pt_error_remedy(err,
				       pt_error_set(err, -E2BIG, "%s: more than %d ports",
						    config->controller, PLAN_CONSOLE_PORTS_MAX),
				       "divide them among controllers");
	*port = (struct plan_console_port){
		.number = config->controller ? config->number : config->channel,
		.channel = config->channel,
		.kind = (enum plan_console_kind)config->where,
		.fd = config->fd,
	};
	if (config->path && strlen(config->path) >= sizeof(port->path))
		return pt_error_remedy(err,
				       pt_error_set(err, -ENAMETOOLONG,
						    "%s %s: longer than %zu characters",
						    config->channel ? "channel" : "console",
						    config->path, sizeof(port->path) - 1),
				       "choose a shorter path");
	(void)snprintf(port->path, sizeof(port->path), "%s", config->path ? config->path : "");
	(void)snprintf(port->name, sizeof(port->name), "%s", config->name ? config->name : "");
	(void)snprintf(port->label, sizeof(port->label), "%s", config->label ? config->label : "");
	if (config->controller)
		(void)snprintf(port->id, sizeof(port->id), "%s", config->id ? config->id : "");
	console->port_count++;
	return 0;
}

/* What is a device of its own: a console is port 0 of it, which every driver knows, a channel port 1. */
static int plan_console(const struct vm_config_console *config, struct vm_plan *plan,
			struct pt_error *err)
{
	struct plan_virtio *virtio;

	if (config->controller)
		return 0;
	virtio = next(plan, PLAN_VIRTIO_CONSOLE, config->id, config->slot, err);
	return virtio ? plan_port(config, &virtio->console, err) : -E2BIG;
}

static int plan_controller(const struct vm_config *config,
			   const struct vm_config_controller *controller, struct vm_plan *plan,
			   struct pt_error *err)
{
	struct plan_virtio *virtio =
		next(plan, PLAN_VIRTIO_CONSOLE, controller->id, controller->slot, err);
	int ret = virtio ? 0 : -E2BIG;

	for (size_t i = 0; i < config->console_count && ret == 0; i++) {
		const struct vm_config_console *console = &config->consoles[i];

		if (console->controller && controller->id &&
		    strcmp(console->controller, controller->id) == 0)
			ret = plan_port(console, &virtio->console, err);
	}
	return ret;
}

/* One reads what is typed. */
static int check_terminal(const struct vm_config *config, struct pt_error *err)
{
	for (size_t i = 0; i < config->console_count; i++) {
		if (config->serial == SERIAL_STDIO && config->consoles[i].where == VM_CONSOLE_STDIO)
			return pt_error_remedy(
				err,
				pt_error_set(
					err, -EBUSY,
					"standard input and output are the serial line's and a "
					"console's"),
				"--serial none, or --console pty");
	}
	return 0;
}

int plan_virtio(const struct vm_config *config, struct vm_plan *plan, struct pt_error *err)
{
	struct plan_virtio *virtio;
	int ret = check_terminal(config, err);

	for (size_t i = 0; i < config->disk_count && ret == 0; i++)
		ret = plan_disk(&config->disks[i], plan, err);
	for (size_t i = 0; i < config->net_count && ret == 0; i++)
		ret = plan_net(&config->nets[i], plan, err);
	for (size_t i = 0; i < config->console_count && ret == 0; i++)
		ret = plan_console(&config->consoles[i], plan, err);
	for (size_t i = 0; i < config->controller_count && ret == 0; i++)
		ret = plan_controller(config, &config->controllers[i], plan, err);
	if (ret == 0 && config->has_rng &&
	    !next(plan, PLAN_VIRTIO_RNG, config->rng.id, config->rng.slot, err))
		ret = -E2BIG;
	if (ret == 0 && config->has_balloon &&
	    !next(plan, PLAN_VIRTIO_BALLOON, config->balloon.id, config->balloon.slot, err))
		ret = -E2BIG;
	if (ret == 0 && config->has_vsock) {
		virtio = next(plan, PLAN_VIRTIO_VSOCK, config->vsock.id, config->vsock.slot, err);
		if (!virtio)
			return -E2BIG;
		virtio->vsock.cid = config->vsock.cid;
		virtio->vsock.fd = config->vsock.fd;
	}
	return ret;
}
