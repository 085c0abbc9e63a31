/* SPDX-License-Identifier: MIT */
/* The glue between libpassthrough and the machine, on the modelled kernel: order, inverses, nothing left. */
#include "check.h"

#include <linux/kvm.h>
#include <stdlib.h>
#include <unistd.h>

#include "machine/slots.h"
#include "rom_image.h"

/* The model's VM knows of VFIO only; memory, routes and irqfds are counted here. */
static struct {
	int (*next)(void *ctx, int fd, unsigned long request, void *arg);
	unsigned slots, irqfds, routings, table;
} seen;

static int count_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
	const struct kvm_userspace_memory_region *region = arg;
	const struct kvm_irqfd *irqfd = arg;

	switch (request) {
	case KVM_CHECK_EXTENSION:
		return (unsigned long)arg == KVM_CAP_IRQ_ROUTING ? 4096 : 32;
	case KVM_SET_USER_MEMORY_REGION:
		seen.slots += region->memory_size ? 1u : -1u;
		return 0;
	case KVM_IRQFD:
		seen.irqfds += irqfd->flags & KVM_IRQFD_FLAG_DEASSIGN ? -1u : 1u;
		return 0;
	case KVM_SET_GSI_ROUTING:
		seen.routings++;
		seen.table = ((const struct kvm_irq_routing *)arg)->nr;
		return 0;
	default:
		return seen.next(ctx, fd, request, arg);
	}
}

static struct model *model;
static struct pt_sys sys;
static struct kvm kvm;
static struct kvm_memslots memslots;
static struct kvm_routes routes;
static struct bus ports, memory;
static struct pci_host pci;
static struct slots slots;
static struct pt_space *space;
static struct assigned assigned;
static struct vm_plan whole;
#define plan (whole.devices[0])
static struct pt_error err;

static const struct pt_space_setup setup = {.kvm = &kvm_vfio_ops, .kvm_ctx = &kvm};

static void up(void)
{
	const struct model_pci nvme = model_nvme("0000:02:00.0", 26);
	const struct assigned_host host = {&kvm,    &memslots,	&routes, &ports,
					   &memory, 1ull << 40, 0,	 pt_sys_linux()};

	model = model_new();
	model_add(model, &nvme);
	sys = *model_sys(model);
	memset(&seen, 0, sizeof(seen));
	memset(&err, 0, sizeof(err));
	seen.next = sys.ioctl;
	sys.ioctl = count_ioctl;
	kvm = (struct kvm)KVM_CLOSED;
	kvm.sys = &sys;
	kvm.fd = sys.open(sys.ctx, "/dev/kvm", 0);
	kvm.vm_fd = kvm_ioctl_value(&kvm, kvm.fd, KVM_CREATE_VM, 0);
	cr_assert_geq(kvm.vm_fd, 0);
	kvm_memslots_init(&memslots, &kvm);
	kvm_routes_init(&routes, &kvm);
	bus_init(&ports);
	bus_init(&memory);
	pci_host_init(&pci);
	whole = (struct vm_plan){.device_count = 1, .port_count = 1};
	whole.ports[0] = (struct plan_port){.slot = 1, .bus = 1};
	plan = (struct plan_device){.name = "0000:02:00.0", .bdf = "0000:02:00.0", .gsi = 17};
	plan.bars[0] = (struct pt_host_bar){.size = 0x4000, .is_64bit = 1};
	plan.bar_address[0] = 0x4000000000;
	check_ok(slots_open(&slots, &kvm, &whole, &pci, NULL, &err), err);
	assigned_init(&assigned, &host, &plan);
	space = NULL;
}

static void down(void)
{
	assigned_done(&assigned);
	slots_done(&slots);
	pt_space_close(space);
	cr_assert_eq(seen.slots, 0);
	cr_assert_eq(seen.irqfds, 0);
	cr_assert_eq(ports.count + memory.count, 0);
	bus_done(&ports);
	bus_done(&memory);
	kvm_routes_done(&routes);
	kvm_memslots_done(&memslots);
	kvm_done(&kvm);
	check_clean(model);
	model_free(model);
}

