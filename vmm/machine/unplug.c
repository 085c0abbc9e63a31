/* SPDX-License-Identifier: MIT */
#include "machine/unplug.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "report.h"

/* What a person knows the slot's functions by: they leave together. */
static const char *name_of(const struct unplug_slot *slot)
{
	return slot->names[0] ? slot->names : "an empty slot";
}

static void add_name(struct unplug_slot *slot, const char *bdf)
{
	size_t used = strlen(slot->names);

	(void)snprintf(slot->names + used, sizeof(slot->names) - used, "%s%s", used ? ", " : "",
		       bdf);
}

static void tell_of(const struct unplug *unplug, const char *id, const char *host,
		    enum machine_event_kind kind, const char *detail)
{
	const struct machine_listener *listener = unplug->listener;
	const struct machine_event event = {
		.kind = kind,
		.by_guest = kind == MACHINE_EVENT_DEVICE_KEPT,
		.device = id,
		.host = host,
		.detail = detail,
	};

	if (listener && listener->event)
		listener->event(listener->ctx, &event);
}

static void tell(const struct unplug_function *function, enum machine_event_kind kind,
		 const char *detail)
{
	const struct plan_device *device = function->assigned->plan;

	tell_of(function->slot->unplug, device->id, device->bdf, kind, detail);
}

static void take_virtio(const struct unplug *unplug, struct virtio_unit *unit)
{
	virtio_unit_unwatch(unit, unplug->loop);
	virtio_unit_done(unit);
	tell_of(unplug, unit->plan.id, NULL, MACHINE_EVENT_DEVICE_REMOVED, NULL);
	if (unplug->left_virtio)
		unplug->left_virtio(unplug->ctx, unit);
}

/*
 * The link goes down first: the functions are quiet and out of the guest before it hears of it, and nobody can reach them
 * while they are closed, which may take the kernel a while.
 */
static void take(struct unplug_slot *slot)
{
	struct loop *loop = slot->unplug->loop;

	slot->asked = false;
	slot->empty = true;
	slot->shown = false;
	loop_timer_stop(loop, &slot->limit);
	slot_empty(slot->slot);
	for (unsigned i = 0; i < PLAN_FUNCTIONS_MAX; i++) {
		struct unplug_function *function = &slot->functions[i];

		if (!function->assigned)
			continue;
		loop_watch_stop(loop, &function->request);
		loop_watch_stop(loop, &function->error);
		assigned_done(function->assigned);
		tell(function, MACHINE_EVENT_DEVICE_REMOVED, NULL);
		if (slot->unplug->left)
			slot->unplug->left(slot->unplug->ctx, function->assigned);
	}
	if (slot->slot->virtio)
		take_virtio(slot->unplug, slot->slot->virtio);
}

static enum loop_next on_limit(void *ctx)
{
	unplug_limit_over(ctx);
	return LOOP_PAUSE;
}

static int ask(struct unplug_slot *slot, const char *who, struct pt_error *err)
{
	const struct unplug *unplug = slot->unplug;
	unsigned limit = unplug->plan->unplug_limit;
	int r;

	/* A second press would cancel the first. */
	if (slot->asked)
		return pt_error_set(err, -EALREADY, "%s: the guest was asked for it already",
				    name_of(slot));
	if (!slot->shown) {
		take(slot);
		report_note(stderr, "%s: %s; the guest was not told of it, so it is given back",
			    name_of(slot), who);
		return 0;
	}
	if (!slot_held(slot->slot)) {
		take(slot);
		report_note(stderr,
			    "%s: %s; the guest had its slot's power off, so it is given back",
			    name_of(slot), who);
		return 0;
	}
	r = loop_timer_start(unplug->loop, &slot->limit, limit, on_limit, slot, err);
	if (r)
		return pt_error_prefix(err, r, "%s", name_of(slot));
	slot->asked = true;
	if (slot_ask(slot->slot))
		report_note(stderr, "%s: %s; the guest has %u s to let go of it", name_of(slot),
			    who, limit);
	else
		report_note(stderr,
			    "%s: %s; the guest does not listen to its slot's button, and has %u s",
			    name_of(slot), who, limit);
	return 0;
}

