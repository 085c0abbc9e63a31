/* SPDX-License-Identifier: MIT */
/* Devices that come into a running machine, and go again; on the modelled kernel. */
#include <stdlib.h>

#include "machine/plug.h"
#include "running_machine.h"

#define DISK2 (2u << 20)
#define PORT2 (2u << 15)
#define PDC   0x008u

static struct assigned assigned[PLAN_DEVICES_MAX];
static struct virtio_unit *units[PLAN_VIRTIO_MAX], *gone;
static struct cpus cpus;
static struct plug plug;
static struct ram ram;
static struct requests none;
static unsigned char guest_memory_bytes[2 << 20] __attribute__((aligned(4096)));

static struct {
	struct loop_watch watch;
	unsigned done;
	struct pt_error err;
	unsigned left;
	bool last_takes_space;
} over;

static void left(void *ctx, struct assigned *who)
{
	(void)ctx;
	over.left++;
	plan.devices[who - assigned].id[0] = '\0';
	if (over.last_takes_space)
		plug_release_space(&plug);
}

static void left_virtio(void *ctx, struct virtio_unit *unit)
{
	(void)ctx;
	over.left++;
	plug_virtio_left(&plug, unit);
}

static void make_plan(void)
{
	static const struct plan_port ports_of_plan[] = {
		{.slot = 1, .place = 1, .bus = 1, .memory = {0x80000000, 0x1000000}},
		{.slot = 2, .place = 2, .bus = 2, .memory = {0x81000000, 0x1000000}},
	};

	plan = (struct vm_plan){.port_count = 2, .unplug_limit = 30, .memory = 2 << 20};
	plan.ram_count = 1;
	plan.ram[0] = (struct plan_ram){.size = 2 << 20};
	memcpy(plan.ports, ports_of_plan, sizeof(ports_of_plan));
}

static struct plan_device disk(unsigned number, unsigned port)
{
	struct plan_device device = {.port = port, .gsi = 17 + port};

	(void)snprintf(device.id, sizeof(device.id), "disk%u", number);
	(void)snprintf(device.name, sizeof(device.name), "0000:0%u:00.0", number);
	(void)snprintf(device.bdf, sizeof(device.bdf), "0000:0%u:00.0", number);
	device.bars[0] = (struct pt_host_bar){.size = 0x4000, .is_64bit = 1};
	device.bar_address[0] = plan.ports[port].memory.base;
	return device;
}

static enum loop_next is_over(void *ctx)
{
	uint64_t count;

	(void)ctx;
	(void)!read(over.watch.fd, &count, sizeof(count));
	return LOOP_END;
}

static void done(void *ctx, const struct pt_error *why)
{
	const uint64_t one = 1;

	(void)ctx;
	over.done++;
	over.err = why ? *why : (struct pt_error)PT_ERROR_INIT;
	(void)!write(over.watch.fd, &one, sizeof(one));
}

static void up(void)
{
	const struct model_pci nvme = model_nvme("0000:02:00.0", 26);
	const struct model_pci other = model_nvme("0000:03:00.0", 27);
	int r = loop_open(&loop, &err);

	if (r == -EPERM || r == -ENOSYS)
		cr_skip_test("no io_uring here: %s", err.message);
	check_ok(r, err);
	model = model_new();
	model_add(model, &nvme);
	model_add(model, &other);
	make_kvm();
	make_plan();
	buses_up();
	check_ok(slots_open(&slots, &kvm, &plan, &pci, &pm, &err), err);
	unplug = (struct unplug){.plan = &plan,
				 .slots = &slots,
				 .loop = &loop,
				 .requests = &requests,
				 .left = left,
				 .left_virtio = left_virtio};
	check_ok(unplug_open(&unplug, &err), err);
	check_ok(unplug_watch(&unplug, &err), err);
	ram = (struct ram){.fd = -1, .base = guest_memory_bytes, .size = 2 << 20};
	cpus = (struct cpus){.requests = &none, .lock = PTHREAD_MUTEX_INITIALIZER};
	plug = (struct plug){
		.plan = &plan,
		.assigned = assigned,
		.virtio = units,
		.gone = &gone,
		.space = &space,
		.host = {&kvm, &memslots, &routes, &ports, &memory, 1ull << 40, 0, pt_sys_linux()},
		.ram = &ram,
		.slots = &slots,
		.unplug = &unplug,
		.loop = &loop,
		.cpus = &cpus,
	};
	check_ok(plug_open(&plug, &err), err);
	check_ok(plug_watch(&plug, &err), err);
	over.watch = (struct loop_watch){.fd = eventfd(0, EFD_NONBLOCK), .ready = is_over};
}

