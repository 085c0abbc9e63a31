/* SPDX-License-Identifier: MIT */
/* Capability lists as the guest is shown them; the device's bytes are not trusted. */
#include "check.h"

/* A function on one 4 KiB BAR with nothing else. */
static struct model_pci plain(void)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};

	model_config_init(&pci, 0x1234, 0x5678, 0x020000);
	pci.bars[0].size = 0x1000;
	return pci;
}

static unsigned chain_length(const struct check *c)
{
	unsigned at = cfg_read(c, CFG_CAPS, 1), count = 0;

	for (; at >= 0x40 && count < 100; count++)
		at = cfg_read(c, at + 1, 1);
	return count;
}

Test(caps, a_function_without_capabilities)
{
	struct model_pci pci = plain();
	struct check c;

	check_up(&c, &pci);
	cr_assert_eq(cfg_read(&c, CFG_CAPS, 1), 0);
	check_down(&c);
}

Test(caps, vendor_capabilities_pass_through)
{
	struct model_pci pci = plain();
	struct check c;
	const uint8_t body[6] = {8, 0xaa, 0xbb, 0xcc, 0xdd, 0xee};

	model_config_cap(&pci, 0x50, 0x09, body, sizeof(body));
	model_config_cap(&pci, 0x70, 0x09, body, sizeof(body));
	check_up(&c, &pci);
	cr_assert_eq(chain_length(&c), 2);
	cr_assert_eq(cfg_read(&c, 0x54, 4), 0xeeddccbb);
	cfg_write(&c, 0x54, 4, 0x11223344);
	cr_assert_eq(model_device_config(c.host, 0x54, 4), 0x11223344);
	check_down(&c);
}

Test(caps, loops_end)
{
	struct model_pci pci = plain();
	struct check c;
	const uint8_t body[1] = {3};

	for (unsigned at = 0x40; at < 0x90; at += 0x10)
		model_config_cap(&pci, at, 0x09, body, 1);
	pci.config[0x81] = 0x40;
	check_up(&c, &pci);
	cr_assert_eq(chain_length(&c), 5);
	check_down(&c);
}

Test(caps, a_capability_that_is_its_own_successor)
{
	struct model_pci pci = plain();
	struct check c;

	model_config_pm(&pci, 0x40);
	pci.config[0x41] = 0x40;
	check_up(&c, &pci);
	cr_assert_eq(chain_length(&c), 1);
	cr_assert_eq(cfg_find(&c, 0x01), 0x40);
	check_down(&c);
}

Test(caps, pointers_into_the_header_end_the_list)
{
	static const uint8_t bad[] = {0x04, 0x10, 0x3c, 0x3f};

	for (size_t i = 0; i < sizeof(bad); i++) {
		struct model_pci pci = plain();
		struct check c;

		model_config_pm(&pci, 0x40);
		pci.config[0x41] = bad[i];
		check_up(&c, &pci);
		cr_assert_eq(chain_length(&c), 1);
		check_down(&c);
	}
}

/* PCI 3.0, 6.7: the two low bits are reserved and are to be masked. */
Test(caps, unaligned_pointers_are_aligned_down)
{
	struct model_pci pci = plain();
	struct check c;

	model_config_pm(&pci, 0x40);
	model_config_express(&pci, 0x80);
	pci.config[0x34] = 0x43;
	pci.config[0x41] = 0x82;
	check_up(&c, &pci);
	cr_assert_eq(cfg_read(&c, CFG_CAPS, 1), 0x40);
	cr_assert_eq(cfg_read(&c, 0x41, 1), 0x80);
	cr_assert_eq(cfg_find(&c, 0x10), 0x80);
	check_down(&c);
}

Test(caps, a_capability_cut_off_by_the_end_is_not_read_beyond)
{
	static const uint8_t ids[] = {0x01, 0x05, 0x10, 0x11, 0x13};

	for (size_t i = 0; i < sizeof(ids); i++) {
		struct model_pci pci = plain();
		struct check c;

		pci.config_size = 256;
		model_config_cap(&pci, 0xfc, ids[i], NULL, 0);
		model_config_put(&pci, 0xfe, 2, 0xffff);
		check_up(&c, &pci);
		for (unsigned at = 0xf0; at < 0x100; at++) {
			cfg_read(&c, at, 1);
			cfg_write(&c, at, 1, 0xff);
		}
		check_down(&c);
	}
}

