/* SPDX-License-Identifier: MIT */
/* A virtio device behind PCI, as its driver sees it: configuration space, negotiation, queues, interrupts, resets. */
#include "virtio/unit.h"
#include "virtio_guest.h"

#define RNG_SIZE 8u
#define VERSION	 (1ull << VIRTIO_F_VERSION_1)

static struct virtio_guest guest;

static void up(void)
{
	const struct plan_virtio plan = {.kind = PLAN_VIRTIO_RNG, .id = "rng0"};

	guest_open(&guest, &plan);
}

static void down(void)
{
	guest_close(&guest);
}

TestSuite(virtio_pci, .init = up, .fini = down);

/* The list of capabilities is finite; where the one of a kind is, 0 when there is none. */
static unsigned find(unsigned id, unsigned type)
{
	unsigned at = guest_config(&guest, 0x34, 1);

	for (unsigned i = 0; at && i < 48; i++) {
		if (guest_config(&guest, at, 1) == id &&
		    (id != 9 || guest_config(&guest, at + 3, 1) == type))
			return at;
		at = guest_config(&guest, at + 1, 1);
	}
	cr_assert_eq(at, 0, "the list does not end");
	return 0;
}

static void ask(uint32_t len)
{
	*guest_desc(&guest, 0, 0) = (struct vring_desc){GUEST_DATA, len, VRING_DESC_F_WRITE, 0};
	guest_offer(&guest, 0, RNG_SIZE, 0);
	guest_kick(&guest, 0);
}

Test(virtio_pci, it_is_a_modern_endpoint)
{
	cr_assert_eq(guest_config(&guest, 0, 4), 0x10441af4);
	cr_assert_eq(guest_config(&guest, 8, 1), 1);
	cr_assert_eq(guest_config(&guest, 9, 4) & 0xffffff, 0x00ff00);
	cr_assert_neq(find(0x10, 0), 0);
	cr_assert_neq(find(0x11, 0), 0);
	for (unsigned type = VIRTIO_PCI_CAP_COMMON_CFG; type <= VIRTIO_PCI_CAP_PCI_CFG; type++)
		cr_assert_eq(find(9, type) != 0, type != VIRTIO_PCI_CAP_DEVICE_CFG, "type %u",
			     type);
	guest_config_write(&guest, 0x10, 4, 0xffffffff);
	cr_assert_eq(guest_config(&guest, 0x10, 4), 0xffff8000);
	cr_assert_eq(guest_config(&guest, 0x100, 4), 0);
}

Test(virtio_pci, the_bar_is_where_the_driver_puts_it_and_notifications_follow)
{
	uint32_t value = 0;

	cr_assert_eq(fake_count(guest.fake, KVM_IOEVENTFD), 1);
	cr_assert_eq(guest.fake->calls[guest.fake->count - 1].arg.ioeventfd.addr,
		     GUEST_BAR + BAR_NOTIFY);
	guest_config_write(&guest, 4, 2, 0);
	cr_assert_eq(guest_read(&guest, VIRTIO_PCI_COMMON_NUMQ, 2), 0xffff, "it does not decode");
	cr_assert_eq(guest.fake->calls[guest.fake->count - 1].arg.ioeventfd.flags,
		     KVM_IOEVENTFD_FLAG_DEASSIGN);
	guest_config_write(&guest, 0x10, 4, 0x90000000);
	guest_config_write(&guest, 4, 2, 2);
	bus_read(&guest.memory, 0x90000000 + VIRTIO_PCI_COMMON_NUMQ, &value, 2);
	cr_assert_eq(value, 1);
	cr_assert_eq(guest.fake->calls[guest.fake->count - 1].arg.ioeventfd.addr,
		     0x90000000 + BAR_NOTIFY);
}

Test(virtio_pci, features_are_those_that_are_offered)
{
	uint64_t offered = guest_offered(&guest);

	cr_assert_eq(offered, VERSION | 1ull << VIRTIO_RING_F_INDIRECT_DESC |
				      1ull << VIRTIO_RING_F_EVENT_IDX);
	cr_assert(guest_negotiate(&guest, offered));
	cr_assert_not(guest_negotiate(&guest, offered | 1));
	cr_assert_not(guest_negotiate(&guest, offered & ~VERSION), "modern only");
	guest_ready(&guest);
	cr_assert_not(guest_status(&guest) & VIRTIO_CONFIG_S_DRIVER_OK);
}

