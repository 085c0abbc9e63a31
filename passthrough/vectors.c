/* SPDX-License-Identifier: MIT */
/*
 * The vectors of MSI and MSI-X.
 *
 * A vector comes up in the order route, connection (irqfd), arming (SET_IRQS), and goes down in the
 * reverse, so that a signal always has somewhere to go and a route is never dropped under a live
 * irqfd.
 *
 * A masked vector stays armed and is merely disconnected: what the device signals meanwhile gathers
 * in the eventfd, is what the pending bit shows, and is delivered when the vector is connected
 * again. A guest that masks and unmasks at every interrupt so costs no VFIO call.
 */
#include "function_internal.h"

int pt_vectors_init(struct pt_function *function, struct pt_vectors *vectors, unsigned index,
		    unsigned count, struct pt_error *err)
{
	vectors->index = index;
	vectors->list = pt_alloc(function->sys, count * sizeof(*vectors->list));
	vectors->scratch = pt_alloc(function->sys, count * sizeof(*vectors->scratch));
	if (!vectors->list || !vectors->scratch)
		return pt_no_memory(err, pt_device_name(function->device));
	vectors->count = count;
	for (unsigned i = 0; i < count; i++)
		vectors->list[i].fd = -1;
	return 0;
}

void pt_vectors_done(struct pt_function *function, struct pt_vectors *vectors)
{
	pt_free(function->sys, vectors->list);
	pt_free(function->sys, vectors->scratch);
	vectors->list = NULL;
	vectors->scratch = NULL;
	vectors->count = 0;
}

static void disconnect(struct pt_function *function, struct pt_vectors *vectors, unsigned v)
{
	if (!vectors->list[v].connected)
		return;
	function->ops->vector_disconnect(function->ctx, v, vectors->list[v].fd);
	vectors->list[v].connected = false;
}

/* Stages the route when it is new or the guest has changed the message. */
static bool stage_route(struct pt_function *function, struct pt_vectors *vectors, unsigned v,
			const struct pt_wanted *wanted)
{
	struct pt_vector *vector = &vectors->list[v];
	struct pt_error err = PT_ERROR_INIT;

	if (vector->routed && vector->address == wanted->address && vector->data == wanted->data)
		return false;
	disconnect(function, vectors, v);
	if (function->ops->vector_route(function->ctx, v, wanted->address, wanted->data, &err) <
	    0) {
		pt_report_callback(function, &err);
		return false;
	}
	vector->routed = true;
	vector->address = wanted->address;
	vector->data = wanted->data;
	return true;
}

static void connect(struct pt_function *function, struct pt_vectors *vectors, unsigned v)
{
	struct pt_vector *vector = &vectors->list[v];
	struct pt_error err = PT_ERROR_INIT;

	if (vector->connected || !vector->routed)
		return;
	if (vector->fd < 0) {
		vector->fd = function->sys->eventfd(function->sys->ctx);
		if (vector->fd < 0) {
			pt_error_set(&err, vector->fd, "%s: making an eventfd for vector %u: %s",
				     pt_device_name(function->device), v, strerror(-vector->fd));
			vector->fd = -1;
			pt_report(function, &err);
			return;
		}
	}
	if (function->ops->vector_connect(function->ctx, v, vector->fd, &err) < 0)
		pt_report_callback(function, &err);
	else
		vector->connected = true;
}

/* x86 has several messages of MSI for one device only where interrupts are remapped: arch/x86/kernel/apic/msi.c,
 * x86_init_dev_msi_info(), and before 6.2 native_setup_msi_irqs(). */
static bool one_message_only(const struct pt_function *function, const struct pt_vectors *vectors,
			     unsigned available)
{
	const struct pt_device *device = function->device;
	char path[PT_PATH_SIZE];

	return vectors->index == PT_IRQ_MSI && available == 1 &&
	       pt_host_isolation(device->sys, device->space->setup.backend, path) != PT_ISOLATED;
}