static void down(void)
{
	plug_close(&plug);
	unplug_done(&unplug);
	loop_done(&loop);
	for (unsigned i = 0; i < PLAN_DEVICES_MAX; i++)
		assigned_done(&assigned[i]);
	for (unsigned i = 0; i < PLAN_VIRTIO_MAX; i++) {
		if (units[i])
			virtio_unit_done(units[i]);
		free(units[i]);
		units[i] = NULL;
	}
	while (gone) {
		struct virtio_unit *unit = gone;

		gone = unit->next;
		free(unit);
	}
	slots_done(&slots);
	requests_done(&requests);
	pt_space_close(space);
	(void)close(over.watch.fd);
	buses_down();
}

TestSuite(plug, .init = up, .fini = down);

/* The loop runs until the device is there, or is not. @ret: how its coming began. Return: 0, or why not. */
static int until_there(int ret)
{
	unsigned before = over.done;

	if (ret)
		return ret;
	check_ok(loop_watch_start(&loop, &over.watch, &err), err);
	check_ok(loop_run(&loop, &err), err);
	cr_assert_eq(over.done, before + 1);
	return over.err.code;
}

static int bring(const struct plan_device *device)
{
	return until_there(plug_start(&plug, device, done, NULL, &over.err));
}

static int bring_virtio(const struct plan_virtio *virtio)
{
	return until_there(plug_start_virtio(&plug, virtio, done, NULL, &over.err));
}

/* The guest has pciehp, by message. */
static void guest_listens(unsigned port)
{
	out(port + 0x84, 4, 0xfee00000);
	out(port + 0x82, 2, 1);
	out(port + SLTCTL, 2, in(port + SLTCTL, 2) | LISTEN | PDC);
}

static void guest_turns_on(unsigned port)
{
	out(port + SLTSTA, 2, 0x11f);
	out(port + SLTCTL, 2, in(port + SLTCTL, 2) & ~POWER_OFF);
}

/* What is passed through is set up then as well. */
static void guest_takes(unsigned port, unsigned device)
{
	guest_turns_on(port);
	cr_assert_eq(in(device, 4), 0x00101b36);
	out(device + 4, 2, 6);
}

static void guest_takes_virtio(unsigned port, unsigned device)
{
	guest_turns_on(port);
	cr_assert_eq(in(device, 2), 0x1af4);
}

static void guest_turns_off(unsigned port)
{
	out(port + SLTCTL, 2, in(port + SLTCTL, 2) | POWER_OFF);
}

static unsigned leaks(void)
{
	char text[1024];

	return model_leaks(model, text, sizeof(text));
}

Test(plug, a_device_comes)
{
	struct plan_device device = disk(2, 1);

	guest_listens(PORT2);
	cr_assert_eq(in(DISK2, 4), UINT32_MAX);
	check_ok(bring(&device), over.err);
	cr_assert_eq(seen.messages, 1);
	cr_assert_eq(in(PORT2 + SLTSTA, 2) & (PDS | PDC | ABP), PDS | PDC | ABP);
	cr_assert_eq(in(DISK2, 4), UINT32_MAX, "the slot has no power yet");
	guest_takes(PORT2, DISK2);
	cr_assert_eq(memory.count, 1);
	cr_assert_gt(seen.slots, 0);
	cr_assert_eq(pt_space_stats(space).maps, 1, "the guest's memory");
	cr_assert_eq(in(DISK2 + 0x10, 4) & ~0xfu, 0x81000000, "where the plan put it");
}