/* The second one starts where the first would go on. */
Test(caps, interrupt_capabilities_that_run_into_another_are_hidden)
{
	static const struct {
		uint8_t id;
		uint16_t control;
		unsigned size;
	} forms[] = {{0x05, 0x0000, 10},
		     {0x05, 0x0080, 14},
		     {0x05, 0x0100, 20},
		     {0x05, 0x0180, 24},
		     {0x11, 0x0000, 12}};

	for (size_t i = 0; i < sizeof(forms) / sizeof(forms[0]); i++) {
		unsigned size = (forms[i].size + 3) & ~3u;

		for (unsigned next = 0x50 + size - 4; next <= 0x50 + size; next += 4) {
			struct model_pci pci = plain();
			const uint16_t control = forms[i].control;
			struct check c;

			model_config_cap(&pci, 0x50, forms[i].id, &control, 2);
			model_config_cap(&pci, next, 0x09, "\x08", 1);
			check_up(&c, &pci);
			cr_assert_eq(cfg_find(&c, forms[i].id), next < 0x50 + size ? 0 : 0x50,
				     "id 0x%x, %u bytes, next at 0x%x", forms[i].id, forms[i].size,
				     next);
			cr_assert_eq(c.guest->reports, next < 0x50 + size);
			cr_assert_eq(cfg_find(&c, 0x09), next);
			check_down(&c);
		}
	}
}

Test(caps, no_list_when_the_status_bit_is_clear)
{
	struct model_pci pci = plain();
	struct check c;

	model_config_pm(&pci, 0x40);
	pci.config[0x06] = 0;
	check_up(&c, &pci);
	cr_assert_eq(cfg_find(&c, 0x01), 0);
	check_down(&c);
}

Test(caps, enhanced_allocation_is_hidden_and_the_rest_relinked)
{
	struct model_pci pci = plain();
	struct check c;

	model_config_pm(&pci, 0x40);
	model_config_cap(&pci, 0x50, 0x14, "\x01\x00\x11\x22\x33\x44", 6);
	model_config_express(&pci, 0x80);
	check_up(&c, &pci);
	cr_assert_eq(cfg_read(&c, 0x41, 1), 0x80);
	cr_assert_eq(cfg_find(&c, 0x14), 0);
	cr_assert_eq(cfg_read(&c, 0x54, 4), 0, "its contents are hidden too");
	check_down(&c);
}

/* Extended capabilities. */

static const uint16_t hidden[] = {0x02, 0x08, 0x09, 0x0d, 0x0e, 0x0f, 0x10, 0x12, 0x13,
				  0x16, 0x17, 0x18, 0x19, 0x1b, 0x1d, 0x1e, 0x1f, 0x24,
				  0x25, 0x26, 0x27, 0x2a, 0x2e, 0x30, 0x31};

Test(caps, extended_ones_that_a_guest_cannot_use_are_hidden)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		struct model_pci pci = model_nvme("0000:02:00.0", 26);
		struct check c;
		const uint32_t body = 0xdeadbeef;

		model_config_ecap(&pci, 0x140, hidden[i], &body, 4);
		model_config_ecap(&pci, 0x180, 0x0003, "\x01\x02\x03\x04\x05\x06\x07\x08", 8);
		check_up(&c, &pci);
		cr_assert_eq(cfg_find_ext(&c, hidden[i]), 0, "0x%x", hidden[i]);
		cr_assert_eq(cfg_read(&c, 0x100, 4) >> 20, 0x180, "relinked past it");
		cr_assert_eq(cfg_read(&c, 0x140, 4), 0);
		cr_assert_eq(cfg_read(&c, 0x144, 4), 0);
		cr_assert_eq(cfg_find_ext(&c, 0x03), 0x180);
		cr_assert_eq(cfg_read(&c, 0x184, 4), 0x04030201);
		check_down(&c);
	}
}

