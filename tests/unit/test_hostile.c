/* SPDX-License-Identifier: MIT */
/*
 * Devices that lie, and guests that try everything: nothing is asserted on, nothing is left behind, and the device never
 * stops decoding while the guest has its BARs.
 */
#include "check.h"

#define VSEC 0x09

/* The same numbers in every run. */
static uint32_t next(uint32_t *state)
{
	*state = *state * 1664525u + 1013904223u;
	return *state >> 8;
}

static struct model_pci empty(void)
{
	struct model_pci pci = {.bdf = "0000:02:00.0", .driver = "vfio-pci", .group = 26};

	model_config_init(&pci, 0x1234, 0x5678, 0x020000);
	pci.bars[0] = (struct model_bar){.size = 0x4000, .is_64bit = true};
	pci.bars[2] = (struct model_bar){.size = 0x100, .io = true};
	pci.bars[3].size = 0x1000;
	return pci;
}

/* Creates where that is possible. Return: whether it was. */
static bool up(struct check *c, const struct model_pci *pci)
{
	struct pt_function_setup setup = check_setup(pci);
	int r;

	check_attach(c, pci);
	c->guest = guest_new(c->model);
	r = pt_function_create(c->device, &setup, &guest_ops, c->guest, &c->function, &c->err);
	if (r < 0) {
		cr_assert(strstr(c->err.message, pci->bdf), "%s", c->err.message);
		return false;
	}
	check_ok(pt_function_start(c->function, &c->err), c->err);
	return true;
}

/* A guest that reads and writes anything anywhere. */
static void storm(const struct check *c, uint32_t *state, unsigned steps)
{
	static const unsigned sizes[] = {1, 2, 4, 3, 8};

	for (unsigned i = 0; i < steps; i++) {
		unsigned size = sizes[next(state) % 5];
		unsigned at = next(state) % (next(state) & 1 ? 0x100 : 0x1010);

		if (next(state) & 3)
			cfg_write(c, at, size, next(state) << 12 ^ next(state));
		else
			(void)cfg_read(c, at, size);
		if (i % 16 == 0)
			cfg_write(c, CFG_COMMAND, 2, COMMAND_MEM | COMMAND_IO | COMMAND_BM);
		if (i % 4 == 0)
			bar_write(c, next(state) % 9, next(state) % 0x5000, 1u << next(state) % 4,
				  next(state));
		(void)bar_read(c, next(state) % 9, next(state) % 0x5000, 1u << next(state) % 4);
	}
}

Test(hostile, random_config_space)
{
	for (uint32_t seed = 1; seed <= 150; seed++) {
		struct model_pci pci = empty();
		uint32_t state = seed;
		struct check c;

		for (unsigned i = 0; i < sizeof(pci.config); i++)
			pci.config[i] = (uint8_t)next(&state);
		pci.config[0x06] |= 0x10;
		pci.config_size = seed & 1 ? 4096 : 256;
		if (up(&c, &pci))
			storm(&c, &state, 200);
		check_down(&c);
	}
}

/* Capabilities of every kind that matters, in random places, over each other and twice. */
Test(hostile, random_capabilities)
{
	static const uint8_t ids[] = {0x01, 0x05, 0x10, 0x11, 0x13, 0x14, VSEC, 0x03};

	for (uint32_t seed = 1; seed <= 150; seed++) {
		struct model_pci pci = empty();
		uint32_t state = seed * 7919;
		struct check c;

		for (unsigned i = 0; i < 10; i++) {
			uint8_t body[22];

			for (unsigned b = 0; b < sizeof(body); b++)
				body[b] = (uint8_t)next(&state);
			model_config_cap(&pci, 0x40 + next(&state) % 40 * 4, ids[next(&state) % 8],
					 body, sizeof(body));
		}
		for (unsigned i = 0; i < 6; i++) {
			uint32_t body[3] = {next(&state), next(&state), next(&state) << 4};

			model_config_ecap(&pci, 0x100 + (i ? next(&state) % 900 * 4 : 0),
					  (uint16_t)(next(&state) % 0x32), body, sizeof(body));
		}
		if (up(&c, &pci))
			storm(&c, &state, 300);
		check_down(&c);
	}
}

