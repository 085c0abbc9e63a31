/* SPDX-License-Identifier: MIT */
/* A guest's driver of a virtio device: its memory, one queue of it laid out in that, and the device behind PCI. */
#ifndef TENON_TESTS_VIRTIO_GUEST_H
#define TENON_TESTS_VIRTIO_GUEST_H

#include <criterion/criterion.h>
#include <linux/virtio_config.h>
#include <linux/virtio_pci.h>
#include <linux/virtio_ring.h>
#include <poll.h>
#include <string.h>

#include "fake_kvm.h"
#include "loop_settle.h"
#include "virtio/unit.h"

#define GUEST_RAM   0x100000u /* a piece of each: at 0, and behind a hole */
#define GUEST_HIGH  0x100000000ull
#define GUEST_BAR   0x80000000u
#define GUEST_DESC  0x1000u
#define GUEST_AVAIL 0x2000u
#define GUEST_USED  0x3000u
#define GUEST_TABLE 0x4000u /* for indirect descriptors */
#define GUEST_DATA  0x10000u
#define QUEUE_STEP  0x4000u /* from one queue's rings to the next one's */

#define BAR_COMMON 0x0000u
#define BAR_ISR	   0x1000u
#define BAR_CONFIG 0x2000u
#define BAR_NOTIFY 0x3000u
#define BAR_TABLE  0x4000u
#define BAR_PBA	   0x5000u
#define MSIX_CAP   0x80u

struct virtio_guest {
	struct fake_kvm *fake;
	struct kvm_routes routes;
	struct bus memory;
	struct ram ram;
	struct plan_virtio plan;
	struct virtio_unit unit;
	bool line;
	uint16_t offered[8]; /* per queue, how many heads were made available */
};

static inline void guest_line(void *ctx, bool level)
{
	struct virtio_guest *guest = ctx;

	guest->line = level;
}

static inline void guest_memory(struct ram *ram)
{
	*ram = (struct ram){
		.fd = -1,
		.base = aligned_alloc(4096, 2 * GUEST_RAM),
		.size = 2 * GUEST_RAM,
		.pieces = {{0, GUEST_RAM, 0}, {GUEST_HIGH, GUEST_RAM, GUEST_RAM}},
		.count = 2,
	};
	cr_assert_not_null(ram->base);
	memset(ram->base, 0, ram->size);
}

static inline void guest_open(struct virtio_guest *guest, const struct plan_virtio *plan)
{
	struct pt_error err = PT_ERROR_INIT;

	memset(guest, 0, sizeof(*guest));
	guest->fake = fake_kvm_new();
	kvm_routes_init(&guest->routes, &guest->fake->kvm);
	bus_init(&guest->memory);
	guest_memory(&guest->ram);
	guest->plan = *plan;
	guest->plan.bar = GUEST_BAR;

	const struct virtio_pci_host host = {
		.kvm = &guest->fake->kvm,
		.routes = &guest->routes,
		.memory = &guest->memory,
		.memory_end = 1ull << 40,
		.line = guest_line,
		.ctx = guest,
	};

	cr_assert_eq(virtio_unit_open(&guest->unit, pt_sys_linux(), &guest->plan, &guest->ram,
				      &host, false, &err),
		     0, "%s", err.message);
}

static inline void guest_close(struct virtio_guest *guest)
{
	virtio_unit_done(&guest->unit);
	kvm_routes_done(&guest->routes);
	bus_done(&guest->memory);
	free(guest->ram.base);
	free(guest->fake);
}

static inline uint32_t guest_config(struct virtio_guest *guest, unsigned offset, unsigned size)
{
	return virtio_pci_config_ops.config_read(&guest->unit.pci, offset, size);
}

static inline void guest_config_write(struct virtio_guest *guest, unsigned offset, unsigned size,
				      uint32_t value)
{
	virtio_pci_config_ops.config_write(&guest->unit.pci, offset, size, value);
}

static inline uint32_t guest_read(struct virtio_guest *guest, unsigned offset, unsigned size)
{
	uint32_t value = 0;

	bus_read(&guest->memory, GUEST_BAR + offset, &value, size);
	return value;
}

static inline void guest_write(struct virtio_guest *guest, unsigned offset, unsigned size,
			       uint32_t value)
{
	bus_write(&guest->memory, GUEST_BAR + offset, &value, size);
}

static inline uint64_t guest_offered(struct virtio_guest *guest)
{
	uint64_t features;

	guest_write(guest, VIRTIO_PCI_COMMON_DFSELECT, 4, 0);
	features = guest_read(guest, VIRTIO_PCI_COMMON_DF, 4);
	guest_write(guest, VIRTIO_PCI_COMMON_DFSELECT, 4, 1);
	return features | (uint64_t)guest_read(guest, VIRTIO_PCI_COMMON_DF, 4) << 32;
}