/* Once for each number: a guest can ask as often as it likes. */
static void report_partial(struct pt_function *function, struct pt_vectors *vectors,
			   unsigned available, unsigned asked)
{
	struct pt_error err = PT_ERROR_INIT;

	if (vectors->reported == available)
		return;
	vectors->reported = available;
	pt_error_set(&err, -ENOSPC,
		     "%s: the host has only %u of the %u interrupt vectors that the guest uses",
		     pt_device_name(function->device), available, asked);
	pt_error_remedy(&err, -ENOSPC,
			"give the host more vectors: fewer devices on one CPU, or more CPUs");
	if (one_message_only(function, vectors, available))
		pt_error_remedy(
			&err, -ENOSPC,
			"a host that remaps no interrupts has one for MSI: turn interrupt "
			"remapping on in the firmware, and take intremap=off from the kernel's "
			"command line; without such hardware the device sends all by the first");
	pt_report(function, &err);
}

/* One SET_IRQS for [first, end). Return: as pt_device_irq_set(). */
static int set_block(struct pt_function *function, struct pt_vectors *vectors, unsigned first,
		     unsigned end, struct pt_error *err)
{
	int r;

	for (unsigned v = first; v < end; v++)
		vectors->scratch[v - first] = vectors->list[v].fd;
	r = pt_device_irq_set(function->device, vectors->index, first, end - first,
			      vectors->scratch, err);
	if (r != 0)
		return r;
	for (unsigned v = first; v < end; v++)
		vectors->list[v].armed = vectors->list[v].fd >= 0;
	if (vectors->enabled < end)
		vectors->enabled = end;
	return 0;
}

/*
 * Enables [first, end), or as much of it as the host has vectors for: it says how many when the
 * index is enabled with the block, and ENOSPC when the block is added to others.
 */
static void set_irqs(struct pt_function *function, struct pt_vectors *vectors, unsigned first,
		     unsigned end)
{
	struct pt_error err = PT_ERROR_INIT;
	int r = set_block(function, vectors, first, end, &err);

	if (r > 0) {
		report_partial(function, vectors, (unsigned)r, end);
		vectors->granted = (unsigned)r;
		if ((unsigned)r <= first || (unsigned)r >= end)
			return;
		r = set_block(function, vectors, first, (unsigned)r, &err);
	} else if (r == -ENOSPC) {
		r = 0;
		for (unsigned v = first; v < end && r == 0; v++)
			r = set_block(function, vectors, v, v + 1, &err);
	}
	if (r < 0)
		pt_report(function, &err);
}

static void disarm_all(struct pt_function *function, struct pt_vectors *vectors)
{
	pt_device_irq_disable(function->device, vectors->index);
	vectors->enabled = 0;
	for (unsigned v = 0; v < vectors->count; v++)
		vectors->list[v].armed = false;
}

/*
 * A device whose vectors cannot be added one by one (NORESIZE) is disabled and enabled anew with
 * more. An interrupt that it raised in between is lost, and a lost one can hang a driver where a
 * spurious one does no harm: each vector that was armed before is signalled once.
 */
static void rearm_all(struct pt_function *function, struct pt_vectors *vectors, unsigned end)
{
	const uint64_t one = 1;

	/* Twice as many as before: adding them one by one then costs a constant each, all in all.
	 */
	if (end < 2 * vectors->enabled)
		end = 2 * vectors->enabled;
	if (end > vectors->count)
		end = vectors->count;
	disarm_all(function, vectors);
	set_irqs(function, vectors, 0, end);
	for (unsigned v = 0; v < end; v++) {
		if (vectors->list[v].armed)
			(void)function->sys->write(function->sys->ctx, vectors->list[v].fd, &one,
						   sizeof(one));
	}
}

static bool to_arm(const struct pt_vectors *vectors, unsigned v)
{
	return vectors->list[v].connected && !vectors->list[v].armed;
}

/* How many can be armed at most. What the host did not have it was asked for once, and that was
 * reported; where vectors are added one by one it may have more the next time. */
static unsigned available(const struct pt_vectors *vectors, bool noresize)
{
	return noresize && vectors->granted > 0 ? vectors->granted : vectors->count;
}