Test(plug, ten_times_in_and_out)
{
	struct plan_device device = disk(2, 1);
	unsigned first = 0;

	guest_listens(PORT2);
	for (unsigned i = 0; i < 10; i++) {
		check_ok(bring(&device), over.err);
		guest_takes(PORT2, DISK2);
		cr_assert_eq(memory.count, 1);
		if (i & 1) {
			unplug_force(&unplug, 1);
		} else {
			check_ok(unplug_request(&unplug, 1, &err), err);
			guest_turns_off(PORT2);
			unplug_power_changed(&unplug.list[1]);
		}
		cr_assert_eq(over.left, i + 1);
		cr_assert_eq(in(DISK2, 4), UINT32_MAX);
		cr_assert_eq(memory.count + seen.slots + seen.irqfds, 0);
		cr_assert_eq(unplug_request(&unplug, 1, &err), -ENODEV);
		if (i == 0)
			first = leaks();
		cr_assert_eq(leaks(), first, "nothing more is open after cycle %u", i + 1);
		guest_turns_off(PORT2);
	}
	cr_assert_eq(pt_space_stats(space).maps, 1, "once");
	cr_assert_eq(plan.device_count, 1, "the entry is used again");
}

/* The second one comes where the first was, and the first one's entry in the plan is that of a third elsewhere. */
Test(plug, slots_and_entries_are_used_again_in_any_order)
{
	struct plan_device a = disk(2, 0), b = disk(3, 1), c = disk(3, 0), d = disk(2, 1);

	check_ok(bring(&a), over.err);
	check_ok(bring(&b), over.err);
	guest_takes(PORT, DISK);
	guest_takes(PORT2, DISK2);
	unplug_force(&unplug, 1);
	guest_turns_off(PORT2);
	unplug_force(&unplug, 0);
	guest_turns_off(PORT);
	check_ok(bring(&c), over.err);
	check_ok(bring(&d), over.err);
	guest_takes(PORT, DISK);
	guest_takes(PORT2, DISK2);
	cr_assert_str_eq(slots.list[0].functions[0]->plan->bdf, "0000:03:00.0");
	cr_assert_str_eq(slots.list[1].functions[0]->plan->bdf, "0000:02:00.0");
	slots_stop(&slots);
	check_ok(slots_start(&slots, &err), err);
}

Test(plug, one_at_a_time)
{
	struct plan_device a = disk(2, 0), b = disk(3, 1);

	check_ok(plug_start(&plug, &a, done, NULL, &err), err);
	check_error(plug_start(&plug, &b, done, NULL, &err), -EBUSY, err, "0000:03:00.0");
	check_ok(loop_watch_start(&loop, &over.watch, &err), err);
	check_ok(loop_run(&loop, &err), err);
	check_ok(over.err.code, over.err);
	check_ok(bring(&b), over.err);
}

Test(plug, the_machine_ends_meanwhile)
{
	struct plan_device a = disk(2, 0);

	check_ok(plug_start(&plug, &a, done, NULL, &err), err);
	plug_close(&plug);
	cr_assert_eq(over.done, 0);
}

static void take_out(bool first)
{
	unplug_force(&unplug, 1);
	guest_turns_off(PORT2);
	out(PORT2 + SLTSTA, 2, 0x11f);
	seen.messages = over.left = 0;
	if (!first)
		return;
	pt_space_close(space);
	space = NULL;
}

/* What is made once and stays, such as KVM's list of devices, is there before. Its space goes too when it was made for it. */
static void every_call_fails_once(bool first)
{
	struct plan_device device = disk(2, 1), resident = disk(3, 0);
	unsigned before, failed = 0;

	guest_listens(PORT2);
	if (!first)
		check_ok(bring(&resident), over.err);
	check_ok(bring(&device), over.err);
	take_out(first);
	before = leaks();
	for (unsigned n = 1, fired = 1; fired; n++) {
		struct model_fault *fault = model_fault(model);
		int r;

		*fault = (struct model_fault){.countdown = n, .error = -ENOMEM};
		r = bring(&device);
		fired = fault->fired;
		*fault = (struct model_fault){0};
		if (r) {
			cr_assert(fired, "%s", over.err.message);
			cr_assert_neq(over.err.message[0], '\0');
			cr_assert_eq(leaks(), before, "call %u, %s", n, fault->where);
			cr_assert_eq(in(PORT2 + SLTSTA, 2) & PDS, 0);
			cr_assert_eq(seen.messages, 0);
			cr_assert_eq(over.left, 0);
			cr_assert_eq(plan.devices[first ? 0 : 1].id[0], '\0');
			cr_assert(!first || !space);
			failed++;
			continue;
		}
		if (fired) {
			take_out(first);
			cr_assert_eq(leaks(), before, "call %u, %s", n, fault->where);
		}
	}
	cr_assert_gt(failed, first ? 30 : 20, "%u", failed);
	check_ok(over.err.code, over.err);
	guest_takes(PORT2, DISK2);
	cr_assert_eq(memory.count, 1);
}