/* 3.1.1, until the queues are to be set up. Return: whether the device takes the features. */
static inline bool guest_negotiate(struct virtio_guest *guest, uint64_t features)
{
	guest_config_write(guest, 4, 2, 6); /* memory, bus master */
	guest_write(guest, VIRTIO_PCI_COMMON_STATUS, 1, 0);
	guest_write(guest, VIRTIO_PCI_COMMON_STATUS, 1, 3);
	guest_write(guest, VIRTIO_PCI_COMMON_GFSELECT, 4, 0);
	guest_write(guest, VIRTIO_PCI_COMMON_GF, 4, (uint32_t)features);
	guest_write(guest, VIRTIO_PCI_COMMON_GFSELECT, 4, 1);
	guest_write(guest, VIRTIO_PCI_COMMON_GF, 4, (uint32_t)(features >> 32));
	guest_write(guest, VIRTIO_PCI_COMMON_STATUS, 1, 3 | VIRTIO_CONFIG_S_FEATURES_OK);
	return guest_read(guest, VIRTIO_PCI_COMMON_STATUS, 1) & VIRTIO_CONFIG_S_FEATURES_OK;
}

static inline void guest_queue(struct virtio_guest *guest, unsigned index, unsigned size,
			       uint16_t vector)
{
	uint32_t at = index * QUEUE_STEP;

	memset(guest->ram.base + GUEST_DESC + at, 0, 0x3000);
	guest->offered[index] = 0;
	guest_write(guest, VIRTIO_PCI_COMMON_Q_SELECT, 2, index);
	guest_write(guest, VIRTIO_PCI_COMMON_Q_SIZE, 2, size);
	guest_write(guest, VIRTIO_PCI_COMMON_Q_MSIX, 2, vector);
	guest_write(guest, VIRTIO_PCI_COMMON_Q_DESCLO, 4, GUEST_DESC + at);
	guest_write(guest, VIRTIO_PCI_COMMON_Q_AVAILLO, 4, GUEST_AVAIL + at);
	guest_write(guest, VIRTIO_PCI_COMMON_Q_USEDLO, 4, GUEST_USED + at);
	guest_write(guest, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
}

static inline void guest_ready(struct virtio_guest *guest)
{
	guest_write(guest, VIRTIO_PCI_COMMON_STATUS, 1,
		    3 | VIRTIO_CONFIG_S_FEATURES_OK | VIRTIO_CONFIG_S_DRIVER_OK);
}

static inline uint8_t guest_status(struct virtio_guest *guest)
{
	return (uint8_t)guest_read(guest, VIRTIO_PCI_COMMON_STATUS, 1);
}

/* A device with @count queues of @size, ready, its driver waiting at INTA#. */
static inline void guest_start(struct virtio_guest *guest, uint64_t features, unsigned count,
			       unsigned size)
{
	cr_assert(guest_negotiate(guest, features | 1ull << VIRTIO_F_VERSION_1));
	for (unsigned i = 0; i < count; i++)
		guest_queue(guest, i, size, VIRTIO_NO_VECTOR);
	guest_ready(guest);
	cr_assert_eq(guest_status(guest), 0xf);
}

static inline struct vring_desc *guest_desc(struct virtio_guest *guest, unsigned queue,
					    unsigned index)
{
	return (struct vring_desc *)(void *)(guest->ram.base + GUEST_DESC + queue * QUEUE_STEP) +
	       index;
}

static inline void guest_offer(struct virtio_guest *guest, unsigned queue, unsigned size,
			       uint16_t head)
{
	uint16_t *avail = (uint16_t *)(void *)(guest->ram.base + GUEST_AVAIL + queue * QUEUE_STEP);

	avail[2 + guest->offered[queue] % size] = head;
	avail[1] = ++guest->offered[queue];
}

/* What the loop would do for a notification. */
static inline void guest_kick(struct virtio_guest *guest, unsigned queue)
{
	struct loop_watch *watch = &guest->unit.virtio->queues[queue].watch;

	watch->ready(watch->ctx);
}

static inline const struct vring_used *guest_used(const struct virtio_guest *guest, unsigned queue)
{
	return (const struct vring_used *)(const void *)(guest->ram.base + GUEST_USED +
							 queue * QUEUE_STEP);
}

static inline bool readable(int fd)
{
	struct pollfd poll_fd = {.fd = fd, .events = POLLIN};

	return poll(&poll_fd, 1, 0) == 1;
}

#endif
