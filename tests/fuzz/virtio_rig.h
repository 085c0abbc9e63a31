/* SPDX-License-Identifier: MIT */
/*
 * A virtio device of any kind with queues that are enabled, and a driver that puts what it likes into them. RAM is two pieces with
 * a hole between; the loop is there and does not run: what it would call is called.
 */
#ifndef FUZZ_VIRTIO_RIG_H
#define FUZZ_VIRTIO_RIG_H

#include <linux/kvm.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>

#include "input.h"
#include "virtio/unit.h"

#define RIG_PIECE 0x8000u
#define RIG_HIGH  0x100000000ull
#define RIG_BAR	  0x80000000u
#define RIG_QUEUE 16u /* descriptors of a queue */
#define RIG_STEP \
	0x1000u /* what a queue has for its rings: descriptors, available at 0x400, used at 0x800 */

struct rig {
	struct pt_sys sys;
	struct kvm kvm;
	struct kvm_routes routes;
	struct bus bus;
	struct ram ram;
	struct loop loop;
	struct virtio_unit unit;
	struct plan_virtio plan;
	uint8_t memory[2 * RIG_PIECE];
};

/* The driver wrote over a used ring, or gave a device its place for data, in this input. */
static bool rig_overlaid;
static unsigned rig_queues;

static inline uint32_t rig_used_ring(unsigned queue)
{
	return queue * RIG_STEP + 0x800;
}

void *__real_ram_at(const struct ram *ram, uint64_t gpa, uint64_t size);
void *__wrap_ram_at(const struct ram *ram, uint64_t gpa, uint64_t size);

/* Whoever touches RAM asks for its place here (the linker's --wrap); only the queue itself asks for just its ring. */
void *__wrap_ram_at(const struct ram *ram, uint64_t gpa, uint64_t size)
{
	const uint32_t ring = 2 * 3 + RIG_QUEUE * sizeof(struct vring_used_elem);

	for (unsigned i = 0; i < rig_queues; i++) {
		const uint32_t used = rig_used_ring(i);

		if (gpa < used + ring && size > 0 && gpa + size > used &&
		    (gpa != used || size != ring))
			rig_overlaid = true;
	}
	return __real_ram_at(ram, gpa, size);
}

static inline int rig_ioctl(void *ctx, int fd, unsigned long request, void *arg)
{
	(void)ctx;
	(void)fd;
	(void)arg;
	return request == KVM_CHECK_EXTENSION ? 4096 : 0;
}

static inline void rig_line(void *ctx, bool level)
{
	(void)ctx;
	(void)level;
}

static inline void rig_common(struct rig *rig, unsigned offset, unsigned size, uint32_t value)
{
	bus_write(&rig->bus, RIG_BAR + offset, &value, size);
}

static inline uint8_t rig_status(struct rig *rig)
{
	uint8_t status = 0;

	bus_read(&rig->bus, RIG_BAR + VIRTIO_PCI_COMMON_STATUS, &status, 1);
	return status;
}

