/* SPDX-License-Identifier: MIT */
/*
 * A machine's run: one thread waits for what concerns the machine as a whole and for serial input, while the vCPUs'
 * threads run the guest.
 */
#include <errno.h>
#include <stdbool.h>
#include <unistd.h>

#include "machine/machine_private.h"
#include "report.h"
#include "sandbox/sandbox.h"
#include "service.h"

struct run {
	struct machine *machine;
	struct loop_watch requests;
	struct loop_watch input;
	struct loop_watch room;
	struct loop_watch flush;
	bool panic_told; /* since power-on or the last reset */
	enum machine_end end;
	int failed; /* -errno of what ended the run unasked */
	struct pt_error error;
};

static void tell_panic(struct run *run, enum machine_event_kind kind, const char *what)
{
	/* A guest can say it as often as it likes. */
	if (run->panic_told)
		return;
	run->panic_told = true;
	if (what)
		report_note(stderr, "the guest's kernel panicked%s", what);
	machine_tell(run->machine, &(struct machine_event){.kind = kind, .by_guest = true});
}

/* Return: whether the guest goes on, perhaps by a reset, which @bits asks for then. */
static bool goes_on_after_panic(struct run *run, unsigned *bits)
{
	if (!(*bits & REQUEST_PANIC)) {
		tell_panic(run, MACHINE_EVENT_CRASH_KERNEL, "; its crash kernel takes over");
		return true;
	}
	switch (run->machine->plan.on_panic) {
	case PLAN_PANIC_REPORT:
		tell_panic(run, MACHINE_EVENT_PANIC, "");
		return true;
	case PLAN_PANIC_RESET:
		tell_panic(run, MACHINE_EVENT_PANIC, "; it is reset");
		*bits |= REQUEST_RESET;
		return true;
	case PLAN_PANIC_PAUSE:
		tell_panic(run, MACHINE_EVENT_PANIC, "; it is paused");
		machine_pause(run->machine);
		return true;
	case PLAN_PANIC_STOP:
		break;
	}
	tell_panic(run, MACHINE_EVENT_PANIC, NULL);
	run->end = MACHINE_CRASHED;
	pt_error_set(&run->error, -EIO, "the guest's kernel panicked");
	pt_error_remedy(
		&run->error, -EIO,
		"its last words are on its serial line; with --on-panic reset it starts anew, with "
		"--on-panic report it does as panic= on its command line says");
	return false;
}

static bool ends_on_reset(const struct machine *machine)
{
	if (machine->reset_pressed || (!machine->plan.stops_on_reboot && !machine->shutdown.asked))
		return false;
	report_note(stderr, "the guest restarts, and %s",
		    machine->plan.stops_on_reboot ? "is to end then" : "was asked to power off");
	return true;
}

/* Return: whether that is the end; else it stays, for whoever manages it to look at, to reset or to end. */
static bool powers_off(struct machine *machine, unsigned request)
{
	struct machine_event event = {
		.kind = MACHINE_EVENT_POWERED_OFF,
		.by_guest = true,
		.detail = request == REQUEST_RESET ? "guest-reset" : "guest-shutdown",
	};

	if (!machine->plan.stays)
		return true;
	requests_clear(&machine->requests, request);
	if (machine->powered_off)
		return false;
	machine->powered_off = true;
	machine_tell(machine, &event);
	machine_pause(machine);
	return false;
}

static int reset(struct run *run)
{
	struct machine *machine = run->machine;
	int r = machine_reset(machine, &run->error);

	if (r)
		return r;
	/* What the guest that is no more asked for is void. */
	requests_clear(&machine->requests, REQUEST_RESET | REQUEST_PANICS);
	run->panic_told = false;
	machine->powered_off = false;
	machine_tell(machine, &(struct machine_event){.kind = MACHINE_EVENT_RESET,
						      .by_guest = !machine->reset_pressed});
	machine->reset_pressed = false;
	return 0;
}

/* What ends a run comes before a reset: a machine that is told to stop does not start again first. */
static enum loop_next on_request(void *ctx)
{
	struct run *run = ctx;
	struct machine *machine = run->machine;
	unsigned bits = requests_take(&machine->requests);

