/* SPDX-License-Identifier: MIT */
/* Devices that leave a machine: by request, by force, when the host takes them, when they fail; on the modelled kernel. */
#include "machine/unplug.h"
#include "running_machine.h"

static struct assigned assigned;

static const struct pt_space_setup setup = {.kvm = &kvm_vfio_ops, .kvm_ctx = &kvm};

static void make_plan(void)
{
	plan = (struct vm_plan){.device_count = 1, .port_count = 1, .unplug_limit = 30};
	plan.ports[0] = (struct plan_port){.slot = 1, .place = 1, .bus = 1};
	plan.devices[0] =
		(struct plan_device){.name = "0000:02:00.0", .bdf = "0000:02:00.0", .gsi = 17};
	plan.devices[0].bars[0] = (struct pt_host_bar){.size = 0x4000, .is_64bit = 1};
	plan.devices[0].bar_address[0] = 0x80000000;
}

static void make_machine(void)
{
	const struct model_pci nvme = model_nvme("0000:02:00.0", 26);
	const struct assigned_host host = {&kvm,    &memslots,	&routes, &ports,
					   &memory, 1ull << 40, 0,	 pt_sys_linux()};
	int r = loop_open(&loop, &err);

	if (r == -EPERM || r == -ENOSYS)
		cr_skip_test("no io_uring here: %s", err.message);
	check_ok(r, err);
	model = model_new();
	model_add(model, &nvme);
	make_kvm();
	buses_up();
	check_ok(slots_open(&slots, &kvm, &plan, &pci, &pm, &err), err);
	assigned_init(&assigned, &host, &plan.devices[0]);
	check_ok(pt_space_open(&sys, &setup, &space, &err), err);
	check_ok(assigned_open(&assigned, space, &err), err);
	check_ok(assigned_attach(&assigned, &err), err);
	check_ok(assigned_create(&assigned, &err), err);
	slots_plug(&slots, &plan.devices[0], &assigned);
	unplug = (struct unplug){
		.plan = &plan, .slots = &slots, .loop = &loop, .requests = &requests};
	check_ok(unplug_open(&unplug, &err), err);
	check_ok(assigned_start(&assigned, &err), err);
}

static void up(void)
{
	make_plan();
	make_machine();
}

/* A PC's: the slot is on bus 0 itself. */
static void up_flat(void)
{
	make_plan();
	plan.flat = 1;
	plan.ports[0].bus = 0;
	plan.devices[0].root_bus = 1;
	make_machine();
}

static void down(void)
{
	unplug_done(&unplug);
	loop_done(&loop);
	assigned_done(&assigned);
	slots_done(&slots);
	requests_done(&requests);
	pt_space_close(space);
	buses_down();
}

TestSuite(unplug, .init = up, .fini = down);
TestSuite(unplug_flat, .init = up_flat, .fini = down);

/* The guest has pciehp, by message, and a driver for the disk. */
static void guest_listens(void)
{
	out(DISK + 4, 2, 6);
	cr_assert_eq(memory.count, 1);
	out(PORT + 0x84, 4, 0xfee00000);
	out(PORT + 0x82, 2, 1);
	out(PORT + SLTCTL, 2, in(PORT + SLTCTL, 2) | LISTEN);
}

static void check_taken(void)
{
	cr_assert_eq(in(DISK, 4), UINT32_MAX);
	cr_assert_not(in(PORT + SLTSTA, 2) & PDS);
	cr_assert_eq(memory.count, 0);
	cr_assert_eq(seen.slots + seen.irqfds, 0);
	cr_assert_null(assigned.device);
	cr_assert_geq(model_find_call(model, 0, "FILE_DEL"), 0);
}

static struct unplug_slot *slot(void)
{
	return &unplug.list[0];
}

static struct unplug_function *function(void)
{
	return &unplug.list[0].functions[0];
}

Test(unplug, a_guest_that_is_asked_lets_go)
{
	guest_listens();
	check_ok(unplug_request(&unplug, 0, &err), err);
	cr_assert_eq(seen.messages, 1);
	cr_assert(in(PORT + SLTSTA, 2) & ABP);
	cr_assert_neq(in(DISK, 4), UINT32_MAX, "until it does, the device works");
	unplug_power_changed(slot());
	cr_assert_neq(in(DISK, 4), UINT32_MAX);
	out(PORT + SLTCTL, 2, in(PORT + SLTCTL, 2) | POWER_OFF);
	cr_assert_eq(memory.count, 0, "quiet at once");
	cr_assert_not_null(assigned.device);
	unplug_power_changed(slot());
	check_taken();
	unplug_limit_over(slot());
	cr_assert_eq(unplug_request(&unplug, 0, &err), -ENODEV);
}