/* Errors, serial number, power budgeting, what is a vendor's own. */
Test(caps, extended_ones_that_a_guest_can_use_pass_through)
{
	static const uint16_t shown[] = {0x01, 0x03, 0x04, 0x0b, 0x23};

	for (size_t i = 0; i < sizeof(shown) / sizeof(shown[0]); i++) {
		struct model_pci pci = plain();
		struct check c;
		const uint32_t body = 0x12345678;

		model_config_ecap(&pci, 0x100, shown[i], &body, 4);
		check_up(&c, &pci);
		cr_assert_eq(cfg_find_ext(&c, shown[i]), 0x100, "0x%x", shown[i]);
		cr_assert_eq(cfg_read(&c, 0x104, 4), 0x12345678);
		check_down(&c);
	}
}

Test(caps, a_hidden_first_one_leaves_the_list_reachable)
{
	for (size_t i = 0; i < sizeof(hidden) / sizeof(hidden[0]); i++) {
		struct model_pci pci = plain();
		struct check c;

		model_config_ecap(&pci, 0x100, hidden[i], NULL, 0);
		model_config_ecap(&pci, 0x180, 0x0003, "\x01\x02\x03\x04", 4);
		check_up(&c, &pci);
		cr_assert_neq(cfg_read(&c, 0x100, 2), hidden[i]);
		cr_assert_eq(cfg_read(&c, 0x100, 4) >> 20, 0x180);
		cr_assert_eq(cfg_find_ext(&c, 0x03), 0x180);
		check_down(&c);
	}
}

Test(caps, only_hidden_extended_ones_make_an_empty_list)
{
	struct model_pci pci = plain();
	struct check c;

	model_config_ecap(&pci, 0x100, 0x10, NULL, 0);
	model_config_ecap(&pci, 0x180, 0x0f, NULL, 0);
	check_up(&c, &pci);
	cr_assert_eq(cfg_read(&c, 0x100, 4), 0);
	check_down(&c);
}

Test(caps, an_extended_loop_ends)
{
	struct model_pci pci = plain();
	struct check c;
	unsigned at = 0x100, steps = 0;

	model_config_ecap(&pci, 0x100, 0x0001, NULL, 0);
	model_config_ecap(&pci, 0x180, 0x0003, NULL, 0);
	model_config_put(&pci, 0x180, 4, 0x10010003);
	check_up(&c, &pci);
	while (at >= 0x100 && steps++ < 10)
		at = cfg_read(&c, at, 4) >> 20;
	cr_assert_eq(steps, 2);
	check_down(&c);
}

Test(caps, extended_pointers_out_of_range_end_the_list)
{
	static const unsigned bad[] = {0x004, 0x0fc, 0x080};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct model_pci pci = plain();
		struct check c;

		model_config_ecap(&pci, 0x100, 0x0001, NULL, 0);
		model_config_put(&pci, 0x100, 4, bad[i] << 20 | 0x10001);
		check_up(&c, &pci);
		cr_assert_eq(cfg_read(&c, 0x100, 4) >> 20, 0);
		cr_assert_eq(cfg_find_ext(&c, 0x01), 0x100);
		check_down(&c);
	}
}

Test(caps, an_extended_one_at_the_very_end)
{
	struct model_pci pci = plain();
	struct check c;

	model_config_ecap(&pci, 0x100, 0x0001, NULL, 0);
	model_config_ecap(&pci, 0xffc, 0x0010, NULL, 0);
	check_up(&c, &pci);
	cr_assert_eq(cfg_read(&c, 0xffc, 4), 0);
	cr_assert_eq(cfg_find_ext(&c, 0x10), 0);
	check_down(&c);
}

Test(caps, conventional_config_space_has_no_extended_part)
{
	struct model_pci pci = plain();
	struct check c;

	pci.config_size = 256;
	check_up(&c, &pci);
	cr_assert_eq(cfg_read(&c, 0x100, 4), 0xffffffff);
	cr_assert_eq(cfg_read(&c, 0xffc, 4), 0xffffffff);
	cfg_write(&c, 0x100, 4, 1);
	check_down(&c);
}

Test(caps, more_than_a_list_can_hold)
{
	struct model_pci pci = plain();
	struct check c;

	/* Every dword from 0x100 on is one: 960 of them. */
	for (unsigned at = 0x100; at < 0x1000; at += 4)
		model_config_put(&pci, at, 4, (at + 4 < 0x1000 ? (at + 4) << 20 : 0) | 0x1000b);
	check_up(&c, &pci);
	cr_assert_eq(cfg_find_ext(&c, 0x0b), 0x100);
	check_down(&c);
}
