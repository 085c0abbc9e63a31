/* SPDX-License-Identifier: MIT */
/*
 * A virtio device behind PCI whose driver writes what it likes, to configuration space, BAR and memory, in every order, while
 * its link goes up and down and the loop sees to it.
 *
 * What must hold after each step: the BAR is in the guest only while it is decoded and the link is up; a vector is connected
 * exactly when it is enabled and unmasked; the line is up only with a cause; the device runs only when its driver said that it
 * is ready. At the end nothing is left in KVM.
 */
#include <errno.h>
#include <linux/kvm.h>
#include <linux/virtio_config.h>

#include "input.h"
#include "virtio/unit.h"

#define PIECE 0x8000u
#define HIGH  0x100000000ull
#define BAR   0x80000000u
#define STEPS 120

static uint8_t memory[2 * PIECE];

static struct {
	struct pt_sys sys;
	struct kvm kvm;
	struct kvm_routes routes;
	struct bus bus;
	struct ram ram;
	struct virtio_unit unit;
	struct plan_virtio plan;
	unsigned irqfds;
	unsigned ioeventfds;
	bool line;
	bool up;
} guest;

static int on_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
	(void)ctx;
	(void)fd;
	if (request == KVM_CHECK_EXTENSION)
		return 4096;
	if (request == KVM_IRQFD) {
		const struct kvm_irqfd *irqfd = arg;

		guest.irqfds += irqfd->flags & KVM_IRQFD_FLAG_DEASSIGN ? ~0u : 1u;
	} else if (request == KVM_IOEVENTFD) {
		const struct kvm_ioeventfd *ioeventfd = arg;

		guest.ioeventfds += ioeventfd->flags & KVM_IOEVENTFD_FLAG_DEASSIGN ? ~0u : 1u;
	}
	return 0;
}

static void on_line(void *ctx, bool level)
{
	(void)ctx;
	guest.line = level;
}

static void up(void)
{
	struct pt_error err = PT_ERROR_INIT;
	struct virtio_pci_host host;

	memset(&guest, 0, sizeof(guest));
	memset(memory, 0, sizeof(memory));
	guest.sys.ioctl = on_ioctl;
	guest.kvm = (struct kvm){.sys = &guest.sys, .fd = 3, .vm_fd = 4, .vfio_fd = -1};
	kvm_routes_init(&guest.routes, &guest.kvm);
	bus_init(&guest.bus);
	guest.ram = (struct ram){
		.fd = -1,
		.base = memory,
		.size = sizeof(memory),
		.pieces = {{0, PIECE, 0}, {HIGH, PIECE, PIECE}},
		.count = 2,
	};
	guest.plan = (struct plan_virtio){.kind = PLAN_VIRTIO_RNG, .id = "rng0", .bar = BAR};
	guest.up = true;
	host = (struct virtio_pci_host){
		.kvm = &guest.kvm,
		.routes = &guest.routes,
		.memory = &guest.bus,
		.memory_end = 1ull << 40,
		.line = on_line,
	};
	fuzz_require(!virtio_unit_open(&guest.unit, pt_sys_linux(), &guest.plan, &guest.ram, &host,
				       false, &err),
		     "%s", err.message);
}

static void down(void)
{
	virtio_unit_done(&guest.unit);
	fuzz_require(!guest.irqfds && !guest.ioeventfds && !guest.bus.count && !guest.line,
		     "left: %u irqfds, %u ioeventfds, %u ranges, line %d", guest.irqfds,
		     guest.ioeventfds, guest.bus.count, guest.line);
	kvm_routes_done(&guest.routes);
	bus_done(&guest.bus);
}

static uint32_t config(unsigned offset, unsigned size)
{
	return virtio_pci_config_ops.config_read(&guest.unit.pci, offset, size);
}

static void config_write(unsigned offset, unsigned size, uint32_t value)
{
	virtio_pci_config_ops.config_write(&guest.unit.pci, offset, size, value);
}

