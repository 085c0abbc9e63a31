/* SPDX-License-Identifier: MIT */
#include "guest_run.h"

#include <errno.h>
#include <jansson.h>
#include <malloc.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>

#include "cleanup.h"
#include "cmd.h"
#include "control/control_place.h"
#include "control/machine_target.h"
#include "guest_plan.h"
#include "host/managed.h"
#include "machine/machine.h"
#include "plan/plan.h"
#include "report.h"
#include "sandbox/sandbox.h"
#include "serial_backend.h"
#include "service.h"
#include "stop_signals.h"
#include "terminal.h"
#include "virtio/console.h"

#define STACK_GAP \
	(1u       \
	 << 20) /* that the kernel leaves below the main thread's stack, mm/mmap.c stack_guard_gap */

static int fail(const struct pt_error *err)
{
	report_error(err, stderr);
	return EXIT_FAILED;
}

static int exit_code(enum machine_end end, int signal, const struct pt_error *err)
{
	switch (end) {
	case MACHINE_POWEROFF:
		return EXIT_OK;
	case MACHINE_STOPPED:
		return signal ? EXIT_SIGNAL + signal : EXIT_OK;
	case MACHINE_CRASHED:
		break;
	}
	report_error(err, stderr);
	return EXIT_CRASHED;
}

static int plan_addition(const struct pt_sys *sys, const struct vm_plan *plan,
			 const struct target_request *request, struct plan_addition *ret_addition,
			 struct pt_error *err)
{
	return guest_plan_addition(sys, plan, request->kind, request->option, request->fd,
				   ret_addition, err);
}

/**
 * struct launch - what a run has besides its config and its plan
 * @plan: until there is a machine
 * @managed: what was taken for the guest; the keeper has it, where there is one
 * @keeper: not there without a sandbox
 * @sandbox: that is used if the keeper is there
 */
struct launch {
	struct vm_plan *plan;
	struct managed managed;
	bool hotplug; /* there are slots for devices that come */
	struct stop_signals *signals;
	struct timing *timing;
	struct keeper keeper;
	struct sandbox sandbox;
};

static void forget_plan(struct launch *launch)
{
	free(launch->plan);
	launch->plan = NULL;
}

static bool has_sandbox(const struct launch *launch)
{
	return launch->keeper.fd >= 0;
}

/* What this process cannot do when it is gone, and partly not in the sandbox either. */
static void tell_keeper(struct keeper *keeper, const struct machine *machine)
{
	const struct vm_plan *plan = machine_plan(machine);
	const struct console_port *port;

	keeper_terminal_is_raw(keeper, terminal_is_raw());
	for (unsigned i = 0; i < plan->virtio_count; i++) {
		if (plan->virtio[i].kind != PLAN_VIRTIO_CONSOLE)
			continue;
		for (unsigned j = 0; (port = machine_console_port(machine, i, j)) != NULL; j++)
			keeper_remove_later(keeper, port->end.path);
	}
}

/* Everything of the guest's is open. The one other thread begins anew, to be in it. */
static int close_sandbox(struct launch *launch, const struct machine *machine, struct pt_error *err)
{
	const struct vm_plan *plan = machine_plan(machine);
	int ret;

	if (!has_sandbox(launch))
		return 0;
	tell_keeper(&launch->keeper, machine);
	json_object_seed(0); /* jansson's, from a file */
	stop_signals_pause(launch->signals);
	ret = sandbox_close(&launch->sandbox, &launch->keeper, plan->unsafe_noiommu,
			    launch->hotplug, err);
	if (ret < 0) {
		(void)stop_signals_go_on(launch->signals, NULL, NULL);
		return ret;
	}
	return stop_signals_go_on(launch->signals, &launch->sandbox, err);
}

/*
 * The start calls deeper, with larger frames, than what runs then, and has freed what it made of files and rules. Of the stack,
 * two pages stay for the calls from here, and with a frame of its own it knows where that is; below the stack's end is a gap at
 * least as large as what is given back, so that it is nothing else's.
 */
__attribute__((noinline)) static void give_back_memory(void)
{
	char *frame = __builtin_frame_address(0);
	const size_t page = (size_t)sysconf(_SC_PAGESIZE);
	char *end = frame - ((uintptr_t)frame & (page - 1)) - 2 * page;

	(void)madvise(end - STACK_GAP, STACK_GAP, MADV_DONTNEED);
	(void)malloc_trim(0);
}

static int run_machine(struct machine *machine, struct machine_target *remote,
		       struct launch *launch)
{
	const struct target target = machine_target(remote);
	struct stop_signals *signals = launch->signals;
	struct pt_error err = PT_ERROR_INIT;
	enum machine_end end = MACHINE_STOPPED;
	int ret;