TestSuite(assigned, .init = up, .fini = down);

static void start(void)
{
	check_ok(pt_space_open(&sys, &setup, &space, &err), err);
	check_ok(assigned_open(&assigned, space, &err), err);
	check_ok(assigned_attach(&assigned, &err), err);
	check_ok(assigned_create(&assigned, &err), err);
	slots_plug(&slots, &plan, &assigned);
	check_ok(assigned_start(&assigned, &err), err);
}

static uint32_t config(unsigned offset, unsigned size)
{
	uint32_t value = 0;

	pci_ecam_ops.read(&pci, 1u << 20 | offset, &value, size);
	return value;
}

static void config_write(unsigned offset, unsigned size, uint32_t value)
{
	pci_ecam_ops.write(&pci, 1u << 20 | offset, &value, size);
}

static unsigned find_cap(unsigned id)
{
	unsigned at = config(0x34, 1);

	while (at && config(at, 1) != id)
		at = config(at + 1, 1);
	return at;
}

Test(assigned, kvm_is_told_before_the_device_is_bound_and_untold_before_it_is_closed)
{
	start();
	cr_assert(model_ordered(model, 0, "FILE_ADD", "BIND_IOMMUFD"));
	assigned_done(&assigned);
	cr_assert_geq(model_find_call(model, 0, "FILE_DEL"), 0);
}

Test(assigned, it_is_behind_its_port)
{
	cr_assert_eq(config(0, 4), 0xffffffff);
	start();
	cr_assert_eq(config(0x10, 4) & ~0xfu, 0);
	cr_assert_eq(config(0x14, 4), 0x40);
	cr_assert_neq(config(0, 4), 0xffffffff);
}

Test(assigned, decoding_puts_the_bar_on_the_bus_and_reset_takes_it_off)
{
	start();
	cr_assert_eq(memory.count, 0);
	config_write(4, 2, 2);
	cr_assert_eq(memory.count, 1);
	cr_assert_eq(memory.ranges[0].base, 0x4000000000);
	cr_assert_geq(seen.slots, 1);
	assigned_stop(&assigned);
	cr_assert_eq(memory.count, 0);
	cr_assert_eq(seen.slots, 0);
	check_ok(assigned_start(&assigned, &err), err);
	config_write(4, 2, 2);
	cr_assert_eq(memory.count, 1);
}

/* The guest unmasks vectors 0 to @count - 1 of its MSI-X table, then turns MSI-X on. */
static void use_vectors(unsigned count)
{
	unsigned cap = find_cap(0x11);
	uint64_t table = 0x4000000000 + (config(cap + 4, 4) & ~7u);

	config_write(4, 2, 6);
	for (unsigned i = 0; i < count; i++) {
		const uint32_t entry[4] = {0xfee00000, 0, 0x30 + i, 0};

		for (unsigned j = 0; j < 4; j++)
			bus_write(&memory, table + i * 16 + j * 4, &entry[j], 4);
	}
	config_write(cap + 2, 2, 0x8000);
}

Test(assigned, many_vectors_are_one_routing_call)
{
	start();
	use_vectors(20);
	cr_assert_eq(seen.irqfds, 20 + (pt_function_stats(assigned.function).intx ? 1u : 0u));
	cr_assert_eq(seen.routings, 1);
	cr_assert_eq(seen.table, 40 + 20);
	assigned_stop(&assigned);
	cr_assert_eq(seen.irqfds, 0);
}

Test(assigned, vectors_get_routes_again_after_a_reset)
{
	start();
	for (unsigned i = 0; i < 3; i++) {
		use_vectors(4);
		cr_assert_eq(pt_function_stats(assigned.function).msix_vectors, 4);
		assigned_stop(&assigned);
		check_ok(assigned_start(&assigned, &err), err);
	}
	cr_assert_leq(seen.table, 40 + 4, "numbers are used again");
}

