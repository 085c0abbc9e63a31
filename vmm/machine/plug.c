/* SPDX-License-Identifier: MIT */
#include "machine/plug.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/prctl.h>
#include <unistd.h>

#include "machine/address_space.h"
#include "machine/channels.h"
#include "report.h"
#include "sandbox/sandbox.h"
#include "thread_signals.h"

#define TURNS_MAX 1000

/* The device that comes is not in its slot yet, so that nobody else uses it. */
static int bring(struct plug *plug, struct pt_space *space, bool fresh, struct pt_error *err)
{
	struct assigned *assigned = &plug->assigned[plug->index];
	const struct pt_sys *sys = plug->host.kvm->sys;
	int r = assigned_open(assigned, space, err);

	if (r && assigned->plan->fd)
		(void)sys->close(sys->ctx, assigned->plan->fd);
	if (!r)
		r = assigned_bind(assigned, err);
	if (!r)
		r = assigned_attach(assigned, err);
	if (!r && fresh)
		r = address_space_fill(space, plug->plan, plug->ram, err);
	if (!r)
		r = assigned_create(assigned, err);
	if (!r)
		r = assigned_listen(assigned, err);
	if (r)
		assigned_done(assigned);
	return r;
}

static int bring_into_space(struct plug *plug, struct pt_error *err)
{
	struct pt_space *space = *plug->space;
	int r = 0;

	if (!space) {
		/* What was there before may be the same descriptor's. */
		space_closer_wait(&plug->closer);
		r = address_space_open(plug->host.kvm, plug->plan, &plug->fresh, err);
		space = plug->fresh;
	}
	if (!r)
		r = bring(plug, space, plug->fresh != NULL, err);
	if (r) {
		pt_space_close(plug->fresh);
		plug->fresh = NULL;
	}
	return r;
}

static void signal_ready(struct plug *plug)
{
	const uint64_t one = 1;

	(void)!write(plug->ready.fd, &one, sizeof(one));
}

/* It has nothing but its slot, so that what is wired to the passed-through ones serves it too. */
static int bring_virtio(struct plug *plug, struct pt_error *err)
{
	const struct plan_virtio *plan = &plug->plan->virtio[plug->index];
	const struct virtio_pci_host host = {
		.kvm = plug->host.kvm,
		.routes = plug->host.routes,
		.memory = plug->host.memory,
		.memory_end = plug->host.memory_end,
		.line = slots_line,
		.ctx = &plug->slots->list[plan->port],
	};

	return virtio_unit_open(plug->unit, plug->host.files, plan, plug->ram, &host, true, err);
}

static void *thread_main(void *arg)
{
	struct plug *plug = arg;

	(void)prctl(PR_SET_NAME, "plug");
	plug->result = sandbox_thread(plug->sandbox, SANDBOX_WORKER, &plug->error);
	if (!plug->result)
		plug->result = plug->unit ? bring_virtio(plug, &plug->error)
					  : bring_into_space(plug, &plug->error);
	signal_ready(plug);
	return NULL;
}

static unsigned port_of(const struct plug *plug)
{
	return plug->unit ? plug->plan->virtio[plug->index].port
			  : plug->plan->devices[plug->index].port;
}

/* A device may have left the slot a moment ago, and the loop have some more turns to do for it. */
static enum loop_next on_ready(void *ctx)
{
	struct plug *plug = ctx;
	uint64_t count;

	(void)!read(plug->ready.fd, &count, sizeof(count));
	if (unplug_lingers(plug->unplug, port_of(plug)) && plug->turns++ < TURNS_MAX)
		signal_ready(plug);
	else
		plug_ready(plug);
	return LOOP_AGAIN;
}

int plug_open(struct plug *plug, struct pt_error *err)
{
	plug->ready = (struct loop_watch){
		.fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK), .ready = on_ready, .ctx = plug};
	return plug->ready.fd < 0 ? pt_error_set(err, -errno, "no eventfd: %m")
				  : space_closer_open(&plug->closer, err);
}

void plug_close(struct plug *plug)
{
	if (!plug->plan)
		return;
	if (plug->busy)
		(void)pthread_join(plug->thread, NULL);
	plug->busy = false;
	if (plug->unit)
		virtio_unit_done(plug->unit);
	free(plug->unit);
	plug->unit = NULL;
	/* The device that came so far is closed before its space. */
	if (plug->fresh) {
		assigned_done(&plug->assigned[plug->index]);
		pt_space_close(plug->fresh);
	}
	space_closer_done(&plug->closer);
	if (plug->ready.fd >= 0)
		(void)close(plug->ready.fd);
	plug->plan = NULL;
}