	if (!bits)
		return LOOP_AGAIN;
	cpus_park(&machine->cpus);
	if (bits & REQUEST_CRASH) {
		run->end = MACHINE_CRASHED;
		run->error = machine->requests.crash;
		return LOOP_END;
	}
	if (bits & REQUEST_FAIL) {
		run->error = machine->requests.crash;
		run->failed = run->error.code;
		return LOOP_END;
	}
	if (bits & REQUEST_STOP) {
		run->end = MACHINE_STOPPED;
		return LOOP_END;
	}
	if (bits & REQUEST_POWEROFF && powers_off(machine, REQUEST_POWEROFF)) {
		run->end = MACHINE_POWEROFF;
		return LOOP_END;
	}
	if (bits & REQUEST_RESET && ends_on_reset(machine)) {
		run->end = MACHINE_POWEROFF;
		if (powers_off(machine, REQUEST_RESET))
			return LOOP_END;
		bits &= ~REQUEST_RESET;
	}
	if (bits & REQUEST_SHUT_DOWN) {
		requests_clear(&machine->requests, REQUEST_SHUT_DOWN);
		shutdown_begin(machine);
	}
	if (bits & REQUEST_PANICS) {
		requests_clear(&machine->requests, REQUEST_PANICS);
		if (!goes_on_after_panic(run, &bits))
			return LOOP_END;
	}
	if (bits & REQUEST_RESET)
		run->failed = reset(run);
	if (run->failed)
		return LOOP_END;
	if (!machine->paused && !requests_pending(&machine->requests))
		cpus_resume(&machine->cpus);
	return LOOP_AGAIN;
}

static enum loop_next on_input(void *ctx)
{
	struct run *run = ctx;
	struct serial *serial = &run->machine->serial;
	unsigned char bytes[256];
	size_t room = serial_room(serial);
	ssize_t n;

	if (!room)
		return LOOP_PAUSE; /* on_room() starts it again */
	n = read(run->input.fd, bytes, room < sizeof(bytes) ? room : sizeof(bytes));
	if (n < 0 && (errno == EINTR || errno == EAGAIN))
		return LOOP_AGAIN;
	if (n <= 0)
		return LOOP_PAUSE; /* its end: the guest goes on without input */
	serial_input(serial, bytes, (size_t)n);
	return LOOP_AGAIN;
}

static enum loop_next on_room(void *ctx)
{
	struct run *run = ctx;
	uint64_t count;

	(void)!read(run->room.fd, &count, sizeof(count));
	run->failed = loop_watch_start(&run->machine->loop, &run->input, &run->error);
	return run->failed ? LOOP_END : LOOP_AGAIN;
}

static enum loop_next on_flush(void *ctx)
{
	struct run *run = ctx;

	serial_flush_due(&run->machine->serial);
	return LOOP_AGAIN;
}

static int watch(struct run *run, struct loop_watch *watch, int fd, enum loop_next (*ready)(void *),
		 struct pt_error *err)
{
	*watch = (struct loop_watch){.fd = fd, .ready = ready, .ctx = run};
	return fd < 0 ? 0 : loop_watch_start(&run->machine->loop, watch, err);
}

static int start(struct run *run, struct pt_error *err)
{
	struct machine *machine = run->machine;
	int r;

	r = watch(run, &run->requests, machine->requests.event_fd, on_request, err);
	if (!r)
		r = watch(run, &run->room, machine->serial.room_fd, on_room, err);
	if (!r)
		r = watch(run, &run->flush, machine->serial.flush_fd, on_flush, err);
	if (!r)
		r = watch(run, &run->input, machine->options.serial_in, on_input, err);
	if (!r)
		r = unplug_watch(&machine->unplug, err);
	if (!r)
		r = plug_watch(&machine->plug, err);
	if (!r)
		r = machine_watch_virtio(machine, err);
	if (!r)
		r = service_watch(machine->options.service, &machine->loop, err);
	if (!r)
		r = slots_start(&machine->slots, err);
	if (!r)
		r = cpus_start(&machine->cpus, err);
	/* After the others were made, which so have no filter but their own. */
	if (!r)
		r = sandbox_thread(machine->options.sandbox, SANDBOX_MAIN, err);
	if (r)
		return r;
	if (!machine->paused)
		cpus_resume(&machine->cpus);
	service_ready(machine->options.service);
	return 0;
}

int machine_run(struct machine *machine, enum machine_end *ret_end, struct pt_error *err)
{
	struct run run = {.machine = machine, .error = PT_ERROR_INIT};
	int r = start(&run, err);

	if (!r)
		r = loop_run(&machine->loop, err);
	timing_resident(machine->options.timing);
	service_stopping(machine->options.service);
	cpus_stop(&machine->cpus);
	serial_flush(&machine->serial);
	slots_stop(&machine->slots);
	machine_reset_virtio(machine);
	if (r)
		return r;
	if (err && run.error.code)
		*err = run.error;
	if (run.failed)
		return run.failed;
	*ret_end = run.end;
	return 0;
}