int unplug_request(struct unplug *unplug, unsigned slot, struct pt_error *err)
{
	if (slot >= unplug->slots->count || unplug->list[slot].empty)
		return pt_error_set(err, -ENODEV, "the slot is empty");
	return ask(&unplug->list[slot], "asked for", err);
}

void unplug_force(struct unplug *unplug, unsigned slot)
{
	if (slot >= unplug->slots->count || unplug->list[slot].empty)
		return;
	take(&unplug->list[slot]);
	report_note(stderr, "%s: taken from the guest", name_of(&unplug->list[slot]));
}

static bool lost(const struct unplug_slot *slot)
{
	bool lost = false;

	for (unsigned i = 0; i < PLAN_FUNCTIONS_MAX && !lost; i++)
		lost = slot->functions[i].assigned && assigned_gone(slot->functions[i].assigned);
	return lost;
}

void unplug_reset(struct unplug *unplug)
{
	for (unsigned i = 0; i < unplug->slots->count; i++) {
		struct unplug_slot *slot = &unplug->list[i];
		const char *why =
			slot->asked ? "the guest restarts; given back" : "it is gone from the host";

		if (slot->empty || (!slot->asked && !lost(slot)))
			continue;
		take(slot);
		report_note(stderr, "%s: %s", name_of(slot), why);
	}
}

void unplug_power_changed(struct unplug_slot *slot)
{
	if (!slot->asked || slot_held(slot->slot))
		return;
	take(slot);
	report_note(stderr, "%s: the guest let go of it; given back", name_of(slot));
}

void unplug_limit_over(struct unplug_slot *slot)
{
	if (!slot->asked)
		return;
	for (unsigned i = 0; i < PLAN_FUNCTIONS_MAX; i++) {
		if (slot->functions[i].assigned)
			tell(&slot->functions[i], MACHINE_EVENT_DEVICE_KEPT, NULL);
	}
	if (slot->slot->virtio)
		tell_of(slot->unplug, slot->slot->virtio->plan.id, NULL, MACHINE_EVENT_DEVICE_KEPT,
			NULL);
	take(slot);
	report_note(stderr, "%s: the guest did not let go of it in %u s; taken from it",
		    name_of(slot), slot->unplug->plan->unplug_limit);
}

/* A reset of the bus that the slot's functions share is as impossible as one of the function that the host holds. */
static void wanted_back(struct unplug_slot *slot)
{
	for (unsigned i = 0; i < PLAN_FUNCTIONS_MAX; i++) {
		if (slot->functions[i].assigned)
			assigned_wanted_back(slot->functions[i].assigned);
	}
}

/* The host asks again every 10 s (vfio_unregister_group_dev), so what was said once is not said again. */
static void host_wants(struct unplug_slot *slot, const char *name)
{
	struct unplug *unplug = slot->unplug;
	struct pt_error err = PT_ERROR_INIT;
	bool again = slot->wanted;

	slot->wanted = true;
	switch (unplug->plan->on_host_request) {
	case PLAN_HOST_REQUEST_UNPLUG:
		if (!slot->asked && ask(slot, "the host wants it back", &err)) {
			report_error(&err, stderr);
			take(slot);
		}
		break;
	case PLAN_HOST_REQUEST_STOP:
		if (!again)
			report_note(stderr, "%s: the host wants it back; the guest is to end",
				    name);
		requests_post(unplug->requests, REQUEST_SHUT_DOWN);
		break;
	case PLAN_HOST_REQUEST_IGNORE:
		if (!again)
			report_note(stderr,
				    "%s: the host wants it back, and waits until the guest ends",
				    name);
		break;
	}
}