int plug_watch(struct plug *plug, struct pt_error *err)
{
	int r = loop_watch_start(plug->loop, &plug->ready, err);

	return r ? r : space_closer_watch(&plug->closer, plug->loop, err);
}

/* An entry that a device has left, or one more. */
static int find_entry(const struct plug *plug, unsigned *ret_index, struct pt_error *err)
{
	unsigned i = 0;

	while (i < plug->plan->device_count && plug->plan->devices[i].id[0])
		i++;
	if (i == PLAN_DEVICES_MAX)
		return pt_error_set(err, -E2BIG, "the guest has %d devices, and room for no more",
				    PLAN_DEVICES_MAX);
	*ret_index = i;
	return 0;
}

static unsigned peers(const struct plug *plug)
{
	unsigned count = 0;

	for (unsigned i = 0; i < plug->plan->device_count; i++)
		count += plug->plan->devices[i].id[0] != '\0';
	return count;
}

void plug_release_space(struct plug *plug)
{
	if (!*plug->space || peers(plug))
		return;
	space_closer_take(&plug->closer, *plug->space);
	*plug->space = NULL;
}

/* Those of which the loop has let go. No vCPU is on its way to them. */
static void free_gone(struct plug *plug)
{
	struct virtio_unit **at = plug->gone;

	while (*at) {
		struct virtio_unit *unit = *at;

		slots_forget_virtio(plug->slots, unit);
		if (virtio_unit_lingers(unit)) {
			at = &unit->next;
			continue;
		}
		*at = unit->next;
		free(unit);
	}
}

/* Other functions of a device that comes may be there. */
static bool has_devices(const struct plug *plug, unsigned port)
{
	for (unsigned i = 0; i < plug->plan->device_count; i++) {
		const struct plan_device *device = &plug->plan->devices[i];

		if (device->id[0] && device->port == port)
			return true;
	}
	return false;
}

/* What of the slot was another device's is nobody's after this. Return: whether the vCPUs are to be resumed. */
static bool begin_change(struct plug *plug, unsigned port)
{
	bool running = cpus_running(plug->cpus);

	cpus_park(plug->cpus);
	if (plug->gone)
		free_gone(plug);
	if (!has_devices(plug, port))
		slots_clear(plug->slots, port);
	return running;
}

/* And of the entry. */
static void take_entry(struct plug *plug, unsigned index, const struct plan_device *device)
{
	bool running = begin_change(plug, device->port);
	struct assigned_host host = plug->host;

	slots_forget(plug->slots, &plug->assigned[index]);
	plug->plan->devices[index] = *device;
	if (!*plug->space)
		plug->plan->backend = device->backend;
	if (index == plug->plan->device_count)
		plug->plan->device_count++;
	host.peer_to_peer = plug->plan->peers_wanted && peers(plug) > 1;
	assigned_init(&plug->assigned[index], &host, &plug->plan->devices[index]);
	if (running)
		cpus_resume(plug->cpus);
	plug->index = index;
}

/* vCPUs' signals and those that end the program are not for this thread. */
static int start_thread(struct plug *plug, struct pt_error *err)
{
	sigset_t before;
	int r;

	thread_signals_block(&before);
	r = pthread_create(&plug->thread, NULL, thread_main, plug);
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	return r ? pt_error_set(err, -r, "no thread for a device that comes: %s", strerror(r)) : 0;
}

static int check_idle(const struct plug *plug, const char *name, struct pt_error *err)
{
	if (!plug->busy)
		return 0;
	return pt_error_remedy(err, pt_error_set(err, -EBUSY, "%s: another device is coming", name),
			       "try again when it is there");
}

static int begin(struct plug *plug, plug_done_fn *done, void *ctx, struct pt_error *err)
{
	int r;

	plug->done = done;
	plug->ctx = ctx;
	plug->turns = 0;
	plug->error = (struct pt_error)PT_ERROR_INIT;
	r = start_thread(plug, err);
	plug->busy = !r;
	return r;
}

int plug_start(struct plug *plug, const struct plan_device *device, plug_done_fn *done, void *ctx,
	       struct pt_error *err)
{
	unsigned index = 0;
	int r = check_idle(plug, device->bdf, err);

	if (!r)
		r = find_entry(plug, &index, err);
	if (r)
		return r;
	take_entry(plug, index, device);
	r = begin(plug, done, ctx, err);
	if (r)
		plug->plan->devices[index].id[0] = '\0';
	return r;
}

static int find_virtio_entry(const struct plug *plug, unsigned *ret_index, struct pt_error *err)
{
	unsigned i = 0;

	while (i < plug->plan->virtio_count && plug->plan->virtio[i].id[0])
		i++;
	if (i == PLAN_VIRTIO_MAX)
		return pt_error_set(err, -E2BIG,
				    "the guest has %d virtio devices, and room for no more",
				    PLAN_VIRTIO_MAX);
	*ret_index = i;
	return 0;
}