/* Arms what is connected and not armed, a run at a time. */
static void arm(struct pt_function *function, struct pt_vectors *vectors, unsigned first,
		unsigned last)
{
	bool noresize = pt_device_irq(function->device, vectors->index)->noresize;
	unsigned end;

	for (unsigned v = first; v <= last && v < available(vectors, noresize); v = end) {
		end = v + 1;
		if (!to_arm(vectors, v))
			continue;
		while (end <= last && end < available(vectors, noresize) && to_arm(vectors, end))
			end++;
		if (noresize && vectors->enabled > 0 && end > vectors->enabled)
			rearm_all(function, vectors, end);
		else if (noresize && vectors->enabled == 0)
			set_irqs(function, vectors, 0,
				 end > vectors->minimum ? end : vectors->minimum);
		else
			set_irqs(function, vectors, v, end);
	}
}

/* Routes that did not become live are staged anew the next time. */
static void forget_routes(struct pt_function *function, struct pt_vectors *vectors, unsigned first,
			  unsigned count)
{
	for (unsigned v = first; v < first + count; v++) {
		if (vectors->list[v].connected || !vectors->list[v].routed)
			continue;
		function->ops->vector_unroute(function->ctx, v);
		vectors->list[v].routed = false;
	}
}

void pt_vectors_sync(struct pt_function *function, struct pt_vectors *vectors, unsigned first,
		     unsigned count)
{
	struct pt_error err = PT_ERROR_INIT;
	struct pt_wanted wanted;
	bool staged = false;

	if (count == 0 || first >= vectors->count)
		return;
	if (count > vectors->count - first)
		count = vectors->count - first;
	for (unsigned v = first; v < first + count; v++) {
		wanted = vectors->wanted(function, v);
		if (wanted.live)
			staged |= stage_route(function, vectors, v, &wanted);
		else
			disconnect(function, vectors, v);
	}
	if (staged && function->ops->vectors_commit(function->ctx, &err) < 0) {
		pt_report_callback(function, &err);
		forget_routes(function, vectors, first, count);
		return;
	}
	for (unsigned v = first; v < first + count; v++) {
		wanted = vectors->wanted(function, v);
		if (wanted.live)
			connect(function, vectors, v);
	}
	arm(function, vectors, first, first + count - 1);
}

/*
 * A device whose guest has enabled MSI-X sees its enable bit set even before a vector is unmasked,
 * since firmware may watch it; and MSI's messages are granted together, before the guest unmasks
 * the first.
 */
void pt_vectors_start(struct pt_function *function, struct pt_vectors *vectors, unsigned minimum)
{
	vectors->minimum = minimum < vectors->count ? minimum : vectors->count;
	pt_vectors_sync(function, vectors, 0, vectors->count);
	if (vectors->enabled == 0)
		set_irqs(function, vectors, 0, vectors->minimum);
}

void pt_vectors_stop(struct pt_function *function, struct pt_vectors *vectors)
{
	struct pt_error err = PT_ERROR_INIT;
	bool unrouted = false;

	disarm_all(function, vectors);
	vectors->granted = 0;
	for (unsigned v = 0; v < vectors->count; v++) {
		struct pt_vector *vector = &vectors->list[v];

		disconnect(function, vectors, v);
		pt_close_fd(function->sys, &vector->fd);
		if (vector->routed) {
			function->ops->vector_unroute(function->ctx, v);
			unrouted = true;
		}
		vector->routed = false;
	}
	if (unrouted && function->ops->vectors_commit(function->ctx, &err) < 0)
		pt_report_callback(function, &err);
}

bool pt_vectors_pending(struct pt_function *function, const struct pt_vectors *vectors, unsigned v)
{
	const struct pt_vector *vector = &vectors->list[v];
	uint64_t count = 0;

	if (vector->fd < 0 || vector->connected)
		return false;
	/* Looking at an eventfd takes its count; put it back. */
	if (function->sys->read(function->sys->ctx, vector->fd, &count, sizeof(count)) !=
	    sizeof(count))
		return false;
	(void)function->sys->write(function->sys->ctx, vector->fd, &count, sizeof(count));
	return count > 0;
}

unsigned pt_vectors_connected(const struct pt_vectors *vectors)
{
	unsigned n = 0;

	for (unsigned v = 0; v < vectors->count; v++)
		n += vectors->list[v].connected && vectors->list[v].armed;
	return n;
}
