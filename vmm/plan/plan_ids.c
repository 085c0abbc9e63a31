/* SPDX-License-Identifier: MIT */
/*
 * What each device is called: as it was asked for, or its kind and the lowest number that is free, in the order in which they
 * were named.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "plan/plan_steps.h"

_Static_assert(PLAN_ID_SIZE == VM_ID_SIZE, "config and plan disagree");

/* @id: in the plan. @what: how messages name the device. */
struct named {
	char *id;
	const char *kind;
	const char *what;
};

struct names {
	struct named list[PLAN_DEVICES_MAX + PLAN_VIRTIO_MAX * (1 + PLAN_CONSOLE_PORTS_MAX)];
	unsigned count;
};

static const struct named *find(const struct names *names, const char *id)
{
	for (unsigned i = 0; i < names->count; i++) {
		if (strcmp(names->list[i].id, id) == 0)
			return &names->list[i];
	}
	return NULL;
}

static void choose(struct names *names, struct named *named)
{
	char id[PLAN_ID_SIZE];
	unsigned number = 0;

	do {
		(void)snprintf(id, sizeof(id), "%s%u", named->kind, number++);
	} while (find(names, id));
	memcpy(named->id, id, sizeof(id));
}

static int check_once(const struct names *names, struct pt_error *err)
{
	for (unsigned i = 0; i < names->count; i++) {
		const struct named *named = &names->list[i], *first;

		first = find(names, named->id);
		if (named->id[0] && first != named)
			return pt_error_remedy(err,
					       pt_error_set(err, -EEXIST,
							    "the id %s is given to %s and to %s",
							    named->id, first->what, named->what),
					       "give each an id of its own, or leave id out");
	}
	return 0;
}

static const char *port_noun(const struct plan_console_port *port)
{
	return port->channel ? "channel" : "console";
}

const char *plan_virtio_noun(const struct plan_virtio *virtio)
{
	const struct plan_console *console = &virtio->console;

	switch (virtio->kind) {
	case PLAN_VIRTIO_DISK:
		return "disk";
	case PLAN_VIRTIO_NET:
		return "net";
	case PLAN_VIRTIO_VSOCK:
		return "vsock";
	case PLAN_VIRTIO_BALLOON:
		return "balloon";
	case PLAN_VIRTIO_CONSOLE:
		/* A device with ports that have ids of their own is their controller. */
		if (console->port_count != 1 || console->ports[0].id[0])
			return "controller";
		return port_noun(&console->ports[0]);
	case PLAN_VIRTIO_RNG:
		break;
	}
	return "rng";
}

static struct named virtio_named(struct plan_virtio *virtio)
{
	const char *noun = plan_virtio_noun(virtio);

	switch (virtio->kind) {
	case PLAN_VIRTIO_DISK:
		return (struct named){virtio->id, noun, virtio->disk.path};
	case PLAN_VIRTIO_NET:
		return (struct named){virtio->id, noun, virtio->net.tap};
	case PLAN_VIRTIO_VSOCK:
		return (struct named){virtio->id, noun, "the sockets to the host"};
	case PLAN_VIRTIO_BALLOON:
		return (struct named){virtio->id, noun, "the memory balloon"};
	case PLAN_VIRTIO_CONSOLE:
		return (struct named){virtio->id, noun, noun};
	case PLAN_VIRTIO_RNG:
		break;
	}
	return (struct named){virtio->id, noun, "the source of random numbers"};
}

/* A port that was given no id is spoken of as its device. */
static void add_ports(struct names *names, struct plan_console *console)
{
	for (unsigned i = 0; i < console->port_count; i++) {
		struct plan_console_port *port = &console->ports[i];

		if (port->id[0])
			names->list[names->count++] =
				(struct named){port->id, port_noun(port), port_noun(port)};
	}
}

int plan_ids(struct vm_plan *plan, struct pt_error *err)
{
	struct names names = {.count = 0};
	int ret;

	for (unsigned i = 0; i < plan->device_count; i++)
		names.list[names.count++] =
			(struct named){plan->devices[i].id, "passthrough", plan->devices[i].bdf};
	for (unsigned i = 0; i < plan->virtio_count; i++)
		names.list[names.count++] = virtio_named(&plan->virtio[i]);
	for (unsigned i = 0; i < plan->virtio_count; i++) {
		if (plan->virtio[i].kind == PLAN_VIRTIO_CONSOLE)
			add_ports(&names, &plan->virtio[i].console);
	}
	ret = check_once(&names, err);
	for (unsigned i = 0; i < names.count && ret == 0; i++) {
		if (!names.list[i].id[0])
			choose(&names, &names.list[i]);
	}
	return ret;
}
