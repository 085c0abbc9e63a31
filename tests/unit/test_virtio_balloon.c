/* SPDX-License-Identifier: MIT */
/* A memory balloon, as its driver sees it: it is asked for nothing, and what it gives is taken note of and nothing else. */
#include "virtio/unit.h"
#include "virtio_guest.h"

#define SIZE 8u

Test(virtio_balloon, pages_that_are_given_stay)
{
	const struct plan_virtio plan = {.kind = PLAN_VIRTIO_BALLOON, .id = "balloon0"};
	struct virtio_guest guest;
	uint32_t *pages;

	guest_open(&guest, &plan);
	cr_assert_eq(guest_config(&guest, 0, 4), 0x10451af4);
	guest_start(&guest, 0, 2, SIZE);
	cr_assert_eq(guest_read(&guest, BAR_CONFIG, 4), 0, "pages are asked for");
	pages = (uint32_t *)(guest.ram.base + GUEST_DATA);
	*pages = GUEST_DATA >> 12; /* its own page, which is looked at then */
	for (unsigned queue = 0; queue < 2; queue++) {
		*guest_desc(&guest, queue, 0) = (struct vring_desc){GUEST_DATA, 4, 0, 0};
		guest_offer(&guest, queue, SIZE, 0);
		guest_kick(&guest, queue);
		cr_assert_eq(guest_used(&guest, queue)->idx, 1);
	}
	cr_assert_eq(*pages, GUEST_DATA >> 12);
	cr_assert_eq(guest_status(&guest) & VIRTIO_CONFIG_S_NEEDS_RESET, 0);
	guest_close(&guest);
}