void unplug_asked_by_host(struct unplug_function *function)
{
	struct unplug_slot *slot = function->slot;
	bool suspected;

	if (slot->empty)
		return;
	suspected = assigned_suspected(function->assigned);
	if (assigned_gone(function->assigned)) {
		wanted_back(slot);
		tell(function, MACHINE_EVENT_DEVICE_LOST, NULL);
		take(slot);
		report_note(stderr, "%s: it is gone from the host; taken from the guest",
			    function->assigned->plan->bdf);
		return;
	}
	/* Should the host have asked as well: it asks again. */
	if (suspected)
		return;
	wanted_back(slot);
	tell(function, MACHINE_EVENT_DEVICE_WANTED, NULL);
	host_wants(slot, function->assigned->plan->bdf);
}

void unplug_device_error(struct unplug_function *function)
{
	struct unplug *unplug = function->slot->unplug;
	const char *name = function->assigned->plan->bdf;
	struct pt_error what = PT_ERROR_INIT;
	struct pt_device_health health = {0};

	if (function->slot->empty)
		return;
	(void)assigned_health(function->assigned, &health);
	pt_error_set(&what, -EIO, "%s: it reported an error that cannot be corrected%s%s%s", name,
		     *health.aer ? " (AER has counted " : "", health.aer, *health.aer ? ")" : "");
	tell(function, MACHINE_EVENT_DEVICE_ERROR, *health.aer ? health.aer : NULL);
	switch (unplug->plan->on_device_error) {
	case PLAN_DEVICE_ERROR_REPORT:
		report_error(&what, stderr);
		break;
	case PLAN_DEVICE_ERROR_STOP:
		requests_fail(unplug->requests, &what);
		break;
	case PLAN_DEVICE_ERROR_REMOVE:
		report_error(&what, stderr);
		take(function->slot);
		report_note(stderr, "%s: taken from the guest", name_of(function->slot));
		break;
	}
}

static void drain(int fd)
{
	uint64_t count;

	(void)!read(fd, &count, sizeof(count));
}

static enum loop_next on_power(void *ctx)
{
	struct unplug_slot *slot = ctx;

	drain(slot->power.fd);
	unplug_power_changed(slot);
	return LOOP_AGAIN;
}

static enum loop_next on_request(void *ctx)
{
	struct unplug_function *function = ctx;

	drain(function->request.fd);
	unplug_asked_by_host(function);
	return LOOP_AGAIN;
}

static enum loop_next on_error(void *ctx)
{
	struct unplug_function *function = ctx;

	drain(function->error.fd);
	unplug_device_error(function);
	return LOOP_AGAIN;
}

static void hear(struct unplug_slot *slot, unsigned index, struct assigned *assigned)
{
	slot->functions[index] = (struct unplug_function){
		.slot = slot,
		.assigned = assigned,
		.request = {.fd = assigned->request_fd, .ready = on_request},
		.error = {.fd = assigned->error_fd, .ready = on_error},
	};
	slot->functions[index].request.ctx = &slot->functions[index];
	slot->functions[index].error.ctx = &slot->functions[index];
	slot->empty = false;
	slot->shown = slot->shown || index == 0;
	add_name(slot, assigned->plan->bdf);
}

static int open_function(struct unplug_slot *slot, unsigned index, struct pt_error *err)
{
	struct assigned *assigned = slot->slot->functions[index];
	int r = assigned ? assigned_listen(assigned, err) : 0;

	if (assigned && !r)
		hear(slot, index, assigned);
	return r;
}

int unplug_open(struct unplug *unplug, struct pt_error *err)
{
	unsigned count = unplug->slots->count;
	int r = 0;

	if (!count)
		return 0;
	unplug->list = calloc(count, sizeof(*unplug->list));
	if (!unplug->list)
		return pt_error_set(err, -ENOMEM, "no memory for %u slots", count);
	for (unsigned i = 0; i < count; i++) {
		struct unplug_slot *slot = &unplug->list[i];

		slot->unplug = unplug;
		slot->slot = &unplug->slots->list[i];
		slot->empty = true;
		slot->limit = (struct loop_timer)LOOP_TIMER_CLOSED;
		slot->power = (struct loop_watch){
			.fd = slot->slot->power_fd, .ready = on_power, .ctx = slot};
		for (unsigned j = 0; j < PLAN_FUNCTIONS_MAX && !r; j++)
			r = open_function(slot, j, err);
		if (slot->slot->virtio) {
			add_name(slot, slot->slot->virtio->plan.id);
			slot->empty = false;
			slot->shown = true;
		}
	}
	return r;
}