Test(assigned, done_takes_every_step)
{
	check_ok(pt_space_open(&sys, &setup, &space, &err), err);
	check_ok(assigned_open(&assigned, space, &err), err);
	assigned_done(&assigned);
	check_ok(assigned_open(&assigned, space, &err), err);
	check_ok(assigned_attach(&assigned, &err), err);
	assigned_done(&assigned);
	check_ok(assigned_open(&assigned, space, &err), err);
	check_ok(assigned_attach(&assigned, &err), err);
	check_ok(assigned_create(&assigned, &err), err);
}

/* From a file to what the guest reads through the bus; the file may go once the guest runs. */
Test(assigned, a_rom_from_a_file)
{
	char path[] = "/tmp/tenon-test.XXXXXX";
	static uint8_t image[2048];
	uint32_t value = 0;
	int fd = mkstemp(path);

	rom_image(image, 4, 0x1b36, 0x0010, 1);
	cr_assert_eq(write(fd, image, sizeof(image)), sizeof(image));
	(void)close(fd);
	plan.rom = PT_ROM_BYTES;
	(void)strcpy(plan.rom_file, path);
	plan.bars[PT_BAR_ROM].size = 2048;
	plan.bar_address[PT_BAR_ROM] = 0xd0000000;
	start();
	(void)unlink(path);
	cr_assert_eq(config(0x30, 4), 0xd0000000);
	config_write(4, 2, 2);
	config_write(0x30, 4, 0xd0000001);
	bus_read(&memory, 0xd0000000, &value, 4);
	cr_assert_eq(value & 0xffff, 0xaa55);
	bus_write(&memory, 0xd0000000, "zero", 4);
	bus_read(&memory, 0xd0000000 + ROM_DATA, &value, 4);
	cr_assert_eq(memcmp(&value, "PCIR", 4), 0);
}

Test(assigned, a_rom_file_that_changed_after_the_plan)
{
	char path[] = "/tmp/tenon-test.XXXXXX";
	static uint8_t image[4096];
	int fd = mkstemp(path);

	rom_image(image, 8, 0x1b36, 0x0010, 1);
	cr_assert_eq(write(fd, image, sizeof(image)), sizeof(image));
	(void)close(fd);
	plan.rom = PT_ROM_BYTES;
	(void)strcpy(plan.rom_file, path);
	plan.bars[PT_BAR_ROM].size = 2048;
	check_ok(pt_space_open(&sys, &setup, &space, &err), err);
	check_ok(assigned_open(&assigned, space, &err), err);
	check_ok(assigned_attach(&assigned, &err), err);
	check_error(assigned_create(&assigned, &err), -ESTALE, err, "has changed");
	check_remedy(err, "try again");
	(void)unlink(path);
	check_error(assigned_create(&assigned, &err), -ENOENT, err, "0000:02:00.0: expansion ROM");
}

Test(assigned, any_call_may_fail)
{
	bool more = true;

	for (unsigned n = 1; more; n++) {
		int r;

		*model_fault(model) = (struct model_fault){.countdown = n, .error = -ENOMEM};
		r = pt_space_open(&sys, &setup, &space, &err);
		if (!r)
			r = assigned_open(&assigned, space, &err);
		if (!r)
			r = assigned_attach(&assigned, &err);
		if (!r)
			r = assigned_create(&assigned, &err);
		if (!r)
			r = assigned_start(&assigned, &err);
		more = model_fault(model)->fired;
		*model_fault(model) = (struct model_fault){0};
		cr_assert(r <= 0);
		assigned_done(&assigned);
		pt_space_close(space);
		space = NULL;
		cr_assert_eq(seen.slots + seen.irqfds, 0);
	}
}