Test(plug, a_step_that_fails_leaves_all_as_it_was)
{
	every_call_fails_once(false);
}

Test(plug, and_so_it_is_with_the_first_device)
{
	every_call_fails_once(true);
}

static enum loop_next is_settled(void *ctx)
{
	(void)ctx;
	return LOOP_END;
}

static void settled(void *ctx)
{
	const uint64_t one = 1;

	(*(unsigned *)ctx)++;
	(void)!write(over.watch.fd, &one, sizeof(one));
}

/* The guest's memory is the host's again, and is mapped anew for the next. */
Test(plug, the_last_one_takes_the_space_with_it)
{
	struct plan_device a = disk(2, 0), b = disk(3, 1);
	unsigned first = 0, told = 0;

	over.last_takes_space = true;
	for (unsigned i = 0; i < 3; i++) {
		check_ok(bring(&a), over.err);
		check_ok(bring(&b), over.err);
		unplug_force(&unplug, 0);
		cr_assert_not_null(space);
		unplug_force(&unplug, 1);
		cr_assert_null(space);
		over.watch.ready = is_settled;
		check_ok(space_closer_tell(&plug.closer, settled, &told, &err), err);
		cr_assert_eq(space_closer_tell(&plug.closer, settled, &told, &err), -EBUSY);
		check_ok(loop_watch_start(&loop, &over.watch, &err), err);
		check_ok(loop_run(&loop, &err), err);
		(void)is_over(NULL);
		over.watch.ready = is_over;
		cr_assert_eq(told, i + 1);
		if (i == 0)
			first = leaks();
		cr_assert_eq(leaks(), first);
		guest_turns_off(PORT);
		guest_turns_off(PORT2);
	}
}

/* It does not wait for the loop: the next device may come while the space of the last one goes. */
Test(plug, a_device_comes_while_the_last_space_goes)
{
	struct plan_device a = disk(2, 0);

	over.last_takes_space = true;
	for (unsigned i = 0; i < 5; i++) {
		check_ok(bring(&a), over.err);
		unplug_force(&unplug, 0);
		guest_turns_off(PORT);
	}
	check_ok(bring(&a), over.err);
	cr_assert_eq(pt_space_stats(space).maps, 1);
}

static struct plan_virtio a_virtio(enum plan_virtio_kind kind, const char *id, unsigned port)
{
	struct plan_virtio virtio = {.kind = kind,
				     .slot = port + 1,
				     .port = port,
				     .gsi = 17 + port,
				     .bar = (uint32_t)plan.ports[port].memory.base};

	(void)snprintf(virtio.id, sizeof(virtio.id), "%s", id);
	return virtio;
}

Test(plug, a_virtio_device_comes_and_goes_ten_times)
{
	const struct plan_virtio rng = a_virtio(PLAN_VIRTIO_RNG, "rng0", 1);
	unsigned first = 0;

	guest_listens(PORT2);
	for (unsigned i = 0; i < 10; i++) {
		unsigned kept = 0;

		check_ok(bring_virtio(&rng), over.err);
		cr_assert_eq(memory.count, 0, "its link is down");
		guest_takes_virtio(PORT2, DISK2);
		cr_assert_eq(memory.count, 1);
		cr_assert_eq(plan.virtio_count, 1);
		if (i & 1) {
			unplug_force(&unplug, 1);
		} else {
			check_ok(unplug_request(&unplug, 1, &err), err);
			guest_turns_off(PORT2);
			unplug_power_changed(&unplug.list[1]);
		}
		guest_turns_off(PORT2);
		cr_assert_eq(over.left, i + 1);
		cr_assert_eq(in(DISK2, 4), UINT32_MAX);
		cr_assert_eq(memory.count, 0);
		cr_assert_null(units[0]);
		for (const struct virtio_unit *unit = gone; unit; unit = unit->next)
			kept++;
		cr_assert_leq(kept, 2, "those of which the loop has let go are freed");
		if (i == 0)
			first = leaks();
		cr_assert_eq(leaks(), first);
	}
}