void unplug_done(struct unplug *unplug)
{
	for (unsigned i = 0; unplug->list && i < unplug->slots->count; i++)
		loop_timer_stop(unplug->loop, &unplug->list[i].limit);
	free(unplug->list);
	unplug->list = NULL;
}

static int start(struct unplug *unplug, struct loop_watch *watch, struct pt_error *err)
{
	return watch->fd < 0 ? 0 : loop_watch_start(unplug->loop, watch, err);
}

static int watch_slot(struct unplug_slot *slot, struct pt_error *err)
{
	int r = start(slot->unplug, &slot->power, err);

	for (unsigned i = 0; i < PLAN_FUNCTIONS_MAX && !r; i++) {
		struct unplug_function *function = &slot->functions[i];

		if (!function->assigned)
			continue;
		r = start(slot->unplug, &function->request, err);
		if (!r)
			r = start(slot->unplug, &function->error, err);
	}
	return r;
}

bool unplug_lingers(const struct unplug *unplug, unsigned index)
{
	const struct unplug_slot *slot = &unplug->list[index];
	bool waiting = slot->limit.watch.waiting;

	if (!slot->empty)
		return false;
	for (unsigned i = 0; i < PLAN_FUNCTIONS_MAX && !waiting; i++)
		waiting = slot->functions[i].request.waiting || slot->functions[i].error.waiting;
	return waiting;
}

/* The slot as if nothing had ever been in it, but for what waits there for function 0. */
static int enter(struct unplug *unplug, unsigned index, const char *name, struct pt_error *err)
{
	struct unplug_slot *slot = &unplug->list[index];

	if (!slot->empty)
		return 0;
	if (unplug_lingers(unplug, index))
		return pt_error_remedy(err,
				       pt_error_set(err, -EBUSY,
						    "%s: what was in its slot is still leaving",
						    name),
				       "try again");
	memset(slot->functions, 0, sizeof(slot->functions));
	slot->limit = (struct loop_timer)LOOP_TIMER_CLOSED;
	slot->names[0] = '\0';
	slot->wanted = false;
	return 0;
}

/* It does not come after all. */
static void forget(struct unplug_slot *slot, struct unplug_function *function)
{
	function->assigned = NULL;
	slot->empty = true;
	slot->shown = false;
	for (unsigned i = 0; i < PLAN_FUNCTIONS_MAX; i++)
		slot->empty = slot->empty && !slot->functions[i].assigned;
}

int unplug_enter(struct unplug *unplug, unsigned index, struct assigned *assigned,
		 struct pt_error *err)
{
	struct unplug_slot *slot = &unplug->list[index];
	struct unplug_function *function = &slot->functions[assigned->plan->function];
	int r = enter(unplug, index, assigned->plan->bdf, err);

	if (r)
		return r;
	hear(slot, assigned->plan->function, assigned);
	r = start(unplug, &function->request, err);
	if (!r)
		r = start(unplug, &function->error, err);
	if (r) {
		loop_watch_stop(unplug->loop, &function->request);
		forget(slot, function);
	}
	return r;
}

int unplug_enter_virtio(struct unplug *unplug, unsigned index, const char *id, struct pt_error *err)
{
	struct unplug_slot *slot = &unplug->list[index];
	int r = enter(unplug, index, id, err);

	if (r)
		return r;
	add_name(slot, id);
	slot->empty = false;
	slot->shown = true;
	return 0;
}

int unplug_watch(struct unplug *unplug, struct pt_error *err)
{
	int r = 0;

	for (unsigned i = 0; i < unplug->slots->count && !r; i++)
		r = watch_slot(&unplug->list[i], err);
	return r;
}