/* Linux would take a second press as a change of mind. */
Test(unplug, it_is_asked_once)
{
	guest_listens();
	check_ok(unplug_request(&unplug, 0, &err), err);
	out(PORT + SLTSTA, 2, ABP);
	cr_assert_eq(unplug_request(&unplug, 0, &err), -EALREADY);
	unplug_asked_by_host(function());
	unplug_asked_by_host(function());
	cr_assert_not(in(PORT + SLTSTA, 2) & ABP);
	cr_assert_eq(seen.messages, 1);
}

Test(unplug, one_that_does_not_let_go_is_forced)
{
	guest_listens();
	unplug_asked_by_host(function());
	cr_assert_not_null(assigned.device);
	unplug_limit_over(slot());
	check_taken();
}

Test(unplug, by_force_at_once)
{
	guest_listens();
	unplug_force(&unplug, 0);
	check_taken();
	unplug_force(&unplug, 0);
	cr_assert_eq(seen.messages, 1, "the slot's events are one interrupt");
}

Test(unplug, a_slot_without_power_is_taken_at_once)
{
	guest_listens();
	out(PORT + SLTCTL, 2, in(PORT + SLTCTL, 2) | POWER_OFF);
	unplug_power_changed(slot());
	cr_assert_not_null(assigned.device, "nobody asked");
	check_ok(unplug_request(&unplug, 0, &err), err);
	check_taken();
}

Test(unplug, power_off_and_on_is_a_reset)
{
	guest_listens();
	out(PORT + SLTCTL, 2, in(PORT + SLTCTL, 2) | POWER_OFF);
	cr_assert_eq(in(DISK, 4), UINT32_MAX);
	out(PORT + SLTCTL, 2, in(PORT + SLTCTL, 2) & ~POWER_OFF);
	cr_assert_neq(in(DISK, 4), UINT32_MAX);
	cr_assert_eq(in(DISK + 4, 2) & 7, 0, "decoding is off");
	out(DISK + 4, 2, 6);
	cr_assert_eq(memory.count, 1);
}

Test(unplug, a_device_that_went_away_is_taken_at_once)
{
	guest_listens();
	model_remove(model, "/sys/bus/pci/devices/0000:02:00.0");
	unplug_asked_by_host(function());
	check_taken();
}

Test(unplug, a_device_that_does_not_answer_is_taken_at_once)
{
	guest_listens();
	*model_fault(model) = (struct model_fault){.countdown = 1, .error = -ENODEV};
	unplug_asked_by_host(function());
	check_taken();
}

Test(unplug, a_guest_that_looks_finds_it_gone)
{
	uint64_t count = 0;

	guest_listens();
	seen.nobody = true;
	cr_assert_eq(in(DISK, 4), UINT32_MAX);
	cr_assert_eq(sys.read(sys.ctx, assigned.request_fd, &count, sizeof(count)), 8);
	cr_assert_eq(in(DISK, 4), UINT32_MAX);
	cr_assert_lt(sys.read(sys.ctx, assigned.request_fd, &count, sizeof(count)), 0, "told once");
	unplug_asked_by_host(function());
	check_taken();
}

Test(unplug, the_guests_own_access_finds_it_gone)
{
	uint64_t count = 0;

	guest_listens();
	*model_fault(model) = (struct model_fault){.countdown = 1, .error = -ENODEV};
	cr_assert_eq(in(DISK + 0x40, 4), UINT32_MAX);
	cr_assert_eq(sys.read(sys.ctx, assigned.request_fd, &count, sizeof(count)), 8);
	unplug_asked_by_host(function());
	check_taken();
}

/* A function in a reset of its own may read all ones for a moment. */
Test(unplug, a_suspicion_that_is_wrong_asks_nobody)
{
	guest_listens();
	atomic_store(&assigned.suspected, true);
	unplug_asked_by_host(function());
	cr_assert_eq(seen.messages, 0);
	unplug_asked_by_host(function());
	cr_assert_eq(seen.messages, 1);
}

Test(unplug, a_host_that_wants_it_ends_the_guest)
{
	guest_listens();
	plan.on_host_request = PLAN_HOST_REQUEST_STOP;
	unplug_asked_by_host(function());
	cr_assert_eq(requests_pending(&requests), REQUEST_SHUT_DOWN);
	cr_assert_eq(seen.messages, 0, "nobody pressed the slot's button");
	cr_assert_not_null(assigned.device);
}

Test(unplug, a_host_that_wants_it_waits)
{
	guest_listens();
	plan.on_host_request = PLAN_HOST_REQUEST_IGNORE;
	unplug_asked_by_host(function());
	unplug_asked_by_host(function());
	cr_assert_eq(requests_pending(&requests), 0);
	cr_assert_eq(seen.messages, 0);
	cr_assert_not_null(assigned.device);
	/* It is gone all the same, and taken, when somebody pulls it out. */
	model_remove(model, "/sys/bus/pci/devices/0000:02:00.0");
	unplug_asked_by_host(function());
	check_taken();
}