/* Slots are for whatever comes. */
Test(plug, virtio_and_passed_through_devices_in_turn)
{
	const struct plan_virtio rng = a_virtio(PLAN_VIRTIO_RNG, "rng0", 1);
	const struct plan_device device = disk(2, 1);

	for (unsigned i = 0; i < 3; i++) {
		check_ok(bring_virtio(&rng), over.err);
		guest_takes_virtio(PORT2, DISK2);
		unplug_force(&unplug, 1);
		guest_turns_off(PORT2);
		check_ok(bring(&device), over.err);
		guest_takes(PORT2, DISK2);
		unplug_force(&unplug, 1);
		guest_turns_off(PORT2);
	}
	cr_assert_eq(over.left, 6);
}

Test(plug, a_virtio_device_that_cannot_come)
{
	struct plan_virtio image = a_virtio(PLAN_VIRTIO_DISK, "disk0", 1);
	const struct plan_virtio rng = a_virtio(PLAN_VIRTIO_RNG, "rng0", 1);

	image.disk.queues = 1;
	(void)snprintf(image.disk.path, sizeof(image.disk.path), "/nonexistent/image");
	cr_assert_eq(bring_virtio(&image), -ENOENT);
	cr_assert_not_null(strstr(over.err.message, "/nonexistent/image"), "%s", over.err.message);
	cr_assert_eq(in(PORT2 + SLTSTA, 2) & PDS, 0);
	cr_assert_str_empty(plan.virtio[0].id);
	cr_assert_null(units[0]);
	check_ok(bring_virtio(&rng), over.err);
	guest_takes_virtio(PORT2, DISK2);
	cr_assert_eq(plan.virtio_count, 1);
}

Test(plug, the_machine_ends_while_a_virtio_device_comes)
{
	const struct plan_virtio rng = a_virtio(PLAN_VIRTIO_RNG, "rng0", 1);

	check_ok(plug_start_virtio(&plug, &rng, done, NULL, &err), err);
	check_error(plug_start_virtio(&plug, &rng, done, NULL, &err), -EBUSY, err, "rng0");
	plug_close(&plug);
	cr_assert_eq(over.done, 0);
}

static struct plan_device function_of(unsigned number, unsigned function)
{
	struct plan_device device = disk(number, 1);

	device.function = function;
	device.multifunction = 1;
	device.bar_address[0] += function * 0x4000u;
	return device;
}

/* Function 0 comes last, and the guest finds both. */
Test(plug, a_device_of_two_functions)
{
	struct plan_device second = function_of(3, 1), first = function_of(2, 0);

	guest_listens(PORT2);
	for (unsigned i = 0; i < 3; i++) {
		seen.messages = over.left = 0;
		check_ok(bring(&second), over.err);
		cr_assert_eq(seen.messages, 0, "the guest is not told");
		cr_assert_eq(in(PORT2 + SLTSTA, 2) & PDS, 0);
		check_ok(bring(&first), over.err);
		cr_assert_eq(seen.messages, 1);
		guest_takes(PORT2, DISK2);
		cr_assert_eq(in(DISK2 + 0x1000, 4), 0x00101b36);
		cr_assert_eq(in(DISK2 + 0xc, 4) >> 16 & 0x80, 0x80,
			     "it says that there are others");
		check_ok(unplug_request(&unplug, 1, &err), err);
		guest_turns_off(PORT2);
		unplug_power_changed(&unplug.list[1]);
		cr_assert_eq(over.left, 2, "they leave together, cycle %u: %u", i, over.left);
		cr_assert_eq(memory.count, 0);
		out(PORT2 + SLTSTA, 2, 0x11f);
	}
}

Test(plug, a_function_that_waits_can_be_taken_back)
{
	struct plan_device second = function_of(3, 1), whole = disk(2, 1);

	guest_listens(PORT2);
	check_ok(bring(&second), over.err);
	check_ok(unplug_request(&unplug, 1, &err), err);
	cr_assert_eq(over.left, 1, "the guest need not be asked");
	cr_assert_eq(seen.messages, 0);
	check_ok(bring(&whole), over.err);
	guest_takes(PORT2, DISK2);
	cr_assert_eq(in(DISK2 + 0x1000, 4), UINT32_MAX);
}