	if (control_start(remote->control, machine_loop(machine), &target, &err) < 0 ||
	    close_sandbox(launch, machine, &err) < 0)
		return fail(&err);
	give_back_memory();
	stop_signals_attach(signals, machine);
	ret = machine_run(machine, &end, &err);
	stop_signals_attach(signals, NULL);
	machine_target_ended(remote, end, ret < 0);
	if (ret < 0)
		return fail(&err);
	return exit_code(end, stop_signals_received(signals), &err);
}

/** struct ears - who hears what happens to a guest */
struct ears {
	struct machine_listener control;
	struct launch *launch;
};

static void device_left(struct launch *launch, const char *name)
{
	if (has_sandbox(launch))
		keeper_left(&launch->keeper, name);
	else
		managed_left(&launch->managed, name);
}

static void hear(void *ctx, const struct machine_event *event)
{
	const struct ears *ears = ctx;

	if (event->kind == MACHINE_EVENT_DEVICE_REMOVED && event->host)
		device_left(ears->launch, event->host);
	ears->control.event(ears->control.ctx, event);
}

static int build_and_run(const struct pt_sys *sys, const struct serial_backend *serial,
			 struct machine_target *remote, struct launch *launch)
{
	const struct vm_plan *plan = launch->plan;
	struct ears ears = {.control = machine_target_listener(remote), .launch = launch};
	CLEANUP(service_done) struct service service = SERVICE_CLOSED;
	const struct machine_options options = {
		.serial_in = serial->in,
		.serial_out = serial->out,
		.service = &service,
		.timing = launch->timing,
		.listener = {.event = hear, .ctx = &ears},
		.sandbox = has_sandbox(launch) ? &launch->sandbox : NULL,
	};
	struct pt_error err = PT_ERROR_INIT;
	struct machine *machine;
	int code;

	if (service_open(&service, &err) < 0)
		return fail(&err);
	service_status(&service, "Starting guest %s, with %u passed-through device%s", plan->name,
		       plan->device_count, plan->device_count == 1 ? "" : "s");
	if (machine_create(sys, plan, &options, &machine, &err) < 0)
		return fail(&err);
	forget_plan(launch); /* the machine has its own */
	remote->machine = machine;
	code = run_machine(machine, remote, launch);
	control_close(remote->control); /* its clients' watches are the machine's loop's */
	machine_destroy(machine);
	return code;
}

static int open_control(const struct vm_config *config, const char *name, struct control *control,
			struct pt_error *err)
{
	if (config->control_off)
		return 0;
	if (config->control && strncmp(config->control, "fd=", 3) == 0)
		return control_adopt(control, config->control + 3, err);
	if (config->control)
		return control_open(control, config->control, err);
	return control_place_open(name, config->name != NULL, control, err);
}

static void copy_text(char *field, size_t size, const char *text)
{
	(void)snprintf(field, size, "%s", text ? text : "");
}

/* The descriptor of an iommufd is the object's from now on: whoever named it closes it by that name. */
static int name_backend(const struct vm_config_backend *config, const struct vm_plan *plan,
			struct machine_target *remote, struct pt_error *err)
{
	static const enum backend_kind kinds[] = {
		[VM_BACKEND_FILE] = BACKEND_FILE,
		[VM_BACKEND_FORMAT] = BACKEND_FORMAT,
		[VM_BACKEND_TAP] = BACKEND_TAP,
		[VM_BACKEND_RNG] = BACKEND_RNG,
	};
	struct backend backend = {.readonly = config->readonly, .direct = config->direct};

	if (config->kind == VM_BACKEND_IOMMUFD)
		return iommufds_add(&remote->iommufds, config->name, plan->space_fd, err);
	backend.kind = kinds[config->kind];
	copy_text(backend.name, sizeof(backend.name), config->name);
	copy_text(backend.path, sizeof(backend.path), config->path);
	copy_text(backend.below, sizeof(backend.below), config->below);
	copy_text(backend.device, sizeof(backend.device), config->device);
	return backends_add(&remote->backends, &backend, err);
}

static int name_backends(const struct vm_config *config, const struct vm_plan *plan,
			 struct machine_target *remote, struct pt_error *err)
{
	int ret = 0;

	for (size_t i = 0; i < config->backend_count && ret == 0; i++)
		ret = name_backend(&config->backends[i], plan, remote, err);
	return ret;
}

static int open_and_run(const struct pt_sys *sys, const struct vm_config *config,
			struct launch *launch)
{
	const struct vm_plan *plan = launch->plan;
	struct control control = CONTROL_CLOSED;
	struct machine_target remote = {
		.control = &control, .plan_addition = plan_addition, .sys = sys};
	char serial_name[SERIAL_PTY_SIZE + 4];
	struct serial_backend serial;
	struct pt_error err = PT_ERROR_INIT;
	int code;