Test(unplug, an_error_is_reported)
{
	plan.on_device_error = PLAN_DEVICE_ERROR_REPORT;
	unplug_device_error(function());
	cr_assert_not_null(assigned.device);
	cr_assert_eq(requests_pending(&requests), 0);
}

Test(unplug, or_stops_the_machine)
{
	model_put_file(model, "/sys/devices/pci0000:00/0000:00:1c.0/0000:02:00.0/aer_dev_nonfatal",
		       "UnsupReq 1\n");
	plan.on_device_error = PLAN_DEVICE_ERROR_STOP;
	unplug_device_error(function());
	cr_assert_eq(requests_pending(&requests), REQUEST_FAIL);
	cr_assert_eq(requests.crash.code, -EIO);
	cr_assert_str_eq(
		requests.crash.message,
		"0000:02:00.0: it reported an error that cannot be corrected (AER has counted "
		"nonfatal UnsupReq 1)");
}

Test(unplug, or_removes_the_device)
{
	guest_listens();
	plan.on_device_error = PLAN_DEVICE_ERROR_REMOVE;
	unplug_device_error(function());
	check_taken();
	unplug_device_error(function());
}

Test(unplug, a_reset_of_the_machine_takes_what_was_asked_for)
{
	guest_listens();
	unplug_reset(&unplug);
	cr_assert_not_null(assigned.device);
	check_ok(unplug_request(&unplug, 0, &err), err);
	assigned_stop(&assigned);
	unplug_reset(&unplug);
	slots_reset(&slots);
	cr_assert_null(assigned.device);
	cr_assert_eq(in(DISK, 4), UINT32_MAX);
	check_ok(assigned_start(&assigned, &err), err);
}

/* vCPUs use the device and its port, all registers and BARs, while it is taken. */
static atomic_bool stop;

static void *vcpu(void *arg)
{
	unsigned turn = 0;

	(void)arg;
	while (!atomic_load(&stop)) {
		uint32_t value;

		(void)in(DISK + (turn * 4 & 0xff), 4);
		out(DISK + 4, 2, turn & 2 ? 6 : 0);
		(void)in(PORT + SLTSTA, 2);
		out(PORT + 0x3e, 2, turn % 7 ? 0 : 0x40);
		bus_read(&memory, 0x80002000, &value, 4);
		bus_write(&memory, 0x80002000, &turn, 4);
		turn++;
	}
	return NULL;
}

Test(unplug, vcpus_run_meanwhile)
{
	pthread_t threads[2];

	for (size_t i = 0; i < 2; i++)
		cr_assert_eq(pthread_create(&threads[i], NULL, vcpu, NULL), 0);
	for (unsigned i = 0; i < 50; i++)
		sched_yield();
	unplug_force(&unplug, 0);
	for (unsigned i = 0; i < 50; i++)
		sched_yield();
	atomic_store(&stop, true);
	for (size_t i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	check_taken();
}

#define FLAT  (1u << 15) /* 00:01.0 */
#define ASKED 4
#define EJECT 8

static uint32_t asked_slots(void)
{
	uint32_t value;

	acpi_slots_ops.read(&slots.acpi, ASKED, &value, sizeof(value));
	return value;
}

static void eject(uint32_t value)
{
	acpi_slots_ops.write(&slots.acpi, EJECT, &value, sizeof(value));
}

static void check_taken_flat(void)
{
	cr_assert_eq(in(FLAT, 4), UINT32_MAX);
	cr_assert_eq(memory.count, 0);
	cr_assert_null(assigned.device);
}

Test(unplug_flat, a_guest_that_is_asked_lets_go)
{
	cr_assert_neq(in(FLAT, 4), UINT32_MAX);
	out(FLAT + 4, 2, 6);
	cr_assert_eq(memory.count, 1);
	check_ok(unplug_request(&unplug, 0, &err), err);
	cr_assert_eq(asked_slots(), 1u << 1);
	unplug_power_changed(slot());
	cr_assert_neq(in(FLAT, 4), UINT32_MAX, "until it does, the device works");
	eject(1u << 1);
	cr_assert_eq(memory.count, 0, "quiet at once");
	cr_assert_not_null(assigned.device);
	unplug_power_changed(slot());
	check_taken_flat();
}

Test(unplug_flat, one_that_does_not_let_go_is_forced)
{
	unplug_asked_by_host(function());
	cr_assert_not_null(assigned.device);
	unplug_limit_over(slot());
	check_taken_flat();
}

Test(unplug_flat, one_that_the_guest_has_let_go_of_unasked)
{
	eject(1u << 1);
	cr_assert_not_null(assigned.device);
	check_ok(unplug_request(&unplug, 0, &err), err);
	check_taken_flat();
}