/* 3.1.1, with queue 0 to @queues - 1. */
static inline void rig_start(struct rig *rig, uint64_t features, unsigned queues)
{
	rig_common(rig, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	rig_common(rig, VIRTIO_PCI_COMMON_STATUS, 1, 3);
	for (unsigned half = 0; half < 2; half++) {
		rig_common(rig, VIRTIO_PCI_COMMON_GFSELECT, 4, half);
		rig_common(rig, VIRTIO_PCI_COMMON_GF, 4,
			   (uint32_t)((features | 1ull << VIRTIO_F_VERSION_1) >> 32 * half));
	}
	rig_common(rig, VIRTIO_PCI_COMMON_STATUS, 1, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
	rig_queues = queues;
	for (unsigned i = 0; i < queues; i++) {
		memset(rig->memory + i * RIG_STEP, 0, RIG_STEP);
		rig_common(rig, VIRTIO_PCI_COMMON_Q_SELECT, 2, i);
		rig_common(rig, VIRTIO_PCI_COMMON_Q_SIZE, 2, RIG_QUEUE);
		rig_common(rig, VIRTIO_PCI_COMMON_Q_DESCLO, 4, i * RIG_STEP);
		rig_common(rig, VIRTIO_PCI_COMMON_Q_AVAILLO, 4, i * RIG_STEP + 0x400);
		rig_common(rig, VIRTIO_PCI_COMMON_Q_USEDLO, 4, rig_used_ring(i));
		rig_common(rig, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	}
	rig_common(rig, VIRTIO_PCI_COMMON_STATUS, 1,
		   3 | VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

static inline void rig_up(struct rig *rig, const struct plan_virtio *plan)
{
	struct pt_error err = PT_ERROR_INIT;
	struct virtio_pci_host host;

	memset(rig, 0, sizeof(*rig));
	rig_overlaid = false;
	rig_queues = 0;
	rig->sys = *pt_sys_linux();
	rig->sys.ioctl = rig_ioctl;
	rig->kvm = (struct kvm){.sys = &rig->sys, .fd = 3, .vm_fd = 4, .vfio_fd = -1};
	kvm_routes_init(&rig->routes, &rig->kvm);
	bus_init(&rig->bus);
	rig->ram = (struct ram){
		.fd = -1,
		.base = rig->memory,
		.size = sizeof(rig->memory),
		.pieces = {{0, RIG_PIECE, 0}, {RIG_HIGH, RIG_PIECE, RIG_PIECE}},
		.count = 2,
	};
	rig->plan = *plan;
	rig->plan.bar = RIG_BAR;
	host = (struct virtio_pci_host){
		.kvm = &rig->kvm,
		.routes = &rig->routes,
		.memory = &rig->bus,
		.memory_end = 1ull << 40,
		.line = rig_line,
	};
	fuzz_require(!loop_open(&rig->loop, &err), "%s", err.message);
	fuzz_require(!virtio_unit_open(&rig->unit, pt_sys_linux(), &rig->plan, &rig->ram, &host,
				       false, &err),
		     "%s", err.message);
	fuzz_require(!virtio_unit_watch(&rig->unit, &rig->loop, &err), "%s", err.message);
	virtio_pci_config_ops.config_write(&rig->unit.pci, 4, 2, 6); /* memory, bus master */
}

static inline void rig_down(struct rig *rig)
{
	loop_done(&rig->loop);
	virtio_unit_done(&rig->unit);
	kvm_routes_done(&rig->routes);
	bus_done(&rig->bus);
}

/* What the loop would do for a notification. */
static inline void rig_kick(struct rig *rig, unsigned queue)
{
	struct loop_watch *watch = &rig->unit.virtio->queues[queue].watch;

	watch->ready(watch->ctx);
}

/* Places that matter are likelier than others. */
static inline uint64_t rig_address(struct input *input)
{
	uint16_t value = input_u16(input);

	switch (value >> 14) {
	case 0:
		return 0x4000 + (value & 0x3fff);
	case 1:
		return RIG_HIGH + (value & 0x7fff);
	case 2:
		return value & 0x7fff;
	default:
		return input_u64(input);
	}
}

static inline void rig_write_memory(struct rig *rig, struct input *input)
{
	uint8_t bytes[32];
	unsigned size = input_u8(input) % sizeof(bytes);
	void *to = ram_at(&rig->ram, rig_address(input), size);

	input_bytes(input, bytes, size);
	if (to)
		memcpy(to, bytes, size);
}

static inline struct vring_desc *rig_desc(struct rig *rig, unsigned queue, unsigned index)
{
	return (struct vring_desc *)(void *)(rig->memory + queue * RIG_STEP) + index;
}

static inline void rig_write_desc(struct rig *rig, unsigned queue, struct input *input)
{
	const unsigned index = input_u8(input) % RIG_QUEUE;

	*rig_desc(rig, queue, index) = (struct vring_desc){
		.addr = rig_address(input),
		.len = input_u8(input) & 0x80 ? input_u32(input) : input_u8(input) * 64u,
		.flags = input_u8(input) % 8,
		.next = input_u8(input) % 32,
	};
}

static inline void rig_offer(struct rig *rig, unsigned queue, uint16_t head)
{
	uint16_t *avail = (uint16_t *)(void *)(rig->memory + queue * RIG_STEP + 0x400);

	avail[2 + avail[1] % RIG_QUEUE] = head;
	avail[1]++;
}

/*
 * No more was given back than was taken, which may be more than a ring's worth when a driver offers what it has not got back;
 * and nothing that is no head. Where something else was written over the ring (see rig_overlaid) it is no answer.
 */
static inline void rig_check_used(const struct rig *rig, unsigned queue, uint16_t *seen)
{
	const struct vring_used *used = (const void *)(rig->memory + rig_used_ring(queue));
	const struct virtqueue *ring = &rig->unit.virtio->queues[queue].ring;

	fuzz_require((uint16_t)(ring->next - ring->used) <= UINT16_MAX / 2,
		     "queue %u: %u were taken, %u given back", queue, ring->next, ring->used);
	if (rig_overlaid || used->idx != ring->used) {
		*seen = ring->used;
		return;
	}
	for (; *seen != used->idx; ++*seen)
		fuzz_require(used->ring[*seen % RIG_QUEUE].id < RIG_QUEUE,
			     "queue %u: %u was given back", queue,
			     used->ring[*seen % RIG_QUEUE].id);
}

/* The same of each queue. What the driver wrote over a ring, just now by rig_write_*(), is no answer. */
static inline void rig_check_queues(const struct rig *rig, bool wrote, uint16_t *seen)
{
	for (unsigned i = 0; i < rig_queues; i++) {
		if (wrote)
			seen[i] = ((const struct vring_used *)(const void *)(rig->memory +
									     rig_used_ring(i)))
					  ->idx;
		rig_check_used(rig, i, &seen[i]);
	}
}

/* Somebody at a console's other end types. More than what waits cannot come: it would not be read. */
static inline void rig_type(struct console_end *end, struct input *input)
{
	if (end->input_done < end->input_size)
		return;
	end->input_done = 0;
	end->input_size = input_u16(input) % (CONSOLE_INPUT + 1);
	input_bytes(input, end->input, end->input_size);
	end->ops->came(end->ctx);
}

static inline void rig_check_end(const struct console_end *end)
{
	fuzz_require(end->used <= CONSOLE_BUFFER && end->start < CONSOLE_BUFFER,
		     "%zu bytes wait from %zu on", end->used, end->start);
	fuzz_require(end->input_done <= end->input_size, "%zu bytes of %zu were given",
		     end->input_done, end->input_size);
}

#endif