Test(virtio_pci, a_request_is_answered_and_the_line_says_so)
{
	guest_start(&guest, 0, 1, RNG_SIZE);
	ask(64);
	cr_assert_eq(guest_used(&guest, 0)->idx, 1);
	cr_assert_eq(guest_used(&guest, 0)->ring[0].len, 64);
	cr_assert(guest.line);
	cr_assert(guest_config(&guest, 6, 2) & 8, "the interrupt status bit");
	guest_config_write(&guest, 4, 2, 0x406);
	cr_assert_not(guest.line, "it was disabled");
	guest_config_write(&guest, 4, 2, 6);
	cr_assert(guest.line);
	cr_assert_eq(guest_read(&guest, BAR_ISR, 1), 1);
	cr_assert_not(guest.line);
	cr_assert_eq(guest_read(&guest, BAR_ISR, 1), 0);
}

static void vector_set(unsigned index, uint32_t masked)
{
	guest_write(&guest, BAR_TABLE + index * 16, 4, 0xfee00000);
	guest_write(&guest, BAR_TABLE + index * 16 + 8, 4, 0x40 + index);
	guest_write(&guest, BAR_TABLE + index * 16 + 12, 4, masked);
}

Test(virtio_pci, with_msix_a_vector_is_signalled)
{
	const struct kvm_irq_routing_entry *route;
	int fd;

	cr_assert(guest_negotiate(&guest, VERSION));
	guest_config_write(&guest, MSIX_CAP + 2, 2, 0x8000);
	vector_set(0, 1);
	vector_set(1, 0);
	route = fake_route(guest.fake, 24);
	cr_assert_not_null(route);
	cr_assert_eq(route->u.msi.data, 0x41);
	cr_assert_eq(fake_count(guest.fake, KVM_IRQFD), 1);
	guest_queue(&guest, 0, RNG_SIZE, 1);
	guest_ready(&guest);
	ask(1);
	cr_assert_not(guest.line);
	fd = guest.unit.pci.vectors.list[1].fd;
	cr_assert(readable(fd));
	cr_assert_eq(guest_read(&guest, BAR_PBA, 4), 0, "KVM has it");
	/* Masked, it is pending. */
	vector_set(1, 1);
	cr_assert_eq(fake_count(guest.fake, KVM_IRQFD), 2);
	cr_assert_eq(guest_read(&guest, BAR_PBA, 4), 2);
	cr_assert_eq(guest_read(&guest, BAR_PBA, 1), 2);
}