/* The kernel acts on power states of any power capability that it finds; so one that is not the first is not passed on. */
Test(hostile, two_power_capabilities)
{
	struct model_pci pci = empty();
	struct check c;

	model_config_pm(&pci, 0x40);
	model_config_pm(&pci, 0x50);
	check_up(&c, &pci);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cr_assert_gt(c.guest->window_count, 0);
	cfg_write(&c, 0x54, 2, 3);
	cr_assert_eq(c.host->power_state, 0);
	cr_assert_eq(cfg_read(&c, 0x54, 2), 0);
	check_down(&c);
}

/* Likewise resets, in a capability that another one cuts short. */
Test(hostile, a_reset_bit_that_another_capability_overlaps)
{
	struct model_pci pci = empty();
	struct check c;

	model_config_cap(&pci, 0x48, VSEC, "\x08", 1);
	model_config_express(&pci, 0x40);
	model_config_put(&pci, 0x48, 2, VSEC);
	model_config_put(&pci, 0x44, 4, 0);
	check_up(&c, &pci);
	cfg_write(&c, CFG_COMMAND, 2, COMMAND_MEM);
	cfg_write(&c, 0x48, 4, 0xffffffff);
	cr_assert_eq(c.host->resets, 0, "it says it cannot");
	cr_assert_gt(c.guest->window_count, 0);
	check_down(&c);
}

Test(hostile, bar_sizes_that_are_none)
{
	static const uint64_t sizes[] = {3, 0x3000, 0x1001, (1ull << 36) + 0x1000};

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		struct model_pci pci = empty();
		struct pt_function_setup setup = {.root_bus = 0};
		struct check c;

		pci.bars[3].size = sizes[i];
		check_attach(&c, &pci);
		c.guest = guest_new(c.model);
		check_error(pt_function_create(c.device, &setup, &guest_ops, c.guest, &c.function,
					       &c.err),
			    -EIO, c.err, "0000:02:00.0: BAR 3");
		check_down(&c);
	}
}

Test(hostile, a_64_bit_bar_without_an_upper_half)
{
	struct model_pci pci = empty();
	struct check c;

	pci.bars[5] = (struct model_bar){.size = 0x1000, .is_64bit = true};
	if (up(&c, &pci)) {
		cr_assert_eq(pt_function_bar(c.function, 5).kind, PT_BAR_MEM32);
		cfg_write(&c, CFG_BAR(5), 4, 0xffffffff);
		cr_assert_eq(cfg_read(&c, CFG_BAR(5), 4), 0xfffff000);
	}
	check_down(&c);
}

/* What was decided when the function was made stays, whatever the device says then. */
Test(hostile, config_space_that_changes_under_our_feet)
{
	struct model_pci pci = model_nvme("0000:02:00.0", 26);
	uint32_t state = 42;
	struct check c;

	check_up(&c, &pci);
	cr_assert_eq(cfg_read(&c, 0x42, 2), 64);
	for (unsigned round = 0; round < 50; round++) {
		model_scribble(c.host, 0x08, 0xf8, next(&state));
		storm(&c, &state, 50);
		cr_assert_eq(cfg_read(&c, 0x30, 4), 0);
		cr_assert_lt(cfg_read(&c, CFG_CAPS, 1), 0x100);
		cr_assert_neq(cfg_find(&c, 0x11), 0, "round %u", round);
	}
	check_down(&c);
}

Test(hostile, every_bit_set_but_the_ids)
{
	struct model_pci pci = empty();
	uint32_t state = 7;
	struct check c;

	memset(pci.config + 4, 0xff, sizeof(pci.config) - 4);
	if (up(&c, &pci))
		storm(&c, &state, 500);
	check_down(&c);
}

Test(hostile, a_table_that_ends_behind_its_bar)
{
	static const struct {
		unsigned vectors;
		uint32_t table, pba;
	} bad[] = {{2048, 0x3ff0, 0}, {257, 0x3000, 0},	   {1, 0x4000, 0},   {1, 0xfffffff8, 0},
		   {1, 0, 0x4000},    {64, 0, 0xfffffff8}, {2048, 0, 0x3f80}};

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct model_pci pci = empty();
		uint32_t state = 99;
		struct check c;

		model_config_msix(&pci, 0x40, bad[i].vectors, 0, bad[i].table, 0, bad[i].pba);
		check_up(&c, &pci);
		cr_assert_eq(cfg_find(&c, 0x11), 0, "%zu", i);
		cr_assert_eq(c.guest->reports, 1);
		storm(&c, &state, 100);
		check_down(&c);
	}
}