	if (serial_backend_open(config->serial, config->serial_path, &serial, &err) < 0)
		return fail(&err);
	if (serial.pty[0])
		(void)fprintf(stderr, "tenon: serial line: %s\n", serial.pty);
	remote.serial = serial_backend_name(config->serial, &serial, serial_name);
	remote.serial_label = config->serial_label ? config->serial_label : "serial0";
	if (open_control(config, plan->name, &control, &err) < 0 ||
	    name_backends(config, plan, &remote, &err) < 0) {
		code = fail(&err);
	} else {
		keeper_remove_later(&launch->keeper, control.path);
		code = build_and_run(sys, &serial, &remote, launch);
	}
	control_close(&control);
	machine_target_done(&remote);
	serial_backend_close(&serial);
	return code;
}

/* With the devices that the guest is to have of the host. */
static int plan_and_run(const struct pt_sys *sys, const struct vm_config *config,
			struct launch *launch)
{
	struct pt_error err = PT_ERROR_INIT;
	int code;

	launch->plan = malloc(sizeof(*launch->plan));
	if (!launch->plan) {
		(void)pt_error_set(&err, -ENOMEM, "no memory for a plan");
		return fail(&err);
	}
	code = guest_plan(sys, config, launch->timing, launch->plan, stderr);
	if (code == EXIT_OK) {
		timing_mark(launch->timing, TIMING_PLAN);
		code = open_and_run(sys, config, launch);
	} else {
		code = EXIT_FAILED;
	}
	forget_plan(launch);
	return code;
}

/* Before anything of the guest's is open, which the keeper would have, too. */
static int start_keeper(struct launch *launch, const struct pt_sys *sys,
			const struct vm_config *config, struct pt_error *err)
{
	if (config->sandbox == VM_SANDBOX_OFF)
		return 0;
	if (sandbox_unusable()) {
		report_note(stderr, "note: %s", sandbox_unusable());
		return 0;
	}
	return keeper_start(&launch->keeper, sys, &launch->managed, config->hotplug_files, err);
}

static int keep_and_run(const struct pt_sys *sys, const struct vm_config *config,
			struct launch *launch)
{
	struct pt_error err = PT_ERROR_INIT;

	if (start_keeper(launch, sys, config, &err) < 0)
		return fail(&err);
	return plan_and_run(has_sandbox(launch) ? &launch->keeper.sys : sys, config, launch);
}

static int give_back(struct launch *launch, struct pt_error *err)
{
	return has_sandbox(launch) ? keeper_end(&launch->keeper, err)
				   : managed_give_back(&launch->managed, err);
}

static int take_and_run(const struct pt_sys *sys, struct vm_config *config, struct launch *launch)
{
	struct managed *managed = &launch->managed;
	struct pt_error err = PT_ERROR_INIT;
	int code;

	/*
	 * What needs no device taken to be found; where none is to be taken, the plan finds it. What a service manager handed
	 * in can be looked at once only.
	 */
	if (managed_any(config) && !getenv("LISTEN_FDS") &&
	    guest_check(sys, config, stderr) != EXIT_OK)
		return EXIT_FAILED;
	if (managed_take(managed, config, &err) < 0)
		return fail(&err);
	if (stop_signals_received(launch->signals))
		code = EXIT_SIGNAL + stop_signals_received(launch->signals);
	else
		code = keep_and_run(sys, config, launch);
	if (give_back(launch, &err) < 0)
		return fail(&err);
	return code;
}

/*
 * Each CPU, queue and interrupt of the guest takes a descriptor. The lower limit is for programs that use select(2), which this one
 * does not.
 */
static void raise_descriptor_limit(void)
{
	struct rlimit limit;

	if (getrlimit(RLIMIT_NOFILE, &limit))
		return;
	limit.rlim_cur = limit.rlim_max;
	(void)setrlimit(RLIMIT_NOFILE, &limit);
}

int guest_run(const struct pt_sys *sys, struct vm_config *config, struct timing *timing)
{
	struct launch launch = {
		.timing = timing, .keeper = KEEPER_NONE, .hotplug = config->hotplug_slots > 0};
	struct pt_error err = PT_ERROR_INIT;
	int code;

	raise_descriptor_limit();
	/* A reader of the serial line that went away ends nothing. */
	(void)signal(SIGPIPE, SIG_IGN);
	/*
	 * Before a device is taken and before the terminal becomes raw, and until neither is so: Ctrl-C must never leave
	 * them so.
	 */
	if (stop_signals_start(&launch.signals, &err) < 0)
		return fail(&err);
	managed_init(&launch.managed);
	code = take_and_run(sys, config, &launch);
	managed_done(&launch.managed);
	stop_signals_done(launch.signals);
	sandbox_done(&launch.sandbox);
	return code;
}