void machine_tell(const struct machine *machine, const struct machine_event *event)
{
	const struct machine_listener *listener = &machine->options.listener;

	if (listener->event)
		listener->event(listener->ctx, event);
}

struct loop *machine_loop(struct machine *machine)
{
	return &machine->loop;
}

const struct vm_plan *machine_plan(const struct machine *machine)
{
	return &machine->plan;
}

void machine_pause(struct machine *machine)
{
	if (machine->paused)
		return;
	cpus_park(&machine->cpus);
	machine->paused = true;
	machine_tell(machine, &(struct machine_event){.kind = MACHINE_EVENT_PAUSED});
}

void machine_resume(struct machine *machine)
{
	if (!machine->paused || machine->powered_off)
		return;
	machine->paused = false;
	cpus_forgive_pause(&machine->cpus);
	/* What is pending is acted on first, by the loop, which resumes them then. */
	if (!requests_pending(&machine->requests))
		cpus_resume(&machine->cpus);
	machine_tell(machine, &(struct machine_event){.kind = MACHINE_EVENT_RESUMED});
}

bool machine_paused(const struct machine *machine)
{
	return machine->paused;
}

bool machine_powered_off(const struct machine *machine)
{
	return machine->powered_off;
}

void machine_set_on_end(struct machine *machine, bool stays, bool stops_on_reboot)
{
	machine->plan.stays = stays;
	machine->plan.stops_on_reboot = stops_on_reboot;
}

void machine_set_on_panic(struct machine *machine, enum plan_panic action)
{
	machine->plan.on_panic = action;
}

void machine_press_power(struct machine *machine)
{
	pm_press_power(&machine->pm);
	machine_tell(machine, &(struct machine_event){.kind = MACHINE_EVENT_POWER_BUTTON});
}

void machine_press_reset(struct machine *machine)
{
	machine->reset_pressed = true;
	requests_post(&machine->requests, REQUEST_RESET);
}

pid_t machine_cpu_thread(const struct machine *machine, unsigned index)
{
	return index < machine->cpus.count ? atomic_load(&machine->cpus.list[index].tid) : 0;
}

uint32_t machine_config_read(struct machine *machine, unsigned bus, unsigned devfn, unsigned offset,
			     unsigned size)
{
	uint32_t value = 0;

	pci_ecam_ops.read(&machine->pci, (uint64_t)bus << 20 | devfn << 12 | offset, &value, size);
	return value;
}

bool machine_device_info(struct machine *machine, unsigned device, struct assigned_info *ret_info)
{
	return device < machine->plan.device_count && !plug_brings(&machine->plug, device) &&
	       assigned_query(&machine->assigned[device], ret_info);
}

struct pt_space_stats machine_dma(struct machine *machine)
{
	return machine->space ? pt_space_stats(machine->space) : (struct pt_space_stats){0};
}

int machine_use_space(struct machine *machine, int fd, struct pt_error *err)
{
	if (machine->plan.space_fd == fd)
		return 0;
	if (machine->space || machine->plug.busy)
		return pt_error_set(err, -EBUSY, "the guest's devices are attached to another");
	machine->plan.space_fd = fd;
	return 0;
}

bool machine_has_space(const struct machine *machine)
{
	return machine->space || machine->plug.busy;
}

int machine_space_settled(struct machine *machine, void (*settled)(void *ctx), void *ctx,
			  struct pt_error *err)
{
	return space_closer_tell(&machine->plug.closer, settled, ctx, err);
}

int machine_plug(struct machine *machine, const struct plan_device *device,
		 void (*done)(void *ctx, const struct pt_error *err), void *ctx,
		 struct pt_error *err)
{
	return plug_start(&machine->plug, device, done, ctx, err);
}

int machine_plug_virtio(struct machine *machine, const struct plan_virtio *device,
			void (*done)(void *ctx, const struct pt_error *err), void *ctx,
			struct pt_error *err)
{
	return plug_start_virtio(&machine->plug, device, done, ctx, err);
}

bool machine_has_virtio(const struct machine *machine, unsigned index)
{
	return index < machine->plan.virtio_count && machine->virtio[index];
}

int machine_unplug_request(struct machine *machine, unsigned port, struct pt_error *err)
{
	return unplug_request(&machine->unplug, port, err);
}

void machine_unplug_force(struct machine *machine, unsigned port)
{
	unplug_force(&machine->unplug, port);
}

void machine_stop(struct machine *machine)
{
	requests_post(&machine->requests, REQUEST_STOP);
}

void machine_shut_down(struct machine *machine)
{
	requests_post(&machine->requests, REQUEST_SHUT_DOWN);
}