static void check(void)
{
	const struct virtio_vectors *vectors = &guest.unit.pci.vectors;
	const struct virtio *virtio = guest.unit.virtio;
	bool decoded = guest.up && config(4, 2) & 2 && config(0x10, 4);
	unsigned connected = 0;

	fuzz_require(guest.bus.count <= decoded, "the BAR is in the guest: %u, decoded %d",
		     guest.bus.count, decoded);
	fuzz_require(guest.ioeventfds <= guest.bus.count * virtio->queue_count,
		     "%u notifications are caught", guest.ioeventfds);
	for (unsigned i = 0; i < vectors->count; i++) {
		const struct virtio_vector *vector = &vectors->list[i];

		fuzz_require(!vector->connected ||
				     (vectors->enabled && !vectors->masked && !vector->masked),
			     "vector %u is connected", i);
		connected += vector->connected;
	}
	fuzz_require(connected == guest.irqfds, "%u irqfds, and %u vectors", guest.irqfds,
		     connected);
	fuzz_require(!guest.line || (guest.unit.pci.isr && !vectors->enabled), "the line is up");
	fuzz_require(!virtio->started || (virtio->status & VIRTIO_CONFIG_S_DRIVER_OK &&
					  !(virtio->status & VIRTIO_CONFIG_S_NEEDS_RESET) &&
					  virtio->master && guest.up),
		     "it runs, with status 0x%x", virtio->status);
}

/* As a driver would, so that more than the first steps is reached. */
static void become_ready(struct input *input)
{
	static const uint8_t steps[][3] = {
		{0x14, 1, 0}, {0x14, 1, 3}, {0x08, 4, 1}, {0x0c, 4, 1}, {0x14, 1, 11},
		{0x16, 2, 0}, {0x18, 2, 8}, {0x1a, 2, 1}, {0x21, 1, 1},
	};
	uint32_t value;

	config_write(4, 2, 6);
	for (size_t i = 0; i < sizeof(steps) / sizeof(steps[0]); i++) {
		value = steps[i][2];
		bus_write(&guest.bus, BAR + steps[i][0], &value, steps[i][1]);
	}
	for (unsigned offset = 0x20; offset < 0x38; offset += 8) {
		value = 0x100 * (1 + (offset - 0x20) / 8 * 4);
		bus_write(&guest.bus, BAR + offset, &value, 4);
	}
	value = 1;
	bus_write(&guest.bus, BAR + 0x1c, &value, 2);
	value = 15;
	bus_write(&guest.bus, BAR + 0x14, &value, 1);
	(void)input;
}

static void access_bar(struct input *input, bool write)
{
	uint32_t offset = (input_u8(input) & 7u) * 0x1000 + input_u8(input) % 0x60;
	unsigned size = 1u << input_u8(input) % 4;
	uint64_t value = write ? input_u64(input) : 0;

	if (write)
		bus_write(&guest.bus, BAR + offset, &value, size);
	else
		bus_read(&guest.bus, BAR + offset, &value, size);
}

static void access_config(struct input *input, bool write)
{
	unsigned offset = input_u8(input);
	unsigned size = 1u << input_u8(input) % 3;

	offset &= ~(size - 1);
	if (write)
		config_write(offset, size, input_u32(input));
	else
		(void)config(offset, size);
}

static void write_memory(struct input *input)
{
	uint8_t bytes[24];
	unsigned size = input_u8(input) % sizeof(bytes);
	unsigned offset = input_u16(input) & 0xfff;

	input_bytes(input, bytes, size);
	memcpy(memory + offset, bytes, size);
}

static void set_link(bool to)
{
	guest.up = to;
	if (to)
		virtio_pci_release(&guest.unit.pci);
	else
		virtio_pci_hold(&guest.unit.pci);
}

static void step(struct input *input)
{
	struct loop_watch *watch = &guest.unit.virtio->queues[0].watch;

	switch (input_u8(input) % 9) {
	case 0:
		access_bar(input, false);
		break;
	case 1:
	case 2:
		access_bar(input, true);
		break;
	case 3:
		access_config(input, false);
		break;
	case 4:
		access_config(input, true);
		break;
	case 5:
		write_memory(input);
		break;
	case 6:
		watch->ready(watch->ctx);
		break;
	case 7:
		become_ready(input);
		break;
	default:
		if (input_u8(input) & 1)
			set_link(!guest.up);
		else
			virtio_pci_reset(&guest.unit.pci), guest.up = true;
		break;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct input input = {data, size};

	up();
	for (unsigned i = 0; i < STEPS && input.left; i++) {
		step(&input);
		check();
	}
	down();
	return 0;
}