int plug_start_virtio(struct plug *plug, const struct plan_virtio *device, plug_done_fn *done,
		      void *ctx, struct pt_error *err)
{
	unsigned index = 0;
	int r = check_idle(plug, device->id, err);

	if (!r)
		r = find_virtio_entry(plug, &index, err);
	if (r)
		return r;
	plug->unit = calloc(1, sizeof(*plug->unit));
	if (!plug->unit)
		return pt_error_set(err, -ENOMEM, "%s: out of memory", device->id);
	if (begin_change(plug, device->port))
		cpus_resume(plug->cpus);
	plug->plan->virtio[index] = *device;
	if (index == plug->plan->virtio_count)
		plug->plan->virtio_count++;
	plug->index = index;
	r = begin(plug, done, ctx, err);
	if (!r)
		return 0;
	plug->plan->virtio[index].id[0] = '\0';
	free(plug->unit);
	plug->unit = NULL;
	return r;
}

void plug_virtio_left(struct plug *plug, struct virtio_unit *unit)
{
	for (unsigned i = 0; i < plug->plan->virtio_count; i++) {
		if (plug->virtio[i] != unit)
			continue;
		plug->virtio[i] = NULL;
		plug->plan->virtio[i].id[0] = '\0';
	}
	unit->next = *plug->gone;
	*plug->gone = unit;
}

/* Those that were alone so far. */
static void make_peers(struct plug *plug)
{
	if (!plug->plan->peers_wanted || peers(plug) < 2)
		return;
	plug->plan->peer_to_peer = 1;
	for (unsigned i = 0; i < plug->plan->device_count; i++) {
		if (plug->plan->devices[i].id[0])
			assigned_make_peer(&plug->assigned[i]);
	}
}

static int put_in_slot(struct plug *plug, struct pt_error *err)
{
	struct assigned *assigned = &plug->assigned[plug->index];
	const struct plan_device *device = assigned->plan;
	int r = unplug_enter(plug->unplug, device->port, assigned, err);

	if (r)
		return r;
	make_peers(plug);
	slots_insert(plug->slots, device, assigned);
	if (device->function)
		report_note(stderr, "%s: waits in slot %u for the device's function 0", device->bdf,
			    plug->plan->ports[device->port].slot);
	else
		report_note(stderr, "%s: in slot %u of the guest", device->bdf,
			    plug->plan->ports[device->port].slot);
	return 0;
}

bool plug_brings(const struct plug *plug, unsigned index)
{
	return plug->busy && !plug->unit && plug->index == index;
}

static int put_virtio_in_slot(struct plug *plug, struct pt_error *err)
{
	struct virtio_unit *unit = plug->unit;
	unsigned port = unit->plan.port;
	int r;

	channels_hear(unit, plug->unplug->listener);
	r = virtio_unit_watch(unit, plug->loop, err);
	if (!r)
		r = unplug_enter_virtio(plug->unplug, port, unit->plan.id, err);
	if (r)
		return r;
	plug->virtio[plug->index] = unit;
	slots_insert_virtio(plug->slots, unit);
	report_note(stderr, "%s: in slot %u of the guest", unit->plan.id,
		    plug->plan->ports[port].slot);
	return 0;
}

/* One that does not come is freed with those that left: the loop may have some of it. */
static void virtio_ready(struct plug *plug)
{
	struct virtio_unit *unit = plug->unit;
	int r = plug->result;

	if (!r)
		r = put_virtio_in_slot(plug, &plug->error);
	plug->unit = NULL;
	if (r) {
		if (unit->virtio)
			virtio_unit_unwatch(unit, plug->loop);
		virtio_unit_done(unit);
		plug->plan->virtio[plug->index].id[0] = '\0';
		plug_virtio_left(plug, unit);
	}
	plug->done(plug->ctx, r ? &plug->error : NULL);
}

void plug_ready(struct plug *plug)
{
	struct assigned *assigned = &plug->assigned[plug->index];

	(void)pthread_join(plug->thread, NULL);
	plug->busy = false;
	if (plug->unit) {
		virtio_ready(plug);
		return;
	}
	if (!plug->result) {
		plug->result = put_in_slot(plug, &plug->error);
		if (plug->result)
			assigned_done(assigned);
	}
	if (plug->result) {
		plug->plan->devices[plug->index].id[0] = '\0';
		pt_space_close(plug->fresh);
		plug_release_space(plug);
	} else if (plug->fresh) {
		*plug->space = plug->fresh;
	}
	plug->fresh = NULL;
	plug->done(plug->ctx, plug->result ? &plug->error : NULL);
}