Test(virtio_pci, a_vector_that_is_not_there_reads_back_as_none)
{
	cr_assert(guest_negotiate(&guest, VERSION));
	guest_write(&guest, VIRTIO_PCI_COMMON_Q_MSIX, 2, 1);
	cr_assert_eq(guest_read(&guest, VIRTIO_PCI_COMMON_Q_MSIX, 2), 1);
	guest_write(&guest, VIRTIO_PCI_COMMON_Q_MSIX, 2, 2);
	cr_assert_eq(guest_read(&guest, VIRTIO_PCI_COMMON_Q_MSIX, 2), VIRTIO_NO_VECTOR);
	guest_write(&guest, VIRTIO_PCI_COMMON_Q_SELECT, 2, 1);
	cr_assert_eq(guest_read(&guest, VIRTIO_PCI_COMMON_Q_SIZE, 2), 0, "no such queue");
	guest_write(&guest, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	guest_write(&guest, VIRTIO_PCI_COMMON_Q_DESCLO, 4, 1);
}

Test(virtio_pci, a_driver_that_breaks_a_rule_has_to_reset)
{
	guest_start(&guest, 0, 1, RNG_SIZE);
	guest_offer(&guest, 0, RNG_SIZE, 99);
	guest_kick(&guest, 0);
	cr_assert(guest_status(&guest) & VIRTIO_CONFIG_S_NEEDS_RESET);
	cr_assert_eq(guest_read(&guest, BAR_ISR, 1), 2, "the configuration's interrupt");
	ask(1);
	cr_assert_eq(guest_used(&guest, 0)->idx, 0, "nothing is done any more");
	guest_start(&guest, 0, 1, RNG_SIZE);
	ask(1);
	cr_assert_eq(guest_used(&guest, 0)->idx, 1);
}

Test(virtio_pci, a_queue_outside_memory_is_none)
{
	cr_assert(guest_negotiate(&guest, VERSION));
	guest_write(&guest, VIRTIO_PCI_COMMON_Q_DESCHI, 4, 0xffff);
	guest_write(&guest, VIRTIO_PCI_COMMON_Q_ENABLE, 2, 1);
	cr_assert_eq(guest_read(&guest, VIRTIO_PCI_COMMON_Q_ENABLE, 2), 0);
	cr_assert(guest_status(&guest) & VIRTIO_CONFIG_S_NEEDS_RESET);
}

Test(virtio_pci, without_bus_mastering_memory_is_left_alone)
{
	guest_start(&guest, 0, 1, RNG_SIZE);
	guest_config_write(&guest, 4, 2, 2);
	ask(1);
	cr_assert_eq(guest_used(&guest, 0)->idx, 0);
	guest_config_write(&guest, 4, 2, 6);
	cr_assert(readable(guest.unit.virtio->queues[0].kick_fd), "it looks again");
	guest_kick(&guest, 0);
	cr_assert_eq(guest_used(&guest, 0)->idx, 1);
}

Test(virtio_pci, a_link_that_goes_down_makes_it_as_at_power_on)
{
	guest_start(&guest, 0, 1, RNG_SIZE);
	ask(1);
	guest_config_write(&guest, MSIX_CAP + 2, 2, 0x8000);
	virtio_pci_hold(&guest.unit.pci);
	cr_assert_eq(guest_config(&guest, 0, 4), 0xffffffff);
	cr_assert_eq(guest_read(&guest, VIRTIO_PCI_COMMON_STATUS, 1), 0xff);
	cr_assert_not(guest.line);
	virtio_pci_release(&guest.unit.pci);
	cr_assert_eq(guest_status(&guest), 0);
	cr_assert_eq(guest_config(&guest, MSIX_CAP + 2, 2), 1);
	guest_start(&guest, 0, 1, RNG_SIZE);
	ask(1);
	cr_assert_eq(guest_used(&guest, 0)->idx, 1);
}

Test(virtio_pci, one_that_was_taken_reads_all_ones)
{
	guest_start(&guest, 0, 1, RNG_SIZE);
	virtio_unit_done(&guest.unit);
	cr_assert_eq(guest_config(&guest, 0, 4), 0xffffffff);
	guest_config_write(&guest, 4, 2, 6);
	cr_assert_eq(guest_read(&guest, VIRTIO_PCI_COMMON_STATUS, 1), 0xff);
	virtio_pci_reset(&guest.unit.pci);
	virtio_pci_hold(&guest.unit.pci);
}

Test(virtio_pci, the_window_in_configuration_space_leads_to_the_bar)
{
	unsigned cap = find(9, VIRTIO_PCI_CAP_PCI_CFG);

	guest_config_write(&guest, cap + 8, 4, VIRTIO_PCI_COMMON_STATUS);
	guest_config_write(&guest, cap + 12, 4, 1);
	guest_config_write(&guest, cap + 16, 1, 3);
	cr_assert_eq(guest_status(&guest), 3);
	cr_assert_eq(guest_config(&guest, cap + 16, 1), 3);
	guest_config_write(&guest, cap + 8, 4, 0xfffffffc);
	cr_assert_eq(guest_config(&guest, cap + 16, 4), 0);
	guest_config_write(&guest, cap + 16, 4, 0);
	cr_assert_eq(guest_status(&guest), 3);
}

Test(virtio_pci, odd_accesses_read_nothing_and_change_nothing)
{
	guest_write(&guest, VIRTIO_PCI_COMMON_STATUS, 1, 1);
	for (unsigned offset = 0; offset < VIRTIO_PCI_BAR_SIZE; offset += 3) {
		for (unsigned size = 1; size <= 8; size *= 2) {
			uint64_t value = 0;

			if (offset + size > VIRTIO_PCI_BAR_SIZE)
				continue;
			bus_read(&guest.memory, GUEST_BAR + offset, &value, size);
			if (offset % size)
				bus_write(&guest.memory, GUEST_BAR + offset, &value, size);
		}
	}
	cr_assert_eq(guest_status(&guest), 1);
}
